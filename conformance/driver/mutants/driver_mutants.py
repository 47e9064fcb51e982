#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Seeds faults into copies of the virtio-mem driver and shows which check finds each.

Each fault of mutants.py is applied to a copy of TREE/drivers/virtio/virtio_mem.c in a folder of its own, which is
removed in the end. `vmemcheck driver` runs the copy with random walks. A fault is found if a property is violated
that the driver itself keeps under the same flags and bounds.

Exit status: 0 every fault is found, or said to be equivalent; 1 a fault was not found (or an equivalent one was);
2 bad usage, or a fault does not fit the source.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from mutants import MUTANTS


class Problem(Exception):
    """Something that is wrong with the input, in one sentence."""


def function_in(source: str, names) -> tuple:
    """Where the definition of the first of these functions begins and ends."""
    for name in names:
        for begin in re.finditer(rf"^[a-z][^;{{}}#]*\b{name}\([^;{{}}]*\)\s*\{{", source, re.MULTILINE):
            end = source.index("\n}\n", begin.end())
            return begin.end(), end
    raise Problem(f"the driver has none of the functions {', '.join(names)}")


def mutated(source: str, mutant) -> str:
    """The source with the fault in it."""
    last = None
    for name in mutant.functions:
        try:
            begin, end = function_in(source, (name,))
        except Problem as problem:
            last = problem
            continue
        at = begin - 1
        for _ in range(mutant.occurrence):
            at = source.find(mutant.find, at + 1, end)
            if at < 0:
                break
        if at >= 0:
            return source[:at] + mutant.put + source[at + len(mutant.find):]
        last = Problem(f"{mutant.name}: {name}() has no {mutant.find!r}")
    raise last


class Runner:
    def __init__(self, options, interface: pathlib.Path, folder: pathlib.Path):
        self.options = options
        self.interface = interface
        self.folder = folder
        self.properties = self.list_properties()

    def list_properties(self):
        words = [self.options.vmemcheck, "driver", "--list"]
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False)
        except OSError as error:
            raise Problem(f"{self.options.vmemcheck}: {error.strerror}") from error
        names = re.findall(r"^([a-z]+(?:-[a-z]+)+)\b", done.stdout, re.MULTILINE)
        if done.returncode != 0 or not names:
            raise Problem(f"{' '.join(words)}: lists no properties: {done.stderr.strip()}")
        return names

    def run(self, driver: pathlib.Path, flags, properties, runs, first) -> dict:
        answer = self.folder / "result.json"
        words = [self.options.vmemcheck, "driver", "--source", str(driver), "--interface", str(self.interface),
                 "--release", self.options.release, "--mode", "swarm", "--runs", str(runs), "--seed",
                 str(self.options.seed), "--save", "none", "--json", str(answer), *flags]
        for name in properties:
            words += ["--property", name]
        if first:
            words.append("--first")
        answer.unlink(missing_ok=True)
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=self.options.timeout)
        if done.returncode not in (0, 1, 3) or not answer.exists():
            why = done.stderr.strip() or f"ends with status {done.returncode}"
            raise Problem(f"{driver}: vmemcheck: {why}")
        return json.loads(answer.read_text())

    def kept(self, driver: pathlib.Path, flags) -> list:
        """Properties that the driver itself keeps under these flags."""
        result = self.run(driver, flags, (), self.options.runs, False)
        violated = {violation["property"] for violation in result["violations"]}
        return [name for name in self.properties if name not in violated]


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vmemcheck", required=True, help="the program")
    parser.add_argument("--tree", required=True, help="kernel tree with the driver")
    parser.add_argument("--release", required=True, help="its release, as linux-6.12")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this fault alone; may be repeated")
    parser.add_argument("--runs", type=int, default=8000, help="walks for each fault (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the walks (%(default)s)")
    parser.add_argument("--timeout", type=float, default=600, help="most seconds for a fault (%(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write the table as JSON")
    return parser.parse_args(arguments)


def table(options, runner, driver: pathlib.Path, source: str, chosen) -> list:
    rows = []
    kept = {}
    for mutant in chosen:
        if mutant.releases and options.release not in mutant.releases:
            continue
        if mutant.flags not in kept:
            kept[mutant.flags] = runner.kept(driver, mutant.flags)
        copy = runner.folder / "virtio_mem.c"
        copy.write_text(mutated(source, mutant))
        result = runner.run(copy, mutant.flags, kept[mutant.flags], options.runs, True)
        found = [v for v in result["violations"] if v["property"] in kept[mutant.flags]]
        row = {"fault": mutant.name, "meaning": mutant.meaning, "runs": result["runs"],
               "property": found[0]["property"] if found else None,
               "message": found[0]["message"] if found else None, "equivalent": mutant.equivalent or None}
        rows.append(row)
        outcome = row["property"] or ("equivalent" if mutant.equivalent else "SURVIVED")
        print(f"{mutant.name:32} {outcome:30} {row['runs']:>7}", flush=True)
        if row["message"]:
            print(f"    {row['message']}")
        elif mutant.equivalent:
            print(f"    {mutant.equivalent}")
    return rows


def main(arguments) -> int:
    options = parse(arguments)
    tree = pathlib.Path(options.tree)
    driver = tree / "drivers/virtio/virtio_mem.c"
    interface = tree / "include/uapi/linux/virtio_mem.h"
    unknown = set(options.only) - {mutant.name for mutant in MUTANTS}
    if unknown:
        raise Problem(f"there is no fault {', '.join(sorted(unknown))}")
    chosen = [mutant for mutant in MUTANTS if not options.only or mutant.name in options.only]
    try:
        source = driver.read_text()
    except OSError as error:
        raise Problem(f"{driver}: {error.strerror}") from error
    for mutant in chosen:
        if not mutant.releases or options.release in mutant.releases:
            mutated(source, mutant)
    with tempfile.TemporaryDirectory(prefix="vmemcheck-faults-") as folder:
        runner = Runner(options, interface, pathlib.Path(folder))
        print(f"{'fault':32} {'found by':30} {'runs':>7}")
        rows = table(options, runner, driver, source, chosen)
    found = [row for row in rows if row["property"] and not row["equivalent"]]
    wrong = [row for row in rows if bool(row["property"]) == bool(row["equivalent"])]
    equivalent = sum(1 for row in rows if row["equivalent"])
    print(f"{len(found)} of {len(rows) - equivalent} faults found, {equivalent} equivalent")
    for row in wrong:
        print(f"{row['fault']}: " + ("said to be equivalent, and found" if row["equivalent"] else "not found"))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"release": options.release, "runs": options.runs,
                                                          "seed": options.seed, "faults": rows}, indent=2) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Problem as problem:
        print(f"driver_mutants: {problem}", file=sys.stderr)
        sys.exit(2)
    except subprocess.TimeoutExpired as late:
        print(f"driver_mutants: {' '.join(map(str, late.cmd[:4]))}: not done in {late.timeout:.0f} s", file=sys.stderr)
        sys.exit(2)
