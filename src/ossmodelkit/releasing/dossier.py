"""Everything a checklist may look at: the bytes, what is known about them, and what people stated.

A dossier is put together twice, before a release and when it is verified, and judged by the same checks.
Nothing in it is a verdict: verdicts are always drawn again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.core.lineage import Relation
from ossmodelkit.core.policy import Waiver
from ossmodelkit.releasing.demands import Demands

Day = date
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the publisher says about the model in `kit.toml`, in their own words.

    `uses` are those the license audit was made for.
    """

    name: str = ""
    version: str = ""
    license: str = ""
    owner: str = ""
    contact: str = ""
    intended_use: str = ""
    out_of_scope: str = ""
    users: str = ""
    limitations: str = ""
    languages: tuple[str, ...] = ()
    pipeline: str = ""
    tags: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFact:
    """One payload file: its size in bytes and SHA-256 as hex."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What a named person states for one item, when, and until when it holds."""

    item: str
    by: str = ""
    date: Day | None = None
    expires: Day | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who signs, and which documents are covered. `state` is none, planned (before) or verified (after)."""

    state: str = "none"
    signer: str = ""
    pinned: bool = False
    pinned_by: str = ""
    covered: frozenset[str] = frozenset()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentFact:
    """A model this one was made from, with everything that pins it down."""

    ref: str
    relation: Relation
    revision: str = ""
    sha256: str = ""
    license: str = ""
    said_by: str = ""

    @property
    def pinned(self) -> bool:
        """Whether the reference can mean one thing only: a payload digest or a full commit."""
        return bool(SHA256.fullmatch(self.sha256) or re.fullmatch(r"[0-9a-f]{40}", self.revision))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One release, before or after signing.

    `created` is the time written into it. `today` is the reader's day: waivers and dates in the future are
    judged by it. `documents` holds what wraps the payload,
    by name. `odd` are names that are no regular files.
    `own_demands` are the publisher's where a reader's came on top: a go decision was made under those.
    """

    words: Words
    sha256: str
    files: Mapping[str, FileFact]
    created: datetime
    today: date
    demands: Demands = field(default_factory=Demands)
    own_demands: Demands | None = None
    records: tuple[Evidence, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    documents: Mapping[str, bytes] = field(default_factory=dict)
    texts: Mapping[str, bytes] = field(default_factory=dict)
    odd: Mapping[str, str] = field(default_factory=dict)
    signature: Signature = field(default_factory=Signature)
    previous: Mapping[str, Any] = field(default_factory=dict)
    waiver_faults: tuple[str, ...] = ()
    checklist_digest: str = ""

    @property
    def released(self) -> Day:
        """The day that ages of evidence count to: once signed, the day written into it; until then, this very day.

        `SOURCE_DATE_EPOCH` may write an early day into the documents, and must not make an old scan a fresh one.
        """
        written = self.created.date()
        return written if self.signature.state == "verified" else max(written, self.today)

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that apply."""
        return self.demands.profiles

    def record(self, kind: Kind, sha256: str = "") -> Evidence | None:
        """The newest record of a kind about these bytes (or about the payload `sha256`)."""
        about = sha256 or self.sha256
        found = [r for r in self.records if r.kind is kind and r.subject.sha256 == about]
        return found[-1] if found else None

    def details(self, kind: Kind) -> Mapping[str, Any]:
        """The facts of the newest record of a kind; empty where there is none."""
        found = self.record(kind)
        return found.details if found else {}

    def all_of(self, kind: Kind) -> tuple[Evidence, ...]:
        """Every record of a kind, about the payload or about anything it was made from."""
        return tuple(record for record in self.records if record.kind is kind)

    def measured(self, name: str) -> Mapping[str, Any] | None:
        """The table `name` in the details of any record about these bytes, the newest first."""
        for record in reversed(self.records):
            table = record.details.get(name)
            if isinstance(table, Mapping) and record.subject.sha256 == self.sha256:
                return table
        return None

    def attested(self, item: str) -> Attestation | None:
        """What a person stated for an item; the last statement counts."""
        found = [one for one in self.attestations if one.item == item]
        return found[-1] if found else None

    def text(self, name: str) -> str:
        """A document as text, empty where it is absent."""
        return self.documents.get(name, b"").decode("utf-8", "replace")

    @property
    def parents(self) -> tuple[ParentFact, ...]:
        """The models this one was made from."""
        return tuple(one for one in self.made_from if one.relation is not Relation.DATASET)

    @property
    def made_from(self) -> tuple[ParentFact, ...]:
        """Models and data sets, by the run that made these bytes and by what its files declare."""
        return tuple(_merged(self._parents()))

    def _parents(self) -> Iterator[ParentFact]:
        run = self.record(Kind.FINETUNE)
        if run:
            base = run.details.get("base")
            base = base if isinstance(base, Mapping) else {}
            yield ParentFact(
                ref=str(base.get("ref", "")),
                relation=_relation(run.details.get("relation")),
                revision=str(base.get("revision", "")),
                sha256=str(base.get("sha256", "")),
                license=str(base.get("license", "")) or self._concluded(str(base.get("sha256", ""))),
                said_by="finetune record",
            )
        for parent in self.details(Kind.LICENSE).get("parents", ()):
            if isinstance(parent, Mapping):
                yield ParentFact(
                    ref=str(parent.get("ref", "")),
                    relation=_relation(parent.get("relation")),
                    revision=str(parent.get("revision", "")),
                    sha256=str(parent.get("sha256", "")),
                    license=str(parent.get("license", "")),
                    said_by=str(parent.get("declared_in", "license record")),
                )

    def _concluded(self, sha256: str) -> str:
        record = self.record(Kind.LICENSE, sha256) if sha256 else None
        return str(record.details.get("concluded", "")) if record else ""

    @property
    def was_trained(self) -> bool:
        """Whether a fine-tuning run of ours made these bytes."""
        return self.record(Kind.FINETUNE) is not None

    @property
    def license_id(self) -> str:
        """The license the release goes out under: what the publisher says, else what was concluded."""
        return (self.words.license or str(self.license_facts.get("concluded", ""))).lower()

    @property
    def license_facts(self) -> Mapping[str, Any]:
        """What the license record of these bytes says; for a tuned model without one, its base's."""
        own = self.details(Kind.LICENSE)
        if own or not self.was_trained:
            return own
        for parent in self.parents:
            found = self.record(Kind.LICENSE, parent.sha256) if parent.sha256 else None
            if found:
                return found.details
        return {}


def _merged(found: Iterable[ParentFact]) -> Iterator[ParentFact]:
    """One entry per parent: two sources that mean the same model are told apart by nothing but detail."""
    kept: list[ParentFact] = []
    for parent in found:
        twin = next((i for i, one in enumerate(kept) if _same(one, parent)), None)
        if twin is None:
            if parent.ref or parent.sha256:
                kept.append(parent)
            continue
        one = kept[twin]
        kept[twin] = ParentFact(
            ref=one.ref if "/" in one.ref or not parent.ref else parent.ref,
            relation=one.relation,
            revision=one.revision or parent.revision,
            sha256=one.sha256 or parent.sha256,
            license=one.license or parent.license,
            said_by=one.said_by,
        )
    yield from kept


def _same(one: ParentFact, other: ParentFact) -> bool:
    if one.sha256 and other.sha256:
        return one.sha256 == other.sha256
    return one.ref.rstrip("/").rpartition("/")[2] == other.ref.rstrip("/").rpartition("/")[2]


def _relation(word: object) -> Relation:
    try:
        return Relation(str(word))
    except ValueError:
        return Relation.UNKNOWN
