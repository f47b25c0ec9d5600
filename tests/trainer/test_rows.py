"""Bad data is named by file and line before the first step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ossmodelkit.trainer.rows import read_rows
from ossmodelkit.trainer.troubles import Trouble
from tests.trainer.runs import plan_of

GOOD = b'{"prompt": "a", "completion": "b"}\n'


def refuse(folder: Path, content: bytes, **plan: Any) -> Trouble:
    path = folder / "data.jsonl"
    path.write_bytes(content)
    with pytest.raises(Trouble) as caught:
        read_rows(path, plan_of(**plan))
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("line", "says"),
    [
        pytest.param(b"{", "is not JSON", id="broken JSON"),
        pytest.param(b"[1]", "is not a JSON object", id="a list"),
        pytest.param(b'{"question": "a"}', "this one has question", id="unknown shape"),
        pytest.param(b'{"prompt": "a", "completion": 3}', "'completion' is not text", id="a number"),
        pytest.param(b'{"prompt": "a", "completion": ""}', "'completion' is empty", id="nothing to learn"),
        pytest.param(b'{"text": ""}', "'text' is empty", id="no text"),
        pytest.param(b'{"messages": []}', "not a list of turns", id="no turns"),
        pytest.param(b'{"messages": [{"role": "bot", "content": "x"}]}', "no known role", id="unknown role"),
        pytest.param(b'{"messages": [{"role": "user", "content": "x"}]}', "no assistant turn", id="nobody answers"),
        pytest.param(
            b'{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": ""}]}',
            "every assistant turn is empty",
            id="an answer of nothing",
        ),
        pytest.param(b'{"messages": [{"role": "user", "content": 3}]}', "content is not text", id="content a number"),
        pytest.param(b'{"text": "caf\xe9"}', "is not UTF-8 at byte", id="latin-1"),
        pytest.param(b"[" * 100_000, "is not JSON", id="nested without end"),
    ],
)
def test_a_bad_row_is_named_by_its_line(line: bytes, says: str, tmp_path: Path) -> None:
    trouble = refuse(tmp_path, GOOD + b"\n" + line + b"\n" + GOOD)
    assert "data.jsonl:3" in trouble.message
    assert says in trouble.message


def test_an_id_belongs_to_one_row(tmp_path: Path) -> None:
    one, two = (b'{"id": 7, "text": "%s"}\n' % word for word in (b"a", b"b"))
    assert "data.jsonl:3 has the id '7' of line 1" in refuse(tmp_path, one + GOOD + two).message
    (tmp_path / "data.jsonl").write_bytes(one + one)
    assert len(read_rows(tmp_path / "data.jsonl", plan_of())[0]) == 2, "a row that is repeated stays"


@pytest.mark.parametrize(
    "content", [b"prompt,completion\na,b\n", b'[\n{"text": "a"}\n]\n'], ids=["a table", "an array"]
)
def test_another_form_is_sent_to_the_rewriter(content: bytes, tmp_path: Path) -> None:
    assert "kit data format data.jsonl" in refuse(tmp_path, content).hint


def test_no_rows_are_no_data(tmp_path: Path) -> None:
    assert "holds no row" in refuse(tmp_path, b"\n \n").message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="no data at"):
        read_rows(tmp_path / "none.jsonl", plan_of())


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD)
    rows, _ = read_rows(path, plan_of())
    assert (rows[0].prompt, rows[0].answer) == ("a", "b")


@pytest.mark.parametrize("label", [b"null", b"true", b'""', b"1.5", b"[1]"])
def test_a_label_is_a_word_or_a_whole_number(label: bytes, tmp_path: Path) -> None:
    line = b'{"text": "a", "label": ' + label + b"}\n"
    assert "neither a word nor" in refuse(tmp_path, line, task="sequence-classification").message


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_give_rows_or_a_clear_end(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "data.jsonl"
    path.write_bytes(content)
    try:
        rows, _ = read_rows(path, plan_of())
    except Trouble as trouble:
        assert trouble.message
    else:
        assert rows
