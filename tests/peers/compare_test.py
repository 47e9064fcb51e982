# SPDX-License-Identifier: MIT
"""What bench/compare says of models that are not the same, and without the peers. Arguments: the folder of programs, one for
what is built."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/peers"))
import checkers  # noqa: E402

BINARIES, BUILT = sys.argv[1:3]


def compare(*arguments, **options):
    done = subprocess.run(
        [sys.executable, "-B", ROOT / "bench/compare", "--size", "quick", "--bin", BINARIES, "--folder", BUILT, *arguments],
        capture_output=True, text=True, check=False, **options)
    return done.returncode, done.stdout, done.stderr


class Compare(unittest.TestCase):
    def altered(self, file, old, new):
        """What compare says when a model of bbm's peers is changed."""
        with tempfile.TemporaryDirectory() as folder:
            models = pathlib.Path(folder)
            shutil.copytree(ROOT / "bench/peers/bbm", models / "bbm")
            text = (models / "bbm" / file).read_text()
            self.assertIn(old, text)
            (models / "bbm" / file).write_text(text.replace(old, new))
            return compare("--counts-only", "--model", "bbm", "--models", folder)

    def test_another_transition_is_seen(self):
        status, _, errors = self.altered("bbm.m", 'rule "unplug: busy" worker_pc = W_UNPLUG & !config_changed',
                                         'rule "unplug: busy" worker_pc = W_UNPLUG')
        self.assertEqual(status, 1)
        self.assertRegex(errors, r"NOT EQUAL: bbm: transitions: [\d,]+ in ours, 1 thread, [\d,]+ in rumur, 1 thread")
        self.assertNotIn("SPIN", errors)

    def test_a_fault_that_is_not_found_is_seen(self):
        status, _, errors = self.altered("bbm.pml", "#define USER   2", "#define USER   2\n#undef BUG\n#define BUG 0")
        self.assertEqual(status, 1)
        self.assertIn("NOT EQUAL: bbm with its fault: SPIN, BFS finds no violation", errors)

    def test_large_counts_are_printed_whole(self):
        printed = 'printf("%9.8g states, stored\\n", n); printf("%9.8g transitions (= stored+matched)\\n", t);'
        self.assertEqual(checkers.with_exact_counts(printed), printed.replace("%9.8g", "%9.17g"))
        with self.assertRaises(checkers.Failed):
            checkers.with_exact_counts("another version of SPIN")

    def test_what_was_not_compiled_is_printed_all_the_same(self):
        loader = importlib.machinery.SourceFileLoader("compare", str(ROOT / "bench/compare"))
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
        loader.exec_module(module)
        run = {"states": 2, "transitions": 3, "depth": 1, "seconds": 1.0, "cpu_seconds": 1.0, "states_per_s": 2.0,
               "transitions_per_s": 3.0, "bytes_per_state": 8.0, "peak_rss": 2**20, "compile_seconds": None,
               "counterexample": 5}
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            faster = {**run, "transitions_per_s": 5.1}
            module.print_model(
                "bbm", 2, {"ours, 1 thread": run, "ours, other core": {**run, "transitions_per_s": 1.0},
                           "ours, 2 threads": faster, "ours, 2 at once": run}, {"ours, 1 thread": run})
        self.assertIn("1.00 s, 5 transitions long", printed.getvalue())
        # Of what one thread does on the one core, or on the other.
        self.assertIn("2.55 times with two threads, 1.50 with two searches at once", printed.getvalue())

    def test_two_searches_at_once_do_what_both_do(self):
        log = []

        class Search:
            """A search that says when it is started and waited for."""

            def __init__(self, seconds):
                self.seconds = seconds

            def start(self):
                log.append("start")
                return self

            def end(self):
                log.append("end")
                return json.dumps({"states": 7, "transitions": 8, "depth": 9, "verdict": "holds", "counterexample": 0,
                                   "bytes_per_state": 1}), {
                    "seconds": self.seconds, "cpu_seconds": self.seconds, "peak_rss": 100}

        both = checkers.TwoAtOnce(Search(2.0), Search(6.0)).run()
        self.assertEqual(log, ["start", "start", "end", "end"])
        self.assertEqual({key: both[key] for key in ("seconds", "cpu_seconds", "peak_rss", "states")},
                         {"seconds": 1.5, "cpu_seconds": 4.0, "peak_rss": 200, "states": 7})

    def test_programs_of_one_thread_run_on_one_core(self):
        where = [sys.executable, "-c", "import os, time; time.sleep(0.2); print(sorted(os.sched_getaffinity(0)))"]
        for core in checkers.cores():
            self.assertEqual(checkers.execute(where, ROOT, core=core)[0].strip(), f"[{core}]")
        self.assertEqual(checkers.execute(where, ROOT)[0].strip(), str(sorted(os.sched_getaffinity(0))))
        binaries = pathlib.Path(BINARIES)
        cores = checkers.cores()
        self.assertEqual(checkers.Ours(binaries, "bbm", 2, False, 1).core, cores[0])
        self.assertEqual(checkers.Ours(binaries, "bbm", 2, False, 1, core=cores[-1]).core, cores[-1])
        self.assertIsNone(checkers.Ours(binaries, "bbm", 2, False, 2).core)

    def test_peers_that_are_missing_are_named(self):
        status, _, errors = compare(env={"PATH": "/nonexistent"})
        self.assertEqual(status, 2)
        self.assertIn("apt-get install spin rumur gcc", errors)

    def test_bad_usage(self):
        for arguments in (["--runs", "0"], ["--model", "no-such"], ["--counts-only", "--json", "x"]):
            with self.subTest(arguments=arguments):
                status, _, errors = compare(*arguments)
                self.assertEqual(status, 2)
                self.assertIn("compare: error:", errors)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
