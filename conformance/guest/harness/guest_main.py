#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./run guest: drives real guests, records them, and has vmemcheck explain the recordings. See docs/guest.md."""

import argparse
import os
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import convert  # noqa: E402
import disassembly  # noqa: E402
import guest  # noqa: E402
import probes  # noqa: E402
from errors import HarnessError  # noqa: E402
from kernel import RELEASES, Kernel  # noqa: E402
from scenarios import BIG_BLOCK, SCENARIOS  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BASE = ROOT / "build" / "guest"
BIG_BLOCKS = guest.REGION // BIG_BLOCK


def record(scenario, kernel, cpu, seconds):
    """Runs a scenario; returns the recording's file."""
    work = kernel.folder / "work" / scenario.name
    work.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + seconds
    tool = guest.build_tool(HERE / "vmtool.c", BASE)
    sites = disassembly.sites(kernel.disassembly())
    modules = [m.stem for m in kernel.modules]
    parameters = {
        "modules": " ".join(modules),
        "driver_parameters": f"force_bbm=1 bbm_block_size={BIG_BLOCK} bbm_safe_unplug={int(scenario.safe)}",
        "priority": "" if scenario.priority is None else scenario.priority,
        "online": scenario.online,
    }
    lines = probes.text(kernel.types, kernel.release, sites, BIG_BLOCKS)
    guest.build_initramfs(work / "initramfs.gz", kernel, tool, HERE / "init.sh", parameters, lines)
    with guest.Guest(kernel.image, work / "initramfs.gz", cpu, work, deadline) as g:
        refused = g.check("begin").strip()
        if refused:
            print(refused, g.sh("cat /sys/kernel/tracing/error_log | tail -n 40")[0]); raise HarnessError(f"in the guest: {refused.splitlines()[-1]}")
        symbols = {}
        for line in g.check("grep -E ' (vmemmap_base|virtio_mem_devices)\\b' /proc/kallsyms").splitlines():
            address, _, name = line.split()[:3]
            symbols[name] = int(address, 16)
        head = symbols.get("virtio_mem_devices", 0)
        priority = "none" if scenario.priority is None else scenario.priority
        g.mark(f"bind virtio0 mode=bbm safe={int(scenario.safe)} online={scenario.online} prio={priority} "
               f"bbs={BIG_BLOCK} mbs={probes.MEMORY_BLOCK}")  # fmt: skip
        g.check("echo virtio0 >/sys/bus/virtio/drivers/virtio_mem/bind")
        g.settle()
        scenario.drive(g)
        if scenario.end:
            g.settle()
            g.mark("end")
        g.check("echo 0 >$tracing/tracing_on")
        trace = g.read("/sys/kernel/tracing/trace")
        lost = g.check("cat $tracing/per_cpu/cpu*/stats | grep -E 'overrun|dropped' | grep -v ': 0$' || true").strip()
        missed = g.check("awk '$3 > 0 { print $1, $3 }' $tracing/kprobe_profile").strip()
    (work / "trace.txt").write_text(trace)
    if lost:
        raise HarnessError(f"the guest's trace buffer was too small: {lost}")
    if missed:
        print(f"  missed probes: {missed}", file=sys.stderr)
    text = convert.convert(trace, kernel.release, guest.REGION, kernel.types.size("page"), head)
    recording = kernel.folder / f"{scenario.name}.jsonl"
    partial = recording.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(recording)
    return recording


def verdict(program, recording):
    """What vmemcheck says of a recording: its last line, and its exit status."""
    done = subprocess.run([program, "trace", str(recording)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def main():
    k = Kernel(sys.argv[1], BASE)
    cpu = guest.accelerator("auto", BASE / "accelerator", k.image)
    for s in SCENARIOS:
        if s.name in sys.argv[2:]:
            t = time.monotonic()
            r = record(s, k, cpu, 120)
            print(r, time.monotonic() - t)
            print(verdict(str(ROOT / "build/release/bin/vmemcheck"), r))


if __name__ == "__main__":
    try:
        main()
    except HarnessError as error:
        print(f"guest: {error}", file=sys.stderr)
        sys.exit(2)
