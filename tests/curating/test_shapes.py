"""Every usual format is told from its fields and becomes the same turns."""

from __future__ import annotations

from typing import Any

import pytest

from ossmodelkit.curating import shapes
from ossmodelkit.foundation.errors import UsageError

ASKED = [("user", "Hi"), ("assistant", "Hello")]
CHATML = (
    "<|im_start|>system\nBe kind<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n"
)


@pytest.mark.parametrize(
    ("row", "shape", "turns"),
    [
        pytest.param(
            {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
            "messages",
            ASKED,
            id="openai messages",
        ),
        pytest.param(
            {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
            "sharegpt",
            ASKED,
            id="sharegpt",
        ),
        pytest.param(
            {
                "system": "Be kind",
                "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}],
            },
            "sharegpt",
            [("system", "Be kind"), *ASKED],
            id="sharegpt with a system text",
        ),
        pytest.param({"instruction": "Hi", "input": "", "output": "Hello"}, "alpaca", ASKED, id="alpaca"),
        pytest.param(
            {"instruction": "Add", "input": "1 and 2", "output": "3"},
            "alpaca",
            [("user", "Add\n\n1 and 2"), ("assistant", "3")],
            id="alpaca with an input",
        ),
        pytest.param(
            {"instruction": "And you?", "output": "Fine", "history": [["Hi", "Hello"]]},
            "alpaca",
            [*ASKED, ("user", "And you?"), ("assistant", "Fine")],
            id="alpaca with a history",
        ),
        pytest.param({"prompt": "Hi", "completion": "Hello"}, "prompt-completion", ASKED, id="prompt and completion"),
        pytest.param({"question": "Hi", "answer": "Hello"}, "prompt-completion", ASKED, id="question and answer"),
        pytest.param(
            {"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Hello"}]},
            "prompt-completion",
            ASKED,
            id="prompt and completion as messages",
        ),
        pytest.param({"text": CHATML}, "chatml", [("system", "Be kind"), *ASKED], id="chatml"),
        pytest.param({"text": "good", "label": 1}, "labeled", [("user", "good")], id="labeled"),
        pytest.param({"source": "Hi", "target": "Hello"}, "source-target", ASKED, id="source and target"),
        pytest.param({"text": "Once upon a time"}, "text", [("assistant", "Once upon a time")], id="plain text"),
        pytest.param({"prompt": "Hi", "chosen": "a", "rejected": "b"}, "preference", [], id="preference"),
        pytest.param({"a": 1}, "unknown", [], id="nothing known"),
    ],
)
def test_formats(row: dict[str, Any], shape: str, turns: list[tuple[str, str]]) -> None:
    example = shapes.read("f", 1, row)
    assert (example.shape, [(turn.role, turn.text) for turn in example.turns]) == (shape, turns)


def test_parts_of_text_and_images_are_one_turn() -> None:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "a.png"}}]
    example = shapes.read("f", 1, {"messages": [{"role": "user", "content": parts}]})
    assert example.turns[0].text == "What is this?"


def test_a_format_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError) as error:
        shapes.named("sharegtp")
    assert "sharegpt" in error.value.hint


@pytest.mark.parametrize("asked", ["prompt", "instruction", "question", "query", "input", "inputs", "user"])
@pytest.mark.parametrize("said", ["completion", "response", "answer", "output", "target", "targets", "assistant"])
def test_any_two_words_for_prompt_and_answer_are_a_pair(asked: str, said: str) -> None:
    example = shapes.read("a.jsonl", 1, {asked: "Hi", said: "Hello"})
    assert [(turn.role, turn.text) for turn in example.turns] == ASKED


@pytest.mark.parametrize(
    ("beside", "turns"),
    [
        pytest.param({"system": "Be kind"}, [("system", "Be kind"), *ASKED], id="a system text"),
        pytest.param({"system_prompt": "Be kind"}, [("system", "Be kind"), *ASKED], id="a system prompt"),
        pytest.param({"context": "At noon"}, [("user", "Hi\n\nAt noon"), ASKED[1]], id="a context"),
        pytest.param({"history": [["A", "B"]]}, [("user", "A"), ("assistant", "B"), *ASKED], id="a history"),
    ],
)
@pytest.mark.parametrize("pair", [("prompt", "completion"), ("question", "answer"), ("instruction", "output")])
def test_what_stands_beside_a_pair_is_not_lost(
    pair: tuple[str, str], beside: dict[str, Any], turns: list[tuple[str, str]]
) -> None:
    example = shapes.read("a.jsonl", 1, {**dict(zip(pair, ("Hi", "Hello"), strict=True)), **beside})
    assert [(turn.role, turn.text) for turn in example.turns] == turns
