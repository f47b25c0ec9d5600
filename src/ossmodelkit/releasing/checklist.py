"""Judge a dossier: every item of the catalog gets exactly one state, and the totals add up."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ossmodelkit.core.check import Check
from ossmodelkit.core.finding import Finding, Hit, Place, Severity
from ossmodelkit.core.policy import Outcome, Waiver
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.items import Item, Weight, items
from ossmodelkit.releasing.noting import Note, State

GO_DECISION = "OPS-010"
# Answered by the act of signing and by whoever verifies; a decision about the model does not wait for them.
OF_THE_SIGNATURE = frozenset({"PRV-001", "PRV-002", "PRV-004"})
NOT_FULFILLED = (State.ERROR, State.FAIL, State.MISSING, State.STALE)
SEVERITIES = {Weight.BLOCK: Severity.HIGH, Weight.WARN: Severity.MEDIUM, Weight.INFO: Severity.LOW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One item, judged: its state, what it weighs here, why, and the waiver that covers it if any."""

    item: Item
    state: State
    weight: Weight
    hits: tuple[Hit, ...] = ()
    waiver: Waiver | None = None

    @property
    def why(self) -> str:
        """What was seen, in one line."""
        return "; ".join(hit.saw or hit.why for hit in self.hits[:3]) + (" …" if len(self.hits) > 3 else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """All lines, in the order of the catalog, and what follows."""

    lines: tuple[Line, ...]
    fail_on: Weight = Weight.BLOCK

    @property
    def totals(self) -> Mapping[str, int]:
        """How many items are in each state; the sum is the number of items."""
        counted = Counter(line.state for line in self.lines)
        return {state.value: counted.get(state, 0) for state in State}

    @property
    def refused(self) -> tuple[Line, ...]:
        """The lines that stand in the way of a release."""
        return tuple(x for x in self.lines if x.state in NOT_FULFILLED and x.weight.rank >= self.fail_on.rank)

    @property
    def outcome(self) -> Outcome:
        """Pass, or fail when anything refuses: missing and stale evidence count as failing."""
        return Outcome.FAIL if self.refused else Outcome.PASS

    @property
    def digest(self) -> str:
        """SHA-256 over "id state" of every item that a go decision can be about; it speaks of this digest."""
        apart = OF_THE_SIGNATURE | {GO_DECISION}
        lines = (f"{line.item.id} {line.state}\n" for line in self.lines if line.item.id not in apart)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def findings(self) -> tuple[Finding, ...]:
        """A finding for every item that is not fulfilled, and where to look."""
        return tuple(
            Finding(
                check=line.item.id,
                severity=SEVERITIES[line.weight],
                title=f"{line.item.title}: {line.state}" + (f". {hit.why}" if hit.why else ""),
                at=hit.at,
                saw=hit.saw,
                remedy=hit.remedy,
            )
            for line in self.lines
            if line.state in NOT_FULFILLED
            for hit in line.hits
        )


def judge(dossier: Dossier, checks: Iterable[Check]) -> Checklist:
    """Ask every item about the dossier. The same dossier gives the same checklist.

    An item without a check, and a check that crashes, is an error and never a pass.
    """
    by_id = {one.id: one for one in checks}
    others = _others(dossier, by_id)
    own = dossier.own_demands or dossier.demands
    approved = others if own == dossier.demands else _others(replace(dossier, demands=own), by_id)
    informed = replace(dossier, checklist_digest=approved.digest)
    lines = {line.item.id: line for line in others.lines}
    lines |= {item.id: _line(item, by_id.get(item.id), informed) for item in items() if item.id == GO_DECISION}
    return replace(others, lines=tuple(lines[item.id] for item in items()))


def _others(dossier: Dossier, by_id: Mapping[str, Check]) -> Checklist:
    """Every item but the go decision, which is about them."""
    lines = (_line(item, by_id.get(item.id), dossier) for item in items() if item.id != GO_DECISION)
    return Checklist(lines=tuple(lines), fail_on=dossier.demands.fail_on)


def _line(item: Item, check: Check | None, dossier: Dossier) -> Line:
    usual = item.weight(dossier.profiles)
    if usual is None:
        return Line(item=item, state=State.NOT_APPLICABLE, weight=Weight.INFO)
    weight = dossier.demands.weight(item.id, usual)
    hits = _hits(item, check, dossier)
    state = max((_state(hit) for hit in hits), key=lambda one: one.rank, default=State.PASS)
    hits = tuple(hit for hit in hits if _state(hit) is state)
    if state in (State.FAIL, State.MISSING, State.STALE):
        waiver = next((w for w in dossier.waivers if _covers(w, item, dossier)), None)
        if waiver:
            return Line(item=item, state=State.WAIVED, weight=weight, hits=hits, waiver=waiver)
    return Line(item=item, state=state, weight=weight, hits=hits)


def _hits(item: Item, check: Check | None, dossier: Dossier) -> tuple[Hit, ...]:
    at = Place(path=item.artifact)
    if check is None:
        return (Note(at=at, saw="nobody knows how to check this", remedy="report it", state=State.ERROR),)
    try:
        return tuple(check.ask(dossier))
    except Exception as error:
        saw = f"the check failed: {type(error).__name__}: {error}"[:300]
        return (Note(at=at, saw=saw, remedy="report it with KIT_DEBUG=1", state=State.ERROR),)


def _state(hit: Hit) -> State:
    return hit.state if isinstance(hit, Note) else State.FAIL


def _covers(waiver: Waiver, item: Item, dossier: Dossier) -> bool:
    return (
        item.waivable
        and waiver.check == item.id
        and waiver.sha256 in ("", dossier.sha256)
        and waiver.created <= dossier.today <= waiver.expires
    )
