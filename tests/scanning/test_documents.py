# ruff: noqa: E501 (a row of a table is one case)
from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path

import msgpack
import numpy as np
import pytest

from ossmodelkit.formats import numbers_only, rdata, text
from ossmodelkit.scanning.checks import r_objects
from ossmodelkit.scanning.checks.documents import CHECKS
from tests.making.blobs import flagged, ids, scan, views


def asked(name: str, content: str) -> list[str]:
    return ids(CHECKS, text.READER, content.encode(), name)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("a: !!python/object/apply:os.system ['id']", "yaml-builds-object", id="apply"),
        pytest.param("!!python/object/new:subprocess.Popen [[id]]", "yaml-builds-object", id="new"),
        pytest.param("a: !!python/name:os.system", "yaml-builds-object", id="name"),
        pytest.param("a: !!python/module:os", "yaml-builds-object", id="module"),
        pytest.param("a: !<tag:yaml.org,2002:python/object/apply:eval> ['1']", "yaml-builds-object", id="verbatim"),
        pytest.param("%TAG ! tag:yaml.org,2002:\n---\na: !python/object/apply:os.system ['id']", "yaml-builds-object", id="tag directive"),
        pytest.param("%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!object/apply:os.system ['id']", "yaml-builds-object", id="tag handle"),
        pytest.param("_type: llm_bash_chain\nllm: {}", "config-imports-target", id="LangChain"),
        pytest.param("a: !new:os.system\n  x: 1", "yaml-builds-object", id="HyperPyYAML"),
        pytest.param("model:\n  _target_: os.system\n  command: id", "config-imports-target", id="Hydra"),
        pytest.param("x: {_target_: builtins.exec, _args_: ['1']}", "config-imports-target", id="Hydra, flow"),
        pytest.param("l:\n- - _target_: subprocess.run", "config-imports-target", id="Hydra in lists"),
        pytest.param("a: &x\n  _target_: pip.main\nb: *x", "config-imports-target", id="Hydra, alias"),
        pytest.param("target: os.system", "config-imports-target", id="latent diffusion style"),
        pytest.param("x: &t os.system\nm:\n  _target_: *t", "config-imports-target", id="Hydra, alias of the name"),
        pytest.param("a: os\nb: system\nm:\n  _target_: ${x.a}.${b}", "config-imports-target", id="Hydra, put together"),
        pytest.param("components:\n  x:\n    type: os.system", "config-imports-target", id="Haystack"),
        pytest.param("x:\n  _target_: stranger.lib.Thing", "config-imports-target", id="unknown"),
    ],
)  # fmt: skip
def test_yaml_flags(content: str, expected: str) -> None:
    assert asked("model_config.yaml", content) == [expected]


@pytest.mark.parametrize(
    "content",
    [
        "preprocessor:\n  _target_: nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor\n  n: 3",
        "optim: {_target_: torch.optim.AdamW, lr: 1e-4}",
        "name: http.server\ntype: code.block\nclass: io.File",
        "model:\n  _target_: ${chosen}",
        "a: !!python/tuple [1, 2]\nb: !!set {x}\nc: 2001-01-01",
        "name: env\nchannels: [conda-forge]\ndependencies:\n- python=3.11\n- pip:\n  - torch",
        "model:\n  target: ldm.models.diffusion.ddpm.LatentDiffusion\n  params: {x: 1}",
        "a: &b {x: 1}\nc:\n  <<: *b\nd: [*b, *b]",
    ],
)
def test_yaml_leaves_alone(content: str) -> None:
    assert asked("config.yaml", content) == []


def test_yaml_that_multiplies_ends() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20)
    )
    assert asked("x.yaml", bomb) == []


@pytest.mark.parametrize(
    "content",
    [
        '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><PMML>&x;</PMML>',
        '<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><r>&b;</r>',
        '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://x/y">%p;]><r/>',
        '<!DOCTYPE r SYSTEM "http://evil.example/x.dtd"><r/>',
    ],
)
def test_xml_entity_flags(content: str) -> None:
    assert asked("model.pmml", content) == ["xml-entity"]


@pytest.mark.parametrize(
    "content",
    [
        '<?xml version="1.0"?><PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/></PMML>',
        '<?xml version="1.0" encoding="utf-8"?><svg xmlns="http://www.w3.org/2000/svg"><path d="M0"/></svg>',
        '<net name="m" version="11"><layers><layer id="0" type="Parameter" version="opset1"/></layers></net>',
        "<h1>a card</h1><p>not closed",
    ],
)
def test_xml_leaves_alone(content: str) -> None:
    assert asked("x.xml" if content.startswith("<?") else "x.md", content) == []


@pytest.mark.parametrize(
    "content",
    [
        '<svg xmlns="http://www.w3.org/2000/svg"><script>fetch("x")</script></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        '<svg xmlns:xlink="http://www.w3.org/1999/xlink"><a xlink:href="javascript:alert(1)"/></svg>',
        '<PMML version="4.4"><script>x</script></PMML>',
        '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:copy-of select="document(\'/etc/passwd\')"/></xsl:stylesheet>',
    ],
)
def test_xml_runs_code_flags(content: str) -> None:
    assert asked("x.svg", content) == ["xml-runs-code"]


def test_a_style_sheet_from_elsewhere_is_fetched() -> None:
    assert asked("x.xml", '<?xml version="1.0"?><?xml-stylesheet href="http://x/y.xsl"?><PMML/>') == ["xml-entity"]


