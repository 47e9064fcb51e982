# SPDX-License-Identifier: MIT
"""Makes a recording (docs/traces.md) of what tracefs' trace says. Pure: text in, lines out."""

import json
import re

import probes

_LINE = re.compile(r"^\s*(\S.*?)-(\d+)\s+\[(\d+)\]\s+\S+\s+(\d+\.\d+): (\w+): (.*)$")
_ARG = re.compile(r"(\w+)=(\{[^}]*\}|\S+)")
BIG_BLOCK_NAMES = ["UNUSED", "PLUGGED", "ADDED", "FAKE_OFFLINE"]
# Notifier actions by number: single bits until v6.12's enum.
ACTIONS = {
    "linux-6.1": {1: "ONLINE", 2: "GOING_OFFLINE", 4: "OFFLINE", 8: "GOING_ONLINE", 16: "CANCEL_ONLINE",
                  32: "CANCEL_OFFLINE"},
    "linux-6.12": dict(enumerate(["ONLINE", "GOING_OFFLINE", "OFFLINE", "GOING_ONLINE", "CANCEL_ONLINE",
                                  "CANCEL_OFFLINE", "PREPARE_ONLINE", "FINISH_OFFLINE"])),
}  # fmt: skip
PAGE_FUNCTIONS = ["online_page_cb", "generic_online_page", "set_fake_offline", "clear_fake_offline",
                  "free_contig_range", "adjust_managed"]  # fmt: skip
_HAS_MEMMAP = 2  # SECTION_HAS_MEM_MAP
_BLOCK_PAGES = probes.MEMORY_BLOCK // probes.PAGE


def _number(text):
    if text.startswith("{"):
        return [int(n, 0) for n in text[1:-1].split(",")]
    return int(text, 0)


def _in_pages(pfn):
    return (pfn - probes.FIRST_PFN) / _BLOCK_PAGES


