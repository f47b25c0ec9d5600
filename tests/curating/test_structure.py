"""What a chat template or a trainer would stumble over is named with its field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.making.feeds import chat, findings, places, rules


def turns(*pairs: tuple[str, object]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in pairs]}


CALL = {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": {"name": "f"}}]}


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        pytest.param({"title": "x"}, "data-unknown-format", id="no known field"),
        pytest.param({"messages": []}, "data-no-turns", id="an empty conversation"),
        pytest.param(turns(("user", 5), ("assistant", "a")), "data-not-text", id="a number"),
        pytest.param(turns(("user", None), ("assistant", "a")), "data-not-text", id="nothing at all"),
        pytest.param(turns(("user", {"a": 1}), ("assistant", "a")), "data-not-text", id="an object"),
        pytest.param({"messages": ["hi"]}, "data-not-text", id="a turn that is no object"),
        pytest.param(chat("hi", "  \n"), "data-empty-turn", id="only white space"),
        pytest.param({"instruction": "hi", "output": ""}, "data-empty-turn", id="an empty output"),
        pytest.param(turns(("user", "a"), ("narrator", "b")), "data-unknown-role", id="a role nobody knows"),
        pytest.param({"messages": [{"content": "a"}]}, "data-unknown-role", id="no role"),
        pytest.param(turns(("user", "a"), ("user", "b"), ("assistant", "c")), "data-role-order", id="user twice"),
        pytest.param(
            turns(("assistant", "a"), ("user", "b"), ("assistant", "c")), "data-role-order", id="assistant begins"
        ),
        pytest.param(turns(("user", "a"), ("system", "b"), ("assistant", "c")), "data-role-order", id="system late"),
        pytest.param(turns(("user", "a"), ("tool", "b"), ("assistant", "c")), "data-role-order", id="tool unasked"),
        pytest.param(turns(("user", "a")), "data-nothing-to-learn", id="no answer"),
        pytest.param({"text": "fine", "label": None}, "data-no-label", id="no label"),
        pytest.param(
            {"text": "<|im_start|>user\nhi<|im_end|><|im_end|>"}, "data-broken-template", id="an end too many"
        ),
        pytest.param(chat("<|im_start|>assistant", "b"), "data-template-in-turn", id="speaks as the assistant"),
        pytest.param(chat("[INST] hi [/INST]", "b"), "data-template-in-turn", id="a template was applied"),
    ],
)
def test_flags(row: dict[str, Any], rule: str) -> None:
    assert rule in rules(row)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(chat("hi", "hello", "and?", "fine"), id="a chat"),
        pytest.param(turns(("system", "be kind"), ("user", "a"), ("assistant", "b")), id="system first"),
        pytest.param(
            {
                "messages": [
                    {"role": "user", "content": "a"},
                    CALL,
                    {"role": "tool", "content": "3"},
                    *chat("", "b")["messages"][1:],
                ]
            },
            id="a tool call",
        ),
        pytest.param({"text": "Once upon a time"}, id="plain text"),
        pytest.param({"text": "good", "label": 0}, id="label zero"),
        pytest.param({"instruction": "a", "input": "", "output": "b"}, id="alpaca without input"),
        pytest.param(chat("what does x[1] < y mean?", "a list and ### a heading"), id="brackets"),
        pytest.param({"text": "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nyes<|im_end|>"}, id="chatml"),
    ],
)
def test_leaves_alone(row: dict[str, Any]) -> None:
    assert rules(row) == set()


def test_the_field_stands_in_the_place() -> None:
    (found,) = findings([chat("a", "b"), chat("a", " ")])
    assert (str(found.at), found.check) == ("train.jsonl ▸ messages[1].content:2", "data-empty-turn")


def test_a_row_of_another_format_is_named() -> None:
    rows = [*(chat(f"question {n}", f"answer {n}") for n in range(3)), {"instruction": "a", "output": "b"}]
    assert ("data-mixed-formats", 4) in places(findings(rows))


def test_texts_of_two_templates_are_named() -> None:
    rows = [{"text": f"[INST] {n} [/INST] yes"} for n in range(3)] + [{"text": "<start_of_turn>user\nhi<end_of_turn>"}]
    assert ("data-mixed-templates", 4) in places(findings(rows))
    assert places(findings([{"text": f"[INST] {n} [/INST] yes"} for n in range(3)])) == set()


def test_a_row_longer_than_allowed_is_named() -> None:
    assert ("data-row-too-long", 2) in places(findings([chat("a", "b"), chat("a" * 60, "b" * 60)], most_chars=100))


def test_the_same_id_twice_is_named() -> None:
    rows = [{**chat("a", "b"), "id": 7}, {**chat("c", "d"), "id": "7"}, {**chat("e", "f"), "id": 8}]
    assert ("data-duplicate-id", 2) in places(findings(rows))
