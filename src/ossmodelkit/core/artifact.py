"""What a model consists of, and the digest that names it.

The *payload* is every file that a loader may read. Card, notices, SBOMs and evidence wrap the
payload: writing them does not change the digest, so earlier evidence still speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

WRAPPING_FILES = frozenset(
    {
        "README.md",
        "LICENSE",
        "LICENSE.md",
        "LICENSE.txt",
        "NOTICE",
        "NOTICE.md",
        "NOTICE.txt",
        "THIRD_PARTY_NOTICES.md",
        "USE_POLICY.md",
        "model.sig",
        "claims.jsonl",
        ".gitattributes",
        ".gitignore",
        "kit.toml",
    }
)
WRAPPING_FOLDERS = frozenset({"release", ".kit", ".git", ".github", ".cache"})


class EntryKind(StrEnum):
    """What the file system says an entry is; only a file's content can be read."""

    FILE = "file"
    SYMLINK = "symlink"
    SPECIAL = "special"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name in a model: its path (posix, relative), size in bytes and kind.

    `why` holds a symlink's target or the reason why an entry cannot be read.
    `claimed_sha256` is what a hub says the digest is; nobody has recomputed it.
    """

    name: str
    size: int
    kind: EntryKind = EntryKind.FILE
    why: str = ""
    claimed_sha256: str = ""

    @property
    def wraps(self) -> bool:
        """Whether this file describes the payload and is no part of it."""
        return is_wrapping(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything found at one place, sorted by name."""

    ref: str
    entries: tuple[Entry, ...]
    revision: str = ""

    @property
    def payload(self) -> tuple[Entry, ...]:
        """The regular files that a loader may read."""
        return tuple(e for e in self.entries if e.kind is EntryKind.FILE and not e.wraps)

    @property
    def total_bytes(self) -> int:
        """The sizes of all entries together."""
        return sum(entry.size for entry in self.entries)

    def find(self, name: str) -> Entry | None:
        """The entry called `name`, if there is one."""
        return next((entry for entry in self.entries if entry.name == name), None)


def is_wrapping(name: str) -> bool:
    """Whether `name` wraps the payload: a card, a notice, a signature, or evidence."""
    first, _, rest = name.partition("/")
    return first in WRAPPING_FOLDERS if rest else name in WRAPPING_FILES


def payload_digest(digests: Mapping[str, str]) -> str:
    """SHA-256 over the sorted lines "hex, two spaces, name, newline" of `{name: sha256}`.

    Anyone can recompute it: `sha256sum FILES… | LC_ALL=C sort | sha256sum`. Names with a
    backslash or a line break are escaped as coreutils does it.
    """
    import hashlib

    lines = sorted(_coreutils_line(name, digest) for name, digest in digests.items())
    return hashlib.sha256(b"".join(lines)).hexdigest()


def _coreutils_line(name: str, digest: str) -> bytes:
    raw = name.encode("utf-8", "surrogateescape")
    escaped = raw.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"\\" if escaped != raw else b""
    return mark + digest.encode("ascii") + b"  " + escaped + b"\n"
