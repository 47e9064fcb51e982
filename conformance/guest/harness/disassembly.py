# SPDX-License-Identifier: MIT
"""Finds the places in the driver's machine code that functions alone do not tell: stores that the compiler inlined,
and its calls of mutex_lock() and mutex_unlock(). Reads what 'objdump -dr --no-show-raw-insn -M intel' prints."""

import re
from dataclasses import dataclass

_FUNCTION = re.compile(r"^([0-9a-f]+) <([^>]+)>:$")
_INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(\S.*)$")
_CALL = re.compile(r"^\s*[0-9a-f]+: R_X86_64_(?:PLT32|PC32)\s+(mutex_lock|mutex_unlock)-0x4$")
# A byte stored where a register points to, with no displacement: an element of an array of bytes.
_STORE = re.compile(r"^mov\s+BYTE PTR \[(r\w+?)(?:\+0x0)?\],(\w+)$")
_BYTE_REGISTERS = {"al": "ax", "bl": "bx", "cl": "cx", "dl": "dx", "sil": "si", "dil": "di", "bpl": "bp"}


@dataclass(frozen=True)
class Site:
    """An instruction of the driver."""

    function: str
    offset: int  # bytes from the function's start
    kind: str  # "store", "mutex_lock", "after_mutex_lock" or "mutex_unlock"
    pointer: str = ""  # of a store: the register with the address, as kprobe events name it
    value: str = ""  # of a store: a register, or a number

    @property
    def place(self):
        return f"{self.function}+{self.offset}"


def _register(name):
    """The name that kprobe events have for a register: %ax for rax, %r8 for r8."""
    return "%" + (name[1:] if name[1:].isalpha() else name)


def _byte(operand):
    if operand.startswith("0x"):
        return str(int(operand, 16))
    if operand in _BYTE_REGISTERS:
        return "%" + _BYTE_REGISTERS[operand]
    match = re.fullmatch(r"(r\d+)b", operand)
    return "%" + match[1] if match else ""


def sites(text):
    """All such places, in the order of the code. Functions that are split off as unlikely (.cold) are left out: their
    mutex calls are those of probing, before anything can be recorded."""
    found = []
    function, start = "", 0
    last = None  # offset of the last instruction
    locked = False  # the instruction before this one calls mutex_lock
    for line in text.splitlines():
        if match := _FUNCTION.match(line):
            start, function = int(match[1], 16), match[2]
            last, locked = None, False
            continue
        if not function or function.endswith(".cold"):
            continue
        if match := _CALL.match(line):
            if last is not None:
                found.append(Site(function, last, match[1]))
                locked = match[1] == "mutex_lock"
            continue
        match = _INSTRUCTION.match(line)
        if not match or match[2].startswith("R_X86_64"):
            continue
        last = int(match[1], 16) - start
        code = re.sub(r"\s*#.*$", "", match[2]).strip()
        if locked:
            found.append(Site(function, last, "after_mutex_lock"))
            locked = False
        if store := _STORE.match(code):
            value = _byte(store[2])
            if value and store[1] not in ("rsp", "rip"):
                found.append(Site(function, last, "store", _register(store[1]), value))
    return found


def last_store_of_zero(text, function, displacement):
    """The place of the store of 0 to a 32-bit field, where the function also stores 1 to the same field of the same
    register: where a flag is cleared. None if there is no such pair, or more than one.
    displacement: the field's distance from what the register points to, in bytes"""
    start, within = 0, False
    stores = {"0": [], "1": []}
    for line in text.splitlines():
        if match := _FUNCTION.match(line):
            start, within = int(match[1], 16), match[2] == function
        elif within and (match := _INSTRUCTION.match(line)):
            store = re.fullmatch(rf"mov\s+DWORD PTR \[(r\w+)\+{displacement:#x}\],0x([01])", match[2].strip())
            if store and store[1] != "rsp":
                stores[store[2]].append((store[1], int(match[1], 16) - start))
    pairs = [at for register, at in stores["0"] if register in [r for r, _ in stores["1"]]]
    return f"{function}+{pairs[0]}" if len(pairs) == 1 else None
