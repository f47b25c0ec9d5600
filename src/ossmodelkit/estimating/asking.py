"""One question and its answer: the model, the step, the cards, the money; and everything that came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ossmodelkit.estimating.architecture import Architecture, outline, read_architecture
from ossmodelkit.estimating.cost import Cost, run_cost
from ossmodelkit.estimating.fitting import Fit, changes, judge_fit, on_card_bytes, reserved_bytes
from ossmodelkit.estimating.hardware import Cards
from ossmodelkit.estimating.memory import Categories, Peak, training_peak
from ossmodelkit.estimating.options import Autocast, Dtype, Method, StepOptions
from ossmodelkit.estimating.reading import Held
from ossmodelkit.estimating.serving import inference_peak
from ossmodelkit.estimating.sharding import sharded_peak
from ossmodelkit.estimating.speed import Speed, step_speed
from ossmodelkit.foundation.errors import KitError, UsageError

PROMPTED = ("causal-lm", "seq2seq", "sequence-classification")
MOST_DIFFERENT = 0.02  # share by which headers and configuration may differ without a word


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What the user sets about a run: tokens to train on, prices and rates in USD, and the share of the rate."""

    tokens: int = 1_000_000
    price: float | None = None
    rate: float | None = None
    pue: float | None = None
    mfu: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The answer. `speeds` and `costs` follow `fits`."""

    model: Architecture
    options: StepOptions
    peak: Peak
    reserved_bytes: int
    on_card_bytes: int
    fits: tuple[Fit, ...]
    speeds: tuple[Speed | None, ...]
    costs: tuple[Cost | None, ...]
    remedies: tuple[str, ...]
    tier: str
    notes: tuple[str, ...] = ()
    money: Money = field(default_factory=Money)
    calibrated: bool = False


def estimate(
    config: Mapping[str, Any],
    options: StepOptions,
    *,
    held: Held | None = None,
    cards: tuple[Cards, ...] = (),
    money: Money | None = None,
    traced: Peak | None = None,
    tier: str = "instant",
) -> Estimate:
    """Answer one question by arithmetic; with `traced`, around a peak that was followed on fake tensors.

    Raises `UsageError` naming the field or option that is wrong and `NothingToJudgeError` for what has
    no coefficients.
    """
    model = read_architecture(config) if traced is None else outline(config)
    if model.family:
        check_variant(model, options)
    notes = list(model.notes)
    peak = traced or peak_of(model, options)
    if traced is None and held is not None:
        peak, said = _with_headers(peak, options, held)
        notes.extend(said)
    money = money or Money()
    reserved = _reserved(peak, cards[0] if cards else None)
    fits = tuple(judge_fit(_reserved(peak, one), one) for one in cards)
    known = bool(model.family)  # FLOPs are counted from the family's sizes
    speeds = tuple(step_speed(model, options, peak, one, money.mfu or one.mfu) if known else None for one in cards)
    pairs = zip(speeds, cards, strict=True)
    costs = tuple(run_cost(s, c, money.tokens, money.price, money.pue) if s else None for s, c in pairs)
    return Estimate(
        model=model,
        options=options,
        peak=peak,
        reserved_bytes=reserved,
        on_card_bytes=on_card_bytes(reserved, cards[0] if cards else None),
        fits=fits,
        speeds=speeds,
        costs=costs,
        remedies=_remedies(model, options, fits, cards),
        tier=tier,
        notes=tuple(notes),
        money=money,
        calibrated=bool(cards and cards[0].calibration),
    )


def _reserved(peak: Peak, cards: Cards | None) -> int:
    """What the allocator holds: as replayed, or in the usual (or measured) proportion."""
    return reserved_bytes(peak.allocated_bytes, cards) if peak.reserved_bytes is None else peak.reserved_bytes


def peak_of(model: Architecture, options: StepOptions) -> Peak:
    """The peak of one card, by formula."""
    if options.method is Method.INFERENCE:
        return inference_peak(model, options)
    if options.fsdp > 1:
        return sharded_peak(model, options)
    return training_peak(model, options)


def check_variant(model: Architecture, options: StepOptions) -> None:
    """Refuse what the family cannot be asked for.

    Raises `UsageError` naming the option.
    """
    known = model.spec.get("attention")
    if known and options.attention.value not in known:
        raise UsageError(
            f"--attention {options.attention}: transformers has none for {model.model_type}",
            hint=f"use --attention {' or '.join(known)}",
        )
    losses = model.spec.get("loss")
    if losses and options.loss.value not in losses:
        raise UsageError(
            f"--loss {options.loss}: {model.model_type} has no head over a vocabulary", hint="use --loss full"
        )
    if options.padded and model.task == "image-classification":
        raise UsageError("--padded: images have no padding", hint="leave --padded out")
    if options.method is Method.PROMPT and model.task not in PROMPTED:
        raise UsageError(
            f"--method prompt: peft has no prompts for {model.task} models such as {model.model_type}",
            hint="use --method lora",
        )
    joins = options.method is Method.PROMPT or model.task == "image-classification"
    if joins and options.dtype is Dtype.FP16 and options.autocast is Autocast.BF16:
        raise UsageError(
            "--autocast bf16: torch cannot join embeddings in fp16 under it (prompts, class tokens)",
            hint="use --dtype bf16, or leave --autocast out",
        )
    rows = options.seq + (options.prompt_tokens if options.method is Method.PROMPT else 0)
    if model.longest and rows > model.longest:
        raise UsageError(
            f"--seq {options.seq} is more than config.json's max_position_embeddings, {model.longest}",
            hint="lower --seq; or raise the field, if the context is to be extended",
        )


def _with_headers(peak: Peak, options: StepOptions, held: Held) -> tuple[Peak, list[str]]:
    """Weights as the headers have them where the configuration cannot know, and a word where the two differ."""
    if not held.tensors:
        return peak, []
    notes = []
    if held.unread:
        notes.append(
            f"{len(held.unread)} safetensors headers could not be read; weights are those of the configuration"
        )
        return peak, notes
    if held.packed:
        extra = held.size - peak.categories.frozen
        if options.method is not Method.FULL and extra:
            frozen = replace(peak.categories, frozen=held.size)
            peak = replace(peak, allocated_bytes=peak.allocated_bytes + extra, categories=frozen)
            notes.append("the weights on disk are quantized already: their own bytes are counted")
        return peak, notes
    found = sum(held.numbers.values())
    if abs(found - peak.parameters) > MOST_DIFFERENT * peak.parameters:
        notes.append(
            f"headers hold {found:,} numbers, the configuration describes {peak.parameters:,}: is it the right one?"
        )
    return peak, notes


def _remedies(
    model: Architecture, options: StepOptions, fits: tuple[Fit, ...], cards: tuple[Cards, ...]
) -> tuple[str, ...]:
    """The cheapest change that makes each card fit that does not."""
    said = []
    for fit, one in zip(fits, cards, strict=True):
        if fit.fits or not options.trains or not model.family:
            continue
        for words, changed in changes(options):
            try:
                check_variant(model, changed)
                reserved = reserved_bytes(peak_of(model, changed).allocated_bytes, one)
            except KitError:
                continue
            if judge_fit(reserved, one).fits:
                said.append(f"{fit.gpu}: {words}")
                break
        else:
            said.append(f"{fit.gpu}: no single change is enough; use a larger card, --fsdp, or a smaller --seq")
    return tuple(said)


def categories_of(values: Mapping[str, int]) -> Categories:
    """Categories from plain numbers, as a trace answers them."""
    return Categories(**{name: int(values.get(name, 0)) for name in Categories.__dataclass_fields__})


__all__ = ["Estimate", "Money", "categories_of", "check_variant", "estimate", "peak_of"]
