"""What real libraries write is clean: one false alarm here fails the build."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from ossmodelkit.scanning.verdict import Word
from tests.making.memory import said, scan_bytes
from tests.making.ordinary_pickles import GROUPS, arrays, estimators, joblib_files


@pytest.mark.parametrize("group", GROUPS)
def test_ordinary_pickles_are_clean(group: str) -> None:
    make, protocols = GROUPS[group]
    try:
        values: dict[str, Any] = make()
    except ImportError as error:
        pytest.skip(f"needs {error.name}")
    for name, value in values.items():
        for protocol in protocols:
            try:
                data = pickle.dumps(value, protocol)
            except TypeError:
                continue
            found = scan_bytes(data)
            assert found.verdict is Word.CLEAN, f"{name}, protocol {protocol}: {said(found)}"


def test_ordinary_joblib_files_are_clean() -> None:
    import numpy as np

    value = {
        "model": estimators()["RandomForest"],
        "array": np.zeros((60, 4)),
        "fortran": np.asfortranarray(np.zeros((3, 2))),
        "empty": np.zeros((0, 3)),
        "objects": np.array(["a", {}], dtype=object),
        "record": np.zeros(3, dtype=[("a", "i4"), ("o", "O")]),
        "texts": np.array(["abc"]),
    }
    for name, data in joblib_files(value).items():
        found = scan_bytes(data)
        assert found.verdict is Word.CLEAN, f"{name}: {said(found)}"


def test_ordinary_arrays_are_clean() -> None:
    for name, data in arrays().items():
        found = scan_bytes(data)
        assert found.verdict is Word.CLEAN, f"{name}: {said(found)}"


@pytest.mark.parametrize(
    "text",
    [
        "torch\nnumpy\n",
        "catboost\nnumpy\nscipy\n",
        "cat\ndog\n.\n",
        "import os\n",
        "(see below)\n",
        "N. of things\n",
        "Please read.\n",
        "}\n",
        "]\n",
        "i\nam\ntext",
        "I1\nis a line\n",
    ],
)
def test_text_that_begins_like_a_pickle_is_left_alone(text: str) -> None:
    found = scan_bytes(text.encode(), "requirements.txt")
    assert not found.answers.findings, said(found)


def test_several_pickles_in_a_row_are_clean() -> None:
    assert scan_bytes(b"".join(pickle.dumps({"i": number}) for number in range(20))).verdict is Word.CLEAN
