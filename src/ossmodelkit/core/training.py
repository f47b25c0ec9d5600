"""What crosses the border to the trainer and back, as JSON: a job goes in, a record comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ossmodelkit.core.plan import Plan

# Lines of the trainer's standard output that begin with this are events, one JSON object each.
EVENT_MARK = "\x1ekit "


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A plan with its places: what the trainer is started with. Paths are absolute.

    `run` is the folder for metrics, log and checkpoints; `resume` goes on from its newest checkpoint.
    `base_sha256`, when given, is the payload digest that was judged: other bytes are not trained on.
    `needed` holds estimated bytes on a card by way of keeping activations, for `speed.recompute = "auto"`.
    """

    plan: Plan
    base: str
    data: str
    out: str
    run: str
    base_sha256: str = ""
    evaluation_data: str = ""
    teacher: str = ""
    resume: bool = False
    needed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What happened in one run; written even when it failed.

    `status` is trained, stopped (asked to leave, can be resumed), refused (the base was not audited) or
    failed; `cause` of a failure is input (plan, data or base are wrong), run or internal. `loss` holds (step, mean
    loss per learned token). Digests are SHA-256 as hex; times are seconds, memory is bytes. `flops_per_token` counts
    the matrix products without attention, and `mfu` is their share of the cards' rated bf16 speed, 0 where unknown.
    """

    status: str
    cause: str = ""
    plan: Mapping[str, Any]
    reason: str = ""
    hint: str = ""
    steps: int = 0
    planned_steps: int = 0
    loss: tuple[tuple[int, float], ...] = ()
    evaluations: tuple[Mapping[str, Any], ...] = ()
    seconds: float = 0.0
    tokens: int = 0
    learned_tokens: int = 0
    tokens_per_second: float = 0.0
    flops_per_token: float = 0.0
    mfu: float = 0.0
    peak_memory_bytes: int = 0
    trainable_parameters: int = 0
    parameters: int = 0
    seed: int = 0
    resumed_from: tuple[int, ...] = ()
    base: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    hardware: Mapping[str, Any] = field(default_factory=dict)
    fast_path: Mapping[str, Any] = field(default_factory=dict)
    stages: tuple[Mapping[str, Any], ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    parity: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
