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
    ],
)
def test_what_was_never_traced_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(NothingToJudgeError):
        read_architecture(config(LLAMA_8B, **changes))


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
