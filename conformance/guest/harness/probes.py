# SPDX-License-Identifier: MIT
"""The kprobes that record the driver and core MM, as lines for tracefs' kprobe_events.

Every line is named after the event that it becomes in a recording. What is fetched besides the event's own arguments is
named s_... (driver and zones) and p<i>_... (pages of memory block i).
"""

import re
from dataclasses import dataclass

FIRST_PFN = 1310720  # of the device's region: 5 GiB
MEMORY_BLOCK = 128 << 20
PAGE = 4096
VMEMMAP = 0xFFFFEA0000000000  # of a kernel with nokaslr and no5lvl
PAGED_BLOCKS = 4  # memory blocks whose pages are recorded
NORMAL, MOVABLE = 2, 3  # zones of a kernel with ZONE_DMA and ZONE_DMA32

_HEAD = "@virtio_mem_devices"  # head.next: struct virtio_mem's member next, once a device is bound


@dataclass(frozen=True)
class Probe:
    """One function or instruction. Of the alternative symbols the first that the kernel accepts is taken."""

    event: str
    symbols: tuple
    args: str = ""
    returns: bool = False
    state: bool = False
    pages: bool = False


def _vm(types, member, kind, extra=0):
    """A fetch of a member of the bound struct virtio_mem."""
    at = types.offset("virtio_mem", member) - types.offset("virtio_mem", "next") + extra
    return f"{at:+d}({_HEAD}):{kind}"


def big_block_states(types):
    """A fetch of the address of the array of big block states."""
    return _vm(types, "bbm.bb_states", "x64")


def driver_state(types, big_blocks):
    """Fetches of the driver's fields and of the zones' counters."""
    bb_states = types.offset("virtio_mem", "bbm.bb_states") - types.offset("virtio_mem", "next")

    def zone(index, member):
        at = types.offset("pglist_data", "node_zones") + index * types.size("zone") + types.offset("zone", member)
        return f"{at:+d}(@node_data):u64"

    fields = {
        "dev": f"{_HEAD}:x64",
        "bb_states": f"+0({bb_states:+d}({_HEAD})):u8[{big_blocks}]",
        "bb_count": _vm(types, "bbm.bb_count", "u64[4]"),
        "next_bb": _vm(types, "bbm.next_bb_id", "u64"),
        "plugged": _vm(types, "plugged_size", "u64"),
        "requested": _vm(types, "requested_size", "u64"),
        "offline_size": _vm(types, "offline_size", "u64"),
        "hotplug_active": _vm(types, "hotplug_active", "u8"),
        "config_changed": _vm(types, "config_changed", "u32"),
        "wq_active": _vm(types, "wq_active", "u32"),
        "mutex_owner": _vm(types, "hotplug_mutex", "x64", types.offset("mutex", "owner")),
        "broken": _vm(types, "broken", "u8"),
        "removing": _vm(types, "removing", "u8"),
        "retry_ms": _vm(types, "retry_timer_ms", "u32"),
        "managed_movable": zone(MOVABLE, "managed_pages"),
        "managed_normal": zone(NORMAL, "managed_pages"),
        "present_movable": zone(MOVABLE, "present_pages"),
        "present_normal": zone(NORMAL, "present_pages"),
    }
    return " ".join(f"s_{name}={fetch}" for name, fetch in fields.items())


def page_state(types):
    """Fetches of first and last page of some memory blocks, and of whether the blocks' sections have a memmap."""
    parts = []
    pages = MEMORY_BLOCK // PAGE
    for i in range(PAGED_BLOCKS):
        pfn = FIRST_PFN + i * pages
        first = VMEMMAP + pfn * types.size("page")
        last = first + (pages - 1) * types.size("page")
        section = pfn * PAGE // (128 << 20) * types.size("mem_section") + types.offset("mem_section", "section_mem_map")
        parts += [
            # mem_section is a pointer to pointers to arrays; all sections here are in the first of these.
            f"p{i}_map=+{section}(+0(@mem_section)):u64",
            f"p{i}_ref_first=@{first + types.offset('page', '_refcount'):#x}:s32",
            f"p{i}_type=@{first + types.offset('page', 'page_type'):#x}:u32",
            f"p{i}_flags=@{first + types.offset('page', 'flags'):#x}:u64",
            f"p{i}_ref_last=@{last + types.offset('page', '_refcount'):#x}:s32",
        ]
    return " ".join(parts)


