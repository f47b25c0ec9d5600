from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from ossmodelkit.formats import onnx as onnx_reader
from ossmodelkit.formats import small_protobufs, tensorflow
from ossmodelkit.formats.readers_more import MORE
from ossmodelkit.scanning.checks.graphs import CHECKS
from tests.making.blobs import flagged, ids, scan, survives
from tests.making.lite_models import lite
from tests.making.wire import attribute, constant, field, function, graph, node, saved_model

RELU = [helper.make_node("Relu", ["x"], ["y"])]


def tensor(name: str = "w", location: str = "") -> onnx.TensorProto:
    made = numpy_helper.from_array(np.ones((2, 2), "float32"), name)
    if location:
        made.ClearField("raw_data")
        made.data_location = TensorProto.EXTERNAL
        made.external_data.add(key="location", value=location)
    return made


def model(nodes: list[onnx.NodeProto] = RELU, tensors: tuple[onnx.TensorProto, ...] = (), **more: object) -> bytes:
    value = helper.make_tensor_value_info
    made = helper.make_graph(nodes, "g", [value("x", 1, [2])], [value("y", 1, [2])], list(tensors))
    return helper.make_model(made, **more).SerializeToString()


def in_subgraph(location: str) -> list[onnx.NodeProto]:
    value = helper.make_tensor_value_info
    inner = helper.make_graph(RELU, "inner", [], [value("y", 1, [2])], [tensor("deep", location)])
    return [helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(model(tensors=(tensor("w", "../../etc/passwd"),)), "onnx-external-path", id="above"),
        pytest.param(model(tensors=(tensor("w", "/etc/passwd"),)), "onnx-external-path", id="absolute"),
        pytest.param(model(tensors=(tensor("w", "C:\\x"),)), "onnx-external-path", id="drive"),
        pytest.param(model(tensors=(tensor("w", "a/../../b"),)), "onnx-external-path", id="above in the middle"),
        pytest.param(model(tensors=(tensor("w", "*/_ORT_MEM_ADDR_/*"),)), "onnx-external-path", id="memory address"),
        pytest.param(model(in_subgraph("/etc/passwd")), "onnx-external-path", id="in a subgraph"),
        pytest.param(
            model([helper.make_node("Constant", [], ["y"], value=tensor("c", "../x"))]),
            "onnx-external-path",
            id="in an attribute",
        ),
        pytest.param(model([helper.make_node("PyOp", ["x"], ["y"], domain="pyop")]), "onnx-runs-code", id="PyOp"),
        pytest.param(model([helper.make_node("Foo", ["x"], ["y"], domain="evil")]), "onnx-unknown-domain", id="domain"),
    ],
)
def test_onnx_flags(data: bytes, expected: str) -> None:
    assert expected in ids(CHECKS, onnx_reader.READER, data)


FUNCTION = helper.make_function("own", "F", ["x"], ["y"], RELU, [helper.make_opsetid("", 20)])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(model(tensors=(tensor(),)), id="inline tensors"),
        pytest.param(model(tensors=(tensor("w", "model.onnx_data"),)), id="data beside the model"),
        pytest.param(model([helper.make_node("Attention", ["x"], ["y"], domain="com.microsoft")]), id="com.microsoft"),
        pytest.param(model([helper.make_node("Scaler", ["x"], ["y"], domain="ai.onnx.ml")]), id="ai.onnx.ml"),
        pytest.param(
            model([helper.make_node("F", ["x"], ["y"], domain="own")], functions=[FUNCTION]), id="own functions"
        ),
    ],
)
def test_onnx_leaves_alone(data: bytes) -> None:
    assert onnx_reader.READER.accepts(_blob(data))
    assert ids(CHECKS, onnx_reader.READER, data) == []


def _blob(data: bytes) -> object:
    from tests.making.blobs import blob

    return blob(data)


def test_fields_in_any_order_are_read() -> None:
    data = model(tensors=(tensor("w", "/etc/passwd"),))
    whole = onnx.ModelProto.FromString(data)
    graph_bytes = whole.graph.SerializeToString()
    assert ids(CHECKS, onnx_reader.READER, field(7, graph_bytes) + field(1, 8)) == ["onnx-external-path"]


def test_external_data_needs_no_reader_of_its_own(tmp_path: Path) -> None:
    made = onnx.load_from_string(model(tensors=(numpy_helper.from_array(np.random.rand(64, 64), "w"),)))
    onnx.save_model(
        made, tmp_path / "model.onnx", save_as_external_data=True, location="model.onnx_data", size_threshold=0
    )
    assert (tmp_path / "model.onnx_data").exists()
    assert scan(tmp_path).verdict == "clean"


