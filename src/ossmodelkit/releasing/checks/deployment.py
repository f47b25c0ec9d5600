"""Readiness for traffic: DEP-001 to DEP-011."""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.check import Check
from ossmodelkit.core.evidence import Kind
from ossmodelkit.core.finding import Hit
from ossmodelkit.releasing.checks.asking import attested, by_id, item, measured
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.noting import missing, wrong

RECORD = "release/evidence/loadtest.json"
LOADTEST = (
    "run a load test against the endpoint, write a JSON table with ttft, itl, e2e, n, error_rate, engine, hardware, "
    "lag_share and knee, then: kit release attach MODEL loadtest FILE.json"
)
WORST_LAG = 0.05


@item("DEP-001")
def meets_service_levels(dossier: Dossier) -> Iterator[Hit]:
    """No load test of these bytes meets the stated service levels."""
    table = _loadtest(dossier)
    if table is None:
        yield missing(RECORD, "no load test", LOADTEST)
        return
    for name in by_id("DEP-001").needs:
        if table.get(name) in (None, "", {}):
            yield wrong(RECORD, f"the load test says nothing about {name}", LOADTEST)
    if table.get("meets_slo") is False:
        yield wrong(RECORD, "the service levels were not met", "see the load test")


@item("DEP-002")
def generator_fast_enough(dossier: Dossier) -> Iterator[Hit]:
    """The load generator may have been the bottleneck."""
    table = _loadtest(dossier)
    if table is None:
        yield missing(RECORD, "no load test", LOADTEST)
        return
    lag = table.get("lag_share", table.get("send_delay_share"))
    if not isinstance(lag, (int, float)):
        yield missing(RECORD, "the run did not watch its own delay", LOADTEST)
    elif lag > WORST_LAG or table.get("valid") is False:
        yield wrong(RECORD, f"the client's own delay was {lag:.1%} of the service level", "run it from more processes")


@item("DEP-003")
def same_model_served(dossier: Dossier) -> Iterator[Hit]:
    """The endpoint under test may have served another model."""
    table = _loadtest(dossier)
    if table and table.get("fingerprint_matches") is True:
        return
    yield from attested(dossier, "DEP-003")


@item("DEP-004")
def saturation_known(dossier: Dossier) -> Iterator[Hit]:
    """Where the service saturates is not known."""
    table = _loadtest(dossier)
    if table is None or not table.get("knee"):
        yield missing(RECORD, "no rate sweep up to the knee", LOADTEST)


@item("DEP-009")
def cluster_verifies(dossier: Dossier) -> Iterator[Hit]:
    """Nothing verifies the signature before the model is served."""
    if not dossier.documents.get("release/deploy/verify.yaml"):
        yield missing("release/deploy/verify.yaml", "no verification step", "run kit verify in an init step")
    yield from attested(dossier, "DEP-009")


@item("DEP-007")
def rollback_rehearsed(dossier: Dossier) -> Iterator[Hit]:
    """Nobody states that going back was rehearsed."""
    yield from attested(dossier, "DEP-007")


def _measured_only(item_id: str, message: str) -> Check:
    def ask(dossier: Dossier) -> Iterator[Hit]:
        yield from measured(dossier, item_id)

    ask.__doc__ = message
    return item(item_id)(ask)


def _loadtest(dossier: Dossier) -> dict[str, object] | None:
    record = dossier.record(Kind.LOADTEST)
    if record is not None:
        return dict(record.details)
    table = dossier.measured("loadtest")
    return dict(table) if table is not None else None


CHECKS = (
    meets_service_levels,
    generator_fast_enough,
    same_model_served,
    saturation_known,
    _measured_only("DEP-005", "No canary plan says who goes first, how far, and when to stop."),
    _measured_only("DEP-006", "No decision rule was fixed before traffic."),
    rollback_rehearsed,
    _measured_only("DEP-008", "The serving engine and its image are not pinned."),
    cluster_verifies,
    _measured_only("DEP-010", "Nobody probed the safety filter through the endpoint."),
    _measured_only("DEP-011", "Nobody evaluated the rule that routes between models."),
)