def functions(types, release):
    """The probes of whole functions. What the model takes for inlined in a release is left out there (probed() in
    conformance/guest/observe.cpp)."""
    type_at = types.offset("virtio_mem_req", "type")
    union_at = types.offset("virtio_mem_req", "u")
    plug_addr = union_at + types.offset("virtio_mem_req_plug", "addr")
    plug_nb = union_at + types.offset("virtio_mem_req_plug", "nb_blocks")
    notify_pfn = types.offset("memory_notify", "start_pfn")
    notify_nr = types.offset("memory_notify", "nr_pages")
    range_args = "pfn=$arg1:u64 nr=$arg2:u64"
    from_to = "pfn=$arg1:u64 end=$arg2:u64"
    addr_args = "addr=$arg2:u64 size=$arg3:u64"
    resp = _vm(types, "resp", "u16", types.offset("virtio_mem_resp", "type"))

    def pair(event, symbols, args="", entry="", ret="", value="ret=$retval:s32"):
        """A function's entry and return; "s": with driver state, "p": with pages. value="": it returns none, and
        kernels that know that from BTF refuse to fetch one."""
        if isinstance(symbols, str):
            symbols = (symbols,)
        return [
            Probe(event, symbols, args, state="s" in entry, pages="p" in entry),
            Probe(f"{event}_ret", symbols, value, True, state="s" in ret, pages="p" in ret),
        ]

    probes = [
        *pair("run_wq", "virtio_mem_run_wq", entry="sp", ret="s", value=""),
        Probe("config_changed", ("virtio_mem_config_changed",), state=True, pages=True),
        *pair("bbm_plug_and_add_bb", "virtio_mem_bbm_plug_and_add_bb", "bb=$arg2:u64", entry="s"),
        *pair("send_plug", "virtio_mem_send_plug_request", addr_args, ret="s"),
        *pair("send_unplug", "virtio_mem_send_unplug_request", addr_args, entry="s", ret="s"),
        *pair("send_request", "virtio_mem_send_request",
              f"type=+{type_at}($arg2):u16 raddr=+{plug_addr}($arg2):u64 nb=+{plug_nb}($arg2):u16"),
        Probe("handle_response", ("virtio_mem_handle_response",), f"resp={resp}"),
        *pair("add_memory", "virtio_mem_add_memory", addr_args, entry="s"),
        *pair("add_memory_driver_managed", "add_memory_driver_managed",
              "mgid=$arg1:s32 addr=$arg2:u64 size=$arg3:u64 flags=$arg5:u32", ret="sp"),
        *pair("dev_hotplug_lock", "lock_device_hotplug"),
        *pair("dev_hotplug_lock_sysfs", "lock_device_hotplug_sysfs"),
        Probe("dev_hotplug_unlock", ("unlock_device_hotplug",)),
        *pair("device_online", "device_online", "dev=$arg1:x64"),
        *pair("online_pages", "online_pages", range_args, entry="sp"),
        *pair("device_offline", "device_offline", "dev=$arg1:x64"),
        *pair("offline_pages", "offline_pages", range_args, entry="p"),
        *pair("memory_notify", "memory_notify",
              f"action=$arg1:u32 pfn=+{notify_pfn}($arg2):u64 nr=+{notify_nr}($arg2):u64", entry="sp"),
        *pair("notifier_cb", "virtio_mem_memory_notifier_cb",
              f"action=$arg2:u32 pfn=+{notify_pfn}($arg3):u64 nr=+{notify_nr}($arg3):u64", entry="sp", ret="sp"),
        *pair("start_isolate", "start_isolate_page_range", f"{from_to} mt=$arg3:u32 flags=$arg4:u32"),
        Probe("undo_isolate", ("undo_isolate_page_range",), from_to),
        *pair("test_isolated", "test_pages_isolated", from_to),
        *pair("alloc_contig_range", ("alloc_contig_range_noprof", "alloc_contig_range"),
              f"{from_to} mt=$arg3:u32", ret="sp"),
        *pair("fake_offline", "virtio_mem_fake_offline",
              range_args if release == "linux-6.1" else "pfn=$arg2:u64 nr=$arg3:u64", entry="s", ret="sp"),
        *pair("fake_online", "virtio_mem_fake_online", range_args, entry="s", ret="sp", value=""),
        *pair("fake_offline_going_offline", "virtio_mem_fake_offline_going_offline", range_args, entry="s", ret="sp",
              value=""),
        *pair("fake_offline_cancel_offline", "virtio_mem_fake_offline_cancel_offline", range_args, ret="sp", value=""),
        *pair("vm_offline_and_remove", "virtio_mem_offline_and_remove_memory", addr_args, entry="s", ret="s"),
        *pair("offline_and_remove_memory", "offline_and_remove_memory", "addr=$arg1:u64 size=$arg2:u64"),
        *pair("try_remove_memory", "try_remove_memory", "addr=$arg1:u64 size=$arg2:u64", ret="p"),
        # Functions that are called for pages: summed up as "collapsed".
        Probe("online_page_cb", ("virtio_mem_online_page_cb",), "page=$arg1:x64 order=$arg2:u32"),
        Probe("generic_online_page", ("generic_online_page",), "page=$arg1:x64 order=$arg2:u32"),
        Probe("set_fake_offline", ("virtio_mem_set_fake_offline",), f"{range_args} onlined=$arg3:u8"),
        Probe("clear_fake_offline", ("virtio_mem_clear_fake_offline",), f"{range_args} onlined=$arg3:u8"),
        Probe("free_contig_range", ("free_contig_range",), range_args),
        Probe("adjust_managed", ("adjust_managed_page_count",), "page=$arg1:x64 delta=$arg2:s64"),
    ]  # fmt: skip
    if release != "linux-6.1":
        unseen = {"dev_hotplug_lock_ret", "fake_offline_cancel_offline", "fake_offline_cancel_offline_ret"}
        probes = [p for p in probes if p.event not in unseen]
    return probes


