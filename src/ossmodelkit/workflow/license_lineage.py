"""The family of a model, and what is known about each member's license."""

from __future__ import annotations

from typing import Any

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.core.license import Issue
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.licensing import auditing
from ossmodelkit.licensing.lineage import Ancestor, disagreements
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.license import audited


def lineage(ref: str, *, desk: Desk, online: bool = False) -> Report:
    """Walk a model's parents: the report of `kit license lineage`.

    Raises `SourceError` when there is no model.
    """
    audit = audited(open_source(ref, online=online), desk, online=online)
    issues: tuple[Issue, ...] = tuple(disagreements(audit.repository))
    rows = tuple(
        (
            "  " * (one.depth - 1) + one.parent.ref,
            one.parent.relation.value,
            " AND ".join(one.licenses) or "-",
            one.how,
            one.parent.declared_in,
        )
        for one in audit.family
    )
    unknown = [one for one in audit.family if not one.licenses]
    return Report(
        command="license lineage",
        subject=ref,
        verdict=f"{len(rows)} ancestor{'' if len(rows) == 1 else 's'}",
        outcome=Outcome.INCOMPLETE if unknown else Outcome.PASS,
        summary=f"{audit.repository.name}: {audit.concluded or 'license unresolved'}",
        findings=tuple(auditing.finding(issue, audit.repository.card_name or ".") for issue in issues),
        gaps=tuple(
            Gap(at=Place(path=one.parent.declared_in), reason=f"nothing is known about {one.parent.ref!r}")
            for one in unknown
        ),
        tables=(Table(title="", columns=("model", "as", "license", "how", "named in"), rows=rows),) if rows else (),
        data={
            "model": audit.repository.name,
            "license": audit.concluded,
            "ancestors": [_wire(one) for one in audit.family],
        },
    )


def _wire(one: Ancestor) -> dict[str, Any]:
    return {
        "ref": one.parent.ref,
        "relation": one.parent.relation.value,
        "child": one.child,
        "depth": one.depth,
        "licenses": list(one.licenses),
        "how": one.how,
        "revision": one.parent.revision,
        "declared_in": one.parent.declared_in,
        "note": one.note,
    }
