# SPDX-License-Identifier: MIT
"""What happens in the recordings. Each scenario drives a guest whose device is bound and has nothing plugged.

Memory blocks are counted from the device's first (Linux' memory40). A scenario may miss the race that it aims at: what
is recorded then is explained all the same."""

from dataclasses import dataclass
from typing import Callable, Optional

import probes

MIB = 1 << 20
BIG_BLOCK = 256 * MIB
EPERM, EBUSY = 1, 16


@dataclass(frozen=True)
class Scenario:
    name: str
    about: str
    drive: Callable
    online: str = "online_movable"  # what the kernel does with added memory
    priority: Optional[int] = None  # of another notifier that may refuse: -1 after the driver's, 1 before it
    safe: bool = True  # bbm_safe_unplug
    cut: Optional[tuple] = None  # for what does not end: the recording ends with so many events of this kind
    big_block: int = BIG_BLOCK
    delays: int = 0  # how many probes only take time: where the worker declares itself idle, and in online_pages()
    kernels: tuple = ("6.1", "6.12")


SCENARIOS = []


def scenario(name, about, **options):
    def add(drive):
        SCENARIOS.append(Scenario(name, about, drive, **options))
        return drive

    return add


def plug(g, big_blocks):
    g.resize(big_blocks * BIG_BLOCK)
    g.wait_plugged(big_blocks * BIG_BLOCK)
    g.settle()


def unplug_all(g):
    g.resize(0)
    g.wait_plugged(0)


@scenario("plug-unplug", "512 MiB are plugged, onlined to the movable zone, and unplugged")
# 6.7 has done away with the parameter.
@scenario("plug-unplug-unsafe", "the same with bbm_safe_unplug=0", safe=False, kernels=("6.1",))
def plug_unplug(g):
    plug(g, 2)
    unplug_all(g)


@scenario("veto-after-driver", "another notifier refuses to let go of any block, after the driver's has agreed",
          priority=-1)  # fmt: skip
@scenario("veto-before-driver", "another notifier refuses to let go of any block, before the driver's is asked",
          priority=1)  # fmt: skip
def veto(g):
    plug(g, 2)
    g.check(f"inject GOING_OFFLINE -{EBUSY}")
    g.resize(BIG_BLOCK)
    g.settle()
    g.check("mark 'use memory'; head -c 100M /dev/zero >/tmp/used; rm /tmp/used")
    g.settle()
    g.check("inject GOING_OFFLINE 0")
    unplug_all(g)


@scenario("veto-second-block", "only the second memory block of a big block is refused: the first is onlined again",
          priority=-1)  # fmt: skip
def veto_second(g):
    plug(g, 1)
    g.check("vmtool watch $memory/memory40/state offline "
            f"/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_OFFLINE/error -{EBUSY} &")  # fmt: skip
    g.resize(0)
    g.settle()
    g.check("inject GOING_OFFLINE 0")
    g.resize(2 * BIG_BLOCK)
    unplug_all(g)


@scenario("veto-eperm", "the refusal is -EPERM: 6.1 takes the device for broken, 6.12 tries again", priority=-1)
def veto_eperm(g):
    plug(g, 2)
    g.check(f"inject GOING_OFFLINE -{EPERM}")
    g.resize(BIG_BLOCK)
    g.settle()
    g.check("inject GOING_OFFLINE 0")
    g.resize(0)
    g.settle()


@scenario("veto-online", "onlining is refused when memory is added; user space onlines it later", priority=-1)
def veto_online(g):
    g.check(f"inject GOING_ONLINE -{EBUSY}")
    plug(g, 1)
    g.check("inject GOING_ONLINE 0")
    g.check("user 40 online_movable")
    g.check("user 41 online_movable")
    g.settle()
    unplug_all(g)


@scenario("busy-kernel-zone", "memory of the normal zone is in use by the kernel: it cannot be unplugged",
          online="online_kernel")  # fmt: skip
def busy_kernel_zone(g):
    plug(g, 2)
    g.check("mark fill; mkdir /tmp/fill; i=0; while [ $i -lt 4000 ]; do : >/tmp/fill/$i; i=$((i + 1)); done")
    g.resize(0)
    g.settle()
    g.check("mark drop; rm -r /tmp/fill")
    g.resize(BIG_BLOCK)
    g.settle()
    g.resize(0)
    g.settle()


@scenario("pinned-movable", "pages of the second memory block are pinned: the first is made fake-offline in vain")
def pinned_movable(g):
    plug(g, 1)
    pages = probes.MEMORY_BLOCK // probes.PAGE
    first = probes.FIRST_PFN + pages
    g.check(f"vmtool pin {first} {first + pages - 1} 4 >/tmp/pin & pin=$!")
    g.wait("pinning", lambda: "pinned" in g.sh("cat /tmp/pin")[0])
    g.check("mark \"$(cat /tmp/pin)\"; grep -qx pinned /tmp/pin")
    g.settle()
    g.resize(0)
    g.settle()
    g.check("kill $pin; mark released")
    g.settle()
    g.resize(2 * BIG_BLOCK)
    unplug_all(g)


