"""Findings that a person has accepted beforehand: by a waiver, or because they stand in a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from ossmodelkit.core.finding import Finding
from ossmodelkit.core.policy import Waiver
from ossmodelkit.core.source import Source
from ossmodelkit.project.baseline import SCHEMA, Baseline, Known, read_baseline, write_baseline
from ossmodelkit.project.digests import digest_stream
from ossmodelkit.scanning.inspecting import Inspection
from ossmodelkit.workflow.desk import TOOL, Desk

Key = tuple[str, str, str]


class Digests:
    """SHA-256 of what a finding's place names: of a file, or of the payload where it is none. Mutable by nature."""

    def __init__(self, sources: Sequence[Source], desk: Desk) -> None:
        self._sources = sources
        self._desk = desk
        self._known: dict[str, str] = {}

    @cached_property
    def payload(self) -> str:
        """The payload of the one source; empty where there are several."""
        return self._desk.subject(self._sources[0]).sha256 if len(self._sources) == 1 else ""

    def of(self, path: str) -> str:
        """The digest of the file a report calls `path`; that of the whole payload for anything else."""
        if path not in self._known:
            self._known[path] = self._digest(path)
        return self._known[path]

    def _digest(self, path: str) -> str:
        for source in self._sources:
            entry = source.inventory.find(_inside(source, path, several=len(self._sources) > 1))
            if entry is not None and entry.kind == "file":
                return entry.claimed_sha256 or digest_stream(source, entry.name)
        return self.payload


def _inside(source: Source, path: str, *, several: bool) -> str:
    """The name inside `source` of what a report about several sources calls `path`."""
    if not several:
        return path
    entries = source.inventory.entries
    if path == source.ref and len(entries) == 1:
        return entries[0].name
    return path.removeprefix(f"{source.ref.rstrip('/')}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Waivers and a baseline, the digests they speak of, and what a reader should know about them."""

    digests: Digests
    today: date
    waivers: tuple[Waiver, ...] = ()
    baseline: frozenset[Key] = frozenset()
    file: str = ""
    notes: tuple[str, ...] = ()

    def why(self, finding: Finding) -> str:
        """Why a finding no longer counts; empty for one that does."""
        payload = self.digests.payload if any(one.sha256 for one in self.waivers) else ""
        waiver = next((one for one in self.waivers if one.covers(finding, payload, self.today)), None)
        if waiver:
            return f"waived until {waiver.expires} ({waiver.owner}: {waiver.reason})"
        if self.baseline and _key(known(finding, self.digests)) in self.baseline:
            return f"known in {self.file}"
        return ""


def accept(
    found: Inspection,
    sources: Sequence[Source],
    desk: Desk,
    *,
    waivers: tuple[Waiver, ...] = (),
    baseline: Path | None = None,
    write: Path | None = None,
) -> Acceptance:
    """What is accepted, by whatever means; with `write`, all that was found becomes a baseline and is.

    Raises `UsageError` for a baseline that cannot be read or written.
    """
    digests = Digests(sources, desk)
    accepted = Acceptance(digests=digests, today=desk.now.date(), waivers=waivers)
    if baseline is not None:
        before = read_baseline(baseline)
        names = [file.name for file in found.files]
        notes = tuple(_void(before, baseline, names, digests))
        accepted = replace(accepted, baseline=_keys(before.findings), file=str(baseline), notes=notes)
    if write is not None:
        entries = tuple(sorted({known(finding, digests) for finding in found.answers.findings}))
        write_baseline(write, Baseline(schema=SCHEMA, tool=TOOL, created=desk.now.isoformat(), findings=entries))
        note = f"{len(entries)} findings written to {write}: they are known from now on"
        accepted = replace(accepted, baseline=_keys(entries), file=str(write), notes=(*accepted.notes, note))
    return accepted


def known(finding: Finding, digests: Digests) -> Known:
    """A finding as a baseline remembers it."""
    place = str(replace(finding.at, path="")).strip()
    return Known(file=finding.at.path, sha256=digests.of(finding.at.path), check=finding.check, place=place)


def _key(one: Known) -> Key:
    return one.sha256, one.check, one.place


def _keys(entries: Iterable[Known]) -> frozenset[Key]:
    return frozenset(map(_key, entries))


def _void(before: Baseline, file: Path, names: Iterable[str], digests: Digests) -> Iterator[str]:
    """A note for each file that is there and is another now: what was known of it no longer counts."""
    here = set(names)
    digest_then = {one.file: one.sha256 for one in before.findings if one.file in here}
    for name, sha256 in sorted(digest_then.items()):
        if digests.of(name) != sha256:
            yield f"{name} changed since {file} was written: what that says about it is void"
