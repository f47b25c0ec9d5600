"""`kit estimate`: will it fit, how long does it take, what does it cost?"""

from __future__ import annotations

from typing import Annotated

import typer

from ossmodelkit.cli.exits import exit_for
from ossmodelkit.cli.options import Model, Online, Output, Outputs, show
from ossmodelkit.estimating.options import (
    Attention,
    Autocast,
    Dtype,
    Loss,
    Method,
    Optimizer,
    Quantize,
    StepOptions,
)
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.reporting.formats import Format

DEFAULTS = StepOptions()
STEP, CARDS, DEPTH = "The step", "Cards, time and money", "How deep to look"


def option(*names: str, text: str, panel: str = STEP) -> object:
    """One option of the table below."""
    return typer.Option(*names, help=text, rich_help_panel=panel)


def estimate(
    model: Model,
    method: Annotated[Method, option("--method", text="What learns.")] = DEFAULTS.method,
    quantize: Annotated[Quantize, option("--quantize", text="How the frozen base is held.")] = DEFAULTS.quantize,
    batch: Annotated[int, option("--batch", text="Sequences of one card and step.")] = DEFAULTS.batch,
    seq: Annotated[int | None, option("--seq", text="Tokens of a sequence; 2048, or what the model can.")] = None,
    dtype: Annotated[Dtype | None, option("--dtype", text="Type of the weights; default: the model's own.")] = None,
    adapter_dtype: Annotated[
        Dtype, option("--adapter-dtype", text="Type of the adapters; peft takes fp32.")
    ] = DEFAULTS.adapter_dtype,
    autocast: Annotated[Autocast, option("--autocast", text="Mixed precision.")] = DEFAULTS.autocast,
    optimizer: Annotated[Optimizer, option("--optimizer", text="adamw means the fused one.")] = DEFAULTS.optimizer,
    checkpointing: Annotated[
        bool, option("--checkpointing/--no-checkpointing", text="Recompute blocks.")
    ] = DEFAULTS.checkpointing,
    attention: Annotated[
        Attention | None, option("--attention", text="How attention is computed; sdpa, or what the family has.")
    ] = None,
    loss: Annotated[Loss, option("--loss", text="Whole logits, or head and loss in chunks.")] = DEFAULTS.loss,
    rank: Annotated[int, option("--rank", text="Rank of the adapters.")] = DEFAULTS.rank,
    targets: Annotated[str | None, option("--targets", text="all-linear, or names: q_proj,v_proj.")] = None,
    prompt_tokens: Annotated[
        int, option("--prompt-tokens", text="Learned tokens of --method prompt.")
    ] = DEFAULTS.prompt_tokens,
    padded: Annotated[bool, option("--padded", text="Batches carry a padding mask.")] = DEFAULTS.padded,
    fsdp: Annotated[int, option("--fsdp", text="Cards that share weights and states.")] = DEFAULTS.fsdp,
    gpus: Annotated[
        list[str] | None, option("--gpu", "--gpus", text="A card, or 2xH100; may be repeated.", panel=CARDS)
    ] = None,
    tokens: Annotated[int, option("--tokens", text="Tokens of the whole run.", panel=CARDS)] = 1_000_000,
    price: Annotated[
        float | None, option("--price", text="Your price in USD for one card and hour.", panel=CARDS)
    ] = None,
    rate: Annotated[
        float | None, option("--rate", text="Your cost in USD for one person and hour.", panel=CARDS)
    ] = None,
    pue: Annotated[
        float | None, option("--pue", text="Power usage of your data center, 1.0 or more.", panel=CARDS)
    ] = None,
    mfu: Annotated[str | None, option("--mfu", text="Share of the card's rate: 0.4, or 0.3-0.45.", panel=CARDS)] = None,
    solve: Annotated[str, option("--solve", text="Largest batch, seq or rank that fits.", panel=CARDS)] = "",
    quick: Annotated[bool, option("--quick", text="Two shallow traces.", panel=DEPTH)] = False,
    trace: Annotated[bool, option("--trace", text="Follow the whole model.", panel=DEPTH)] = False,
    reserved: Annotated[
        bool, option("--reserved", text="With --trace: replay the caching allocator.", panel=DEPTH)
    ] = False,
    expandable: Annotated[
        bool, option("--expandable-segments", text="With --reserved: segments that grow.", panel=DEPTH)
    ] = False,
    output: Output = Format.TEXT,
    files: Outputs = None,
    online: Online = False,
) -> None:
    """Memory, time and cost of a training step, before anything is downloaded or started.

    Instant, from config.json and the headers of the weights; no torch. Exit codes: 0 fits, 1 does not,
    2 usage, 3 cannot judge.

    Examples:

        kit estimate ./Llama-3.1-8B --method lora --batch 4 --seq 4096 --gpu H100

        kit estimate config.json --method full --checkpointing --gpu 2xA100 --format json

        kit estimate ./model --method lora --gpu RTX-4090 --solve seq
    """
    from ossmodelkit.estimating.asking import Money
    from ossmodelkit.workflow.desk import desk_here
    from ossmodelkit.workflow.estimate import Question
    from ossmodelkit.workflow.estimate import estimate as run

    if quick and trace:
        raise UsageError("--quick and --trace exclude each other")
    if (reserved or expandable) and not trace:
        raise UsageError("--reserved replays the allocations of a trace", hint="add --trace")
    question = Question(
        options={
            "method": method,
            "quantize": quantize,
            "batch": batch,
            "seq": seq,
            "dtype": dtype,
            "adapter_dtype": adapter_dtype,
            "autocast": autocast,
            "optimizer": optimizer,
            "checkpointing": checkpointing,
            "attention": attention,
            "loss": loss,
            "rank": rank,
            "targets": _targets(targets, method),
            "prompt_tokens": prompt_tokens,
            "padded": padded,
            "fsdp": fsdp,
        },
        gpus=tuple(name for given in gpus or () for name in given.split(",")),
        money=Money(
            tokens=int(_positive("--tokens", tokens) or 0),
            price=_positive("--price", price),
            rate=_positive("--rate", rate),
            pue=_positive("--pue", pue, least=1.0),
            mfu=_shares(mfu),
        ),
        tier="trace" if trace else "quick" if quick else "instant",
        solve=solve,
        reserved="expandable" if expandable else "segments" if reserved else "",
    )
    report = run(model, question, desk=desk_here(), online=online)
    show(report, output, files or ())
    raise exit_for(report.outcome)


def _targets(words: str | None, method: Method) -> tuple[str, ...]:
    if words is None:
        return ("default",) if method is Method.IA3 else ("all-linear",)
    return tuple(word.strip() for word in words.split(","))


def _positive(name: str, value: float | None, *, least: float = 0.0) -> float | None:
    if value is None or (value >= least and value > 0 and value != float("inf")):
        return value
    raise UsageError(
        f"{name} is {value}", hint=f"give a number above {least:g}" if not least else f"give {least:g} or more"
    )


def _shares(words: str | None) -> tuple[float, float] | None:
    if words is None:
        return None
    low, _, high = words.partition("-")
    try:
        pair = (float(low), float(high or low))
    except ValueError:
        raise UsageError(f"--mfu {words!r} is no share", hint="give 0.4, or a range such as 0.3-0.45") from None
    if not 0 < pair[0] <= pair[1] <= 1:
        raise UsageError(f"--mfu {words!r} is no share", hint="a share lies above 0 and is at most 1")
    return pair
