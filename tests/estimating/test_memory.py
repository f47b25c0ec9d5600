"""Peaks by formula: against traces made once, and against what must always hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ossmodelkit.estimating.architecture import read_architecture
from ossmodelkit.estimating.asking import estimate, peak_of
from ossmodelkit.estimating.memory import training_peak
from ossmodelkit.estimating.options import Attention, Autocast, Dtype, Loss, Method, Optimizer, Quantize, StepOptions
from ossmodelkit.estimating.reading import Held
from ossmodelkit.foundation.errors import UsageError
from tests.estimating.shapes import LLAMA_8B, SMALL, config

GIB = 2**30


@pytest.mark.parametrize(
    ("options", "traced_gib"),
    [
        pytest.param({}, 57.37, id="plain"),
        pytest.param({"padded": True}, 59.87, id="padded"),
        pytest.param({"attention": Attention.EAGER}, 153.85, id="eager"),
        pytest.param({"adapter_dtype": Dtype.BF16}, 43.61, id="16-bit adapters"),
        pytest.param({"checkpointing": True}, 22.36, id="recomputed"),
        pytest.param({"checkpointing": True, "loss": Loss.CHUNKED}, 17.96, id="chunked loss"),
        pytest.param({"checkpointing": True, "loss": Loss.CHUNKED, "quantize": Quantize.INT8}, 11.47, id="int8"),
        pytest.param({"checkpointing": True, "loss": Loss.CHUNKED, "quantize": Quantize.NF4}, 8.31, id="nf4"),
        pytest.param({"method": Method.FULL}, 75.39, id="full"),
    ],
)
def test_llama_8b_at_4096_tokens_matches_its_trace(options: dict[str, Any], traced_gib: float) -> None:
    peak = training_peak(read_architecture(LLAMA_8B), StepOptions(seq=4096, **options))
    assert -0.002 < peak.allocated_bytes / GIB / traced_gib - 1 < 0.01


steps = some.builds(
    StepOptions,
    method=some.sampled_from([Method.FULL, Method.LORA, Method.DORA, Method.PROMPT]),
    batch=some.integers(1, 16),
    seq=some.integers(2, 2048),
    rank=some.integers(1, 256),
    checkpointing=some.booleans(),
    loss=some.sampled_from(Loss),
    dtype=some.sampled_from(Dtype),
    adapter_dtype=some.sampled_from([Dtype.FP32, Dtype.BF16]),
    optimizer=some.sampled_from(Optimizer),
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_the_categories_add_up_and_none_is_negative(options: StepOptions) -> None:
    peak = training_peak(read_architecture(SMALL["llama"]), options)
    parts = peak.categories
    assert parts.total == peak.allocated_bytes
    assert min(parts.frozen, parts.trainable, parts.gradients, parts.optimizer, parts.saved_activations) >= 0
    assert parts.transient >= 0
    assert peak.allocated_bytes == max(peak.phases.values())


@settings(max_examples=40, deadline=None)
@given(steps)
def test_more_tokens_never_take_less(options: StepOptions) -> None:
    model = read_architecture(SMALL["llama"])
    one = training_peak(model, options).allocated_bytes
    assert training_peak(model, replace(options, batch=options.batch + 1)).allocated_bytes >= one
    assert training_peak(model, replace(options, seq=options.seq + 64)).allocated_bytes >= one


def test_one_block_and_two_blocks_are_answered() -> None:
    for layers in (1, 2, 3):
        model = read_architecture(config(SMALL["llama"], num_hidden_layers=layers))
        assert training_peak(model, StepOptions(seq=128)).allocated_bytes > 0


def test_the_cache_of_keys_and_values_grows_with_length_and_readers() -> None:
    model = read_architecture(LLAMA_8B)
    one = peak_of(model, StepOptions(method=Method.INFERENCE, seq=8192)).categories.kv_cache
    assert one == 2 * 32 * 8 * 128 * 8192 * 2
    assert peak_of(model, StepOptions(method=Method.INFERENCE, seq=8192, batch=4)).categories.kv_cache == 4 * one


def test_quantized_weights_on_disk_keep_their_own_bytes() -> None:
    held = Held(tensors=1, numbers={"U8": 5_000_000_000, "BF16": 1_000}, size=5_000_002_000)
    found = estimate(LLAMA_8B, StepOptions(), held=held)
    assert found.peak.categories.frozen == held.size
    assert any("quantized already" in note for note in found.notes)


def test_headers_of_another_model_are_remarked() -> None:
    found = estimate(LLAMA_8B, StepOptions(), held=Held(tensors=1, numbers={"F32": 2}, size=8))
    assert any("is it the right one?" in note for note in found.notes)


def test_more_tokens_than_positions_are_refused() -> None:
    with pytest.raises(UsageError, match="max_position_embeddings"):
        estimate(LLAMA_8B, StepOptions(seq=1_000_000))


@pytest.mark.parametrize(
    ("family", "options", "names"),
    [
        pytest.param("bert", {"attention": Attention.VARLEN}, "--attention", id="packing an encoder"),
        pytest.param("bert", {"method": Method.PROMPT}, "--method", id="prompts for masked words"),
        pytest.param(
            "llama",
            {"method": Method.PROMPT, "dtype": Dtype.FP16, "autocast": Autocast.BF16},
            "--autocast",
            id="what torch cannot join",
        ),
    ],
)
def test_what_a_family_cannot_do_is_refused_by_the_name_of_the_option(
    family: str, options: dict[str, Any], names: str
) -> None:
    with pytest.raises(UsageError, match=names):
        estimate(SMALL[family], StepOptions(seq=128, **options))


def test_a_prompt_cannot_be_put_before_packed_rows() -> None:
    with pytest.raises(UsageError, match="--attention varlen"):
        StepOptions(method=Method.PROMPT, attention=Attention.VARLEN)


def test_a_misspelt_layer_is_named() -> None:
    with pytest.raises(UsageError, match="q_prj") as error:
        estimate(LLAMA_8B, StepOptions(targets=("q_prj",)))
    assert "q_proj" in error.value.hint


@pytest.mark.parametrize("name", ["batch", "seq", "rank", "prompt_tokens", "fsdp"])
def test_an_option_below_one_is_named(name: str) -> None:
    with pytest.raises(UsageError, match=name.replace("_", "-")):
        StepOptions(**{name: 0})
