# SPDX-License-Identifier: MIT
"""One guest under QEMU with one virtio-mem device: booted, told what to do, and read out."""

import base64
import gzip
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from errors import HarnessError
from kernel import run

REGION = 2 << 30
REGION_START = 0x140000000
DEVICE_BLOCK = 2 << 20


def accelerator(choice, cache, image):
    """QEMU's options for the processor. "auto" boots the kernel under KVM once, and remembers in the file cache whether
    that worked: it may be there, and hang."""
    if choice == "auto":
        if not cache.exists():
            cache.write_text("kvm" if _kvm_boots(image) else "tcg")
        choice = cache.read_text().strip()
    if choice == "kvm":
        return ["-accel", "kvm", "-cpu", "host"]
    return ["-accel", "tcg,thread=multi", "-cpu", "max,la57=off"]


def _kvm_boots(image, seconds=15):
    """Whether a kernel without a root file system gets as far as its panic under KVM."""
    if not pathlib.Path("/dev/kvm").exists():
        return False
    command = ["qemu-system-x86_64", "-machine", "q35", "-accel", "kvm", "-cpu", "host", "-m", "512M", "-nographic",
               "-no-reboot", "-net", "none", "-kernel", str(image), "-append", "console=ttyS0 panic=-1"]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=seconds, stdin=subprocess.DEVNULL)
    except (subprocess.TimeoutExpired, FileNotFoundError):
        return False
    return b"Kernel panic" in done.stdout


def build_tool(source, folder):
    """Compiles the guest's helper."""
    tool = folder / "vmtool"
    if not tool.exists() or tool.stat().st_mtime < source.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        run(["gcc", "-O2", "-static", "-Wall", "-Wextra", "-Werror", str(source), "-o", str(tool)])
    return tool


def build_initramfs(to, kernel, tool, init, parameters, probes):
    """Writes the initramfs of one scenario.
    parameters: variables for init.sh"""
    busybox = shutil.which("busybox", path="/bin:/usr/bin")
    if not busybox:
        raise HarnessError("busybox is not installed (package busybox-static)")
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for folder in ("bin", "proc", "sys", "dev", "tmp", "modules"):
            (root / folder).mkdir()
        shutil.copy(busybox, root / "bin" / "busybox")
        shutil.copy(tool, root / "bin" / "vmtool")
        shutil.copy(init, root / "init")
        (root / "init").chmod(0o755)
        for module in kernel.modules:
            shutil.copy(module, root / "modules")
        (root / "probes").write_text(probes)
        (root / "parameters").write_text("".join(f"{k}='{v}'\n" for k, v in parameters.items()))
        names = "\n".join(str(f.relative_to(root)) for f in sorted(root.rglob("*"))).encode()
        archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names, capture_output=True,
                                 check=False)  # fmt: skip
        if archive.returncode != 0:
            raise HarnessError(f"cpio failed: {archive.stderr.decode(errors='replace').strip()}")
        to.write_bytes(gzip.compress(archive.stdout, 1))


