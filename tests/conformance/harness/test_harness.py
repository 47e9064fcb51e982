# SPDX-License-Identifier: MIT
"""The parts of the guest harness that need no guest: what a trace becomes, and what the machine code tells."""

import json
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "conformance" / "guest" / "harness"))

import convert  # noqa: E402
import disassembly  # noqa: E402
import probes  # noqa: E402
from errors import HarnessError  # noqa: E402
from kernel import Types, select  # noqa: E402

HEAD = 0xFFFFFFFFC0001000
WORKER = "     kworker/0:1-17      [000] ..... "
USER = "              sh-99      [001] ..... "


def state(**changed):
    """The driver's fields as a probe fetches them."""
    fields = {
        "dev": "0xffff888000001228", "bb_states": "{0,0,0,0}", "bb_count": "{0,0,0,0}", "next_bb": 20, "plugged": 0,
        "requested": 0, "offline_size": 0, "hotplug_active": 0, "config_changed": 1, "wq_active": 0,
        "mutex_owner": "0xffff888000002001", "broken": 0, "removing": 0, "retry_ms": 50000, "managed_movable": 0,
        "managed_normal": 0, "present_movable": 0, "present_normal": 0, **changed,
    }  # fmt: skip
    return " ".join(f"s_{k}={v}" for k, v in fields.items())


def pages(*maps):
    return " ".join(f"p{i}_map={m} p{i}_ref_first=1 p{i}_type=4294967295 p{i}_flags=0 p{i}_ref_last=1"
                    for i, m in enumerate(maps))  # fmt: skip


def events(*lines, release="linux-6.1"):
    converter = convert.Converter(release, 2 << 30, 64, HEAD).convert("# tracer: nop\n" + "\n".join(lines))
    return [json.loads(line) for line in converter.text().splitlines()]


def page_of(pfn):
    return hex(probes.VMEMMAP + pfn * 64)


