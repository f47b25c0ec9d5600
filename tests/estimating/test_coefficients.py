"""The shipped coefficients are what tracing gives today, and predict shapes that were never traced."""

from __future__ import annotations

from typing import Any

import pytest

from ossmodelkit.estimating.coefficients import load
from ossmodelkit.estimating.options import Attention, Autocast, Dtype, Loss, Method, Optimizer, Quantize, StepOptions

pytestmark = pytest.mark.train


@pytest.mark.parametrize(
    ("family", "variant"),
    [
        pytest.param("llama", "frozen/16/sdpa/recompute", id="recomputed base"),
        pytest.param("gpt2", "full/32/eager/keep", id="full, eager"),
        pytest.param("mixtral", "full/16/sdpa/keep", id="experts"),
        pytest.param("mistral", "frozen/16/eager-padded/keep", id="repeated heads under a mask"),
        pytest.param("qwen2_mha", "frozen/32-autocast/sdpa/keep", id="own key heads"),
        pytest.param("phi", "frozen/16/sdpa/recompute", id="attention beside the feed-forward part"),
        pytest.param("t5", "relu/frozen/16/sdpa/recompute", id="blocks that add to one gradient"),
    ],
)
def test_deriving_again_gives_the_shipped_numbers(family: str, variant: str) -> None:
    from tools.derive_coefficients import derive, with_twins

    shipped, fresh = load(family), derive(family, with_twins()[family], only=variant)
    assert unrolled(fresh, variant) == unrolled(shipped, variant)


@pytest.mark.parametrize(
    "key",
    ["lora/linear/none/16/2/fp32", "lora/linear/int8/32-autocast/2/fp32", "dora-bias/linear/nf4/16/2/fp32"],
)
def test_wrapping_a_layer_again_gives_the_shipped_numbers(key: str) -> None:
    from tools.derive_coefficients import derive_adapters

    assert derive_adapters(only=key)["profiles"] == {key: load("adapters")["profiles"][key]}


def unrolled(data: dict[str, Any], variant: str) -> list[Any]:
    """A recording with sizes in place of their numbers."""
    sizes = [None, *data["sizes"]]

    def told(event: Any) -> Any:
        if isinstance(event, int):
            return [1 if event > 0 else -1, sizes[abs(event)]]
        return [sizes[item] if at in (2, 3) and isinstance(item, int) else item for at, item in enumerate(event)]

    body = data["bodies"][variant]
    return [[name, [told(event) for event in data["segments"][number]]] for name, number in body]


CASES: list[tuple[str, dict[str, Any]]] = [
    ("llama", {"method": Method.FULL, "batch": 2}),
    ("llama", {"method": Method.FULL, "dtype": Dtype.FP32, "autocast": Autocast.BF16, "checkpointing": True}),
    ("llama", {"targets": ("q_proj", "v_proj"), "rank": 8}),
    ("llama", {"method": Method.DORA, "checkpointing": True, "loss": Loss.CHUNKED}),
    ("llama", {"quantize": Quantize.NF4, "checkpointing": True, "batch": 4}),
    ("llama", {"attention": Attention.VARLEN, "adapter_dtype": Dtype.BF16, "batch": 3}),
    ("llama", {"method": Method.PROMPT, "prompt_tokens": 32, "padded": True}),
    ("llama", {"method": Method.IA3, "targets": ("default",), "optimizer": Optimizer.SGD}),
    ("llama", {"dtype": Dtype.FP16, "adapter_dtype": Dtype.BF16}),
    ("llama", {"dtype": Dtype.FP16, "autocast": Autocast.BF16, "quantize": Quantize.INT8, "checkpointing": True}),
    ("mixtral", {"method": Method.DORA, "targets": ("q_proj", "v_proj")}),
    ("gpt2", {"method": Method.FULL, "optimizer": Optimizer.ADAMW_FOREACH}),
    ("mixtral", {"checkpointing": True, "targets": ("q_proj", "v_proj")}),
    ("mixtral", {"method": Method.FULL}),
    ("mixtral", {"rank": 8}),
    ("bert", {"method": Method.FULL, "padded": True, "attention": Attention.EAGER}),
]


@pytest.mark.parametrize(("family", "options"), CASES, ids=[f"{f}-{n}" for n, (f, _) in enumerate(CASES)])
def test_the_formula_follows_the_trace(family: str, options: dict[str, Any]) -> None:
    from ossmodelkit.estimating.architecture import read_architecture
    from ossmodelkit.estimating.memory import training_peak
    from ossmodelkit.trainer.tracing import trace
    from tests.estimating.shapes import SMALL

    step = StepOptions(seq=384, **options)
    model = read_architecture(SMALL[family])
    known = trace(SMALL[family], step, model.task)["allocated_peak_bytes"]
    assert -0.02 < training_peak(model, step).allocated_bytes / known - 1 < 0.06


@pytest.mark.parametrize("names", ["q_proj,v_proj", "q_proj,fc2", "self_attn.dense", "self_attn.dense,fc2", "fc1"])
def test_attention_beside_the_rest_begins_to_learn_on_its_own(names: str) -> None:
    from ossmodelkit.estimating.architecture import read_architecture
    from ossmodelkit.estimating.memory import training_peak
    from ossmodelkit.trainer.tracing import trace

    sizes = {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 2, "vocab_size": 1000}
    config = {"model_type": "phi", **sizes, "num_attention_heads": 8, "num_key_value_heads": 4}
    step = StepOptions(seq=200, batch=3, rank=8, targets=tuple(names.split(",")))
    known = trace(config, step, "causal-lm")["allocated_peak_bytes"]
    assert abs(training_peak(read_architecture(config), step).allocated_bytes / known - 1) < 0.005


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"method": Method.FULL}, id="full"),
        pytest.param({"method": Method.FULL, "checkpointing": True}, id="full, recomputed"),
        pytest.param({}, id="lora"),
    ],
)
def test_shards_follow_the_trace(options: dict[str, Any]) -> None:
    from ossmodelkit.estimating.architecture import read_architecture
    from ossmodelkit.estimating.sharding import sharded_peak
    from ossmodelkit.trainer.tracing import trace
    from tests.estimating.shapes import SMALL

    step = StepOptions(seq=384, batch=2, fsdp=4, **options)
    known = trace(SMALL["llama"], step, "causal-lm")["allocated_peak_bytes"]
    assert -0.02 < sharded_peak(read_architecture(SMALL["llama"]), step).allocated_bytes / known - 1 < 0.06
