"""The list of files that a signature speaks of, in the OpenSSF Model Signing format v1.0.

Source: OMS specification v1.0, section 5 (predicate), 6.1.2 (names), 6.2 (exclusions), 6.5 (subject).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ossmodelkit.foundation.errors import IntegrityError

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://model_signing/signature/v1.0"
SIGNATURE, CLAIMS = "model.sig", "claims.jsonl"
# Never signed by anyone who keeps to the specification (section 6.2).
GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")
IGNORED = tuple(sorted((*GIT_PATHS, CLAIMS, SIGNATURE)))
DIGEST_BYTES = {"sha256": 32, "blake2b": 64, "blake3": 32}
LARGEST_FILE = 2**63 - 1  # bytes; no system can be asked for a place behind it
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
HEX = re.compile(r"[0-9a-f]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One signed piece: a file, or with `end` the bytes from `start` up to `end` of it."""

    name: str
    digest: str
    start: int = 0
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a signature covers: its pieces, how they were hashed, and which paths it leaves out."""

    model: str
    resources: tuple[Resource, ...]
    ignored: tuple[str, ...] = IGNORED
    hash_type: str = "sha256"
    shard_size: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the signed files, each once, in order."""
        return tuple(dict.fromkeys(resource.name for resource in self.resources))

    def leaves_out(self, name: str) -> bool:
        """Whether `name` lies under an ignored path, matched from the top of the model."""
        return any(_under(name, path) for path in self.ignored)


def _under(name: str, path: str) -> bool:
    return name == path or name.startswith(path + "/")


def of_files(model: str, digests: Mapping[str, str]) -> Manifest:
    """The manifest of `{name: sha256}`; names in the order of their code points."""
    if not digests:
        raise IntegrityError("there is nothing to sign", hint="the folder holds no file")
    for name in digests:
        check_name(name)
    return Manifest(model=model, resources=tuple(Resource(name=n, digest=digests[n]) for n in sorted(digests)))


def to_statement(manifest: Manifest) -> bytes:
    """The in-toto statement to be signed: the same manifest gives the same bytes."""
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": manifest.model, "digest": {"sha256": root_digest(manifest.resources)}}],
        "predicateType": PREDICATE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": manifest.hash_type,
                "allow_symlinks": False,
                "ignore_paths": list(manifest.ignored),
            },
            "resources": [
                {"name": resource.name, "algorithm": manifest.hash_type, "digest": resource.digest}
                for resource in manifest.resources
            ],
        },
    }
    return json.dumps(statement, ensure_ascii=False, separators=(",", ":")).encode()


def from_statement(payload: bytes) -> Manifest:
    """Read a signed statement, trusting nothing in it.

    Raises `IntegrityError` for another predicate, an unknown hash, a name that leaves the model or
    stands twice, an ignored path that would hide everything, or a root digest that does not add up.
    """
    try:
        return _manifest(strict_json(payload))
    except MALFORMED as error:
        raise IntegrityError(
            f"the signed statement is malformed: {fault_of(error)}", hint="ask the publisher to sign again"
        ) from error


def fault_of(error: Exception) -> str:
    """What is wrong with a document, from the error that reading it ended with (one of `MALFORMED`)."""
    if isinstance(error, KeyError):
        return f"it has no {str(error.args[0])[:40]!r}"
    if isinstance(error, (TypeError, AttributeError)):
        return "a value is of another kind than it must be"
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)[:200]


