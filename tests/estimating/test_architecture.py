"""A configuration is believed where it is sound, and refused with the field's name where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from ossmodelkit.estimating.architecture import families, read_architecture
from ossmodelkit.estimating.parameters import tensors
from ossmodelkit.foundation.errors import NothingToJudgeError, UsageError
from tests.estimating.shapes import LLAMA_8B, SMALL, config


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"model_type": None}, "'model_type' is missing", id="no family"),
        pytest.param({"hidden_size": None}, "'hidden_size' is missing", id="missing size"),
        pytest.param({"hidden_size": -4096}, "hidden_size is -4096", id="negative size"),
        pytest.param({"num_hidden_layers": 0}, "num_hidden_layers is 0", id="no blocks"),
        pytest.param({"num_hidden_layers": "32"}, "num_hidden_layers is '32'", id="text for a number"),
        pytest.param({"num_hidden_layers": True}, "num_hidden_layers is 'True'", id="truth for a number"),
        pytest.param({"vocab_size": 10**12}, "vocab_size is 1000000000000", id="absurd size"),
        pytest.param({"num_key_value_heads": 7}, "num_key_value_heads is 7", id="heads in contradiction"),
        pytest.param({"hidden_size": 4097}, "hidden_size is 4097", id="width in contradiction"),
        pytest.param(
            {"num_local_experts": 8}, "'num_local_experts' belongs to a mixture", id="experts in a dense model"
        ),
        pytest.param({"tie_word_embeddings": "yes"}, "tie_word_embeddings is 'yes'", id="text for a truth"),
        pytest.param({"layer_types": ["full_attention"]}, "layer_types names 1 layers", id="layers in contradiction"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says.replace("(", r"\(")):
        read_architecture(config(LLAMA_8B, **changes))


def test_half_filled_experts_are_named() -> None:
    with pytest.raises(UsageError, match="'num_experts_per_tok' is missing"):
        read_architecture(config(SMALL["mixtral"], num_experts_per_tok=None))
    with pytest.raises(UsageError, match="num_experts_per_tok is 9"):
        read_architecture(config(SMALL["mixtral"], num_experts_per_tok=9))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"model_type": "frobnicate"}, id="unknown family"),
        pytest.param({"auto_map": {"AutoModel": "x.y"}}, id="the model's own code"),
        pytest.param(
            {"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 2, "output_router_logits": True},
            id="a variant nobody traced",
        ),
        pytest.param({"architectures": ["LlamaForSequenceClassification"]}, id="another head"),
        pytest.param({"hidden_act": "gelu_new"}, id="an activation that saves more"),
        pytest.param({"vision_config": {"hidden_size": 1152}}, id="several models in one"),
    ],
)
def test_what_was_never_traced_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(NothingToJudgeError):
        read_architecture(config(LLAMA_8B, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"hidden_act": "gelu"}, id="saves what silu saves"),
        pytest.param({"architectures": ["LlamaModel"]}, id="the bare model"),
        pytest.param({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, id="scaled positions"),
    ],
)
def test_what_moves_no_memory_is_let_pass(changes: dict[str, Any]) -> None:
    assert read_architecture(config(LLAMA_8B, **changes)).letters == read_architecture(LLAMA_8B).letters


def test_architectures_of_another_family_are_remarked() -> None:
    (note,) = read_architecture(config(LLAMA_8B, model_type="mistral")).notes
    assert "'LlamaForCausalLM', model_type 'mistral'" in note


@pytest.mark.parametrize(
    ("heads", "recorded"),
    [pytest.param(8, "llama", id="shared"), pytest.param(32, "llama_mha", id="own")],
)
def test_key_heads_choose_the_recording(heads: int, recorded: str) -> None:
    assert read_architecture(config(LLAMA_8B, num_key_value_heads=heads)).recorded == recorded


@pytest.mark.parametrize(
    ("family", "missing", "heads"),
    [pytest.param("mistral", "num_key_value_heads", 8, id="Mistral shares by default")],
)
def test_a_field_that_is_left_out_is_what_transformers_takes(family: str, missing: str, heads: int) -> None:
    assert read_architecture(config(LLAMA_8B, model_type=family, **{missing: None})).letters["K"] == heads


@pytest.mark.parametrize(
    ("changes", "parameters"),
    [
        pytest.param({}, 8_030_261_248, id="Llama 3.1 8B"),
        pytest.param({"tie_word_embeddings": True}, 8_030_261_248 - 128256 * 4096, id="tied head"),
        pytest.param(
            {"model_type": "mistral", "vocab_size": 32000, "sliding_window": 4096}, 7_241_732_096, id="Mistral 7B"
        ),
        pytest.param(
            {
                "model_type": "mixtral",
                "vocab_size": 32000,
                "num_local_experts": 8,
                "num_experts_per_tok": 2,
            },
            46_702_792_704,
            id="Mixtral 8x7B",
        ),
    ],
)
def test_published_parameter_counts_come_out(changes: dict[str, Any], parameters: int) -> None:
    model = read_architecture(config(LLAMA_8B, **changes))
    assert sum(tensor.count * tensor.times for tensor in tensors(model)) == parameters


def test_gpt2_counts_as_published() -> None:
    small = {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50257}
    assert sum(tensor.count * tensor.times for tensor in tensors(read_architecture(small))) == 124_439_808


def test_every_family_has_coefficients() -> None:
    from ossmodelkit.estimating.coefficients import load

    for name in families():
        assert load(name)["bodies"], name