def instructions(types, sites):
    """The probes of single instructions: stores to arrays of bytes and calls for mutexes. Which array and which mutex
    is told by what they fetch."""
    probes = []
    counts = {}
    for site in sites:
        counts[site.kind] = counts.get(site.kind, 0) + 1
        number = counts[site.kind]
        if site.kind == "store":
            new = f"\\{site.value}" if site.value.isdigit() else site.value
            args = f"p={site.pointer}:x64 base={big_block_states(types)} old=+0({site.pointer}):u8 new={new}:u8"
            probes.append(Probe(f"bbset__{number}", (site.place,), args, state=True))
        else:
            event = {"mutex_lock": "mtxtry", "after_mutex_lock": "mtxgot", "mutex_unlock": "mtxunlock"}[site.kind]
            lock = types.offset("virtio_mem", "hotplug_mutex") - types.offset("virtio_mem", "next")
            owner = _vm(types, "hotplug_mutex", "x64", types.offset("mutex", "owner"))
            args = f"owner={owner}" if event == "mtxgot" else f"lock=%di:x64 at={lock} head={_HEAD}:x64"
            args = args.replace(f"at={lock}", f"at=\\{lock}:s64")
            probes.append(Probe(f"{event}__{number}", (site.place,), args))
    return probes


GROUP = "vm"


def delays(place, count):
    """Probes that do nothing but take time: each fetches 2,560 bytes one by one (an event may have 3 KiB), and is then
    thrown away by a filter (init.sh)."""
    args = " ".join(f"d{i}=+{i * 64}(@node_data):u8[64]" for i in range(40))
    name = "delay__" + re.sub(r"\W", "_", place)
    return [Probe(f"{name}_{i}", (place,), f"never=\\0:u8 {args}") for i in range(count)]


def lines(probe, types, big_blocks):
    """The line for each of a probe's symbols."""
    made = []
    for symbol in probe.symbols:
        kind = "r64" if probe.returns else "p"
        parts = [f"{kind}:{GROUP}/{probe.event}", symbol, probe.args]
        if probe.state:
            parts.append(driver_state(types, big_blocks))
        if probe.pages:
            parts.append(page_state(types))
        made.append(" ".join(p for p in parts if p))
    return made


def text(types, release, sites, big_blocks, delayed=()):
    """All lines; alternatives stand one after the other, separated by a tab in one line.
    sites: what disassembly.sites() found
    delayed: what delays() made"""
    probes = [*functions(types, release), *instructions(types, sites), *delayed]
    return "".join("\t".join(lines(p, types, big_blocks)) + "\n" for p in probes)
