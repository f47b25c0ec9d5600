"""How should we run it? The ways that nothing beats, and a plan for `kit finetune`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.estimating.architecture import DTYPES, read_architecture
from ossmodelkit.estimating.asking import Money
from ossmodelkit.estimating.hardware import cards
from ossmodelkit.estimating.options import Dtype, Method, Quantize, StepOptions
from ossmodelkit.estimating.presenting import gib
from ossmodelkit.estimating.reading import read_config
from ossmodelkit.estimating.searching import Searched, Way, search
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import to_wire
from ossmodelkit.foundation.writing import write_atomic
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow.desk import Desk

SHOWN = 8
USUAL_SEQ = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be run: rows of a step over all cards, tokens of a row, and what may be chosen.

    A `seq` of 0 asks for 2048, or for what the model can where that is less.
    """

    gpus: tuple[str, ...]
    methods: tuple[Method, ...] = (Method.LORA,)
    batch: int = 16
    seq: int = 0
    rank: int = 16
    data: str = ""
    write: str = ""
    money: Money = field(default_factory=Money)


def plan(ref: str, wish: Wish, *, desk: Desk, online: bool = False) -> Report:
    """Search, and write the fastest way as a plan when asked to.

    Raises `UsageError` without cards, or with a plan to write and no data for it.
    """
    if not wish.gpus:
        raise UsageError("there is no card to plan for", hint="add --gpu NAME, such as 2xH100")
    if wish.write and not wish.data:
        raise UsageError("a plan needs data", hint="add --data FILE")
    source = open_source(ref, online=online)
    config = read_config(source)
    own = DTYPES.get(str(config.get("dtype") or config.get("torch_dtype") or "").removeprefix("torch."))
    longest = read_architecture(config).longest or USUAL_SEQ
    wish = replace(wish, seq=wish.seq or min(USUAL_SEQ, longest))
    base = StepOptions(seq=wish.seq, rank=wish.rank, dtype=own or Dtype.BF16)
    chosen = tuple(cards(name) for name in wish.gpus)
    found = search(config, base, chosen, methods=wish.methods, batch=wish.batch, money=wish.money)
    notes = []
    if wish.write and found.front:
        write_atomic(Path(wish.write), plan_text(found.front[0], ref, wish).encode())
        notes.append(f"the first way is written to {wish.write}")
    return _report(ref, found, tuple(notes), wish)


def _report(ref: str, found: Searched, notes: tuple[str, ...], wish: Wish) -> Report:
    fits = bool(found.front)
    tables = [
        Table(title="Ways that nothing beats", columns=COLUMNS, rows=tuple(_row(way) for way in found.front[:SHOWN]))
    ]
    if found.failing:
        rows = tuple(_row(way) for way in found.failing[:SHOWN])
        tables.append(Table(title="Faster ways that do not fit", columns=COLUMNS, rows=rows))
    return Report(
        command="plan",
        subject=ref,
        verdict="fits" if fits else "does-not-fit",
        outcome=Outcome.PASS if fits else Outcome.FAIL,
        summary=f"{len(found.front)} of {found.tried} ways are worth choosing from"
        if fits
        else "no way fits these cards",
        asked=("estimate-memory",),
        tables=tuple(tables if fits else tables[1:]),
        notes=notes,
        next_steps=(f"kit finetune {wish.write}",) if wish.write and fits else (),
        data={"front": [_wire(way) for way in found.front], "failing": [_wire(way) for way in found.failing[:SHOWN]]},
    )


COLUMNS = ("cards", "method", "base", "recompute", "micro x accumulate", "shards", "a step", "cards cost", "spare")


def _row(way: Way) -> tuple[str, ...]:
    options, spare = way.options, way.fit.spare_bytes
    return (
        f"{way.cards.count} x {way.fit.gpu}",
        options.method.value,
        "16/32 bit" if options.quantize is Quantize.NONE else options.quantize.value,
        "yes" if options.checkpointing else "no",
        f"{options.batch} x {way.accumulate}",
        str(options.fsdp),
        f"≤ {way.seconds:.3g} s",
        f"≤ {way.cost.usd[1]:,.2f} USD" if way.cost.usd else "set --price",
        ("−" if spare < 0 else "") + gib(abs(spare)),
    )


def _wire(way: Way) -> dict[str, object]:
    return {
        "gpu": way.fit.gpu,
        "cards": way.cards.count,
        "options": to_wire(way.options),
        "accumulate": way.accumulate,
        "step_seconds": way.seconds,
        "cost": to_wire(way.cost),
        "spare_bytes": way.fit.spare_bytes,
        "fits": way.fit.fits,
    }


def plan_text(way: Way, ref: str, wish: Wish) -> str:
    """The plan file of a way."""
    weights = way.options.quantize.value if way.options.quantize is not Quantize.NONE else way.options.dtype.value
    name = "prompt-tuning" if way.options.method is Method.PROMPT else way.options.method.value
    spread = "fsdp2" if way.options.fsdp > 1 else "ddp"
    fit = way.fit
    return f"""# Made by kit plan for {fit.cards} x {fit.gpu}: {gib(fit.needed_bytes)} of {gib(fit.usable_bytes)}.
base = {_quoted(ref)}
data = {_quoted(wish.data)}
out = "tuned"
weights = "{"bf16" if weights == "fp16" else weights}"

[method]
name = "{name}"
rank = {way.options.rank}

[train]
epochs = 1.0
batch = {wish.batch}
micro_batch = {way.options.batch}
seq = {wish.seq}

[speed]
recompute = {str(way.options.checkpointing).lower()}

[devices]
kind = "cuda"
processes = {way.cards.count}
spread = "{spread if way.cards.count > 1 else "auto"}"
"""


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)
