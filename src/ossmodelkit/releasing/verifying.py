"""Is this folder what somebody signed, and who was it? The twin of `signing`.

Every signature ever made must verify for ever, so what is read here only grows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ossmodelkit.foundation.errors import IntegrityError, UnreadableError
from ossmodelkit.foundation.progress import Progress
from ossmodelkit.releasing import keys
from ossmodelkit.releasing.envelope import Envelope, authenticated, unseal
from ossmodelkit.releasing.listing import Listing, Wanted, digest_files, digest_pieces, list_folder
from ossmodelkit.releasing.manifest import SIGNATURE, Manifest, from_statement

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

LARGEST_SIGNATURE = 64 * 1024 * 1024  # as JSON, a name and a digest each, some 200,000 files


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a folder differs from what was signed; names are sorted, `renamed` holds (signed, found)."""

    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    odd: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.missing or self.renamed or self.odd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A folder held against its manifest.

    `not_covered` are existing names that the format leaves unsigned; an empty folder ends in a slash.
    `digests` holds what was found, by the hash of the manifest; `sizes` are in bytes.
    """

    manifest: Manifest
    difference: Difference
    not_covered: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)


def read_envelope(folder: Path) -> Envelope:
    """The bundle of a folder, taken apart and not verified."""
    return unseal(read_signature(folder))


def read_signature(folder: Path) -> bytes:
    """The bytes of `model.sig`.

    Raises `IntegrityError` when there is none, or none that is a plain file of a sane size.
    """
    path = folder / SIGNATURE
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as stream:
            data = stream.read(LARGEST_SIGNATURE + 1)
    except FileNotFoundError as error:
        hint = "it was never released, or a release was interrupted: kit release resume"
        raise IntegrityError(f"{str(folder)!r} has no {SIGNATURE}", hint=hint) from error
    except OSError as error:
        raise IntegrityError(f"cannot read {str(path)!r}: {error.strerror}", hint="it must be a plain file") from error
    if len(data) > LARGEST_SIGNATURE:
        raise IntegrityError(f"{str(path)!r} is too large to be a signature")
    return data


def verify_with_key(envelope: Envelope, key: EllipticCurvePublicKey) -> Manifest:
    """The manifest that this key signed.

    Raises `IntegrityError` when another key signed, or the statement was changed afterwards.
    """
    expected = keys.fingerprint(key)
    if envelope.certificates or envelope.keyless:
        raise IntegrityError(
            "this release was signed with a certificate, not with a bare key",
            hint="give --certificate ROOT.pem and --identity NAME",
        )
    if envelope.hint and envelope.hint != expected:
        raise IntegrityError(
            f"signed by key {envelope.hint[:16]}, not by the key you gave ({expected[:16]})",
            hint="check with the publisher whose key this is before you trust it",
        )
    check_signature(envelope, key)
    return from_statement(envelope.payload)


def check_signature(envelope: Envelope, key: EllipticCurvePublicKey) -> None:
    """Raise `IntegrityError` unless `key` signed exactly this envelope."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key.verify(envelope.signature, authenticated(envelope.payload), ec.ECDSA(keys.hash_for(key)))
    except InvalidSignature as error:
        hint = "another key signed it, or the signature file was changed"
        raise IntegrityError("the signature does not verify with this key", hint=hint) from error


def check_files(folder: Path, manifest: Manifest, *, progress: Progress | None = None) -> Checked:
    """Hash everything below `folder` and hold it against `manifest`.

    Raises `UnreadableError` when nothing is wrong but that a file cannot be read.
    """
    listing = list_folder(folder, skip=manifest.leaves_out)
    wanted = _wanted(manifest, listing)
    found = dict(digest_pieces(folder, wanted, hash_type=manifest.hash_type, progress=progress))
    unread = sorted({name for (name, _, _), digest in found.items() if not digest and _unreadable(folder / name)})
    changed = {
        r.name
        for r in manifest.resources
        if r.name in listing.files and found.get((r.name, r.start, r.end)) != r.digest
    }
    if manifest.shard_size:
        changed |= _grown(manifest, listing)
    missing = {name for name in manifest.names if name not in listing.files and name not in listing.odd}
    added = set(listing.files) - set(manifest.names)
    unsigned = {name for name in added if manifest.shard_size and not listing.files[name]}
    added -= unsigned  # files without bytes have no shard, so nobody signed for them (section 6.3.2)
    renamed = _renamed(missing, added, manifest, {name: digest for (name, _, _), digest in found.items()})
    old, new = {a for a, _ in renamed}, {b for _, b in renamed}
    difference = Difference(
        changed=tuple(sorted(changed)),
        added=tuple(sorted(added - new)),
        missing=tuple(sorted(missing - old)),
        renamed=tuple(sorted(renamed)),
        odd=tuple(sorted(listing.odd.items())),
    )
    if unread and set(difference.changed) <= set(unread) and not replace(difference, changed=()):
        raise UnreadableError(f"cannot read {unread[0]!r}", hint="check its rights, then verify again")
    return Checked(
        manifest=manifest,
        difference=difference,
        not_covered=(*_left_out(folder, manifest, listing), *sorted(unsigned)),
        digests={name: digest for (name, _, end), digest in found.items() if end is None},
        sizes={name: listing.files[name] for name in manifest.names if name in listing.files},
    )


def with_sha256(folder: Path, checked: Checked, *, progress: Progress | None = None) -> Checked:
    """The same with a SHA-256 for every file, which releases are judged by; others hash otherwise, or in shards."""
    if checked.manifest.hash_type == "sha256" and not checked.manifest.shard_size:
        return checked
    return replace(checked, digests=digest_files(folder, checked.sizes, progress=progress))


def _unreadable(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not os.access(path, os.R_OK)


def _wanted(manifest: Manifest, listing: Listing) -> list[tuple[Wanted, int]]:
    """The signed pieces that exist, and every file that nobody signed (its digest may tell a rename)."""
    signed: list[tuple[Wanted, int]] = [
        ((r.name, r.start, r.end), (r.end - r.start) if r.end is not None else listing.files[r.name])
        for r in manifest.resources
        if r.name in listing.files
    ]
    names = set(manifest.names)
    return signed + [((name, 0, None), size) for name, size in listing.files.items() if name not in names]


def _grown(manifest: Manifest, listing: Listing) -> set[str]:
    ends: dict[str, int] = {}
    for resource in manifest.resources:
        ends[resource.name] = max(ends.get(resource.name, 0), resource.end or 0)
    return {name for name, end in ends.items() if listing.files.get(name, end) != end}


def _renamed(
    missing: Iterable[str], added: Iterable[str], manifest: Manifest, found: Mapping[str, str]
) -> list[tuple[str, str]]:
    signed = {resource.name: resource.digest for resource in manifest.resources}
    free = {found[name]: name for name in sorted(added, reverse=True) if found.get(name)}
    pairs = []
    for name in sorted(missing):
        if signed[name] in free:
            pairs.append((name, free.pop(signed[name])))
    return pairs


def _left_out(folder: Path, manifest: Manifest, listing: Listing) -> tuple[str, ...]:
    names = sorted({*manifest.ignored} - {SIGNATURE})
    present = [name for name in names if os.path.lexists(folder / name)]
    return (*present, *(f"{name}/" for name in sorted(listing.empty_folders)))
