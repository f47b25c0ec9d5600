# ruff: noqa: E501 (a row of a table is one case)
from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from ossmodelkit.formats import text
from ossmodelkit.scanning.checks.keras import CHECKS
from tests.making.blobs import flagged, ids


def layer(
    name: str, module: str = "keras.layers", registered: str | None = None, /, **config: object
) -> dict[str, object]:
    return {"module": module, "class_name": name, "config": {"name": "x", **config}, "registered_name": registered}


def model(*layers: object, **more: object) -> dict[str, object]:
    return layer("Functional", "keras.src.models.functional", "Functional", layers=list(layers)) | more


def function(name: str, module: str = "builtins") -> dict[str, object]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": "function"}


LAMBDA = {"class_name": "__lambda__", "config": {"value": ["4wEAAAA=", None, None]}}
FOREIGN = {
    "os": function("system", "os"),
    "builtins eval": function("eval"),
    "subprocess class": layer("Popen", "subprocess"),
    "shutil": function("rmtree", "shutil"),
    "get_file": function("get_file", "keras.utils"),
    "load_model": function("load_model", "keras.saving"),
    "unsafe switch": function("enable_unsafe_deserialization", "keras.config"),
    "src gadget": function("get_file", "keras.src.utils.file_utils"),
    "registered gadget": layer("Dense", "keras.layers", "keras.utils>get_file"),
    "stranger": layer("Evil", "evil_pkg.layers", "evil>Evil"),
    "tensorflow io": function("read_file", "tensorflow.io"),
}
ORDINARY = [
    layer("InputLayer", batch_shape=[None, 3], dtype="float32"),
    layer(
        "Dense",
        units=3,
        activation="relu",
        kernel_initializer={
            "module": "keras.initializers",
            "class_name": "GlorotUniform",
            "config": {"seed": None},
            "registered_name": None,
        },
        dtype={"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None},
        build_config={"input_shape": [None, 3]},
    ),
    layer("StringLookup", vocabulary=["a", "b"], max_tokens=None),
    layer("TextVectorization", vocabulary=None, standardize="lower_and_strip_punctuation", split="whitespace"),
    layer("Lambda", function=function("relu", "keras.activations"), arguments={}),
    layer("Add", "keras.src.ops.numpy", "Add"),
    layer("BatchNormalization", "tensorflow.keras.layers"),
    layer("Normalization", mean=None, variance=None),
    layer("TransformerEncoder", "keras_hub.layers", "keras_hub>TransformerEncoder"),
    {"class_name": "__tuple__", "items": [1, 2]},
    {"class_name": "__keras_tensor__", "config": {"shape": [1], "dtype": "float32", "keras_history": ["a", 0, 0]}},
    {
        "module": "numpy",
        "class_name": "ndarray",
        "config": {"value": [1.0], "dtype": "float32"},
        "registered_name": None,
    },
]
COMPILED = {
    "optimizer": {
        "module": "keras.optimizers",
        "class_name": "Adam",
        "config": {"learning_rate": 0.001},
        "registered_name": None,
    },
    "loss": function("mse"),
    "metrics": ["accuracy"],
    "jit_compile": True,
}
OLD = {
    "class_name": "Sequential",
    "config": {"layers": [
        {"class_name": "Dense", "config": {"name": "d", "activation": "relu", "kernel_initializer": {"class_name": "Zeros", "config": {}}}},
        {"class_name": "TFOpLambda", "config": {"name": "tf.math.add", "function": "math.add"}},
        {"class_name": "Custom>MyLayer", "config": {"units": 3}},
        {"class_name": "MyLayer", "config": {"units": 3}},
    ]},
    "keras_version": "2.15.0",
}  # fmt: skip


FILE_OPERATOR = "keras-calls-file-operator"


def asked(value: object) -> list[str]:
    return ids(CHECKS, text.READER, json.dumps(value).encode(), "config.json")


@pytest.mark.parametrize("value", FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize("where", ["layer", "activation", "loss", "deep"])
def test_imports_module_flags(value: dict[str, object], where: str) -> None:
    configs = {
        "layer": model(value),
        "activation": model(layer("Dense", activation=value)),
        "loss": model(compile_config={"loss": value}),
        "deep": model(layer("Bidirectional", layer=layer("TimeDistributed", layer=layer("Dense", x=[{"y": value}])))),
    }
    assert asked(configs[where]) == ["keras-imports-module"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(model(layer("Lambda", function=LAMBDA)), id="v3 Lambda"),
        pytest.param(model(layer("Dense", activation=LAMBDA)), id="__lambda__ as activation"),
        pytest.param(model(compile_config={"loss": LAMBDA}), id="__lambda__ as loss"),
        pytest.param({"class_name": "Lambda", "config": {"function": ["4wE", None, None], "function_type": "lambda"}}, id="old Lambda"),
        pytest.param({"class_name": "X", "config": {"a": {"class_name": "Lambda", "config": {"function": ["4wE"], "function_type": "lambda"}}}}, id="nested"),
    ],
)  # fmt: skip
def test_runs_lambda_flags(value: object) -> None:
    assert "keras-runs-lambda" in asked(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (layer("TorchModuleWrapper", "keras.layers", module="gAKV"), "keras-loads-foreign-code"),
        (layer("TFSMLayer", "keras.layers", filepath="http://x/y"), "keras-loads-foreign-code"),
        (layer("StringLookup", vocabulary="/etc/passwd"), "keras-opens-path"),
        (layer("IntegerLookup", vocabulary="file:///etc/passwd"), "keras-opens-path"),
        (layer("TextVectorization", vocabulary="http://169.254.169.254/x"), "keras-opens-path"),
        (layer("StringLookup", vocabulary="../../x"), "keras-opens-path"),
        (layer("StringLookup", idf_weights="/etc/passwd"), "keras-opens-path"),
        ({"class_name": "exit", "module": "keras.src.models.model.warnings.sys"}, "keras-imports-module"),
        ({"class_name": "ClassMethod", "config": {"cls_ref": "tf.io.gfile", "method": "x"}}, FILE_OPERATOR),
        ({"class_name": "Dense", "config": {}, "x": [{"output_stream": "file:///tmp/x"}]}, FILE_OPERATOR),
        *(
            ({"class_name": "TFOpLambda", "config": {"name": "a", "function": name}}, FILE_OPERATOR)
            for name in (
                "io.read_file",
                "io.gfile.GFile",
                "saved_model.load",
                "data.TextLineDataset",
                "raw_ops.ReadFile",
            )
        ),
    ],
)
def test_other_ways_out_are_flagged(value: object, expected: str) -> None:
    assert expected in asked(model(value))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(model(*ORDINARY, compile_config=COMPILED, build_config={"input_shape": None}), id="v3"),
        pytest.param(OLD, id="v2"),
    ],
)
def test_ordinary_models_are_left_alone(value: object) -> None:
    assert asked(value) == []


def test_keras_archives_are_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.8.0"}')
        archive.writestr("config.json", json.dumps(model(layer("Lambda", function=LAMBDA))))
    assert "keras-runs-lambda" in flagged(tmp_path)


def test_a_lambda_in_yaml_is_read_as_one(tmp_path: Path) -> None:
    lambda_layer = "{class_name: Lambda, config: {function: !!python/tuple [4wE, null], function_type: lambda}}"
    (tmp_path / "model.yaml").write_text(f"class_name: Sequential\nconfig:\n- {lambda_layer}\n")
    assert flagged(tmp_path) == ["keras-runs-lambda"]
