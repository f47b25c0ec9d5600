"""Everything a release is made of: bytes hashed afresh, records, people's statements, and what lay beside them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ossmodelkit.core.artifact import is_wrapping, payload_digest
from ossmodelkit.core.evidence import Evidence
from ossmodelkit.core.finding import Severity
from ossmodelkit.foundation.errors import NothingToJudgeError, SourceError, UnreadableError, UsageError
from ossmodelkit.foundation.wire import from_wire, to_wire
from ossmodelkit.foundation.yaml_text import read_yaml
from ossmodelkit.releasing import listing, reading
from ossmodelkit.releasing.assembling import Found
from ossmodelkit.releasing.demands import Demands, read_demands
from ossmodelkit.releasing.dossier import Attestation, Dossier, FileFact, Signature, Words
from ossmodelkit.releasing.items import check_profiles, items
from ossmodelkit.releasing.keyless import SCHEME
from ossmodelkit.releasing.layout import CARD, is_generated
from ossmodelkit.releasing.manifest import GIT_PATHS, IGNORED, check_name
from ossmodelkit.releasing.relating import related
from ossmodelkit.releasing.signing import COMMAND
from ossmodelkit.workflow.desk import Desk

LICENSE_NAMES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING")
NOTICE_NAMES = ("NOTICE", "NOTICE.txt", "NOTICE.md", "Notice", "Notice.txt")
PRIVATE = (".kit", ".git", ".cache", ".github")
EPOCH, SECONDS = "SOURCE_DATE_EPOCH", re.compile(r"[0-9]{1,12}")
PATHS = ("model", "out", "key", "public", "certificate", "passphrase_file", "attest", "trust", "previous")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user asked for on the command line; paths as text, so that a journal can hold them."""

    model: str
    out: str = ""
    key: str = ""
    public: str = ""
    certificate: str = ""
    passphrase_file: str = ""
    profiles: tuple[str, ...] = ()
    policy: str = ""
    attest: str = ""
    trust: str = ""
    previous: str = ""
    copy: bool = False
    scan: bool = False
    cyclonedx: str = "1.6"
    spdx: bool = True

    def from_anywhere(self) -> Options:
        """The same with absolute paths: a journal may be resumed from another folder."""
        paths: dict[str, Any] = {
            name: str(Path(path).absolute())
            for name in PATHS
            if (path := getattr(self, name)) and not path.startswith((COMMAND, SCHEME))
        }
        if Path(self.policy).is_file():
            paths["policy"] = str(Path(self.policy).absolute())
        return replace(self, **paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A dossier without documents, what is carried over, and every other file that must be signed in place."""

    dossier: Dossier
    found: Found
    rest: Mapping[str, str] = field(default_factory=dict)


def collect(options: Options, desk: Desk, signature: Signature) -> Material:
    """Hash the model and bring together what is known about it.

    Raises `SourceError` when there is no folder, `UnreadableError` for links and special files.
    """
    model = Path(options.model)
    if not model.is_dir():
        raise SourceError(f"no model folder at {options.model!r}", hint="give the folder that holds the weights")
    private = PRIVATE if options.out else ()  # in place, what the signature left out would count as added later
    listed = listing.list_folder(model, skip=lambda name: name.partition("/")[0] in (*private, *IGNORED))
    if listed.odd:
        name, what = next(iter(sorted(listed.odd.items())))
        raise UnreadableError(f"{name!r} is {what}", hint="a release holds plain files only: replace it by a copy")
    for name in listed.files:
        check_name(name)
    payload = {name: size for name, size in listed.files.items() if not is_wrapping(name)}
    if not payload:
        raise NothingToJudgeError(f"{options.model!r} holds no weights", hint="give the folder that holds a model")
    others = {name: size for name, size in listed.files.items() if is_wrapping(name) and not is_generated(name)}
    digests = _hash(model, payload | others, desk)
    sha256 = payload_digest({name: digests[name] for name in payload})
    records = _none_from_the_future(reading.in_order(related(desk.evidence(), sha256)), desk)
    words = words_of(desk, model)
    dossier = Dossier(
        words=words,
        sha256=sha256,
        files={name: FileFact(bytes=payload[name], sha256=digests[name]) for name in sorted(payload)},
        created=moment(desk.now),
        today=desk.now.date(),
        demands=demands_of(options, desk),
        records=records,
        attestations=attestations(options, desk),
        waivers=tuple(w for w in desk.settings.policy.waivers if w.sha256 in ("", sha256)),
        texts=reading.small_texts(model, payload),
        signature=signature,
    )
    found = _found(model, _bases(dossier, desk), others, digests, in_place=not options.out)
    return Material(
        dossier=dossier, found=found, rest={name: digests[name] for name in others if name not in found.others}
    )


def moment(now: datetime) -> datetime:
    """The time written into the documents: `SOURCE_DATE_EPOCH` (seconds) when it is set, and never a later one."""
    text = os.environ.get(EPOCH, "")
    if not text:
        return now
    if not SECONDS.fullmatch(text):
        raise UsageError(f"{EPOCH} is {text[:40]!r}, not a number of seconds", hint="unset it, or give seconds")
    if int(text) > now.timestamp():
        hint = "unset it: nobody's kit verify takes a release from the future"
        raise UsageError(f"{EPOCH} is {text}, which lies in the future", hint=hint)
    return datetime.fromtimestamp(int(text), UTC)


def words_of(desk: Desk, model: Path) -> Words:
    """What `kit.toml` says for the card."""
    told = to_wire(desk.settings.release)
    own = {name: told[name] for name in Words.__dataclass_fields__ if name in told}
    own["uses"] = desk.settings.use.use
    own["name"] = own.get("name") or model.absolute().name
    return from_wire(Words, own)


def demands_of(options: Options, desk: Desk) -> Demands:
    """The settings' demands, tightened by `--profile` and `--policy`."""
    release, policy = desk.settings.release, desk.settings.policy
    strict = min(policy.refuse_at, Severity.MEDIUM, key=lambda severity: severity.rank)
    found = from_wire(
        Demands,
        {
            "name": policy.name,
            "profiles": check_profiles(options.profiles or release.profiles),
            "refuse_at": strict.value,
            "fail_on": release.fail_on,
            "severity": dict(release.severity),
            "max_age_days": dict(policy.max_age_days),
        },
        where="kit.toml",
    )
    for name in (release.policy, options.policy):
        found = found.and_also(read_demands(name)) if name else found
    return found


def attestations(options: Options, desk: Desk) -> tuple[Attestation, ...]:
    """What people stated in `attest.yaml`: for each item who, when, until when, and their answers.

    Raises `UsageError` for an item that does not exist or a date that is none.
    """
    path = Path(options.attest) if options.attest else desk.project.root / "attest.yaml" if desk.project else None
    if path is None or (not options.attest and not path.exists()):
        return ()
    data = read_yaml(path, hint="docs/releasing.md shows attest.yaml", growing=True) or {}
    if not isinstance(data, dict):
        raise UsageError(f"{path}: wanted items with their answers", hint="docs/releasing.md shows attest.yaml")
    known = {item.id for item in items()}
    return tuple(_attestation(str(name), one, known, str(path)) for name, one in data.items())


def _attestation(name: str, data: Any, known: set[str], where: str) -> Attestation:
    if name not in known:
        raise UsageError(f"{where}: no item is called {name!r}", hint="kit release check lists them")
    if not isinstance(data, dict):
        raise UsageError(f"{where}: {name} holds no answers", hint="docs/releasing.md shows attest.yaml")
    own = {key: data[key] for key in ("by", "date", "expires") if data.get(key) is not None}
    answers = {key: _plain(value) for key, value in data.items() if key not in ("by", "date", "expires")}
    return from_wire(Attestation, {"item": name, **own, "answers": answers}, where=f"{where}: {name}")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _none_from_the_future(records: tuple[Evidence, ...], desk: Desk) -> tuple[Evidence, ...]:
    for record in records:
        if record.created.date() > desk.now.date():
            said = f"the {record.kind} record is dated {record.created.date()}, in the future"
            raise UnreadableError(said, hint="correct the clock of this machine, or record it again")
    return records


def _hash(model: Path, files: Mapping[str, int], desk: Desk) -> dict[str, str]:
    digests = listing.digest_files(model, files, progress=desk.progress)
    for name, digest in digests.items():
        if not digest:
            raise UnreadableError(f"cannot read {name!r}", hint="check its rights; or it changed while it was read")
    return digests


def _bases(dossier: Dossier, desk: Desk) -> Iterable[Path]:
    """Folders of parents that still lie where the records say, and that can lend their license text."""
    root = desk.project.root if desk.project else Path.cwd()
    for parent in dossier.parents:
        for folder in (root / parent.ref, Path(parent.ref)):
            if parent.ref and folder.is_dir():
                yield folder
                break


def _found(
    model: Path, bases: Iterable[Path], others: Mapping[str, int], digests: Mapping[str, str], *, in_place: bool
) -> Found:
    folders = [model, *bases]
    third = {}
    for folder in folders[1:]:
        if held := _first(folder, LICENSE_NAMES):
            third[folder.name] = held
    keep = {n for n in others if n in ("USE_POLICY.md",) or n.startswith("release/deploy/")}
    outside = {}
    for name in GIT_PATHS:
        path = model / name
        if in_place and path.is_file() and not path.is_symlink():
            outside[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    text = reading.read_document(model / CARD).decode("utf-8", "surrogateescape") if (model / CARD).is_file() else ""
    return Found(
        card=text,
        license=next((held for folder in folders if (held := _first(folder, LICENSE_NAMES))), b""),
        notice=next((held for folder in folders if (held := _first(folder, NOTICE_NAMES))), b""),
        third_party=third,
        others={name: reading.read_document(model / name) for name in sorted(keep)},
        outside=outside,
    )


def _first(folder: Path, names: Iterable[str]) -> bytes:
    for name in names:
        if (folder / name).is_file() and not (folder / name).is_symlink():
            return reading.read_document(folder / name)
    return b""
