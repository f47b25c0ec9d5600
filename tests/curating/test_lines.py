"""A finding names the line that an editor shows, whatever the container and the line endings."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.making.feeds import checked, feed, findings, places

TEXT = st.text(
    alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\x00"),
    max_size=30,
).map(lambda text: "x" + text)
ENDINGS = st.sampled_from(("\n", "\r\n"))
CODECS = st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"))
MARKED = "write to mark@example.com"


def line_of(text: str, mark: str = MARKED) -> int:
    return text.count("\n", 0, text.index(mark)) + 1


def email_lines(data: bytes, name: str) -> list[int | None]:
    return [one.at.line for one in findings(data, name, skip=("duplicates",)) if one.check == "data-email"]


@given(st.lists(st.one_of(st.none(), TEXT), max_size=12), ENDINGS, CODECS, st.integers(0, 12), st.booleans())
def test_json_lines(texts: list[str | None], ending: str, codec: str, where: int, closed: bool) -> None:
    """None stands for a blank line."""
    lines = ["" if text is None else json.dumps({"text": text.replace("@", "")}) for text in texts]
    lines.insert(min(where, len(lines)), json.dumps({"text": MARKED}))
    # Without a mark UTF-16 is told by its zero bytes: the first line has to be plain.
    lines.insert(0, json.dumps({"text": "a plain line"}))
    whole = ending.join(lines) + (ending if closed else "")
    assert email_lines(whole.encode(codec), "a.jsonl") == [line_of(whole)]


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8), ENDINGS, st.integers(0, 8), st.sampled_from(",;\t"))
def test_csv_with_line_breaks_inside_cells(rows: list[tuple[str, str]], ending: str, where: int, mark: str) -> None:
    rows = [(a.replace("@", ""), b.replace("@", "")) for a, b in rows]
    rows.insert(min(where, len(rows)), (MARKED, "a\nb\r\nc"))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerow(("prompt", "completion"))
    writer.writerows(rows)
    assert email_lines(out.getvalue().encode(), "a.csv") == [line_of(out.getvalue())]


@given(st.lists(TEXT, max_size=8), st.sampled_from((None, 1, 4)), st.integers(0, 8))
def test_json_array(texts: list[str], indent: int | None, where: int) -> None:
    rows = [{"n": 1, "text": text.replace("@", "")} for text in texts]
    rows.insert(min(where, len(rows)), {"n": 2, "text": MARKED})
    whole = json.dumps(rows, indent=indent, ensure_ascii=False)
    start = whole.rindex("{", 0, whole.index(MARKED))
    assert email_lines(whole.encode(), "a.json") == [whole.count("\n", 0, start) + 1]


def test_an_array_on_one_line_may_be_larger_than_any_row_and_names_the_element() -> None:
    from ossmodelkit.curating.row import Bounds

    rows = [{"text": f"row {number} \ufffd"} for number in range(500)]
    rows[321]["text"] = MARKED
    found = findings(json.dumps(rows, ensure_ascii=False).encode(), "a.json", bounds=Bounds(row_bytes=1000))
    places = [str(one.at) for one in found if one.check != "data-garbled-text"]
    assert places == ["a.json ▸ [321].text:1"]


def test_objects_spread_over_lines() -> None:
    whole = "".join(json.dumps({"text": text}, indent=2) + "\n\n" for text in ("one", MARKED, "three"))
    assert email_lines(whole.encode(), "a.json") == [5]


def test_a_blank_line_counts_and_is_no_row() -> None:
    found = checked(feed(b'\n\n{"text": "a"}\r\n\r\n{"text": \n'))
    assert places(found.answers.findings) == {("data-broken-json", 5)}
    assert (found.rows, found.files[0].unread) == (1, 1)


def test_a_line_separator_inside_a_string_is_no_line_break() -> None:
    data = '{"text": "a\u2028b\u0085c"}\n{"text": \n'.encode()
    assert ("data-broken-json", 2) in places(findings(data))


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        pytest.param(
            b'{"text": "a"}\n{"text": "caf\xe9"}\n', "a.jsonl", ("data-mixed-encoding", 2), id="latin in utf-8"
        ),
        pytest.param(b'{"text": "a"}\n[1]\n', "a.jsonl", ("data-not-an-object", 2), id="a list"),
        pytest.param(b'{"text": "a"}\nnull\n', "a.jsonl", ("data-not-an-object", 2), id="null"),
        pytest.param(b'[{"text": "a"},\nnull]', "a.json", ("data-not-an-object", 2), id="null in an array"),
        pytest.param(b'{"text": "a"}\n{"text": NaN}\n', "a.jsonl", ("data-broken-json", 2), id="not a number"),
        pytest.param(b'{"text": "a"}\n{"text": 1e400}\n', "a.jsonl", ("data-broken-json", 2), id="beyond numbers"),
        pytest.param(b'{"text": "a"}\n' + b"[" * 100_000 + b"\n", "a.jsonl", ("data-broken-json", 2), id="nested deep"),
        pytest.param(b'text,b\n"a\nb",c\nd\n', "a.csv", ("data-ragged-row", 4), id="a cell is missing"),
        pytest.param(b'text,b\nx,y\n"a,b\nc,d\n', "a.csv", ("data-ragged-row", 3), id="an open quote"),
        pytest.param(b'text,b\nx,y\n"a\xe9",b\n', "a.csv", ("data-mixed-encoding", 3), id="latin in a csv"),
        pytest.param(b"text,text\nx,y\n", "a.csv", ("data-ragged-row", 1), id="a heading twice"),
        pytest.param(b'[{"text": "a"},\n{"text": }]', "a.json", ("data-broken-json", 2), id="broken in an array"),
        pytest.param(b'[{"text": "a"}\n{"text": "b"}]', "a.json", ("data-broken-json", 2), id="a comma is missing"),
        pytest.param(
            b'[{"text": "a"},\n\n{"text": "b\xe9"}]', "a.json", ("data-mixed-encoding", 3), id="latin in an array"
        ),
        pytest.param(b'[{"text": "a"},\n{"text": "b"}\n', "a.json", ("data-broken-json", 3), id="the end is missing"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(data: bytes, name: str, expected: tuple[str, int]) -> None:
    assert expected in places(findings(data, name))


def test_a_row_beyond_all_bounds_is_skipped_and_named() -> None:
    from ossmodelkit.curating.row import Bounds

    huge = b'{"text": "' + b"a" * 5000 + b'"}'
    data = b'{"text": "a"}\n' + huge + b'\n{"text": "write to b@example.com"}\n'
    found = places(findings(data, bounds=Bounds(row_bytes=1000)))
    assert {("data-row-too-large", 2), ("data-email", 3)} <= found


@given(st.binary(max_size=300), st.sampled_from(("a.jsonl", "a.json", "a.csv", "a.tsv", "b")))
def test_any_bytes_end_in_an_answer_or_a_named_error(data: bytes, name: str) -> None:
    from ossmodelkit.foundation.errors import KitError

    try:
        found = checked(feed(data or b"\n", name))
    except KitError as error:
        assert error.message
    else:
        last = data.count(b"\n") + 1
        assert all(1 <= (one.at.line or 1) <= max(last, len(data)) for one in found.answers.findings)
