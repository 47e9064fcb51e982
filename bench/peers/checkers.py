# SPDX-License-Identifier: MIT
"""Builds and runs the checkers that are compared: vmemcheck, SPIN and rumur, each on the same model."""

import concurrent.futures
import json
import math
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Parameter of each model. quick: for tests, seconds in all. full: millions of states.
SIZES = {
    "blocks": {"quick": 7, "full": 10},
    "peterson": {"quick": 4, "full": 6},
    "tokens": {"quick": 8, "full": 14},
    "coherence": {"quick": 3, "full": 5},
    "paxos": {"quick": 2, "full": 4},
    "bbm": {"quick": 2, "full": 4},
}

# The programs that are needed, and the Debian packages they are in.
PACKAGES = {"spin": "spin", "rumur": "rumur", "gcc": "gcc"}


class Failed(Exception):
    """A checker could not be built or run, or said what is not understood."""


def missing_packages():
    return [package for program, package in PACKAGES.items() if shutil.which(program) is None]


def versions():
    """What is compared, one line each."""

    def first_line(*command):
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()[0]

    return {
        "spin": first_line("spin", "-V"),
        "rumur": first_line("rumur", "--version"),
        "gcc": first_line("gcc", "--version"),
    }


def build(command, folder):
    """Runs a command that must succeed; the result is how many seconds it took."""
    begin = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{shlex.join(map(str, command))} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return time.monotonic() - begin


def cores():
    """Two cores, if there are as many: that on which all programs of one thread run, and another. One may be half as fast
    again as the other, and which of them the system would choose is chance."""
    return sorted(os.sched_getaffinity(0), reverse=True)[:2]


class Execution:
    """A checker that runs; on a core only, or wherever the system likes."""

    def __init__(self, command, folder, core=None):
        self.command = command
        self.output = tempfile.TemporaryFile()
        self.begin = time.monotonic()
        self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=self.output)
        if core is not None:
            os.sched_setaffinity(self.process.pid, {core})

    def end(self, statuses=(0,)):
        """Waits for it. The result is its output, and what was measured: seconds by the clock and of the processors, and
        the most bytes it had resident."""
        _, status, usage = os.wait4(self.process.pid, 0)
        seconds = time.monotonic() - self.begin
        self.process.returncode = os.waitstatus_to_exitcode(status)
        with self.output:
            self.output.seek(0)
            text = self.output.read().decode(errors="replace")
        if self.process.returncode not in statuses:
            raise Failed(f"{shlex.join(map(str, self.command))} ended with {self.process.returncode}:\n{text[-2000:]}")
        return text, {
            "seconds": seconds,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_rss": usage.ru_maxrss * 1024,
        }


def execute(command, folder, statuses=(0,), core=None):
    """Runs a checker, see Execution."""
    return Execution(command, folder, core).end(statuses)


def number(pattern, text, what):
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise Failed(f"the output of {what} is not understood: nothing matches {pattern}\n{text[-2000:]}")
    return float(found[1])


class Ours:
    """vmemcheck's own search, as built by CMake. With one thread it runs on a core: cores()[0], unless another is named."""

    def __init__(self, binaries, model, size, bug, threads, cached=True, core=None):
        self.name = f"ours, {threads} thread{'s' if threads > 1 else ''}" if cached else "ours, all run"
        self.core = cores()[0] if threads == 1 else None
        if core is not None:
            self.name, self.core = "ours, other core", core
        self.breadth_first = True
        self.program = binaries / f"vmemcheck_peer_{model}"
        if not self.program.exists():
            raise Failed(f"{self.program} is missing: build the target vmemcheck_peers first")
        self.model, self.size = model, size
        self.arguments = ["--size", str(size), "--threads", str(threads)] + (["--bug"] if bug else [])
        self.arguments += [] if cached else ["--run-all-steps"]
        self.compile_seconds = None

    def compile(self, folder):
        """Compiles the model once more, for this size only: how long a user waits for it."""
        source = ROOT / "bench" / "peers" / self.model / "main.cpp"
        entries = json.loads((self.program.parent.parent / "compile_commands.json").read_text())
        entry = next((entry for entry in entries if pathlib.Path(entry["file"]) == source), None)
        if entry is None:
            raise Failed(f"no way to compile {source} in {self.program.parent.parent / 'compile_commands.json'}")
        command = shlex.split(entry["command"])
        if pathlib.Path(command[0]).name == "ccache":
            command = command[1:]
        command[command.index("-o") + 1] = str(folder / f"{self.model}.o")
        self.compile_seconds = build(command + [f"-DVMEMCHECK_PEER_SIZES={self.size}"], entry["directory"])

    def start(self):
        return Execution([self.program] + self.arguments, ROOT, self.core)

    def run(self):
        return self.understood(*self.start().end())

    @staticmethod
    def understood(text, measured):
        found = json.loads(text)
        return {
            "states": found["states"],
            "transitions": found["transitions"],
            "depth": found["depth"],
            "violated": found["verdict"] == "violated",
            "counterexample": found["counterexample"],
            "bytes_per_state": found["bytes_per_state"],
            **measured,
        }


class TwoAtOnce:
    """Two searches of one thread side by side, each on its core, which share nothing but the machine: what its second core
    gives where threads need not wait for each other."""

    def __init__(self, one, other):
        self.name = "ours, 2 at once"
        self.breadth_first = True
        self.searches = [one, other]
        self.compile_seconds = None

    def run(self):
        """As of one search that does as much in a second as both."""
        both = [search.start() for search in self.searches]
        with concurrent.futures.ThreadPoolExecutor(len(both)) as waiting:
            first, second = (Ours.understood(*ended) for ended in waiting.map(lambda search: search.end(), both))
        rate = 1 / first["seconds"] + 1 / second["seconds"]
        return {
            **first,
            "seconds": 1 / rate,
            "cpu_seconds": (first["cpu_seconds"] + second["cpu_seconds"]) / 2,
            "peak_rss": first["peak_rss"] + second["peak_rss"],
        }