@pytest.mark.parametrize(
    "content",
    [
        "<html><body><script>x()</script></body></html>",
        '<svg><style>a</style><text online="a">x</text></svg>',
        '<?xml-stylesheet href="a.css"?><svg/>',
    ],
)
def test_xml_runs_code_leaves_alone(content: str) -> None:
    assert asked("x.svg", content) == []


def test_openvino_custom_layer_flags() -> None:
    content = '<net><layers><layer id="0" type="Evil" version="evil_ext"/></layers></net>'
    assert asked("m.xml", content) == ["openvino-custom-layer"]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"__class__": "LogisticRegression", "__module__": "sklearn.linear_model._logistic", "__loader__": "ObjectNode"}, []),
        ({"__class__": "ndarray", "__module__": "numpy", "__loader__": "NdArrayNode"}, []),
        ({"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode"}, []),
        ({"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"}, ["skops-unknown-type"]),
        ({"__class__": "methodcaller", "__module__": "operator", "__loader__": "OperatorFuncNode"}, ["skops-unknown-type"]),
        ({"__class__": "Evil", "__module__": "stranger", "__loader__": "ObjectNode"}, ["skops-unknown-type"]),
    ],
)  # fmt: skip
def test_skops_types(node: dict[str, str], expected: list[str]) -> None:
    schema = {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode", "content": {"a": node}}
    assert asked("schema.json", json.dumps(schema)) == expected


def test_real_skops_files_are_left_alone(tmp_path: Path) -> None:
    skops = pytest.importorskip("skops.io")
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = np.random.rand(30, 4), np.arange(30) % 2
    columns = ColumnTransformer([("a", StandardScaler(), [0, 1])], remainder="passthrough")
    for number, end in enumerate((RandomForestClassifier(3), GradientBoostingClassifier(n_estimators=2))):
        skops.dump(make_pipeline(columns, end).fit(x, y), tmp_path / f"{number}.skops")
    assert flagged(tmp_path) == []


def r_number(*values: int) -> bytes:
    return struct.pack(f">{len(values)}i", *values)


R_HEAD = b"X\n" + r_number(3, 0x040300, 0x030500, 5) + b"UTF-8"
R_SYMBOL = r_number(1, 0x40009, 1) + b"x"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(r_number(5, 252) + R_SYMBOL, ["r-promise"], id="promise"),
        pytest.param(r_number(0x405, 253, 252) + R_SYMBOL, ["r-promise"], id="promise with an environment"),
        pytest.param(r_number(19, 1, 5, 252) + R_SYMBOL, ["r-promise"], id="promise in a list"),
        pytest.param(r_number(5, 254) + R_SYMBOL, [], id="promise with a value"),
        pytest.param(r_number(6, 1, 0x40009, 6) + b"system" + r_number(254), ["r-function-acts"], id="call of system"),
        pytest.param(r_number(6, 1, 0x40009, 3) + b"log" + r_number(254), [], id="call of log"),
        pytest.param(r_number(13, 2, 1, 2), [], id="integers"),
        pytest.param(r_number(0x213, 1, 14, 1) + bytes(8) + r_number(0x402) + R_SYMBOL + r_number(16, 0, 254), [], id="list with attributes"),
    ],
)  # fmt: skip
def test_r_promise(tmp_path: Path, body: bytes, expected: list[str]) -> None:
    assert ids(r_objects.CHECKS, rdata.READER, R_HEAD + body) == expected
    assert ids(r_objects.CHECKS, rdata.READER, b"RDX3\n" + R_HEAD + body) == expected
    (tmp_path / "m.rds").write_bytes(gzip.compress(R_HEAD + body))
    if expected:
        assert expected[0] in flagged(tmp_path)


def test_msgpack() -> None:
    array = msgpack.packb([[2], "float32", bytes(8)])
    flax = msgpack.packb({"params": {"dense": {"kernel": msgpack.ExtType(1, array)}}, "step": 3})
    assert len(views(numbers_only.MSGPACK, flax)) == 1
    assert ids(CHECKS, numbers_only.MSGPACK, flax) == []
    assert ids(CHECKS, numbers_only.MSGPACK, msgpack.packb({"x": msgpack.ExtType(42, b"x")})) == ["msgpack-extension"]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        pytest.param({b"nd": True, b"kind": b"O", b"data": b"N."}, ["msgpack-extension"], id="objects, keys as bytes"),
        pytest.param({"nd": True, "kind": "O", "data": b"N."}, ["msgpack-extension"], id="objects, keys as texts"),
        pytest.param({b"nd": True, b"type": "<f4", b"kind": b"", b"data": bytes(4)}, [], id="numbers"),
        pytest.param({"kind": "Other", "x": 1}, [], id="another kind"),
        pytest.param({"text": "\xa4kind\xa1O"}, [], id="the mark inside of a text"),
    ],
)
def test_arrays_of_msgpack_numpy(array: dict[object, object], expected: list[str]) -> None:
    assert ids(CHECKS, numbers_only.MSGPACK, msgpack.packb({"weights": array})) == expected


def test_xgboost_models_are_read(tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    data = xgboost.DMatrix(np.random.rand(20, 3), label=np.arange(20) % 2)
    booster = xgboost.train({"max_depth": 2}, data, 2)
    booster.save_model(tmp_path / "m.ubj")
    booster.save_model(tmp_path / "m.json")
    assert scan(tmp_path).verdict == "clean"
