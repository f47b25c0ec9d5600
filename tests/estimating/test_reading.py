"""Headers and configurations come from strangers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ossmodelkit.estimating.reading import read_config, read_held
from ossmodelkit.foundation.errors import KitError, NothingToJudgeError, UsageError
from ossmodelkit.sources.local import LocalSource


def held(folder: Path, data: bytes) -> object:
    (folder / "model.safetensors").write_bytes(data)
    return read_held(LocalSource(folder))


def test_numbers_are_summed_by_dtype(tmp_path: Path) -> None:
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "a": {"dtype": "BF16", "shape": [4, 8], "data_offsets": [0, 64]},
            "b": {"dtype": "U8", "shape": [16], "data_offsets": [64, 80]},
        }
    ).encode()
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(80))
    found = read_held(LocalSource(tmp_path))
    assert found.numbers == {"BF16": 32, "U8": 16}
    assert (found.size, found.packed, found.unread) == (80, True, ())


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.binary(max_size=64) | some.builds(lambda n: n.to_bytes(8, "little") + b"{}", some.integers(0, 2**63)))
def test_broken_headers_are_named_and_never_raise(tmp_path: Path, data: bytes) -> None:
    held(tmp_path, data)


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        pytest.param("config.json", b'{"hidden_size": ', UsageError, id="broken JSON"),
        pytest.param("config.json", b"[1]", UsageError, id="no object"),
        pytest.param("config.json", b'{"a":1,"a":2}', UsageError, id="a field twice"),
        pytest.param("config.json", b"[" * 100_000, UsageError, id="nested deeply"),
        pytest.param("model.gguf", b"GGUF", NothingToJudgeError, id="made for inference"),
        pytest.param("weights.bin", b"x", NothingToJudgeError, id="no configuration"),
    ],
)
def test_a_bad_configuration_is_refused(tmp_path: Path, name: str, data: bytes, error: type[KitError]) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(error):
        read_config(LocalSource(tmp_path))