class Converter:
    """Reads trace lines in order and keeps the recording's events."""

    def __init__(self, release, region_bytes, page_struct_bytes, dev_head):
        """dev_head: address of the driver's list of devices; fields are recorded while one is bound"""
        self._actions = ACTIONS[release]
        self._last_pfn = probes.FIRST_PFN + region_bytes // probes.PAGE
        self._page_struct_bytes = page_struct_bytes
        self._dev_head = dev_head
        self._big_blocks = None  # how many states the array is recorded with
        self.events = []
        self._group = None  # the collapsed event that is being summed up
        self._state = {}
        self._pages = None
        self._skipped = {}  # by task: functions entered that are not the device's
        self._tries = {}  # by task: the lock it is calling mutex_lock() for is the driver's
        self._isolating = set()  # tasks within start_isolate_page_range(), which undoes what it has done if it fails
        self._names = {}  # of tasks, by pid

    def convert(self, text):
        lines = [m for m in map(_LINE.match, text.splitlines()) if m]
        # The tracer forgets names; a pid's may stand in another line.
        for m in lines:
            if m[1] != "<...>":
                self._names[m[2]] = m[1]
        for m in lines:
            self._line(m)
        return self

    def cut(self, event, count):
        """Forgets what comes after so many events of a kind: of a loop that does not end, a few rounds say it all."""
        for i, e in enumerate(self.events):
            count -= e["event"] == event
            if count == 0:
                del self.events[i + 1 :]
                return self
        return self

    def text(self):
        """The recording, one JSON object a line."""
        out = []
        for seq, event in enumerate(self.events):
            out.append(json.dumps({"seq": seq, **event}, separators=(",", ":")) + "\n")
        return "".join(out)

    # --- lines ---

    def _line(self, m):
        name = m[5]
        head = {"ts": float(m[4]), "task": f"{self._names.get(m[2], m[1])}-{m[2]}", "cpu": int(m[3])}
        if name == "tracing_mark_write":
            self.events.append({**head, "event": "mark", "args": {"text": m[6].strip()}})
            return
        if name == "console":
            text = re.sub(r"^\[\s*[\d.]+\]\s*", "", m[6]).strip()
            self.events.append({**head, "event": "printk", "args": {"text": text}})
            return
        fields = {k: _number(v) for k, v in _ARG.findall(m[6].partition(") ")[2])}
        args = {k: v for k, v in fields.items() if not k.startswith(("s_", "p0_", "p1_", "p2_", "p3_"))}
        event, _, site = name.partition("__")
        site = event + site if site else ""
        if event in PAGE_FUNCTIONS:
            self._page_call(head, event, args)
            return
        args = self._arguments(head["task"], event, args)
        if args is None:
            return
        entry = {**head, "event": event, "args": args}
        if site:
            entry["site"] = site
        self._add_state(entry, fields)
        self._group = None
        if not self._is_repetition(entry):
            self.events.append(entry)

    def _arguments(self, task, event, args):
        """The event's arguments as recorded, or None if it is not the device's."""
        skipped = self._skipped.setdefault(task, [])
        if event == "start_isolate":
            self._isolating.add(task)
        elif event == "start_isolate_ret":
            self._isolating.discard(task)
        elif event == "undo_isolate" and task in self._isolating:
            return None
        if event.endswith("_ret"):
            if skipped and skipped[-1] == event.removesuffix("_ret"):
                skipped.pop()
                return None
            return args
        if "pfn" in args and not probes.FIRST_PFN <= args["pfn"] < self._last_pfn:
            if event != "undo_isolate":  # it has no event for its return
                skipped.append(event)
            return None
        if event == "bbset":
            index = args["p"] - args["base"]
            if not 0 <= index < (self._big_blocks or 0):
                return None
            args["idx"] = index
            for which in ("old", "new"):
                args[f"{which}_name"] = BIG_BLOCK_NAMES[args[which]]
        elif event in ("mtxtry", "mtxunlock"):
            # "at": the mutex's distance from the list's member of the device.
            ours = args["lock"] == args["head"] + args["at"]
            if event == "mtxtry":
                self._tries[task] = ours
            if not ours:
                return None
            args = {"lock": args["lock"]}
        elif event == "mtxgot":
            if not self._tries.pop(task, False):
                return None
        if "action" in args:
            args["action_name"] = self._actions.get(args["action"], str(args["action"]))
        for key in ("pfn", "end"):
            if key in args:
                args[f"{key}_mb"] = _in_pages(args[key])
        return args

    def _is_repetition(self, entry):
        """Whether the event is the second of a pair that a busy loop repeats; then it is counted, and the first of the
        pair, already noted, is taken back."""
        if entry["event"] != "test_isolated_ret" or len(self.events) < 3:
            return False
        first, second, again = self.events[-3:]
        same = (
            again["event"] == first["event"] == "test_isolated"
            and second["event"] == "test_isolated_ret"
            and again["task"] == first["task"] == second["task"] == entry["task"]
            and again["args"] == first["args"]
            and second["args"] == entry["args"]
        )
        if not same:
            return False
        self.events.pop()
        for of, last in ((first, again), (second, entry)):
            of["repeat"] = of.get("repeat", 1) + 1
            of["ts_end"] = last["ts"]
        return True

    # --- page functions ---

    def _page_call(self, head, event, args):
        if "page" in args:
            args["pfn"] = (args["page"] - probes.VMEMMAP) // self._page_struct_bytes
        pfn = args["pfn"]
        if not probes.FIRST_PFN <= pfn < self._last_pfn:
            return
        block = (pfn - probes.FIRST_PFN) // _BLOCK_PAGES
        group = self._group
        if group is None or group["task"] != head["task"] or self._block != block or group is not self.events[-1]:
            group = {**head, "event": "collapsed", "args": {}, "ts_end": head["ts"]}
            self.events.append(group)
            self._group, self._block = group, block
        group["ts_end"] = head["ts"]
        call = group["args"].setdefault(event, {"calls": 0, "pages": 0, "first_pfn": pfn})
        call["calls"] += 1
        call["pages"] += args["nr"] if "nr" in args else 1 << args["order"] if "order" in args else 0
        call["last_pfn"] = pfn
        for key in ("order", "onlined"):
            if key in args:
                call[key] = args[key]
        if "delta" in args:
            call["delta"] = call.get("delta", 0) + args["delta"]

    # --- state ---

    def _add_state(self, entry, fields):
        if "s_dev" in fields and fields["s_dev"] != self._dev_head:
            state = {k[2:]: v for k, v in fields.items() if k.startswith("s_") and k != "s_dev"}
            if "bb_states" in state:
                self._big_blocks = len(state["bb_states"])
            state["mutex_owner"] &= ~7
            changed = {k: v for k, v in state.items() if self._state.get(k) != v}
            if changed:
                entry["state"] = changed
                self._state = state
        if "p0_map" in fields:
            pages = []
            for i in range(probes.PAGED_BLOCKS):
                if not fields[f"p{i}_map"] & _HAS_MEMMAP:
                    pages.append(None)
                    continue
                pages.append({k: fields[f"p{i}_{k}"] for k in ("ref_first", "type", "flags", "ref_last")})
            if pages != self._pages:
                entry["pages"] = self._pages = pages

