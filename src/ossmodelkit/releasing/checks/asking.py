"""The two questions that most items come down to: did a person state it, and was it measured?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from ossmodelkit.core.check import Check, check
from ossmodelkit.core.finding import Finding, Hit, Severity
from ossmodelkit.core.policy import Waiver
from ossmodelkit.releasing.dossier import Attestation, Dossier
from ossmodelkit.releasing.items import Item, items
from ossmodelkit.releasing.layout import ATTEST
from ossmodelkit.releasing.noting import missing, stale, wrong
from ossmodelkit.releasing.said import is_filler

Ask = Callable[[Dossier], Iterable[Hit]]
OLDEST_STATEMENT_DAYS = 180


def item(item_id: str) -> Callable[[Ask], Check]:
    """Turn a function over a dossier into the check of an item; the catalog decides how much it weighs."""
    return check(item_id, reads=Dossier, severity=Severity.HIGH)


def by_id(item_id: str) -> Item:
    """The item with this id."""
    return next(one for one in items() if one.id == item_id)


def attested(dossier: Dossier, item_id: str, *, oldest_days: int | None = None) -> Iterator[Hit]:
    """Whether a named person stated everything the item asks for, and the statement still holds."""
    asked = by_id(item_id)
    stated = dossier.attested(item_id)
    if stated is None:
        wanted = ", ".join(asked.asks)
        yield missing(ATTEST, "nobody has stated it", f"add {item_id} to attest.yaml: by, date, expires, and {wanted}")
        return
    yield from _dated(stated, dossier, oldest_days)
    for name in asked.asks:
        answer = stated.answers.get(name)
        if is_filler(answer):
            yield wrong(ATTEST, f"{item_id} says nothing about {name}", f"answer {name!r} in attest.yaml")


def _dated(stated: Attestation, dossier: Dossier, oldest_days: int | None) -> Iterator[Hit]:
    if is_filler(stated.by):
        yield wrong(ATTEST, f"{stated.item} names nobody", "say who states it: by = a name")
    if stated.date is None:
        yield wrong(ATTEST, f"{stated.item} has no date", "say when: date = 2026-01-31")
        return
    made = dossier.released
    if stated.date > dossier.today:
        yield wrong(ATTEST, f"{stated.item} is dated {stated.date}, in the future", "correct the date")
    if stated.expires is not None and stated.expires < made:
        yield stale(ATTEST, f"{stated.item} expired on {stated.expires}", "have it stated again")
    if oldest_days is not None and (made - stated.date).days > oldest_days:
        yield stale(ATTEST, f"{stated.item} is older than {oldest_days} days", "have it stated again")


def measured(dossier: Dossier, item_id: str, *, may_be_empty: tuple[str, ...] = ()) -> Iterator[Hit]:
    """Whether a record about these bytes holds the measurement, with everything it must say.

    An empty list says nothing, but for what is best when there is none of it.
    """
    asked = by_id(item_id)
    table = dossier.measured(asked.measure)
    if table is None:
        wanted = f"a JSON table with {', '.join(asked.needs)}" if asked.needs else "a JSON table"
        remedy = f"measure it, write {wanted}, then: kit release attach MODEL {asked.measure} FILE.json"
        yield missing(asked.artifact, f"no record holds {asked.measure!r} for these bytes", remedy)
        return
    told = {name: table[name] for name in asked.needs if table.get(name) not in (None, "", [], {})}
    told |= {name: table[name] for name in may_be_empty if table.get(name) is not None}
    absent = [name for name in asked.needs if name not in told]
    if absent:
        yield wrong(asked.artifact, f"{asked.measure} says nothing about {', '.join(absent)}", "measure it again")
    if denied := [name for name in asked.needs if table.get(name) is False]:
        yield wrong(asked.artifact, f"{asked.measure} says no to {', '.join(denied)}", "mend it, then measure again")


def as_date(value: Any) -> date | None:
    """A date out of an answer, which may be text."""
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def refused(dossier: Dossier, findings: Iterable[Finding]) -> list[Finding]:
    """The findings that the demands refuse and that no waiver approves by its exact place."""
    bar = dossier.demands.refuse_at.rank
    return [f for f in findings if f.severity.rank >= bar and approval(dossier, f) is None]


def approval(dossier: Dossier, finding: Finding) -> Waiver | None:
    """The waiver that accepts this very finding: an approval names its file, a wildcard approves nothing."""
    for waiver in dossier.waivers:
        if waiver.path == finding.at.path and waiver.covers(finding, dossier.sha256, dossier.today):
            return waiver
    return None