ORDINARY = graph(
    node("x", "Placeholder"),
    node("saver_filename", "Placeholder"),
    constant("names", "w"),
    node("save", "SaveV2", "saver_filename", "names", "names", "x"),
    node("restore", "RestoreV2", "saver_filename", "names", "names"),
    constant("temp", "_temp/part"),
    node("join", "StringJoin", "saver_filename", "temp"),
    node("sharded", "ShardedFilename", "join"),
    node("save2", "SaveV2", "sharded", "names", "names"),
    node("parts", "Pack", "sharded"),
    node("merge", "MergeV2Checkpoints", "parts", "saver_filename"),
    constant("vocab", "vocab.txt"),
    node("table", "InitializeTableFromTextFileV2", "x", "vocab"),
    node("call", "StatefulPartitionedCall", "x"),
    node("print", "PrintV2", "x", attributes=attribute("output_stream", field(2, "stderr"))),
    functions=function("f", node("y", "MatMul", "a", "b")),
)


@pytest.mark.parametrize("wrap", [saved_model, lambda g: g], ids=["saved model", "frozen graph"])
@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        pytest.param(
            (constant("p", "/etc/passwd"), node("r", "ReadFile", "p")), "tensorflow-touches-files", id="ReadFile"
        ),
        pytest.param((node("w", "WriteFile", "p", "q"),), "tensorflow-touches-files", id="WriteFile"),
        pytest.param((node("m", "MatchingFiles", "p"),), "tensorflow-touches-files", id="MatchingFiles"),
        pytest.param((node("d", "DebugIdentityV2", "p"),), "tensorflow-touches-files", id="DebugIdentityV2"),
        pytest.param((node("d", "TextLineDataset", "p"),), "tensorflow-touches-files", id="TextLineDataset"),
        pytest.param((node("d", "SqlDataset", "p"),), "tensorflow-touches-files", id="SqlDataset"),
        pytest.param((node("d", "WholeFileReaderV2"),), "tensorflow-touches-files", id="WholeFileReaderV2"),
        pytest.param(
            (node("d", "PrintV2", "p", attributes=attribute("output_stream", field(2, "file:///tmp/x"))),),
            "tensorflow-touches-files",
            id="PrintV2 to a file",
        ),
        pytest.param((node("p", "EagerPyFunc", "x"),), "tensorflow-runs-code", id="EagerPyFunc"),
        pytest.param((node("p", "PyFuncStateless", "x"),), "tensorflow-runs-code", id="PyFuncStateless"),
        pytest.param(
            (constant("p", "/home/u/.bashrc"), node("s", "SaveV2", "p", "n", "n", "x")),
            "tensorflow-constant-path",
            id="SaveV2",
        ),
        pytest.param(
            (constant("p", "/etc/x"), node("i", "Identity", "p"), node("s", "RestoreV2", "i:0", "n", "n")),
            "tensorflow-constant-path",
            id="RestoreV2 through Identity",
        ),
        pytest.param(
            (constant("p", "/etc/x"), node("m", "MergeV2Checkpoints", "x", "p")),
            "tensorflow-constant-path",
            id="a checkpoint merged to a path of the file's own",
        ),
        pytest.param(
            (constant("p", "/etc/x"), node("k", "Pack", "p"), node("m", "MergeV2Checkpoints", "k", "x")),
            "tensorflow-constant-path",
            id="a checkpoint merged from paths of the file's own",
        ),
    ],
)
def test_tensorflow_flags(wrap: object, nodes: tuple[bytes, ...], expected: str) -> None:
    first = node("x", "Placeholder")
    assert ids(CHECKS, tensorflow.READER, wrap(graph(first, *nodes))) == [expected]  # type: ignore[operator]
    inner = graph(first, functions=function("f", *nodes))
    assert ids(CHECKS, tensorflow.READER, wrap(inner)) == [expected]  # type: ignore[operator]


@pytest.mark.parametrize("data", [ORDINARY, saved_model(ORDINARY)], ids=["frozen graph", "saved model"])
def test_tensorflow_leaves_ordinary_graphs_alone(data: bytes) -> None:
    assert tensorflow.READER.accepts(_blob(data))  # type: ignore[arg-type]
    assert ids(CHECKS, tensorflow.READER, data) == []


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("saved_model.pbtxt", 'node {\n name: "r"\n op: "ReadFile"\n}', ["tensorflow-touches-files"]),
        ("graph.pbtxt", "node { op: 'Read' \"\\x46ile\" }", ["tensorflow-touches-files"]),
        ("m.textproto", 'graph { node { op_type: "PyOp" domain: "x" } }', ["onnx-runs-code", "onnx-unknown-domain"]),
        ("m.textproto", 'external_data { key: "location" value: "/etc/passwd" }', ["onnx-external-path"]),
        (
            "m.onnxjson",
            '{"graph": {"node": [{"opType": "PyOp", "domain": "x"}]}}',
            ["onnx-runs-code", "onnx-unknown-domain"],
        ),
        (
            "m.json",
            '{"graph": {"initializer": [{"externalData": [{"key": "location", "value": "/x"}]}]}}',
            ["onnx-external-path"],
        ),
        (
            "m.json",
            '{"graph": {"initializer": [{"external_data": [{"key": "location", "value": "../x"}]}]}}',
            ["onnx-external-path"],
        ),
        ("m.json", '{"graph": {"node": [{"opType": "MatMul", "input": ["a"]}]}}', []),
        (
            "m.onnxtxt",
            '<ir_version: 8, opset_import: ["x" : 1]> g (float[1] a) => (float[1] y) { y = x.PyOp (a) }',
            ["onnx-runs-code", "onnx-unknown-domain"],
        ),
        (
            "m.onnxtxt",
            '<ir_version: 8, opset_import: ["" : 1]> g (float[1] a) => (float[1] y) { y = MatMul (a, a) }',
            [],
        ),
        ("config.pbtxt", 'name: "m"\nplatform: "onnxruntime_onnx"\ninput [ { name: "x" dims: [1] } ]', []),
        ("graph.pbtxt", 'node { name: "a" op: "MatMul" input: "b" }', []),
    ],
)
def test_protobufs_written_as_text_are_read(tmp_path: Path, name: str, content: str, expected: list[str]) -> None:
    (tmp_path / name).write_text(content)
    assert flagged(tmp_path) == expected


