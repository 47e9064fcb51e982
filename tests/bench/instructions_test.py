#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What bench/instructions makes of counts: a valgrind and a program of this test's own give them."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "bench/instructions"

VALGRIND = """#!/bin/sh
if [ "$1" = --version ]; then echo valgrind-0; exit 0; fi
for word; do case $word in --callgrind-out-file=*) out=${word#*=} ;; esac; name=$word; done
[ "$name" != crash ] || { echo 'it crashed' >&2; exit 139; }
echo "summary: $(cat "$COUNTS/$name")" >"$out"
echo 7
"""
PROGRAM = """#!/bin/sh
case $1 in
--environment) printf 'compiler\\tGNU 12\\n' ;;
crash) exit 1 ;;
[a-z]*) echo 7 ;;
--list) for file in "$COUNTS"/*; do printf '%s\\tkey\\t10\\n' "${file##*/}"; done ;;
esac
"""


class Instructions(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.counts = self.folder / "counts"
        self.counts.mkdir()
        self.baseline = self.folder / "baseline.json"
        for name, text in (("valgrind", VALGRIND), ("program", PROGRAM)):
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o755)
        self.set(insert=1000, pack=500)
        self.assertEqual(self.run_script("--record")[0], 0)

    def set(self, **counts):
        for name, value in counts.items():
            (self.counts / name).write_text(str(value))

    def alter(self, change):
        baseline = json.loads(self.baseline.read_text())
        change(baseline)
        self.baseline.write_text(json.dumps(baseline))

    def run_script(self, *words, path=None):
        environment = {**os.environ, "PATH": str(path or f"{self.folder}:/usr/bin:/bin"), "COUNTS": str(self.counts)}
        run = subprocess.run([sys.executable, "-B", SCRIPT, "--program", self.folder / "program", "--baseline", self.baseline,
                              *words], env=environment, capture_output=True, text=True)
        return run.returncode, run.stdout, run.stderr

    def expect(self, code, words, *arguments):
        status, out, err = self.run_script(*arguments)
        self.assertEqual(status, code, out + err)
        self.assertIn(words, err if code == 2 else out)

    def test_the_same_passes(self):
        self.expect(0, "+0.00 %  100 a key\n")

    def test_another_program_is_none(self):
        self.expect(2, "/bin/echo --list: '--list' is no workload\n", "--program", "/bin/echo")

    def test_more_within_the_tolerance_passes(self):
        self.set(insert=1019)
        self.expect(0, "+1.90 %")
        self.expect(1, "WORSE", "--tolerance", "1")

    def test_more_is_worse(self):
        self.set(insert=1021)
        self.expect(1, "1 of 2 got worse")

    def test_less_is_to_be_recorded(self):
        self.set(insert=900)
        self.expect(0, "better: record it")

    def test_with_another_compiler_worse_is_not_sure(self):
        self.alter(lambda baseline: baseline["environment"].update(compiler="Clang 14"))
        self.expect(0, "recorded with another compiler: Clang 14; here: GNU 12")
        self.set(insert=2000)
        self.expect(3, "1 of 2 differ, which may be due to that")

    def test_other_work_is_no_comparison(self):
        self.alter(lambda baseline: baseline["workloads"]["pack"].update(result=8))
        self.expect(1, "does something else: 7, not 8")
        self.expect(1, "pack: 7, not 8", "--results")
        self.expect(0, "", "--results", "--only", "insert")

    def test_what_is_not_recorded_or_gone_is_wrong(self):
        self.set(hash=3)
        self.expect(1, "not recorded")
        self.expect(0, "insert", "--only", "insert")
        (self.counts / "hash").unlink()
        (self.counts / "pack").unlink()
        self.expect(1, "recorded, but is no more")

    def test_what_cannot_be_used_is_told(self):
        self.expect(2, "no workload 'nonsense'; there are insert, pack", "--only", "nonsense")
        self.expect(2, "--tolerance takes a number", "--tolerance", "-1")
        self.expect(2, "not with --only or --results", "--record", "--only", "insert")
        self.expect(2, "nowhere.json: No such file", "--baseline", str(self.folder / "nowhere.json"))
        self.expect(2, "No such file", "--program", str(self.folder / "nowhere"))
        status, _, err = self.run_script(path=self.counts)
        self.assertEqual((status, err), (2, "instructions: missing, of Debian: apt-get install valgrind\n"))
        for text in ("{", "[]", '{"workloads": {"insert": {}}}', '{"workloads": {}}'):
            self.baseline.write_text(text)
            self.expect(2, "is no baseline")

    def test_a_crash_is_told(self):
        self.set(crash=1)
        self.expect(2, "exit status 139: it crashed", "--only", "crash")


if __name__ == "__main__":
    unittest.main()