def check_name(name: str) -> None:
    """Refuse a name that is not a plain relative path (section 6.1.2) or not UTF-8."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise IntegrityError(f"the name {name!r} is not UTF-8", hint="rename the file") from error
    parts = name.split("/")
    if not name or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise IntegrityError(f"the name {name!r} does not stay inside the model", hint="do not use this release")


def root_digest(resources: Iterable[Resource]) -> str:
    """SHA-256 over the raw digests in order; it binds no names (section 6.5.1), so we never rely on it."""
    return hashlib.sha256(b"".join(bytes.fromhex(resource.digest) for resource in resources)).hexdigest()


def strict_json(data: bytes) -> Any:
    """JSON in UTF-8 in which no key stands twice: two readers must not see two different documents."""
    return json.loads(data.decode("utf-8"), object_pairs_hook=_no_twins, parse_constant=_no_constant)


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _manifest(statement: Any) -> Manifest:
    if statement["_type"] != STATEMENT or statement["predicateType"] != PREDICATE:
        raise IntegrityError(
            f"the signature is about {str(statement['predicateType'])[:80]!r}, not about a model",
            hint=f"a model signature has the predicate {PREDICATE}",
        )
    (subject,) = statement["subject"]
    if not isinstance(subject["name"], str):
        raise ValueError("the model's name is no text")
    how, listed = statement["predicate"]["serialization"], statement["predicate"]["resources"]
    if set(statement["predicate"]) - {"serialization", "resources"}:
        raise ValueError("the predicate holds unknown fields")
    shard_size = _shard_size(how)
    hash_type = _known_hash(how["hash_type"], shard_size, listed)
    resources = tuple(_resource(item, hash_type, shard_size) for item in listed)
    ignored = how.get("ignore_paths") or []
    if not isinstance(ignored, list):
        raise ValueError("the ignored paths are no list")
    _check_whole(resources)
    if subject["digest"]["sha256"] != root_digest(resources):
        raise ValueError("the root digest does not match the files it lists")
    return Manifest(
        model=subject["name"],
        resources=resources,
        ignored=_all_ignored(tuple(_ignored(path) for path in ignored), resources),
        hash_type=hash_type,
        shard_size=shard_size,
    )


def _check_whole(resources: Iterable[Resource]) -> None:
    """Every file once, or its shards without a hole between them: a hole is bytes that nobody signed."""
    ends: dict[str, int | None] = {}
    for resource in sorted(resources, key=lambda one: (one.name, one.start)):
        if resource.name in ends and resource.start == 0:
            raise ValueError(f"the name {resource.name!r} stands twice")
        if resource.start != (ends.get(resource.name, 0) or 0):
            raise ValueError(f"the shards of {resource.name!r} leave bytes out, or overlap")
        ends[resource.name] = resource.end
    if not ends:
        raise ValueError("no file is signed")


def _known_hash(hash_type: str, shard_size: int, listed: Iterable[Mapping[str, str]]) -> str:
    if hash_type not in DIGEST_BYTES:
        raise IntegrityError(
            f"the files are hashed with {str(hash_type)[:40]!r}", hint="known are " + ", ".join(DIGEST_BYTES)
        )
    # The reference signer names shards after their size, which the specification does not mention.
    names = (hash_type, f"{hash_type}-sharded-{shard_size}") if shard_size else (hash_type,)
    if any(item["algorithm"] not in names for item in listed):
        raise ValueError("a file is hashed otherwise than the statement says")
    return hash_type


def _shard_size(how: Mapping[str, Any]) -> int:
    if how["method"] == "files":
        return 0
    if how["method"] != "shards":
        raise ValueError(f"unknown method {str(how['method'])[:40]!r}")
    size = how["shard_size"]  # the reference signer writes 1000000.0
    if isinstance(size, bool) or not isinstance(size, (int, float)) or not 1 <= size <= LARGEST_FILE:
        raise ValueError("the shard size is no number of bytes")
    if size != int(size):
        raise ValueError("the shard size is no whole number")
    return int(size)


def _resource(item: Mapping[str, str], hash_type: str, shard_size: int) -> Resource:
    name, start, end = item["name"], 0, None
    if shard_size:
        name, low, high = item["name"].rsplit(":", 2)
        start, end = int(low), int(high)
        plain = low.isascii() and low.isdecimal() and high.isascii() and high.isdecimal()
        if not (plain and 0 < end - start <= shard_size and start % shard_size == 0 and end <= LARGEST_FILE):
            raise ValueError(f"{item['name']!r} is no range of bytes")
    check_name(name)
    digest = item["digest"]
    if len(digest) != 2 * DIGEST_BYTES[hash_type] or not HEX.fullmatch(digest):
        raise ValueError(f"the digest of {name!r} is no {hash_type}")
    return Resource(name=name, digest=digest, start=start, end=end)


def _all_ignored(listed: tuple[str, ...], resources: Iterable[Resource]) -> tuple[str, ...]:
    """What the statement lists, the signature itself, and the git paths, unless the signer chose to cover them."""
    tops = {resource.name.partition("/")[0] for resource in resources}
    if twice := [path for path in listed if any(_under(resource.name, path) for resource in resources)]:
        raise ValueError(f"{twice[0]!r} is signed and left out at once")
    return tuple(dict.fromkeys((*listed, SIGNATURE, *(path for path in GIT_PATHS if path not in tops))))


def _ignored(path: str) -> str:
    check_name(path)
    if set("*?[") & set(path):
        raise ValueError(f"the ignored path {path!r} is a pattern")
    return path
