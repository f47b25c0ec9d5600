"""An estimate as the machine's view (stable, versioned) and as tables for people."""

from __future__ import annotations

from typing import Any

from ossmodelkit.core.report import Table
from ossmodelkit.estimating.asking import Estimate
from ossmodelkit.estimating.coefficients import load
from ossmodelkit.estimating.cost import worksheet
from ossmodelkit.estimating.counting import HOW
from ossmodelkit.estimating.hardware import GIB
from ossmodelkit.estimating.options import Method
from ossmodelkit.estimating.parameters import shape_note
from ossmodelkit.foundation.wire import to_wire

SCHEMA = "urn:ossmodelkit:estimate:v1"
WORDS = {
    "frozen": "frozen weights",
    "trainable": "learning weights",
    "gradients": "gradients",
    "optimizer": "optimizer states",
    "saved_activations": "saved activations",
    "transient": "temporaries at the peak",
    "kv_cache": "cache of keys and values",
    "inputs": "the batch itself",
}
FRAGMENTATION = "fragmentation beyond the usual share of reserved memory"
NOT_COUNTED = (
    "data loading, evaluation during training, and saving",
    "other processes on the card",
    "memory of the host",
)


def data(found: Estimate) -> dict[str, Any]:
    """The stable JSON keys of `kit estimate`."""
    options = to_wire(found.options)
    return {
        "schema_estimate": SCHEMA,
        "tier": found.tier,
        "model": {
            "family": found.model.family,
            "model_type": found.model.model_type,
            "task": found.model.task,
            "layers": found.model.layers,
            "parameters": found.peak.parameters,
            "trainable_parameters": found.peak.trainable_parameters,
        },
        "options": options,
        "memory": {
            "allocated_peak_bytes": found.peak.allocated_bytes,
            "reserved_peak_bytes": found.reserved_bytes,
            "reserved_from": _reserved_from(found),
            "on_card_bytes": found.on_card_bytes,
            "peak_phase": found.peak.phase,
            "categories": to_wire(found.peak.categories),
            "phases": dict(found.peak.phases),
        },
        "fits": [{**to_wire(fit), "spare_bytes": fit.spare_bytes} for fit in found.fits],
        "remedies": list(found.remedies),
        "time": _time(found),
        "cost": _cost(found),
        "not_counted": list(not_counted(found)),
        "coefficients": dict(load(found.model.family)["derived_with"]) if found.tier == "instant" else {},
    }


def _reserved_from(found: Estimate) -> str:
    """How the reserved bytes were found: `replay`, `calibration`, or the `usual ratio`."""
    if found.peak.reserved_bytes is not None:
        return "replay"
    return "calibration" if found.calibrated else "usual ratio"


def _time(found: Estimate) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for fit, speed in zip(found.fits, found.speeds, strict=True):
        if speed is None:
            out.append(
                {"gpu": fit.gpu, "unknown": "no rate is known for this type on this card, or no sizes for this family"}
            )
            continue
        out.append(
            {
                "gpu": fit.gpu,
                "cards": speed.cards,
                "step_seconds": list(speed.step_seconds),
                "tokens_per_second": list(speed.tokens_per_second),
                "flops_per_step": speed.flops.total,
                "flops_counted": HOW,
                "mfu_assumed": list(speed.mfu),
                "rate_tflops": speed.rate_tflops,
                "collective_seconds": speed.collective_seconds,
            }
        )
    return out


def _cost(found: Estimate) -> list[dict[str, Any]]:
    pairs = zip(found.fits, found.costs, strict=True)
    return [{"gpu": fit.gpu, **to_wire(cost)} for fit, cost in pairs if cost is not None]


def not_counted(found: Estimate) -> tuple[str, ...]:
    """What the numbers leave out."""
    extra = []
    if found.peak.reserved_bytes is None and not found.calibrated:
        extra.append(FRAGMENTATION)
    if found.options.fsdp > 1 and found.tier == "instant":
        extra.append("the exact order of gathering shards: a few percent; --trace follows it")
    if found.options.method is Method.INFERENCE:
        extra.append("the server's own pools, graphs and reserves (many servers take 90 % of a card at once)")
    return (*extra, *NOT_COUNTED)