@scenario("one-block-offline", "big blocks with one block offline are unplugged", online="offline")
def one_block_offline(g):
    plug(g, 1)
    g.check("user 40 online_movable")
    g.settle()
    unplug_all(g)
    g.settle()
    plug(g, 1)
    g.check("user 41 online_movable")
    g.check("user 40 online_movable")
    g.check("user 41 offline")
    g.settle()
    unplug_all(g)


@scenario("user-online-against-unplug", "user space onlines a block while the driver unplugs its big block",
          online="offline")  # fmt: skip
def user_online_against_unplug(g):
    plug(g, 1)
    g.check("user 40 online_movable")
    g.settle()
    g.check("(while [ $(cat $memory/memory40/state) = online ]; do :; done; user 41 online_movable) & user_task=$!")
    g.resize(0)
    g.settle()
    g.check("wait $user_task || true")
    g.settle()


@scenario("user-offline-against-unplug",
          "user space offlines a block while the driver makes it fake-offline: a livelock until a signal comes")
def user_offline_against_unplug(g):
    plug(g, 1)
    g.resize(0)
    g.check("user 41 offline & user_task=$!")
    g.wait("the user's turn", lambda: g.state(1) != "online")
    # Let it loop for a while, if it does.
    for _ in range(5):
        if g.state(1) != "going-offline":
            break
        g.check("sleep 1")
    g.check("mark SIGTERM; kill $user_task || true")
    g.wait_plugged(0)
    g.settle()
    plug(g, 2)
    unplug_all(g)


@scenario("quick-resizes", "the host changes its mind faster than the driver can follow")
def quick_resizes(g):
    for big_blocks in (2, 0, 2):
        g.resize(big_blocks * BIG_BLOCK)
    g.settle()
    g.resize(4 * BIG_BLOCK)
    g.settle()
    for big_blocks in (0, 2, 1, 4) * 2 + (0, 2, 1):
        g.resize(big_blocks * BIG_BLOCK)
    g.wait_plugged(BIG_BLOCK)
    g.settle()
    unplug_all(g)


@scenario("unbind-idle", "the driver is unbound with all unplugged")
def unbind_idle(g):
    plug(g, 1)
    unplug_all(g)
    g.settle()
    unbind(g)


@scenario("unbind-plugged", "the driver is unbound with memory plugged, which stays")
def unbind_plugged(g):
    plug(g, 1)
    unbind(g)


def unbind(g):
    g.check("mark unbind; echo virtio0 >/sys/bus/virtio/drivers/virtio_mem/unbind")


@scenario("unbind-during-nack", "the driver is unbound while the host refuses its plugging: it asks for ever",
          cut=("bbm_plug_and_add_bb_ret", 12))  # fmt: skip
def unbind_during_nack(g):
    g.resize(8 * BIG_BLOCK)
    g.wait("plugging", lambda: g.plugged() > 0)
    g.check("mark unbind; echo virtio0 >/sys/bus/virtio/drivers/virtio_mem/unbind & unbinder=$!")
    g.resize(0)
    g.check("sleep 0.1; echo 0 >$tracing/tracing_on; sleep 3")
    hangs = g.sh("kill -0 $unbinder")[1] == 0
    return "the unbinding hangs" if hangs else "the unbinding ended"


@scenario("lost-wake-up", "memory is onlined just before the worker declares itself idle: nobody goes on plugging",
          online="offline", big_block=2 * BIG_BLOCK, delays=250)  # fmt: skip
def lost_wake_up(g):
    # The onlining task on one processor; the shell, and the worker, which interrupts queue, on the other.
    g.check("taskset -p 2 1; for irq in /proc/irq/*/smp_affinity; do echo 2 >$irq; done 2>/dev/null; true")
    # As much is offline as the driver allows, and then one block more than it needs to go on.
    g.resize(8 * BIG_BLOCK)
    g.wait_plugged(4 * BIG_BLOCK)
    g.settle()
    for block in (40, 41, 42):
        g.check(f"user {block} online_movable")
    g.settle()
    # The last one. The probes hold it up where it has mem_hotplug_lock (before that it needs an RCU grace period, which
    # would wait for the worker). Meanwhile a resize wakes the worker, which finds that it can do nothing; the probes let
    # it wait where it has yet to say so.
    g.check("(taskset -p 1 $(exec sh -c 'echo $PPID') >/dev/null; user 43 online_movable) & user_task=$!")
    g.check("sleep 0.05")
    g.resize(6 * BIG_BLOCK)
    g.check("wait $user_task")
    g.settle()
    lost = g.plugged() == 4 * BIG_BLOCK
    # Anything else wakes the worker.
    g.resize(8 * BIG_BLOCK)
    g.wait_plugged(6 * BIG_BLOCK)
    return "the wake-up is lost" if lost else "the worker was woken"
