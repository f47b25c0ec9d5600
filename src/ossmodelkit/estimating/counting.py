"""FLOPs of a step, counted as multiply-adds of matrix products times two; nothing element-wise is counted."""

from __future__ import annotations

from dataclasses import dataclass

from ossmodelkit.estimating.architecture import Architecture
from ossmodelkit.estimating.options import Attention, Method, StepOptions
from ossmodelkit.estimating.parameters import adapter_tensors, tensors

HOW = (
    "matrix products only: 2 FLOPs a weight and token forward, 2 for the input's gradient, 2 more where the weight "
    "learns, 2 more where blocks are recomputed; attention is counted causal"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flops:
    """FLOPs of one step of one card, by part."""

    products: int
    attention: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.products + self.attention


def step_flops(model: Architecture, options: StepOptions) -> Flops:
    """The FLOPs of one step."""
    blocks, head = _weights(model)
    rows = model.letters.get("T", options.seq) + (options.prompt_tokens if options.method is Method.PROMPT else 0)
    tokens = options.batch * rows
    full = options.method is Method.FULL
    passes = 2 + (4 if full else 2 if options.trains else 0)
    again = 2 if options.checkpointing and options.trains else 0
    products = tokens * (blocks * (passes + again) + head * passes)
    if options.trains and not full and options.method is not Method.PROMPT:
        extra = sum(t.count * t.times for t in adapter_tensors(model, options) if len(t.shape) > 1)
        products += tokens * extra * (6 + again)
    causal = 0.5 if model.task == "causal-lm" and options.attention is not Attention.EAGER else 1.0
    width = model.letters["A"] * model.letters["D"]
    one_way = 4 * options.batch * rows * rows * width * model.layers * causal
    times = (3.5 if options.trains else 1.0) + (1.0 if again else 0.0)  # flash recomputes scores going back
    return Flops(products=products, attention=int(one_way * times))


def _weights(model: Architecture) -> tuple[int, int]:
    """Weights that a token is multiplied with: in the blocks (chosen experts only), and in the head."""
    experts, chosen = model.letters.get("E", 1), model.letters.get("C", 1)
    inside = 0
    for tensor in tensors(model):
        if tensor.where and len(tensor.shape) > 1:
            share = chosen if len(tensor.shape) == 3 else experts
            inside += tensor.count * tensor.times * share // experts
    head = model.letters["V"] * model.letters["H"] if "V" in model.letters else 0
    return inside, head
