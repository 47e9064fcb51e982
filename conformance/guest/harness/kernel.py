# SPDX-License-Identifier: MIT
"""A Debian kernel: fetched, unpacked (never installed), and asked for its types and its machine code."""

import json
import lzma
import pathlib
import re
import subprocess

from errors import HarnessError

# The metapackage whose dependency is the newest kernel of a release, and the model's name of that release.
RELEASES = {"6.1": ("linux-image-amd64", "linux-6.1"), "6.12": ("linux-image-6.12-amd64", "linux-6.12")}

# In the order of their dependencies; what is built in is left out.
MODULES = [
    "virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_mem",
    "notifier-error-inject", "memory-notifier-error-inject",
]  # fmt: skip


def run(command, **options):
    """Runs a program and returns its output (bytes). Raises HarnessError with the last line of its complaint."""
    try:
        done = subprocess.run(command, capture_output=True, check=False, stdin=options.pop("stdin", subprocess.DEVNULL),
                              **options)  # fmt: skip
    except FileNotFoundError:
        raise HarnessError(f"{command[0]} is not installed") from None
    if done.returncode != 0:
        complaint = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise HarnessError(f"{command[0]} failed with status {done.returncode}: {complaint[-1]}")
    return done.stdout


def package_of(version):
    """The package that the metapackage of this release depends on."""
    meta = RELEASES[version][0]
    text = run(["apt-cache", "depends", "--no-recommends", "--no-suggests", meta]).decode()
    found = re.findall(r"Depends: <?(linux-image-\S+?)>?$", text, re.MULTILINE)
    if not found:
        raise HarnessError(f"no kernel {version}: Debian's {meta} has no candidate here (apt-get update may help)")
    return found[0]


def fetch(version, folder):
    """Unpacks the kernel into folder/root, unless it is there. Returns the package's name."""
    stamp = folder / "package"
    if stamp.exists() and (folder / "root" / "boot").is_dir():
        return stamp.read_text().strip()
    package = package_of(version)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.deb"):
        old.unlink()
    try:
        run(["apt-get", "-q", "download", package], cwd=folder, timeout=900)
    except subprocess.TimeoutExpired:
        raise HarnessError(f"downloading {package} took longer than 15 minutes") from None
    debs = list(folder.glob("*.deb"))
    if not debs:
        raise HarnessError(f"apt-get downloaded no package {package}")
    run(["dpkg-deb", "-x", str(debs[0]), str(folder / "root")])
    debs[0].unlink()
    stamp.write_text(package + "\n")
    return package


def decompressed(image):
    """The ELF file inside of a bzImage, as bytes."""
    data = image.read_bytes()
    at = data.find(b"\xfd7zXZ\0")
    if at >= 0:
        try:
            return lzma.LZMADecompressor().decompress(data[at:])
        except lzma.LZMAError as error:
            raise HarnessError(f"{image}: {error}") from None
    at = data.find(b"\x28\xb5\x2f\xfd")
    if at < 0:
        raise HarnessError(f"{image}: compressed neither by xz nor by zstd")
    # zstd complains of what follows the image, and has written all of it.
    done = subprocess.run(["zstd", "-dc"], input=data[at:], capture_output=True, check=False)
    if not done.stdout.startswith(b"\x7fELF"):
        raise HarnessError(f"{image}: zstd finds no kernel in it")
    return done.stdout