def tables(found: Estimate) -> tuple[Table, ...]:
    """What people see."""
    every = [_totals(found), _where(found), _phases(found)]
    if found.fits:
        every.append(_fits(found))
    if any(found.speeds) and found.options.trains:
        every.append(_speed(found))
        every.append(
            Table(
                title="What the bill of the cards leaves out",
                columns=("work", "hours", "cost"),
                rows=worksheet(found.money.rate),
                note="A worksheet: hours are a starting point for a small team; --rate sets USD per person and hour.",
            )
        )
    return tuple(every)


def _totals(found: Estimate) -> Table:
    rows = (
        ("model", _model(found)),
        ("learns", f"{found.options.method}, {shape_note(found.peak.trainable_parameters)} parameters"),
        ("allocated", gib(found.peak.allocated_bytes)),
        ("reserved", gib(found.reserved_bytes)),
        ("on the card", gib(found.on_card_bytes)),
        ("peaks in", found.peak.phase),
    )
    return Table(title="", columns=("", ""), rows=rows)


def _model(found: Estimate) -> str:
    blocks = f", {found.model.layers} blocks" if found.model.layers else ""
    return f"{found.model.model_type}, {shape_note(found.peak.parameters)} parameters{blocks}"


def _where(found: Estimate) -> Table:
    parts = to_wire(found.peak.categories)
    total = found.peak.allocated_bytes or 1
    rows = tuple(
        (WORDS[name], gib(size), f"{100 * size / total:.1f} %", "█" * round(30 * size / total))
        for name, size in parts.items()
        if size
    )
    return Table(
        title="Where the memory goes at the peak", columns=("what", "size", "share", ""), rows=rows, bars="size"
    )


def _phases(found: Estimate) -> Table:
    rows = tuple((name, gib(size)) for name, size in found.peak.phases.items() if size)
    note = "In the order they run; the highest decides whether it fits."
    return Table(
        title="The highest point of each phase", columns=("phase", "allocated"), rows=rows, note=note, bars="allocated"
    )


def _fits(found: Estimate) -> Table:
    rows = tuple(
        (
            fit.gpu,
            "fits" if fit.fits else "does not fit",
            gib(fit.needed_bytes),
            gib(fit.usable_bytes) + ("" if fit.usable_known else " (assumed)"),
            ("" if fit.spare_bytes >= 0 else "−") + gib(abs(fit.spare_bytes)),
        )
        for fit in found.fits
    )
    note = "A card is full at 97 % of what its driver reports."
    return Table(title="Cards", columns=("card", "", "needs", "has", "spare"), rows=rows, note=note)


def _speed(found: Estimate) -> Table:
    rows = []
    for fit, speed, cost in zip(found.fits, found.speeds, found.costs, strict=True):
        if speed is None or cost is None:
            rows.append((f"{fit.cards} x {fit.gpu}", "no rate known", "", "", "", ""))
            continue
        rows.append(
            (
                f"{fit.cards} x {fit.gpu}",
                _span(speed.step_seconds, "s"),
                f"{speed.tokens_per_second[1]:,.0f} – {speed.tokens_per_second[0]:,.0f}",
                _span(cost.hours, "h"),
                _span(cost.kwh, "kWh") if cost.kwh else "?",
                _span(cost.usd, "USD") if cost.usd else "set --price",
            )
        )
    mfu = next(speed.mfu for speed in found.speeds if speed)
    price = next((cost.price_from for cost in found.costs if cost), "")
    note = (
        f"For {found.money.tokens:,} tokens. Assumed {100 * mfu[0]:.0f} – {100 * mfu[1]:.0f} % of the card's dense "
        f"rate (--mfu sets it); counted: {HOW}. Price: {price}."
    )
    columns = ("cards", "a step", "tokens/s", "time", "energy", "cards cost")
    return Table(title="Time, energy and cost", columns=columns, rows=tuple(rows), note=note)


def _span(pair: tuple[float, float], unit: str) -> str:
    return f"{_short(pair[0])} – {_short(pair[1])} {unit}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def gib(size: float) -> str:
    """Bytes as GiB, or MiB when small."""
    return f"{size / GIB:.2f} GiB" if size >= GIB / 10 else f"{size / GIB * 1024:.1f} MiB"
