"""How long a step takes: a range, from FLOPs, bytes and an assumed share of the card's rate."""

from __future__ import annotations

from dataclasses import dataclass

from ossmodelkit.estimating.architecture import Architecture
from ossmodelkit.estimating.counting import Flops, step_flops
from ossmodelkit.estimating.hardware import Cards
from ossmodelkit.estimating.memory import Peak
from ossmodelkit.estimating.options import Autocast, Dtype, Method, StepOptions

# Share of the dense rate that plain PyTorch loops reach: padded and unfused at the low end, the best published
# LoRA runs (40.6 and 42.8 % on an H100 at 4096 tokens) at the high end.
USUAL_MFU = (0.20, 0.43)
LINK = 0.6  # share of the link's rate that a ring reaches


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Seconds of one step and tokens per second of all cards, fastest first, and what they rest on."""

    step_seconds: tuple[float, float]
    tokens_per_second: tuple[float, float]
    flops: Flops
    mfu: tuple[float, float]
    rate_tflops: float
    collective_seconds: float
    cards: int


def step_speed(
    model: Architecture, options: StepOptions, peak: Peak, cards: Cards, mfu: tuple[float, float] | None
) -> Speed | None:
    """The speed on these cards; None where the card's rate for the type is not known."""
    low = options.autocast is not Autocast.NONE or options.dtype is not Dtype.FP32
    kind = ("fp16" if Dtype.FP16 in (options.dtype, options.autocast) else "bf16") if low else "fp32"
    rate = cards.accelerator.rate(kind)
    if not rate:
        return None
    flops = step_flops(model, options)
    share = mfu or USUAL_MFU
    exchange = _collectives(options, peak, cards)
    tokens = options.batch * model.letters.get("T", options.seq) * cards.count
    times = sorted(flops.total / (rate * 1e12 * one) + exchange for one in share)
    return Speed(
        step_seconds=(times[0], times[-1]),
        tokens_per_second=(tokens / times[0], tokens / times[-1]),
        flops=flops,
        mfu=(min(share), max(share)),
        rate_tflops=rate,
        collective_seconds=exchange,
        cards=cards.count,
    )


def _collectives(options: StepOptions, peak: Peak, cards: Cards) -> float:
    """Seconds for exchanging gradients (and, sharded, gathering weights twice), unoverlapped."""
    if cards.count < 2:
        return 0.0
    width = options.dtype.bytes if options.method is Method.FULL else options.adapter_dtype.bytes
    ring = 2 * (cards.count - 1) / cards.count
    sent = peak.trainable_parameters * width * ring
    if options.fsdp > 1:
        sent += 2 * (peak.categories.frozen + peak.categories.trainable) * ring / 2
    link = cards.accelerator.link_gb_s or 32.0  # PCIe 4 x16 where no link is named
    return sent / (link / 2 * 1e9 * LINK)