class Kernel:
    """An unpacked kernel."""

    def __init__(self, version, base):
        self.version = version
        self.release = RELEASES[version][1]
        self.folder = base / self.release
        self.package = fetch(version, self.folder)
        root = self.folder / "root"
        images = sorted((root / "boot").glob("vmlinuz-*"))
        if not images:
            raise HarnessError(f"{self.package}: no kernel image in it")
        self.image = images[0]
        trees = list(root.glob("lib/modules/*")) + list(root.glob("usr/lib/modules/*"))
        if not trees:
            raise HarnessError(f"{self.package}: no modules in it")
        self.tree = trees[0]
        self.modules = self._modules()
        self.types = self._types()

    def _modules(self):
        """Plain copies of the modules that are needed, in order."""
        builtin = (self.tree / "modules.builtin").read_text().split()
        into = self.folder / "modules"
        into.mkdir(exist_ok=True)
        files = []
        for name in MODULES:
            wanted = {f"{name}.ko", f"{name}.ko".replace("-", "_")}
            if any(pathlib.Path(b).name in wanted for b in builtin):
                continue
            found = [f for f in self.tree.rglob("*.ko*") if f.name.removesuffix(".xz") in wanted]
            if not found:
                raise HarnessError(f"{self.package}: no module {name} in it")
            data = found[0].read_bytes()
            if found[0].suffix == ".xz":
                data = lzma.decompress(data)
            (into / f"{name}.ko").write_bytes(data)
            files.append(into / f"{name}.ko")
        return files

    @property
    def driver(self):
        """The module that is recorded."""
        return self.folder / "modules" / "virtio_mem.ko"

    def _types(self):
        """Types of kernel and driver by bpftool, of which only what Types needs is kept."""
        kept = self.folder / "types.json"
        if not kept.exists():
            elf = self.folder / "vmlinux"
            elf.write_bytes(decompressed(self.image))
            base = self.folder / "vmlinux.btf"
            run(["objcopy", f"--dump-section=.BTF={base}", str(elf), "/dev/null"])
            whole = json.loads(run(["bpftool", "-j", "btf", "dump", "file", str(base)]))["types"]
            driver = json.loads(run(["bpftool", "-j", "-B", str(base), "btf", "dump", "file", str(self.driver)]))
            kept.write_text(json.dumps(select(whole + driver["types"])))
            elf.unlink()
            base.unlink()
        return Types(json.loads(kept.read_text()))

    def disassembly(self):
        """The driver's machine code as objdump prints it."""
        return run(["objdump", "-dr", "--no-show-raw-insn", "-M", "intel", str(self.driver)]).decode()


# What is asked for; a structure's members are looked for in the anonymous ones within it as well.
STRUCTURES = ["virtio_mem", "virtio_mem_req", "virtio_mem_resp", "page", "zone", "pglist_data", "mem_section",
              "memory_notify", "mutex", "virtio_mem_req_plug"]  # fmt: skip


def select(types):
    """{structure: {"size": bytes, "members": {name: byte offset}}}"""
    by_id = {t["id"]: t for t in types}

    def members(of, base):
        for m in of["members"]:
            at = base + m["bits_offset"] // 8
            inner = by_id.get(m["type_id"], {})
            while inner.get("kind") in ("TYPEDEF", "CONST", "VOLATILE"):
                inner = by_id[inner["type_id"]]
            named = m["name"] != "(anon)"
            if named:
                yield m["name"], at
            anonymous = inner.get("kind") in ("STRUCT", "UNION") and (not named or inner["name"] == "(anon)")
            if anonymous:
                for name, offset in members(inner, at):
                    yield (f"{m['name']}.{name}" if named else name), offset

    kept = {}
    for t in types:
        if t["kind"] == "STRUCT" and t["name"] in STRUCTURES and "members" in t and t["name"] not in kept:
            kept[t["name"]] = {"size": t["size"], "members": dict(members(t, 0))}
    return kept


class Types:
    """Sizes and offsets of structures, in bytes."""

    def __init__(self, kept):
        self._kept = kept

    def offset(self, structure, member):
        try:
            return self._kept[structure]["members"][member]
        except KeyError:
            raise HarnessError(f"the kernel's BTF has no {structure}.{member}") from None

    def size(self, structure):
        if structure not in self._kept:
            raise HarnessError(f"the kernel's BTF has no {structure}")
        return self._kept[structure]["size"]
