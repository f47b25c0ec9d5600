"""What unpacking an archive would do, and where its two directories disagree."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from ossmodelkit.core.check import Check, check
from ossmodelkit.core.finding import Hit, Place, Severity
from ossmodelkit.formats.torch_zip import TorchScript
from ossmodelkit.formats.unpacking import Unpacking
from ossmodelkit.formats.zip_archive import ZipArchive

DRIVE = re.compile(r"^[A-Za-z]:")
# Line breaks, and marks that turn the direction of reading: `exe.gpj` is shown as what it is not.
DECEIVES = re.compile("[\n\r\u202a-\u202e\u2066-\u2069]")
BOMB_RATIO = 500
BOMB_BYTES = 256 * 1024 * 1024
UNPACK = "Do not unpack it; ask the publisher for plain files."
# TorchScript operators that reach the disk, by their names in source code.
REACHES_DISK = re.compile(
    r"\b(?:torch\.from_file|torch\.save|torch\.load|ops\.aten\.(?:from_file|save)"
    r"|ops\.(?!(?:aten|prim|prims|quantized|torchvision|torchaudio|_caffe2)\b)\w+|ops\.torchaudio\.\w*(?:file|fileobj)\b"
    r"|__torch__\.torch\.classes\.(?!(?:quantized|xnnpack|rnn|sparse|vulkan|metal|mkldnn)\b)\w+"
    r"|torch\.classes\.(?!(?:quantized|xnnpack|rnn|sparse|vulkan|metal|mkldnn|profiler)\b)\w+)"
    r"|\^\w+\("
)


def leaves_folder(name: str) -> bool:
    """Whether a name leads out of the folder that is unpacked into."""
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or bool(DRIVE.match(name)) or "\0" in name


def _leads_out(name: str, link: str) -> bool:
    """Whether a link in the place of `name` points out of the folder."""
    if link.startswith(("/", "\\")) or DRIVE.match(link):
        return True
    depth = name.replace("\\", "/").strip("/").count("/")
    for part in link.replace("\\", "/").split("/"):
        depth += -1 if part == ".." else 0 if part in ("", ".") else 1
        if depth < 0:
            return True
    return False


@check("archive-path-traversal", reads=Unpacking, severity=Severity.HIGH, advisories=("CVE-2025-12060",))
def path_traversal(unpacking: Unpacking) -> Iterator[Hit]:
    """Unpacking this archive would write outside the folder it is unpacked into.

    A member's name is absolute or climbs with "..", or a link leads out, or a device stands for a file;
    or the name holds marks that make it read as another.
    """
    for one in unpacking.entries:
        at = Place(path=unpacking.at.path, members=(*unpacking.at.members, one.name))
        if leaves_folder(one.name):
            yield Hit(at=at, saw=one.name, remedy=UNPACK)
        elif one.link and (leaves_folder(one.link) if one.hard else _leads_out(one.name, one.link)):
            yield Hit(at=at, saw=f"link to {one.link}", remedy=UNPACK)
        elif one.device:
            yield Hit(at=at, saw="a device, a pipe or a file with holes", remedy=UNPACK)
        elif DECEIVES.search(one.name):
            yield Hit(at=at, saw="a name that reads differently than it is", remedy=UNPACK, severity=Severity.MEDIUM)


@check("archive-name-mismatch", reads=ZipArchive, severity=Severity.HIGH, advisories=("CVE-2025-1944",))
def name_mismatch(archive: ZipArchive) -> Iterator[Hit]:
    """The archive calls a member by two names.

    The directory and the header before the member disagree: on the name, the size, the packing, or on
    whether there is such a member. Loaders go by one or the other, so a reader of the one can be shown
    something else than a reader of the other.
    """
    for member in archive.members:
        if member.elsewhere:
            continue
        saw = member.disagrees
        if not member.listed:
            saw = f"nothing in the directory, {member.local_name!r} before the member"
        elif member.local_name != member.name:
            saw = f"{member.name!r} in the directory, {member.local_name or 'no header'!r} before the member"
        if saw:
            yield Hit(at=archive.place(member), saw=saw, remedy=UNPACK)


@check("archive-duplicate-member", reads=ZipArchive, severity=Severity.HIGH)
def duplicate_member(archive: ZipArchive) -> Iterator[Hit]:
    """The archive holds two members of the same name.

    Which one is loaded depends on the loader; a scan of the other proves nothing.
    """
    yield from _duplicates(archive.at, [member.name for member in archive.members])


def _duplicates(at: Place, names: Iterable[str]) -> Iterator[Hit]:
    for name, count in Counter(names).items():
        if count > 1:
            place = Place(path=at.path, members=(*at.members, name))
            yield Hit(at=place, saw=f"{name!r} occurs {count} times", remedy=UNPACK)


@check("archive-misleading-flags", reads=ZipArchive, severity=Severity.MEDIUM, advisories=("CVE-2025-1945",))
def misleading_flags(archive: ZipArchive) -> Iterator[Hit]:
    """A member claims to be encrypted, which loaders of models do not look at.

    Scanners stop at the flag while torch reads on.
    """
    for member in archive.members:
        if member.encrypted:
            yield Hit(at=archive.place(member), saw=f"flag bits 0x{member.flags:04x}", remedy=UNPACK)


@check("archive-bomb", reads=ZipArchive, severity=Severity.HIGH)
def bomb(archive: ZipArchive) -> Iterator[Hit]:
    """Unpacking this archive would fill the disk or the memory.

    Its members share the same bytes, or expand several hundred times to more than a quarter gigabyte.
    """
    here = [one for one in archive.members if one.stored and not one.elsewhere]
    spans = sorted(((one.offset, one.offset + one.stored, one) for one in here), key=lambda span: span[:2])
    for (_, end, _), (start, _, member) in pairwise(spans):
        if start < end:
            yield Hit(at=archive.place(member), saw="members share the same bytes", remedy=UNPACK)
            break
    size, stored = sum(one.size for one in archive.members), sum(one.stored for one in archive.members)
    if size > BOMB_BYTES and size > BOMB_RATIO * max(stored, 1):
        yield Hit(at=archive.at, saw=f"{stored} bytes expand to {size}", remedy=UNPACK)


@check("torchscript-reaches-disk", reads=TorchScript, severity=Severity.HIGH)
def torchscript_reaches_disk(script: TorchScript) -> Iterator[Hit]:
    """This TorchScript module reads or writes files, or calls an operator that is not torch's.

    torch's interpreter cannot import Python, but a few of its operators open files, and custom ones do
    what their library does.
    """
    for line, text in enumerate(script.text.splitlines(), 1):
        if found := REACHES_DISK.search(text):
            at = Place(path=script.at.path, members=script.at.members, line=line)
            yield Hit(at=at, saw=found[0], remedy="Read the code of this module before running it.")


CHECKS: tuple[Check, ...] = (
    path_traversal,
    name_mismatch,
    duplicate_member,
    misleading_flags,
    bomb,
    torchscript_reaches_disk,
)