def with_exact_counts(pan):
    """SPIN's verifier, made to print all digits of its counts: it prints eight, which from 10^8 on are not all."""
    for count in ("states, stored", "transitions (= stored+matched)"):
        if f'"%9.8g {count}\\n"' not in pan:
            raise Failed(f"pan.c does not print its \"{count}\" as SPIN 6.5 has it do")
        pan = pan.replace(f'"%9.8g {count}\\n"', f'"%9.17g {count}\\n"')
    return pan


class Spin:
    """SPIN, without partial order reduction, as it would change the counts; checks safety only.

    `states`, if known, sizes the hash table and the stack of the depth-first search.
    """

    def __init__(self, folder, models, model, size, bug, breadth_first, states, optimise="-O3"):
        self.name = "SPIN, " + ("BFS" if breadth_first else "DFS")
        self.breadth_first = breadth_first
        self.bug = bug
        self.folder = folder / f"spin-{model}-{size}{'-bug' if bug else ''}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.program = self.folder / ("pan-bfs" if breadth_first else "pan-dfs")
        source = models / model / f"{model}.pml"
        options = "-DNOREDUCE -DSAFETY -DNOFAIR -DNOBOUNDCHECK -DMEMLIM=65536".split()
        if breadth_first:
            options.append("-DBFS")
        self.compile_seconds = build(["spin", "-a", f"-DN={size}", f"-DBUG={int(bug)}", source], self.folder)
        pan = self.folder / "pan.c"
        pan.write_text(with_exact_counts(pan.read_text()))
        self.compile_seconds += build(
            ["gcc", "-w", optimise] + options + ["-o", self.program, "pan.c"], self.folder)
        # -E: a state that nobody leaves is no error, as in the other two. -b would make a stack too small an error.
        self.arguments = ["-E", f"-w{max(20, math.ceil(math.log2(states)))}"]
        if not breadth_first:
            self.arguments += [f"-m{max(100000, states)}", "-b"]

    def run(self):
        text, measured = execute([self.program] + self.arguments, self.folder, core=cores()[0])
        errors = number(r"errors: (\d+)", text, self.name)
        states = int(number(r"^ *([\d.e+]+) states, stored", text, self.name))
        memory = number(r"^ *([\d.]+)\s+actual memory usage for states", text, self.name)
        memory += number(r"^ *([\d.]+)\s+memory used for hash table", text, self.name)
        if "max search depth too small" in text or "search was not complete" in text.lower() and not self.bug:
            raise Failed(f"{self.name} did not search everything:\n{text[-2000:]}")
        counterexample = 0
        if errors:
            # The first transition is at depth 0.
            counterexample = int(number(r"\(at depth (\d+)\)", text, self.name)) + 1
        return {
            "states": states,
            # SPIN counts finding the initial state as one.
            "transitions": int(number(r"^ *([\d.e+]+) transitions \(", text, self.name)) - 1,
            "depth": int(number(r"depth reached (\d+)", text, self.name)),
            "violated": errors > 0,
            "counterexample": counterexample,
            "bytes_per_state": memory * 2**20 / states,
            **measured,
        }


class Rumur:
    """rumur, without symmetry reduction; compiled as rumur-run does. `states` sizes the table of states."""

    def __init__(self, folder, models, model, size, bug, threads, states, optimise="-O3"):
        self.name = f"rumur, {threads} thread{'s' if threads > 1 else ''}"
        self.breadth_first = threads == 1
        self.core = cores()[0] if threads == 1 else None
        self.folder = folder / f"rumur-{model}-{size}{'-bug' if bug else ''}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.program = self.folder / f"rumur-{threads}"
        text = (models / model / f"{model}.m").read_text()
        for name, value in (("N", size), ("BUG", int(bug))):
            text, replaced = re.subn(rf"^  {name}: \d+;", f"  {name}: {value};", text, flags=re.MULTILINE)
            if replaced != 1:
                raise Failed(f"{model}.m has no constant {name}")
        source = self.folder / f"{model}.m"
        source.write_text(text)
        code = self.folder / f"rumur-{threads}.c"
        # A slot takes 8 bytes; the table doubles when it is three quarters full.
        capacity = 8 * 2 ** max(20, math.ceil(math.log2(states / 0.75)))
        self.compile_seconds = build(
            ["rumur", "--threads", str(threads), "--symmetry-reduction=off", "--deadlock-detection=off", "--bound", "0",
             "--set-capacity", str(capacity), "--output", code, source], self.folder)
        options = "-std=c11 -march=native -mtune=native -flto -fwhole-program -mcx16".split()
        self.compile_seconds += build(
            ["gcc", "-w", optimise] + options + ["-o", self.program, code, "-lpthread"], self.folder)

    def run(self):
        text, measured = execute([self.program], self.folder, statuses=(0, 1), core=self.core)
        states = int(number(r"^\s*(\d+) states, \d+ rules fired", text, self.name))
        violated = "error(s) found" in text
        if not violated and "No error found" not in text:
            raise Failed(f"{self.name} did not search everything:\n{text[-2000:]}")
        return {
            "states": states,
            "transitions": int(number(r"^\s*\d+ states, (\d+) rules fired", text, self.name)),
            "depth": None,
            "violated": violated,
            "counterexample": len(re.findall(r"^Rule .* fired\.$", text, re.MULTILINE)),
            # It does not tell.
            "bytes_per_state": measured["peak_rss"] / states,
            **measured,
        }
