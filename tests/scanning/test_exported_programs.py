"""Exported programs and TorchScript: texts that torch evaluates, resolves or runs."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.making.container_attacks import EVIL, GOOD, zipped
from tests.making.memory import said, scan_bytes


def program(**more: Any) -> bytes:
    """A `.pt2` whose JSON is an exported program with these fields."""
    value = {"graph_module": {}, "opset_version": {"aten": 10}, "schema_version": {"major": 8, "minor": 2}, **more}
    return zipped([("x/archive_format", b"pt2"), ("x/models/model.json", json.dumps(value).encode())])


def script(line: str) -> bytes:
    """A TorchScript module with one line in its method."""
    code = f"class M(Module):\n  def forward(self, x: Tensor) -> Tensor:\n    {line}\n    return x\n"
    return zipped([("a/data.pkl", GOOD), ("a/code/__torch__.py", code.encode()), ("a/version", b"3")])


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"as_expr": {"expr_str": "__import__('os').system('id')"}}, id="size with an import"),
        pytest.param({"as_expr": {"expr_str": "eval('1')"}}, id="size with eval"),
        pytest.param({"as_expr": {"expr_str": "(lambda: 0)()"}}, id="size with a function"),
        pytest.param({"guards_code": ["__import__('os').system('id')"]}, id="guard"),
        pytest.param({"nodes": [{"target": "torch.hub.load"}]}, id="operator of torch.hub"),
        pytest.param({"nodes": [{"target": "os.system"}]}, id="operator of os"),
    ],
)
def test_an_exported_program_that_runs_python_is_dangerous(fields: dict[str, Any]) -> None:
    found = scan_bytes(program(**fields), "model.pt2")
    assert "exported-program-runs-code" in {one.check for one in found.answers.findings}, said(found)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"as_expr": {"expr_str": "Mul(Integer(2), Symbol('s7', positive=True))"}}, id="product"),
        pytest.param({"as_expr": {"expr_str": "2*s0 + Max(1, FloorDiv(s1, 4))"}}, id="sum"),
        pytest.param({"guards_code": ["L['x'].size()[0] >= 2"]}, id="guard on a size"),
        pytest.param({"nodes": [{"target": "torch.ops.aten.add.Tensor"}, {"target": "_operator.mul"}]}, id="operators"),
    ],
)
def test_arithmetic_over_sizes_is_left_alone(fields: dict[str, Any]) -> None:
    found = scan_bytes(program(**fields), "model.pt2")
    assert found.verdict == "clean", said(found)


@pytest.mark.parametrize(
    "line",
    [
        "x = torch.from_file('/etc/passwd')",
        "_0 = __torch__.torch.classes.evil.Loader.__new__()",
        "x = ^EvilFunction('x')(x)",
        "x = ops.torchaudio.sox_io_load_audio_file('/etc/passwd')",
    ],
)
def test_torchscript_that_reaches_out_is_dangerous(line: str) -> None:
    found = scan_bytes(script(line), "model.pt")
    assert "torchscript-reaches-disk" in {one.check for one in found.answers.findings}, said(found)


def test_a_weight_list_that_leads_outside_is_dangerous() -> None:
    weights = {"config": {"w": {"path_name": "../../../x", "use_pickle": True}}}
    data = zipped(
        [("x/archive_format", b"pt2"), ("x/data/weights/model_weights_config.json", json.dumps(weights).encode())]
    )
    assert "index-points-outside" in {one.check for one in scan_bytes(data, "m.pt2").answers.findings}


def test_debug_files_of_torchscript_are_read_as_pickles() -> None:
    data = zipped([("a/data.pkl", GOOD), ("a/code/__torch__.py.debug_pkl", EVIL), ("a/version", b"3")])
    assert scan_bytes(data).verdict == "dangerous"


@pytest.mark.train
def test_what_torch_exports_is_left_alone() -> None:
    import torch
    from torch.export import Dim

    class Halves(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.reshape(x.shape[0] * 2, -1)

    exported = torch.export.export(Halves(), (torch.zeros(8, 4),), dynamic_shapes=({0: Dim("b", min=2, max=64)},))
    target = io.BytesIO()
    torch.export.save(exported, target)
    traced = io.BytesIO()
    torch.jit.save(torch.jit.trace(Halves(), torch.zeros(8, 4)), traced)
    for data, name in ((target.getvalue(), "m.pt2"), (traced.getvalue(), "m.pt")):
        found = scan_bytes(data, name)
        assert found.verdict == "clean", said(found)
