# SPDX-License-Identifier: MIT
"""What happens in the recordings. Each scenario drives a guest whose device is bound and has nothing plugged."""

from dataclasses import dataclass
from typing import Callable, Optional

MIB = 1 << 20
BIG_BLOCK = 256 * MIB


@dataclass(frozen=True)
class Scenario:
    name: str
    about: str
    drive: Callable
    online: str = "online_movable"  # what the kernel does with added memory
    priority: Optional[int] = None  # of a second notifier that may be told to refuse: -1 after the driver's, 1 before it
    safe: bool = True  # bbm_safe_unplug
    end: bool = True  # nobody is at work when the recording ends


SCENARIOS = []


def scenario(name, about, **options):
    def add(drive):
        SCENARIOS.append(Scenario(name, about, drive, **options))
        return drive

    return add


@scenario("plug-unplug", "plugs 512 MiB, onlined to the movable zone, and unplugs all")
@scenario("plug-unplug-unsafe", "the same with bbm_safe_unplug=0", safe=False)
def plug_unplug(g):
    g.resize(2 * BIG_BLOCK)
    g.wait_plugged(2 * BIG_BLOCK)
    g.settle()
    g.resize(0)
    g.wait_plugged(0)
