"""Operators that reach further than numbers, beyond the plain ones of `test_graphs`."""

from __future__ import annotations

import pytest

from ossmodelkit.formats import tensorflow
from ossmodelkit.scanning.checks.graphs import CHECKS
from tests.making.blobs import ids
from tests.making.wire import attribute, constant, field, function, graph, node, saved_model

FILES, PATH, CODE = "tensorflow-touches-files", "tensorflow-constant-path", "tensorflow-runs-code"


def asked(*nodes: bytes) -> list[str]:
    return ids(CHECKS, tensorflow.READER, saved_model(graph(*nodes)))


def saving_to(operator: str) -> tuple[bytes, ...]:
    return constant("p", "/tmp/x"), node("i", operator, "p"), node("s", "SaveV2", "i", "n", "n", "x")


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        pytest.param((node("x", "IO>HTTPRead"),), FILES, id="network of tensorflow-io"),
        pytest.param((node("x", "CopyFile"),), FILES, id="custom operator with files"),
        pytest.param((node("x", "Vendor>Magic"),), CODE, id="operator of a stranger"),
        pytest.param((node("x", "Magic"),), CODE, id="operator that TensorFlow does not register"),
        pytest.param((node("x", "Abort"),), CODE, id="end of the process"),
        pytest.param((node("x", "RecordInput"),), FILES, id="records of a pattern of paths"),
        pytest.param((node("x", "RemoteFusedGraphExecute"),), CODE, id="remote graph"),
        pytest.param(
            (node("x", "DecodeProtoV2", attributes=attribute("descriptor_source", field(2, "/etc/passwd"))),),
            FILES,
            id="descriptor from a file",
        ),
        *(pytest.param(saving_to(one), PATH, id=one) for one in ("StringStrip", "Substr", "DecodeBase64", "ConcatV2")),
    ],
)
def test_operator_is_flagged(nodes: tuple[bytes, ...], expected: str) -> None:
    assert asked(*nodes) == [expected]


@pytest.mark.parametrize(
    "operator",
    [
        *("Addons>GeluV2", "TFText>WhitespaceTokenize", "IO>AudioResample", "ReadVariableOp", "XlaCallModule"),
        *("SentencepieceOp", "SimpleMLInferenceOpWithHandle", "_FusedConv2D", "ParseExampleV2"),
    ],
)
def test_operators_that_compute_are_left_alone(operator: str) -> None:
    assert asked(node("x", operator)) == []


def test_a_descriptor_in_the_graph_itself_is_left_alone() -> None:
    inside = attribute("descriptor_source", field(2, "bytes://abc"))
    assert asked(node("x", "DecodeProtoV2", attributes=inside)) == []


def test_a_call_of_a_function_in_the_file_is_left_alone() -> None:
    """Graphs of TensorFlow 1 call a function by an operator of its name."""
    inside = function("Mine", node("y", "Identity"))
    assert ids(CHECKS, tensorflow.READER, saved_model(graph(node("x", "Mine"), functions=inside))) == []
