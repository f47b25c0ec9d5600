"""Cleaning, converting, mixing and augmenting write new files that are fit, and always the same ones."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.curating import converting
from ossmodelkit.curating.augmenting import Augmenting, augment
from ossmodelkit.curating.cleaning import Cleaned, Cleaning, clean
from ossmodelkit.curating.mixing import Mixed, Mixing, mix
from ossmodelkit.curating.redacting import Redactor
from ossmodelkit.curating.row import Bounds, Feed
from ossmodelkit.foundation.errors import KitError, UsageError
from ossmodelkit.foundation.progress import Silent
from tests.making.feeds import chat, checked, feed, jsonl
from tests.making.planted import corpus


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def cleaned(path: Path, data: bytes, name: str = "a.jsonl", against: tuple[Feed, ...] = (), **wanted: Any) -> Cleaned:
    return clean([feed(data, name)], against, path, Cleaning(**wanted), Silent())


def test_the_same_value_gets_the_same_placeholder_within_a_row(tmp_path: Path) -> None:
    data = jsonl([chat("I am a@example.com", "Hello a@example.com and b@example.com"), chat("b@example.com", "x")])
    cleaned(tmp_path / "out", data)
    said = [[turn["content"] for turn in row["messages"]] for row in read(tmp_path / "out")]
    assert said == [["I am <EMAIL_1>", "Hello <EMAIL_1> and <EMAIL_2>"], ["<EMAIL_1>", "x"]]


def test_two_spellings_of_one_number_are_one_value() -> None:
    redactor = Redactor()
    assert redactor.text("4111 1111 1111 1111 or 4111-1111-1111-1111", "") == "<CARD_1> or <CARD_1>"


def test_what_is_cleaned_has_nothing_left_to_clean(tmp_path: Path) -> None:
    rows = [chat(planted.text, f"row {number}") for number, planted in enumerate(corpus(5, 400))]
    cleaned(tmp_path / "out", jsonl(rows))
    found = checked(feed((tmp_path / "out").read_bytes()), skip=("duplicates", "poisoning"))
    assert found.counts == {}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**7), 10**7) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    )
)
def test_redacting_keeps_the_form_of_a_row(value: Any) -> None:
    def form(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: form(item) for key, item in part.items()}
        return [form(item) for item in part] if isinstance(part, list) else type(part)

    assert form(Redactor().row(value)) == form(value)


def test_cleaning_leaves_out_what_is_broken_repeated_or_examined(tmp_path: Path) -> None:
    question = "which of the two rivers below the old bridge of the town carries more water"
    data = b'{"broken\n' + jsonl([chat("a", "b"), chat("a", "b"), chat(question, "x"), chat("c", " "), [1]])
    exam = feed(jsonl([chat(question, "y")]), "exam")
    done = cleaned(tmp_path / "out", data, against=(exam,), drop=("broken",))
    assert read(tmp_path / "out") == [chat("a", "b")]
    assert done.left_out == {
        "breaks a rule about turns": 1,
        "cannot be read": 2,
        "repeats an earlier row": 1,
        "stands in an evaluation file": 1,
    }


def test_near_duplicates_go_only_when_asked(tmp_path: Path) -> None:
    text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    data = jsonl([chat(text, "yes"), chat(text + " seventeen", "yes")])
    assert cleaned(tmp_path / "a", data).written.rows == 2
    assert cleaned(tmp_path / "b", data, drop=("near-duplicates",)).written.rows == 1


def test_mixed_encodings_come_out_as_utf8(tmp_path: Path) -> None:
    cleaned(tmp_path / "out", '{"text": "café"}\n'.encode() + b'{"text": "caf\xe9s"}\n')
    assert [row["text"] for row in read(tmp_path / "out")] == ["café", "cafés"]


def test_half_a_surrogate_pair_does_not_stop_the_writing(tmp_path: Path) -> None:
    cleaned(tmp_path / "out", b'{"text": "half \\ud83d"}\n')
    assert read(tmp_path / "out") == [{"text": "half \ud83d"}]


def test_the_map_holds_no_value_and_needs_a_salt(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Cleaning(map=tmp_path / "map", salt=b"short")
    data = jsonl([chat("mail jane@example.com", "b")])
    cleaned(tmp_path / "out", data, map=tmp_path / "map", salt=b"0" * 16)
    (entry,) = read(tmp_path / "map")
    assert "jane" not in json.dumps(entry)
    assert (entry["row"], entry["line"], entry["field"], entry["placeholder"]) == (
        1,
        1,
        "messages[0].content",
        "<EMAIL_1>",
    )


def test_a_full_folder_leaves_no_half_file(tmp_path: Path) -> None:
    with pytest.raises(KitError):
        cleaned(tmp_path / "missing" / "out", jsonl([chat("a", "b")]))
    assert list(tmp_path.iterdir()) == []


def converted(path: Path, rows: list[Any]) -> converting.Converted:
    return converting.convert([feed(jsonl(rows))], path, shape="", bounds=Bounds(), progress=Silent())


def test_every_format_becomes_messages(tmp_path: Path) -> None:
    call = '{"name": "add", "arguments": {"a": 1}}'
    rows = [
        {"instruction": "Hi", "input": "", "output": "Hello", "id": 3, "note": "x"},
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
        {"text": "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>"},
        {"prompt": "Hi", "completion": "Hello"},
        chat("Hi", "Hello"),
        {"conversations": [{"from": "human", "value": "1+2"}, {"from": "function_call", "value": call}]},
        {"text": "fine", "label": "good"},
    ]
    assert converted(tmp_path / "out", rows).left_out == ()
    out = read(tmp_path / "out")
    assert out[0] == {**chat("Hi", "Hello"), "id": 3}
    assert out[1:5] == [chat("Hi", "Hello")] * 4
    assert out[5]["messages"][1]["tool_calls"][0]["function"] == {"name": "add", "arguments": '{"a": 1}'}
    assert out[6] == chat("fine", "good")


def test_messages_are_converted_to_themselves(tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": "a.png"}}]
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]}
    answer = {"role": "tool", "content": "3", "tool_call_id": "1"}
    row = {"messages": [{"role": "user", "content": parts}, call, answer], "tools": [{"type": "function"}]}
    converted(tmp_path / "out", [row])
    assert read(tmp_path / "out") == [row]


def test_a_row_that_cannot_be_brought_over_is_named(tmp_path: Path) -> None:
    done = converted(
        tmp_path / "out", [chat("a", "b"), {"text": "prose"}, {"x": 1}, {"messages": [{"role": "who", "content": "a"}]}]
    )
    assert [(gap.at.line, done.written.rows) for gap in done.left_out] == [(2, 1), (3, 1), (4, 1)]


def mixed(path: Path, *sources: list[Any], **wanted: Any) -> Mixed:
    feeds = [feed(jsonl(rows), f"{number}.jsonl") for number, rows in enumerate(sources)]
    return mix(feeds, path, Mixing(**wanted), Silent())


ONE, TWO = [chat(f"one {n}", "x") for n in range(100)], [chat(f"two {n}", "x") for n in range(30)]


def test_weights_decide_the_shares_and_the_seed_the_order(tmp_path: Path) -> None:
    done = mixed(tmp_path / "a", ONE, TWO, weights=(0.75, 0.25), rows=80, seed=1)
    assert done.taken == {"0.jsonl": 60, "1.jsonl": 20}
    assert mixed(tmp_path / "b", ONE, TWO, weights=(3, 1), rows=80, seed=1).written.sha256 == done.written.sha256
    assert mixed(tmp_path / "c", ONE, TWO, weights=(3, 1), rows=80, seed=2).written.sha256 != done.written.sha256


def test_without_a_number_of_rows_the_scarcest_source_decides(tmp_path: Path) -> None:
    assert mixed(tmp_path / "a", ONE, TWO, weights=(0.5, 0.5)).taken == {"0.jsonl": 30, "1.jsonl": 30}
    assert mixed(tmp_path / "b", ONE, TWO).written.rows == 130


def test_asking_for_more_than_there_is_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        mixed(tmp_path / "a", ONE, TWO, weights=(1, 9), rows=100)
    assert list(tmp_path.iterdir()) == []


def test_every_row_of_a_mixture_can_be_traced(tmp_path: Path) -> None:
    mixed(tmp_path / "a", ONE, TWO, rows=20, seed=4)
    sources = {"0.jsonl": ONE, "1.jsonl": TWO}
    notes = read(tmp_path / "a.provenance.jsonl")
    assert [sources[note["file"]][note["line"] - 1] for note in notes] == read(tmp_path / "a")


def test_small_groups_are_repeated_within_the_cap(tmp_path: Path) -> None:
    sizes = {"a": 60, "b": 20, "c": 3}
    rows = [{"text": f"{label} {n}", "label": label} for label, size in sizes.items() for n in range(size)]
    done = mixed(tmp_path / "a", rows, balance="label", cap=5.0)
    assert (done.before, done.after) == (sizes, {"a": 60, "b": 60, "c": 15})
    assert max(Counter(row["text"] for row in read(tmp_path / "a")).values()) <= 5


def test_a_field_that_no_row_has_balances_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no row has a field 'kind'") as caught:
        mixed(tmp_path / "a", [{"text": "a", "label": "b"}], balance="kind")
    assert caught.value.hint == "the first row has label, text"
    assert not (tmp_path / "a").exists()


FEW = [
    chat("Please explain what is important and do not hurry.", "Patience, Anna."),
    {"instruction": "Give Maria the list of many things you need", "input": "", "output": "Maria: things"},
    {"text": "This was a great problem to have", "label": "good"},
]


def test_variants_keep_answers_and_labels(tmp_path: Path) -> None:
    augment([feed(jsonl(FEW))], tmp_path / "out", Augmenting(times=5, seed=3), Silent())
    out, notes = read(tmp_path / "out"), read(tmp_path / "out.provenance.jsonl")
    assert len(out) == len(notes) > 10
    for row, note in zip(out, notes, strict=True):
        source = FEW[note["line"] - 1]
        if "name" not in note["made"]:
            assert row.get("label") == source.get("label")
            assert row.get("output") == source.get("output")
            assert row.get("messages", [])[1:] == source.get("messages", [])[1:]
        assert (row == source) == (note["made"] == [])
    assert len({json.dumps(row) for row in out}) == len(out)


def test_the_seed_decides_the_variants(tmp_path: Path) -> None:
    digests = [
        augment([feed(jsonl(FEW))], tmp_path / name, Augmenting(times=3, seed=seed), Silent()).written.sha256
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_a_name_changes_in_the_whole_row(tmp_path: Path) -> None:
    augment([feed(jsonl(FEW))], tmp_path / "out", Augmenting(times=20, seed=1), Silent())
    renamed = [row for row in read(tmp_path / "out") if "instruction" in row and "Maria" not in row["instruction"]]
    assert renamed
    assert all(row["output"].split(":")[0] in row["instruction"] for row in renamed)


def test_a_function_call_of_before_there_were_tools_is_kept(tmp_path: Path) -> None:
    call = {"name": "add", "arguments": "{}"}
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": None, "function_call": call}]
    data = feed(jsonl([{"messages": turns}]))
    converting.convert([data], tmp_path / "out", shape="", bounds=Bounds(), progress=Silent())
    assert read(tmp_path / "out")[0]["messages"][1]["tool_calls"] == [{"type": "function", "function": call}]
