"""Models that mix kinds of blocks."""

from __future__ import annotations

from typing import Any

import pytest

from ossmodelkit.estimating.architecture import read_architecture
from ossmodelkit.estimating.layering import Block
from ossmodelkit.estimating.memory import training_peak
from ossmodelkit.estimating.options import StepOptions
from ossmodelkit.estimating.parameters import tensors
from ossmodelkit.foundation.errors import UsageError
from tests.estimating.shapes import LLAMA_8B, SMALL, config

QWEN = config(LLAMA_8B, model_type="qwen2", num_hidden_layers=4, use_sliding_window=True, sliding_window=128)
EXPERTS = config(
    LLAMA_8B,
    model_type="qwen3_moe",
    num_hidden_layers=4,
    head_dim=128,
    num_experts=8,
    num_experts_per_tok=2,
    moe_intermediate_size=768,
)


@pytest.mark.parametrize(
    ("given", "sliding"),
    [
        pytest.param(QWEN | {"max_window_layers": 2}, "..ss", id="Qwen's first blocks see everything"),
        pytest.param(QWEN | {"max_window_layers": 9}, "....", id="so few blocks that none slides"),
        pytest.param(QWEN | {"use_sliding_window": False}, "....", id="the flag is off"),
        pytest.param(
            QWEN | {"layer_types": ["sliding_attention", *["full_attention"] * 3]}, "s...", id="told one by one"
        ),
        pytest.param(
            config(LLAMA_8B, model_type="gemma3_text", num_hidden_layers=7, sliding_window=512),
            "sssss.s",
            id="every sixth of Gemma 3",
        ),
        pytest.param(config(LLAMA_8B, model_type="mistral", num_hidden_layers=2, sliding_window=64), "ss", id="all"),
    ],
)
def test_the_kind_of_each_block_is_read(given: dict[str, Any], sliding: str) -> None:
    assert "".join("s" if block.sliding else "." for block in read_architecture(given).blocks) == sliding


def test_dense_blocks_among_experts_are_counted_as_such() -> None:
    mixed = read_architecture(EXPERTS | {"mlp_only_layers": [0], "decoder_sparse_step": 2})
    assert [block.dense for block in mixed.blocks] == [True, False, True, False]
    even = sum(t.count * t.times for t in tensors(read_architecture(EXPERTS)))
    found = sum(t.count * t.times for t in tensors(mixed))
    experts, router, mlp = 8 * 3 * 4096 * 768, 8 * 4096, 3 * 4096 * 14336
    assert found == even + 2 * (mlp - experts - router)


def test_a_model_of_one_kind_of_block_is_that_kind_throughout() -> None:
    assert set(read_architecture(SMALL["llama"]).blocks) == {Block()}


def test_sliding_some_blocks_lies_between_none_and_all() -> None:
    step = StepOptions(batch=2, seq=512)
    peaks = [
        training_peak(read_architecture(QWEN | {"max_window_layers": first}), step).allocated_bytes
        for first in (9, 2, 0)
    ]
    assert peaks == sorted(peaks)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"mlp_only_layers": [7]}, "mlp_only_layers", id="a block that is not there"),
        pytest.param({"mlp_only_layers": [0], "intermediate_size": None}, "intermediate_size", id="no dense width"),
        pytest.param({"decoder_sparse_step": 0}, "decoder_sparse_step is 0", id="a step of none"),
        pytest.param({"layer_types": ["full_attention"]}, "layer_types names 1 layers", id="too few kinds"),
    ],
)
def test_a_contradiction_is_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_architecture(config(EXPERTS, **changes))
