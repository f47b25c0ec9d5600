"""What a step is asked to be: method, precision, shapes, and everything else that moves memory."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ossmodelkit.foundation.errors import UsageError

MOST_TOKENS = 10**9


class Method(StrEnum):
    """Which weights learn; `inference` learns nothing."""

    FULL = "full"
    LORA = "lora"
    RSLORA = "rslora"
    PISSA = "pissa"
    DORA = "dora"
    IA3 = "ia3"
    PROMPT = "prompt"
    INFERENCE = "inference"


class Quantize(StrEnum):
    """How the frozen linear layers are held."""

    NONE = "none"
    INT8 = "int8"
    NF4 = "nf4"


class Dtype(StrEnum):
    """A floating-point type of the weights."""

    BF16 = "bf16"
    FP16 = "fp16"
    FP32 = "fp32"

    @property
    def bytes(self) -> int:
        """Bytes of one number."""
        return 4 if self is Dtype.FP32 else 2


class Autocast(StrEnum):
    """The type that matrix products run in when it is not the weights' own."""

    NONE = "none"
    BF16 = "bf16"
    FP16 = "fp16"


class Optimizer(StrEnum):
    """What turns gradients into steps. `adamw` is the fused kernel, `adamw_foreach` the list kernel."""

    ADAMW = "adamw"
    ADAMW_FOREACH = "adamw_foreach"
    ADAMW8BIT = "adamw8bit"
    PAGED_ADAMW8BIT = "paged_adamw8bit"
    SGD = "sgd"
    ADAFACTOR = "adafactor"


class Attention(StrEnum):
    """How attention is computed."""

    SDPA = "sdpa"
    EAGER = "eager"
    VARLEN = "varlen"


class Loss(StrEnum):
    """Whole logits, or head and loss in chunks."""

    FULL = "full"
    CHUNKED = "chunked"


WITH_RANK = frozenset({Method.LORA, Method.RSLORA, Method.PISSA, Method.DORA})
ADAPTERS = WITH_RANK | {Method.IA3}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOptions:
    """One step. `batch` counts sequences of one card, `seq` and `prompt_tokens` tokens of one sequence.

    `targets` is `all-linear`, `default` (what peft takes for the family) or module names.
    """

    method: Method = Method.LORA
    quantize: Quantize = Quantize.NONE
    batch: int = 1
    seq: int = 2048
    dtype: Dtype = Dtype.BF16
    adapter_dtype: Dtype = Dtype.FP32
    autocast: Autocast = Autocast.NONE
    optimizer: Optimizer = Optimizer.ADAMW
    checkpointing: bool = False
    attention: Attention = Attention.SDPA
    loss: Loss = Loss.FULL
    rank: int = 16
    targets: tuple[str, ...] = ("all-linear",)
    prompt_tokens: int = 20
    padded: bool = False
    fsdp: int = 1

    def __post_init__(self) -> None:
        for name in ("batch", "seq", "rank", "prompt_tokens", "fsdp"):
            value = getattr(self, name)
            if value < 1:
                raise UsageError(f"--{name.replace('_', '-')} is {value}", hint="give a whole number of 1 or more")
        if self.batch * self.seq > MOST_TOKENS:
            raise UsageError(f"{self.batch} x {self.seq} tokens in one step", hint="lower --batch or --seq")
        if self.quantize is not Quantize.NONE and self.method is Method.FULL:
            raise UsageError("full fine-tuning cannot train quantized weights", hint="use --method lora")
        if self.quantize is not Quantize.NONE and self.method is Method.PISSA:
            raise UsageError("pissa takes the weights apart", hint="use --quantize none, or --method lora")
        if not self.targets or not all(self.targets):
            raise UsageError("--targets names no module", hint="give all-linear, or names such as q_proj,v_proj")
        if self.method is Method.PROMPT and self.attention is Attention.VARLEN:
            raise UsageError(
                "--attention varlen: peft cannot put a prompt before each of several packed sequences",
                hint="use --attention sdpa with --method prompt",
            )
        if self.padded and self.attention is Attention.VARLEN:
            raise UsageError("variable-length attention has no padding", hint="leave --padded out")

    @property
    def tokens(self) -> int:
        """Tokens in one step of one card, without learned prompt tokens."""
        return self.batch * self.seq

    @property
    def trains(self) -> bool:
        """Whether there is a backward pass."""
        return self.method is not Method.INFERENCE
