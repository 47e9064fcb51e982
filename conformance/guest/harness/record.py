# SPDX-License-Identifier: MIT
"""Runs one scenario and writes its recording."""

import pathlib
import time

import convert
import disassembly
import guest
import probes
from errors import HarnessError

_HERE = pathlib.Path(__file__).resolve().parent


def record(scenario, kernel, cpu, base, seconds):
    """Returns the recording's file, build/guest/<kernel>/<scenario>.jsonl; what the scenario noticed, if anything; and
    how many hits of probes were missed. Raises HarnessError if there is no recording."""
    recording = kernel.folder / f"{scenario.name}.jsonl"
    recording.unlink(missing_ok=True)
    work = kernel.folder / "work" / scenario.name
    work.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + seconds
    archive = work / "initramfs.gz"
    guest.build_initramfs(archive, kernel, guest.build_tool(_HERE / "vmtool.c", base), _HERE / "init.sh",
                          _parameters(scenario, kernel), _probes(scenario, kernel))  # fmt: skip
    with guest.Guest(kernel.image, archive, cpu, work, deadline) as g:
        head = _begin(g, scenario)
        try:
            note = scenario.drive(g) or ""
        except HarnessError:
            _save_for_diagnosis(g, work / "trace.txt")
            raise
        if not scenario.cut:
            g.settle()
            g.mark("end")
        trace, missed = _end(g)
    (work / "trace.txt").write_text(trace)
    converter = convert.Converter(kernel.release, guest.REGION, kernel.types.size("page"), head).convert(trace)
    if scenario.cut:
        converter.cut(*scenario.cut)
    partial = recording.with_suffix(".partial")
    partial.write_text(converter.text())
    partial.replace(recording)
    return recording, note, missed


def _parameters(scenario, kernel):
    return {
        "modules": " ".join(m.stem for m in kernel.modules),
        "driver_parameters": f"force_bbm=1 bbm_block_size={scenario.big_block} bbm_safe_unplug={int(scenario.safe)}",
        "priority": "" if scenario.priority is None else scenario.priority,
        "online": scenario.online,
    }


def _probes(scenario, kernel):
    code = kernel.disassembly()
    delayed = ()
    if scenario.delays:
        types = kernel.types
        field = types.offset("virtio_mem", "wq_active") - types.offset("virtio_mem", "wq")
        place = disassembly.last_store_of_zero(code, "virtio_mem_run_wq", field)
        if place is None:
            raise HarnessError("the driver's machine code does not tell where wq_active is cleared")
        delayed = [*probes.delays(place, scenario.delays), *probes.delays("online_pages", scenario.delays)]
    big_blocks = guest.REGION // scenario.big_block
    return probes.text(kernel.types, kernel.release, disassembly.sites(code), big_blocks, delayed)


def _begin(g, scenario):
    """Sets the probes, and binds the device. Returns the address of the driver's list of devices."""
    complaints = g.check("begin").strip()
    if complaints:
        raise HarnessError(f"in the guest: {complaints.splitlines()[0]}")
    found = g.sh("grep -w virtio_mem_devices /proc/kallsyms")[0].split()
    if not found:
        raise HarnessError("the guest's kernel does not tell where virtio_mem_devices is")
    priority = "none" if scenario.priority is None else scenario.priority
    g.mark(f"bind virtio0 mode=bbm safe={int(scenario.safe)} online={scenario.online} prio={priority} "
           f"bbs={scenario.big_block} mbs={probes.MEMORY_BLOCK}")  # fmt: skip
    g.check("echo virtio0 >/sys/bus/virtio/drivers/virtio_mem/bind")
    g.settle()
    return int(found[0], 16)


def _save_for_diagnosis(g, file):
    """Keeps the trace of a scenario that failed, if the guest still answers."""
    try:
        file.write_text(_end(g)[0])
    except HarnessError:
        file.unlink(missing_ok=True)


def _end(g):
    """Stops the recording. Returns what it has, and whether probes were missed."""
    g.check("echo 0 >$tracing/tracing_on")
    trace = g.read("/sys/kernel/tracing/trace")
    lost = g.sh("cat $tracing/per_cpu/cpu*/stats | grep -E '(overrun|dropped events): [1-9]'")[0].split()
    if lost:
        raise HarnessError("events were lost: the guest's trace buffer was too small")
    profile = [line.split() for line in g.check("cat $tracing/kprobe_profile").splitlines()]
    hits = {name: int(hit) for name, hit, _ in profile}
    missed = sum(int(miss) for _, _, miss in profile)
    # Each request is answered. An interrupt that hits within a probe's handler may be lost without being counted.
    missed += abs(hits.get("handle_response", 0) - hits.get("send_request_ret", 0))
    return trace, missed
