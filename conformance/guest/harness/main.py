#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./run guest: drives real guests, records them, and has vmemcheck explain the recordings. See docs/guest.md."""

import argparse
import fcntl
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import guest  # noqa: E402
from errors import HarnessError  # noqa: E402
from kernel import RELEASES, Kernel  # noqa: E402
from record import record  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BASE = ROOT / "build" / "guest"
VERDICTS = {0: "accepted", 1: "rejected", 3: "gave up"}


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise HarnessError(f"{message} (see './run guest --help')")


def arguments(words):
    """The command line. Raises HarnessError for bad usage."""
    parser = _Parser(
        prog="./run guest", description="Drives Debian kernels under QEMU, records them, and has 'vmemcheck trace' "
        "explain the recordings. Exit status: 0 all are accepted, 1 one is not, 2 a recording could not be made.",
    )
    parser.add_argument("scenario", nargs="*", metavar="SCENARIO", help="which ones (default: all)")
    parser.add_argument("--list", action="store_true", help="lists the scenarios and ends")
    parser.add_argument("--kernel", choices=[*RELEASES, "all"], default="all", help="of which release (default: all)")
    parser.add_argument("--accel", choices=["auto", "kvm", "tcg"], default="auto",
                        help="auto: KVM if a kernel boots under it, else TCG")  # fmt: skip
    parser.add_argument("--timeout", type=int, default=120, metavar="SECONDS", help="for a scenario (default: 120)")
    options = parser.parse_args(words)
    known = [s.name for s in SCENARIOS]
    for name in options.scenario:
        if name not in known:
            parser.error(f"no scenario '{name}'; './run guest --list' lists them")
    if not 1 <= options.timeout <= 3600:
        parser.error("--timeout takes 1 to 3600 seconds")
    return options


def verdict(program, recording):
    """What vmemcheck says of a recording: one word, and its output."""
    try:
        done = subprocess.run([program, "trace", recording.name], cwd=recording.parent, capture_output=True, text=True,
                              check=False, timeout=600, env={**os.environ, "LC_ALL": "C"})  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HarnessError(f"vmemcheck trace: {error}") from None
    return VERDICTS.get(done.returncode, f"status {done.returncode}"), (done.stdout + done.stderr).strip()


# A recording in which hits of probes are missing may be rejected for that alone: it is made again.
ATTEMPTS = 3


def one(scenario, kernel, cpu, program, seconds):
    """Records and judges one scenario; a row of the table."""
    row = {"kernel": kernel.release, "scenario": scenario.name, "note": ""}
    for attempt in range(1, ATTEMPTS + 1):
        began = time.monotonic()
        try:
            recording, row["note"], missed = record(scenario, kernel, cpu, BASE, seconds)
            row["verdict"], row["details"] = verdict(program, recording)
        except HarnessError as error:
            row["verdict"], row["details"] = "no recording", str(error)
            missed = 0
        row["seconds"] = time.monotonic() - began
        if row["verdict"] != "rejected" or missed == 0 or attempt == ATTEMPTS:
            break
        print(f"guest: {scenario.name}: {missed} hits of probes are missing; recording it again", file=sys.stderr)
    return row


def main(words):
    options = arguments(words)
    if options.list:
        width = max(len(s.name) for s in SCENARIOS)
        for s in SCENARIOS:
            print(f"{s.name:<{width}}  {s.about}")
        return 0
    chosen = [s for s in SCENARIOS if s.name in options.scenario or not options.scenario]
    program = os.environ.get("VMEMCHECK", str(ROOT / "build" / "release" / "bin" / "vmemcheck"))
    BASE.mkdir(parents=True, exist_ok=True)
    lock = open(BASE / "lock", "w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise HarnessError("another './run guest' is at work here") from None
    rows = []
    for version in RELEASES if options.kernel == "all" else [options.kernel]:
        print(f"guest: preparing a kernel {version}", file=sys.stderr)
        kernel = Kernel(version, BASE)
        cpu = guest.accelerator(options.accel, BASE / "accelerator", kernel.image)
        for s in (s for s in chosen if version in s.kernels):
            print(f"guest: {kernel.package}: {s.name}", file=sys.stderr)
            rows.append(one(s, kernel, cpu, program, options.timeout))
            if rows[-1]["verdict"] != "accepted":
                print(f"guest: {rows[-1]['details']}", file=sys.stderr)
    table = [f"{'kernel':<10}  {'scenario':<28}  {'verdict':<12}  seconds"]
    table += [f"{r['kernel']:<10}  {r['scenario']:<28}  {r['verdict']:<12}  {r['seconds']:7.0f}  {r['note']}".rstrip()
              for r in rows]  # fmt: skip
    print("\n".join(table))
    (BASE / "summary.txt").write_text("\n".join(table) + "\n")
    if any(r["verdict"] == "no recording" for r in rows):
        return 2
    return 0 if all(r["verdict"] == "accepted" for r in rows) else 1


if __name__ == "__main__":
    # A guest ends with the harness, however that ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except HarnessError as failure:
        print(f"guest: {failure}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