def test_a_saved_model_folder_is_clean(tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    (tmp_path / "assets").mkdir()
    (tmp_path / "saved_model.pb").write_bytes(saved_model(ORDINARY))
    (tmp_path / "fingerprint.pb").write_bytes(
        b"".join(field(n, 2**61 + n) for n in range(1, 6)) + field(7, field(1, 1))
    )
    (tmp_path / "variables" / "variables.index").write_bytes(bytes(100) + b"\x57\xfb\x80\x8b\x24\x75\x47\xdb")
    (tmp_path / "variables" / "variables.data-00000-of-00001").write_bytes(np.random.rand(500).tobytes())
    (tmp_path / "assets" / "vocab.txt").write_text("a\nb\n")
    assert scan(tmp_path).verdict == "clean"


TABLE = (constant("p", "/data/vocab.txt"), node("t", "InitializeTableFromTextFileV2", "x", "p"))


def test_a_vocabulary_that_is_no_asset_is_flagged() -> None:
    assert ids(CHECKS, tensorflow.READER, graph(*TABLE)) == ["tensorflow-constant-path"]
    meta = field(1, field(5, "2.16")) + field(2, graph(*TABLE))
    assert ids(CHECKS, tensorflow.READER, field(1, 1) + field(2, meta + field(6, field(2, "vocab.txt")))) == []
    above = field(1, 1) + field(2, meta + field(6, field(2, "../../vocab.txt")))
    assert ids(CHECKS, tensorflow.READER, above) == ["tensorflow-constant-path"]


def test_a_cached_context_outside_is_flagged() -> None:
    path = "../../x.bin"
    made = helper.make_node("EPContext", ["x"], ["y"], domain="com.microsoft", ep_cache_context=path, embed_mode=0)
    assert ids(CHECKS, onnx_reader.READER, model([made])) == ["onnx-external-path"]


def test_keras_metadata_beside_a_saved_model_is_read(tmp_path: Path) -> None:
    config = '{"class_name": "Lambda", "config": {"function": ["4wEA", null, null], "function_type": "lambda"}}'
    entry = field(2, 1) + field(3, "root") + field(4, "_tf_keras_layer") + field(5, config)
    (tmp_path / "keras_metadata.pb").write_bytes(field(1, entry))
    assert flagged(tmp_path) == ["keras-runs-lambda"]


def test_core_ml_custom_code_flags() -> None:
    head = field(1, 4) + field(2, field(1, field(1, "in")))
    assert ids(CHECKS, small_protobufs.COREML, head + field(555, field(10, "Evil"))) == ["coreml-custom-code"]
    layer = field(500, field(1, field(1, "l") + field(500, field(10, "EvilLayer"))))
    assert ids(CHECKS, small_protobufs.COREML, head + layer) == ["coreml-custom-code"]
    assert ids(CHECKS, small_protobufs.COREML, head + field(502, field(1, 1))) == []


def test_paddle_runs_code_flags() -> None:
    def program(*operators: bytes) -> bytes:
        return field(1, field(1, 0) + field(2, 0) + field(3, field(1, "x")) + b"".join(field(4, o) for o in operators))

    path = field(4, field(1, "file_path") + field(2, 2) + field(5, "/etc/passwd"))
    assert ids(CHECKS, small_protobufs.PADDLE, program(field(3, "py_func"))) == ["paddle-runs-code"]
    assert ids(CHECKS, small_protobufs.PADDLE, program(field(3, "load_combine") + path)) == ["paddle-runs-code"]
    assert ids(CHECKS, small_protobufs.PADDLE, program(field(3, "matmul_v2"), field(3, "feed"))) == []


SAMPLES = [model(in_subgraph("x")), ORDINARY, saved_model(ORDINARY), lite("FlexReadFile")]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SAMPLES), st.integers(0, 600), st.binary(min_size=1, max_size=9))
def test_forged_bytes_are_survived(sample: bytes, at: int, change: bytes) -> None:
    forged = sample[:at] + change + sample[at + len(change) :]
    for reader in MORE:
        survives(reader, forged)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data: bytes) -> None:
    for reader in MORE:
        survives(reader, data)