class Guest:
    """A running guest. Use it as a context manager: QEMU ends with it."""

    def __init__(self, image, initramfs, cpu, folder, deadline):
        """deadline: time.monotonic() at which everything raises HarnessError"""
        if not shutil.which("qemu-system-x86_64"):
            raise HarnessError("qemu-system-x86_64 is not installed (package qemu-system-x86)")
        self._deadline = deadline
        self._log = folder / "console.log"
        self._sockets = pathlib.Path(tempfile.mkdtemp(prefix="vmemcheck-guest-"))
        # The guest's panics and hangs stand in its console. Without no_timer_check it panics where the host is busy.
        command = [
            "nice", "qemu-system-x86_64", "-machine", "q35", *cpu, "-smp", "2", "-m", "1G,slots=2,maxmem=8G",
            "-display", "none", "-nodefaults", "-no-reboot", "-kernel", str(image), "-initrd", str(initramfs),
            "-append", "console=ttyS0 no5lvl nokaslr no_timer_check panic=-1 quiet",
            "-object", f"memory-backend-ram,id=region,size={REGION}",
            "-device", f"virtio-mem-pci,id=vm0,memdev=region,block-size={DEVICE_BLOCK},memaddr={REGION_START},"
                       "requested-size=0",
            "-chardev", f"file,id=log,path={self._log}", "-serial", "chardev:log",
            "-chardev", f"socket,id=shell,path={self._sockets}/shell,server=on,wait=off", "-serial", "chardev:shell",
            "-chardev", f"socket,id=qmp,path={self._sockets}/qmp,server=on,wait=off",
            "-mon", "chardev=qmp,mode=control",
        ]  # fmt: skip
        self._qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE)  # fmt: skip
        try:
            self._qmp = self._connect("qmp")
            self._shell = self._connect("shell")
            self._qmp_buffer = self._shell_buffer = b""
            self._qmp_line()
            self.qmp("qmp_capabilities")
            self._until(b"@@ready\n", deadline, "booting")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._qemu.poll() is None:
            self._qemu.kill()
        self._qemu.wait()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _alive(self):
        if self._qemu.poll() is None:
            return
        complaint = self._qemu.stderr.read().decode(errors="replace").strip().splitlines()
        raise HarnessError(f"QEMU ended: {complaint[-1] if complaint else 'no message'}{self._last_words()}")

    def _last_words(self):
        """What the guest's console says of its end: its panic, or else its last line."""
        lines = self._log.read_text(errors="replace").strip().splitlines() if self._log.exists() else []
        panics = [line for line in lines if "Kernel panic" in line]
        return f"; the guest: {(panics or lines)[-1].strip()}" if lines else ""

    def _connect(self, name):
        until = time.monotonic() + 20
        while True:
            self._alive()
            try:
                s = socket.socket(socket.AF_UNIX)
                s.connect(str(self._sockets / name))
                return s
            except OSError:
                s.close()
                if time.monotonic() > until:
                    raise HarnessError(f"QEMU does not open its {name} socket") from None
                time.sleep(0.02)

    def _receive(self, s, deadline, doing):
        while True:
            self._alive()
            left = deadline - time.monotonic()
            if left <= 0:
                raise HarnessError(f"timeout: the guest hung while {doing} (its console: {self._log})")
            s.settimeout(min(left, 1))
            try:
                data = s.recv(65536)
            except TimeoutError:
                continue
            if data:
                return data
            time.sleep(0.05)

    def _until(self, end, deadline, doing):
        while end not in self._shell_buffer:
            self._shell_buffer += self._receive(self._shell, deadline, doing)
        before, self._shell_buffer = self._shell_buffer.split(end, 1)
        return before

    def _qmp_line(self):
        while b"\n" not in self._qmp_buffer:
            self._qmp_buffer += self._receive(self._qmp, self._deadline, "QEMU was asked something")
        line, self._qmp_buffer = self._qmp_buffer.split(b"\n", 1)
        return json.loads(line)

    def qmp(self, command, **arguments):
        request = {"execute": command}
        if arguments:
            request["arguments"] = arguments
        try:
            self._qmp.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            self._alive()
            raise HarnessError(f"QEMU's monitor: {error}") from None
        while True:
            answer = self._qmp_line()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise HarnessError(f"QEMU refuses {command}: {answer['error'].get('desc')}")

    def sh(self, line):
        """Has the guest's init run a line of shell; its output and exit status."""
        try:
            self._shell.sendall(line.encode() + b"\n")
        except OSError as error:
            self._alive()
            raise HarnessError(f"the guest's serial port: {error}") from None
        deadline = self._deadline
        output = self._until(b"@@", deadline, f"running '{line}'")
        status = self._until(b"\n", deadline, f"running '{line}'")
        return output.decode(errors="replace"), int(status)

    def check(self, line):
        """The same; raises HarnessError if it fails."""
        output, status = self.sh(line)
        if status != 0:
            raise HarnessError(f"in the guest, '{line}' failed with status {status}: {output.strip()}")
        return output

    def mark(self, text):
        self.check(f"mark '{text}'")

    def resize(self, size):
        """Has the host ask for so many bytes."""
        self.mark(f"host-size {size}")
        self.qmp("qom-set", path="/machine/peripheral/vm0", property="requested-size", value=size)

    def plugged(self):
        return self.qmp("qom-get", path="/machine/peripheral/vm0", property="size")

    def wait(self, what, done):
        """Waits until done() holds."""
        while not done():
            if time.monotonic() > self._deadline:
                raise HarnessError(f"timeout: {what} did not happen")
            time.sleep(0.05)

    def wait_plugged(self, size):
        self.wait(f"a plugged size of {size}", lambda: self.plugged() == size)

    def events(self):
        """How many events are recorded."""
        text = self.check("cat /sys/kernel/tracing/per_cpu/cpu*/stats | grep '^entries'")
        return sum(int(line.split(":")[1]) for line in text.splitlines())

    def working(self):
        """Whether the driver's worker is at work: its function was entered once more than it was left."""
        text = self.check("awk '$1 ~ /^run_wq(_ret)?$/ { print $1, $2 }' $tracing/kprobe_profile")
        hits = dict(line.split() for line in text.splitlines())
        return hits.get("run_wq") != hits.get("run_wq_ret")

    def settle(self, quiet=0.7):
        """Waits until the driver has nothing to do and nothing has been recorded for a while."""
        last, since = self.events(), time.monotonic()
        while time.monotonic() - since < quiet:
            if time.monotonic() > self._deadline:
                raise HarnessError("timeout: the driver was still at work")
            time.sleep(0.1)
            now = self.events()
            if now != last or self.working():
                last, since = now, time.monotonic()

    def state(self, block):
        """The state of a memory block as sysfs tells it, or "gone"."""
        return self.sh(f"cat $memory/memory{40 + block}/state 2>/dev/null || echo gone")[0].strip()

    def read(self, file):
        """A file of the guest's."""
        text = self.check(f"gzip -1 -c <{file} | base64")
        return gzip.decompress(base64.b64decode(text)).decode(errors="replace")