class Trace(unittest.TestCase):
    def test_marks_log_lines_and_events_keep_their_order(self):
        got = events(
            "            init-1       [001] .....     7.413150: tracing_mark_write: bind virtio0 safe=1 bbs=268435456",
            "            init-1       [001] .....     7.5: console: [    7.5] virtio_mem virtio0: nid: 0",
            WORKER + "    7.600000: bbm_plug_and_add_bb: (virtio_mem_bbm_plug_and_add_bb+0x4/0x140 [virtio_mem]) bb=20",
        )
        self.assertEqual([e["seq"] for e in got], [0, 1, 2])
        self.assertEqual([e["event"] for e in got], ["mark", "printk", "bbm_plug_and_add_bb"])
        self.assertEqual(got[0]["args"], {"text": "bind virtio0 safe=1 bbs=268435456"})
        self.assertEqual(got[1]["args"], {"text": "virtio_mem virtio0: nid: 0"})
        self.assertEqual((got[2]["task"], got[2]["cpu"], got[2]["ts"]), ("kworker/0:1-17", 0, 7.6))
        self.assertEqual(got[2]["args"], {"bb": 20})

    def test_a_task_whose_name_the_tracer_forgot_is_named_by_another_line(self):
        got = events(
            "           <...>-17      [000] .....     1.0: run_wq: (virtio_mem_run_wq+0x4/0x1 [virtio_mem])",
            WORKER + "    1.1: run_wq_ret: (process_one_work+0x1/0x2 <- virtio_mem_run_wq)",
        )
        self.assertEqual([e["task"] for e in got], ["kworker/0:1-17"] * 2)

    def test_state_and_pages_are_told_when_they_change(self):
        begin = WORKER + "    {}: run_wq: (f+0x4/0x1) "
        got = events(
            begin.format("1.0") + state() + " " + pages(0, 0, 0, 0),
            begin.format("1.1") + state() + " " + pages(0, 0, 0, 0),
            begin.format("1.2") + state(config_changed=0, bb_states="{2,0,0,0}") + " " + pages(3, 0, 0, 0),
        )
        self.assertEqual(got[0]["state"]["bb_states"], [0, 0, 0, 0])
        # The lowest bits of a mutex's owner are flags.
        self.assertEqual(got[0]["state"]["mutex_owner"], 0xFFFF888000002000)
        self.assertEqual(got[0]["pages"], [None] * 4)
        self.assertNotIn("state", got[1])
        self.assertNotIn("pages", got[1])
        self.assertEqual(got[2]["state"], {"config_changed": 0, "bb_states": [2, 0, 0, 0]})
        self.assertEqual(got[2]["pages"][0], {"ref_first": 1, "type": 4294967295, "flags": 0, "ref_last": 1})
        self.assertIsNone(got[2]["pages"][1])

    def test_no_state_without_a_device(self):
        got = events(WORKER + "    1.0: run_wq: (f+0x4/0x1) " + state(dev=hex(HEAD)))
        self.assertNotIn("state", got[0])

    def test_actions_are_named_by_release(self):
        line = WORKER + "    1.0: memory_notify: (memory_notify+0x4/0x1) action={} pfn=1343488 nr=32768"
        self.assertEqual(events(line.format(8))[0]["args"]["action_name"], "GOING_ONLINE")
        got = events(line.format(3), release="linux-6.12")[0]["args"]
        self.assertEqual((got["action_name"], got["pfn_mb"]), ("GOING_ONLINE", 1.0))

    def test_other_memory_is_left_out_with_its_return(self):
        got = events(
            USER + "    1.0: alloc_contig_range: (a+0x4/0x1) pfn=4096 end=8192 mt=1",
            USER + "    1.1: start_isolate: (a+0x4/0x1) pfn=4096 end=8192 mt=1 flags=0",
            USER + "    1.2: start_isolate_ret: (a <- b) ret=0",
            USER + "    1.3: alloc_contig_range_ret: (a <- b) ret=-16",
            WORKER + "    1.4: alloc_contig_range: (a+0x4/0x1) pfn=1310720 end=1343488 mt=1",
            WORKER + "    1.5: alloc_contig_range_ret: (a <- b) ret=-16",
        )
        self.assertEqual([e["event"] for e in got], ["alloc_contig_range", "alloc_contig_range_ret"])
        self.assertEqual(got[1]["args"], {"ret": -16})

    def test_what_isolation_undoes_itself_is_left_out(self):
        got = events(
            WORKER + "    1.0: start_isolate: (a+0x4/0x1) pfn=1310720 end=1343488 mt=1 flags=0",
            WORKER + "    1.1: undo_isolate: (a+0x4/0x1) pfn=1310720 end=1311744",
            WORKER + "    1.2: start_isolate_ret: (a <- b) ret=-16",
            WORKER + "    1.3: undo_isolate: (a+0x4/0x1) pfn=1310720 end=1343488",
        )
        self.assertEqual([e["event"] for e in got], ["start_isolate", "start_isolate_ret", "undo_isolate"])
        self.assertEqual(got[2]["args"]["end_mb"], 1.0)

    def test_stores_elsewhere_are_no_big_block_states(self):
        store = WORKER + "    1.1: bbset__3: (f+0x61/0x1) p={:#x} base=0x1000 old=0 new=2 "
        got = events(WORKER + "    1.0: run_wq: (f+0x4/0x1) " + state(), store.format(0x1003) + state(),
                     store.format(0x1004) + state())  # fmt: skip
        self.assertEqual(len(got), 2)
        self.assertEqual(got[1]["site"], "bbset3")
        self.assertEqual({k: got[1]["args"][k] for k in ("idx", "old_name", "new_name")},
                         {"idx": 3, "old_name": "UNUSED", "new_name": "ADDED"})  # fmt: skip

    def test_only_the_drivers_own_mutex(self):
        call = "    1.0: mtxtry__1: (f+0x1/0x2) lock={:#x} at=-184 head=0x2000"
        got_it = "    1.1: mtxgot__1: (f+0x6/0x2) owner=0x3001"
        mine = events(WORKER + call.format(0x2000 - 184), WORKER + got_it)
        self.assertEqual([e["event"] for e in mine], ["mtxtry", "mtxgot"])
        self.assertEqual(events(WORKER + call.format(0x2000), WORKER + got_it), [])
        # Somebody else's attempt is not this task's.
        other = events(USER + call.format(0x2000 - 184), WORKER + got_it)
        self.assertEqual([e["event"] for e in other], ["mtxtry"])

    def test_page_functions_are_summed_up_until_another_event(self):
        def call(ts, pfn):
            return WORKER + f"    {ts}: online_page_cb: (f+0x4/0x1) page={page_of(pfn)} order=10"

        adjusted = WORKER + f"    1.2: adjust_managed: (f+0x4/0x1) page={page_of(1310720)} delta=-1024"
        other = USER + "    1.3: dev_hotplug_lock: (f+0x4/0x1)"
        got = events(call("1.0", 1310720), call("1.1", 1311744), adjusted, other,
                     call("1.4", 1312768), call("1.5", 1343488), call("1.6", 4096))  # fmt: skip
        self.assertEqual([e["event"] for e in got], ["collapsed", "dev_hotplug_lock", "collapsed", "collapsed"])
        self.assertEqual(got[0]["args"]["online_page_cb"],
                         {"calls": 2, "pages": 2048, "first_pfn": 1310720, "last_pfn": 1311744,
                          "order": 10})  # fmt: skip
        self.assertEqual(got[0]["args"]["adjust_managed"]["delta"], -1024)
        self.assertEqual(got[0]["ts_end"], 1.2)
        # Another memory block begins another sum.
        self.assertEqual([e["args"]["online_page_cb"]["pages"] for e in got[2:]], [1024, 1024])

    def test_a_busy_loop_is_counted(self):
        lines = []
        for i in range(5):
            lines.append(USER + f"    1.{i}1: test_isolated: (f+0x4/0x1) pfn=1310720 end=1343488")
            lines.append(USER + f"    1.{i}2: test_isolated_ret: (f <- g) ret={0 if i == 4 else -16}")
        got = events(*lines)
        self.assertEqual([(e["event"], e.get("repeat")) for e in got],
                         [("test_isolated", 4), ("test_isolated_ret", 4), ("test_isolated", None),
                          ("test_isolated_ret", None)])  # fmt: skip
        self.assertEqual(got[0]["ts_end"], 1.31)

    def test_cut(self):
        converter = convert.Converter("linux-6.1", 2 << 30, 64, HEAD)
        converter.convert("\n".join(WORKER + f"    1.{i}: run_wq: (f+0x4/0x1)" for i in range(5)))
        self.assertEqual(len(converter.cut("run_wq", 3).events), 3)


