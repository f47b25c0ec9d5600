"""Operators that a TF Lite model brings along, and TensorFlow's that it calls."""

from __future__ import annotations

import pytest

from ossmodelkit.formats import tflite
from ossmodelkit.scanning.checks.graphs import CHECKS
from tests.making.blobs import ids
from tests.making.lite_models import lite
from tests.making.wire import attribute, field, node


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["FlexReadFile"], ["tflite-custom-operator"]),
        (["EvilOp"], ["tflite-custom-operator"]),
        (["FlexEvilOp"], ["tflite-custom-operator"]),
        (["TFLite_Detection_PostProcess"], []),
        (["FlexErf", "FlexTensorListReserve"], []),
        ([], []),
    ],
)
def test_tflite_custom_operator(names: list[str], expected: list[str]) -> None:
    assert ids(CHECKS, tflite.READER, lite(*names)) == expected


@pytest.mark.parametrize(
    ("stream", "expected"), [("file:///tmp/x", ["tflite-custom-operator"]), ("stderr", [])], ids=["a file", "stderr"]
)
def test_tflite_printing(stream: str, expected: list[str]) -> None:
    options = b"PrintV2\0" + node("p", "PrintV2", attributes=attribute("output_stream", field(2, stream)))
    assert ids(CHECKS, tflite.READER, lite("FlexPrintV2", options=options)) == expected
