"""What a fine-tuning run is asked for: `plan.toml`, table by table."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Task(StrEnum):
    """What the model learns to do."""

    CAUSAL_LM = "causal-lm"
    CLASSIFICATION = "sequence-classification"
    SEQ2SEQ = "seq2seq"


class MethodName(StrEnum):
    """Which weights learn, and in which form."""

    LORA = "lora"
    DORA = "dora"
    RSLORA = "rslora"
    PISSA = "pissa"
    IA3 = "ia3"
    PROMPT_TUNING = "prompt-tuning"
    FULL = "full"


LOW_RANK = frozenset({MethodName.LORA, MethodName.DORA, MethodName.RSLORA, MethodName.PISSA})
USUAL_LEARNING_RATE = {MethodName.FULL: 2e-5, MethodName.IA3: 3e-3, MethodName.PROMPT_TUNING: 3e-2}


class Weights(StrEnum):
    """How the base's weights are held while it trains."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"
    NF4 = "nf4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """The way of tuning. `alpha` is twice the rank when left out; `targets` names modules."""

    name: MethodName = MethodName.LORA
    rank: int = 16
    alpha: float | None = None
    dropout: float = 0.0
    targets: str | tuple[str, ...] = "all-linear"
    virtual_tokens: int = 20

    def __post_init__(self) -> None:
        _demand(self.rank >= 1, "rank must be 1 or more")
        _demand(self.alpha is None or _positive(self.alpha), "alpha must be a positive number")
        _demand(0.0 <= self.dropout < 1.0, "dropout must be at least 0 and below 1")
        _demand(self.virtual_tokens >= 1, "virtual_tokens must be 1 or more")
        _demand(bool(self.targets), "targets names no module")

    @property
    def scale_alpha(self) -> float:
        """The alpha that is used."""
        return 2.0 * self.rank if self.alpha is None else self.alpha


# Rows of one optimizer step, and steps: far beyond any use, so that a slip of the finger is no run without an end.
MOST_ROWS = 1_000_000
MOST_STEPS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """How long, how much at once, how fast.

    `batch` counts rows of a whole optimizer step, over all processes: the same plan means the same
    mathematics on one card and on eight. `micro_batch` (rows) or `micro_tokens` bound what is held at
    once and change no mathematics: with `micro_tokens` the rows of a step are packed, best fit first,
    into as few passes as hold them. `seq` is in tokens; `warmup` is a share of the steps.
    """

    steps: int | None = None
    epochs: float | None = None
    batch: int = 8
    micro_batch: int = 0
    micro_tokens: int = 0
    seq: int = 1024
    long_rows: Literal["refuse", "cut", "drop"] = "refuse"
    learn: Literal["answers", "everything"] = "answers"
    lr: float | None = None
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup: float = 0.03
    weight_decay: float = 0.0
    clip: float = 1.0
    seed: int = 0
    checkpoint_every: int = 100
    keep_checkpoints: int = 2
    evaluate_every: int = 0
    diverged_at: float = 4.0

    @property
    def rows_at_once(self) -> int:
        """How many of the longest rows a pass may hold."""
        return self.micro_batch or self.micro_tokens // self.seq or self.batch

    def __post_init__(self) -> None:
        _demand(self.steps is None or self.epochs is None, "give steps or epochs, not both")
        _demand(self.steps is None or self.steps >= 1, "steps must be 1 or more")
        _demand(self.steps is None or self.steps <= MOST_STEPS, f"steps must be {MOST_STEPS:,} at most")
        _demand(self.epochs is None or _positive(self.epochs), "epochs must be a positive number")
        _demand(self.batch >= 1, "batch must be 1 or more")
        _demand(self.batch <= MOST_ROWS, f"batch must be {MOST_ROWS:,} rows at most")
        _demand(0 <= self.micro_batch <= self.batch, "micro_batch must lie between 0 (all at once) and batch")
        _demand(self.seq >= 2, "seq must be 2 tokens or more")
        _demand(not (self.micro_batch and self.micro_tokens), "give micro_batch (rows) or micro_tokens, not both")
        fits = self.micro_tokens == 0 or self.micro_tokens >= self.seq
        _demand(fits, "micro_tokens must hold the longest row: at least seq, or 0 for no limit")
        _demand(self.lr is None or _positive(self.lr), "lr must be a positive number")
        _demand(0.0 <= self.warmup < 1.0, "warmup is a share of the steps: at least 0 and below 1")
        _demand(self.weight_decay >= 0.0, "weight_decay must not be negative")
        _demand(_positive(self.clip), "clip must be a positive number")
        _demand(0 <= self.seed < 2**32, "seed must lie between 0 and 4294967295")
        _demand(self.checkpoint_every >= 0, "checkpoint_every must not be negative")
        _demand(self.keep_checkpoints >= 1, "keep_checkpoints must be 1 or more")
        _demand(self.evaluate_every >= 0, "evaluate_every must not be negative")
        _demand(self.diverged_at > 1.0, "diverged_at is a multiple of the first loss: above 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfreeze:
    """Gradual unfreezing: the head first, then groups of blocks from the top down.

    A group joins every `every` steps or, with `every = 0`, once the loss has not fallen for `plateau`
    steps. Each group warms up over `warmup` steps; one further down learns `decay` times as fast.
    """

    groups: int = 4
    every: int = 50
    plateau: int = 0
    warmup: int = 10
    decay: float = 1.0
    embeddings: bool = True

    def __post_init__(self) -> None:
        _demand(self.groups >= 1, "groups must be 1 or more")
        _demand((self.every > 0) != (self.plateau > 0), "give every (steps) or plateau (steps), and set the other to 0")
        _demand(self.every >= 0 and self.plateau >= 0, "every and plateau must not be negative")
        _demand(self.warmup >= 0, "warmup must not be negative")
        _demand(0.0 < self.decay <= 1.0, "decay must be above 0 and at most 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Domain-adversarial training: features should not tell which domain a row came from.

    `field` is the row's key that names its domain; the reversed gradient ramps up to `weight` as
    2/(1+exp(-ramp*p))-1 over progress p (Ganin et al. 2016, section 5.2.2). The domain head learns `pace`
    times as fast as the rest.
    """

    field: str = "domain"
    weight: float = 0.1
    ramp: float = 10.0
    hidden: int = 64
    pace: float = 10.0

    def __post_init__(self) -> None:
        _demand(_positive(self.pace), "pace must be a positive number")
        _demand(bool(self.field), "field is empty")
        _demand(_positive(self.weight), "weight must be a positive number")
        _demand(_positive(self.ramp), "ramp must be a positive number")
        _demand(self.hidden >= 1, "hidden must be 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distill:
    """Learning from a teacher: `weight` of the loss is KL at `temperature`, the rest the data's own.

    With `keep_layers` the student is cut out of the base, keeping that many evenly spaced blocks.
    """

    teacher: str
    temperature: float = 2.0
    weight: float = 0.5
    keep_layers: int = 0

    def __post_init__(self) -> None:
        _demand(bool(self.teacher), "teacher is empty")
        _demand(_positive(self.temperature), "temperature must be a positive number")
        _demand(0.0 < self.weight <= 1.0, "weight must be above 0 and at most 1")
        _demand(self.keep_layers >= 0, "keep_layers must not be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """The parts of the fast path; each can be switched off, none changes the mathematics.

    `recompute` trades time for memory: true makes every block again, "selective" keeps matrix products and
    attention, and "auto" takes the least that fits the card by the estimate. `liger` uses Liger's kernels
    where they are installed.
    """

    packing: bool = True
    chunked_loss: bool = True
    fused_lora: bool = True
    compile: bool = False
    recompute: bool | Literal["auto", "selective"] = "auto"
    liger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """What it runs on. 0 processes takes every card there is, or one process without a card."""

    kind: Literal["auto", "cpu", "cuda"] = "auto"
    processes: int = 0
    nodes: int = 1
    spread: Literal["auto", "ddp", "fsdp2"] = "auto"

    def __post_init__(self) -> None:
        _demand(self.processes >= 0, "processes must not be negative")
        _demand(self.nodes >= 1, "nodes must be 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Where metrics go besides `metrics.jsonl`. `mlflow` and `wandb` name the experiment or project."""

    tensorboard: bool = False
    mlflow: str = ""
    wandb: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One fine-tuning run. Paths are relative to the plan's own folder.

    `data_license` is the license of the training data as its owner states it; it goes into the record.
    """

    base: str
    data: str
    out: str
    task: Task = Task.CAUSAL_LM
    weights: Weights = Weights.AUTO
    evaluation_data: str = ""
    data_license: str = ""
    merge: bool = False
    method: Method = field(default_factory=Method)
    train: Train = field(default_factory=Train)
    unfreeze: Unfreeze | None = None
    domain: Domain | None = None
    distill: Distill | None = None
    speed: Speed = field(default_factory=Speed)
    devices: Devices = field(default_factory=Devices)
    track: Track = field(default_factory=Track)

    def __post_init__(self) -> None:
        for name in ("base", "data", "out"):
            _demand(bool(getattr(self, name)), f"{name} is empty")
        full = self.method.name is MethodName.FULL
        _demand(not (full and self.weights in (Weights.INT8, Weights.NF4)), "full tuning needs fp32 or bf16 weights")
        _demand(self.unfreeze is None or full, 'gradual unfreezing needs method.name = "full"')
        _demand(not (self.merge and self.method.name is MethodName.PROMPT_TUNING), "a tuned prompt cannot be merged")
        _demand(self.distill is None or self.task is Task.CAUSAL_LM, 'distillation needs task = "causal-lm"')
        _demand(
            self.domain is None or self.task is Task.CLASSIFICATION,
            'domain-adversarial training needs task = "sequence-classification"',
        )
        pissa_on_few_bits = self.method.name is MethodName.PISSA and self.weights in (Weights.INT8, Weights.NF4)
        _demand(not pissa_on_few_bits, "pissa takes weights apart and needs fp32 or bf16")

    @property
    def learning_rate(self) -> float:
        """The learning rate that is used: the plan's, or the method's usual one."""
        return self.train.lr if self.train.lr is not None else USUAL_LEARNING_RATE.get(self.method.name, 2e-4)


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _positive(number: float) -> bool:
    return math.isfinite(number) and number > 0