CODE = """
0000000000001980 <virtio_mem_run_wq>:
    1980:	call   1985 <virtio_mem_run_wq+0x5>
			1981: R_X86_64_PLT32	__fentry__-0x4
    1985:	mov    DWORD PTR [rbx+0x20],0x1
    198c:	mov    rdi,r13
    198f:	call   1994 <virtio_mem_run_wq+0x14>
			1990: R_X86_64_PLT32	mutex_lock-0x4
    1994:	mov    BYTE PTR [rdx],0x3
    1997:	mov    BYTE PTR [r13+0x0],r15b
    199c:	mov    BYTE PTR [rbx+0x20],0x1
    19a0:	mov    BYTE PTR [rsp+0x10],0x1
    19a5:	jmp    19aa <virtio_mem_run_wq+0x2a>
			19a6: R_X86_64_PLT32	mutex_unlock-0x4
    19aa:	mov    DWORD PTR [rbx+0x20],0x0
    19b1:	mov    DWORD PTR [rbp+0x20],0x0
    19b8:	ret

0000000000000000 <virtio_mem_probe.cold>:
   0:	call   5 <virtio_mem_probe.cold+0x5>
			1: R_X86_64_PLT32	mutex_lock-0x4
"""


class MachineCode(unittest.TestCase):
    def test_sites(self):
        found = [(s.place, s.kind, s.pointer, s.value) for s in disassembly.sites(CODE)]
        name = "virtio_mem_run_wq"
        self.assertEqual(found, [
            (f"{name}+15", "mutex_lock", "", ""),
            (f"{name}+20", "after_mutex_lock", "", ""),
            (f"{name}+20", "store", "%dx", "3"),
            (f"{name}+23", "store", "%r13", "%r15"),
            (f"{name}+37", "mutex_unlock", "", ""),
        ])  # fmt: skip

    def test_where_a_flag_is_cleared(self):
        self.assertEqual(disassembly.last_store_of_zero(CODE, "virtio_mem_run_wq", 0x20), "virtio_mem_run_wq+42")
        self.assertIsNone(disassembly.last_store_of_zero(CODE, "virtio_mem_run_wq", 0x24))
        self.assertIsNone(disassembly.last_store_of_zero(CODE, "virtio_mem_probe", 0x20))


class TypesTest(unittest.TestCase):
    def test_members_of_anonymous_structures(self):
        def member(name, type_id, bits):
            return {"name": name, "type_id": type_id, "bits_offset": bits}

        kept = select([
            {"id": 1, "kind": "INT", "name": "long", "size": 8},
            {"id": 2, "kind": "STRUCT", "name": "(anon)", "size": 16, "members": [member("bb_states", 1, 64)]},
            {"id": 3, "kind": "UNION", "name": "(anon)", "size": 16, "members": [member("bbm", 2, 0)]},
            {"id": 4, "kind": "STRUCT", "name": "virtio_mem", "size": 64,
             "members": [member("vdev", 1, 0), member("(anon)", 3, 128)]},
        ])  # fmt: skip
        types = Types(kept)
        self.assertEqual(types.offset("virtio_mem", "bbm.bb_states"), 24)
        self.assertEqual(types.size("virtio_mem"), 64)
        with self.assertRaisesRegex(HarnessError, "no virtio_mem.gone"):
            types.offset("virtio_mem", "gone")


if __name__ == "__main__":
    unittest.main()
