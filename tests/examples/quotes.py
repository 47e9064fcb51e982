#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds what the page of an example quotes against the example: quotes.py FOLDER-OF-THE-EXAMPLE FOLDER-OF-PROGRAMS

An indented block that begins with "$ PROGRAM WORDS" is what that prints, to the last line; "[...]" stands for lines
left out, and a last line "[exit status N]" for a status other than 0. A cpp block is in one of the sources, but for
what "// [...]" stands for. Exit status: 0; 1: something differs; 2: there is nothing to hold, or bad usage.
"""

import difflib
import pathlib
import re
import subprocess
import sys
import textwrap


def printed(programs, command):
    name, *words = command.split()
    run = subprocess.run([programs / name, *words], capture_output=True, text=True, timeout=120)
    return run.stdout.splitlines() + ([f"[exit status {run.returncode}]"] if run.returncode else [])


def matches(quoted, lines, gap):
    """Whether `quoted` is `lines`, with any number of lines for a gap."""
    pattern = "".join("(?:.*\n)*" if line.strip() == gap else re.escape(line) + "\n" for line in quoted)
    return re.fullmatch(pattern, "".join(line + "\n" for line in lines)) is not None


def check_run(block, programs):
    quoted = textwrap.dedent(block).rstrip().splitlines()
    command = quoted.pop(0).removeprefix("$ ")
    lines = printed(programs, command)
    if matches(quoted, lines, "[...]"):
        return []
    return [f"not what it prints: $ {command}", *difflib.unified_diff(quoted, lines, "page", "printed", lineterm="")]


def check_code(block, sources):
    quoted = ["// [...]", *(line.strip() for line in block.splitlines()), "// [...]"]
    if any(matches(quoted, [line.strip() for line in text.splitlines()], "// [...]") for text in sources):
        return []
    return ["in no source of the example:", block]


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    folder, programs = map(pathlib.Path, sys.argv[1:])
    page = (folder / "README.md").read_text()
    sources = [file.read_text() for pattern in ("*.hpp", "*.cpp") for file in folder.glob(pattern)]
    runs = re.findall(r"^    \$ .*\n(?:(?:    (?!\$ ).*)?\n)*", page, re.MULTILINE)
    code = re.findall(r"^```cpp\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    if not runs or not code:
        print(f"{folder}/README.md quotes no run or no code", file=sys.stderr)
        return 2
    wrong = [line for block in runs for line in check_run(block, programs)]
    wrong += [line for block in code for line in check_code(block, sources)]
    for line in wrong:
        print(f"{folder}/README.md: {line}", file=sys.stderr)
    return 1 if wrong else 0


sys.exit(main())
