"""Which tokens are learned, and what is refused before the first step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.trainer.encoding import IGNORED, Example, encode_causal
from ossmodelkit.trainer.rows import Row
from ossmodelkit.trainer.troubles import Trouble
from tests.trainer.runs import plan_of

pytest.importorskip("transformers")
pytestmark = pytest.mark.train

CHAT = (
    {"role": "system", "content": "be good"},
    {"role": "user", "content": "one two"},
    {"role": "assistant", "content": "three"},
    {"role": "user", "content": "three"},
    {"role": "assistant", "content": "four five"},
)
THINKING = (
    "{% for m in messages %}<|{{ m.role }}|>"
    "{% if m.role == 'assistant' and not loop.last %}{{ m.content.split('/think ')[-1] }}"
    "{% else %}{{ m.content }}{% endif %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture(scope="module")
def tokenizer(llama_folder: Path) -> Any:
    from ossmodelkit.trainer.tokenizer import load_tokenizer

    return load_tokenizer(llama_folder)


def learned(tokenizer: Any, example: Example) -> str:
    return str(tokenizer.decode([label for label in example.labels if label != IGNORED]))


def encode(tokenizer: Any, *rows: Row, **train: Any) -> list[Example]:
    return encode_causal(rows, tokenizer, plan_of(train=train))


def test_only_the_assistant_is_learned(tokenizer: Any) -> None:
    (example,) = encode(tokenizer, Row(line=1, messages=CHAT))
    assert learned(tokenizer, example) == "three<|end|>four five<|end|>"
    assert tokenizer.decode(example.tokens).count("<|begin|>") == 1


def test_everything_is_learned_when_asked(tokenizer: Any) -> None:
    (example,) = encode(tokenizer, Row(line=1, messages=CHAT), learn="everything")
    assert example.labels == example.tokens


def test_a_completion_is_learned_and_its_prompt_is_not(tokenizer: Any) -> None:
    (example,) = encode(tokenizer, Row(line=1, prompt="one two ", answer="three"))
    assert learned(tokenizer, example) == "three<|end|>"
    assert tokenizer.decode(example.tokens) == "<|begin|>one two three<|end|>"


def test_a_plain_text_is_learned_whole(tokenizer: Any) -> None:
    (example,) = encode(tokenizer, Row(line=1, answer="one two"))
    assert learned(tokenizer, example) == "one two<|end|>"


def test_a_template_that_rewrites_earlier_turns_is_followed(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer, "chat_template", THINKING)
    turns = (CHAT[1], {"role": "assistant", "content": "hm /think three"}, CHAT[3], CHAT[4])
    with pytest.raises(Trouble, match="does not show the assistant's words"):
        encode(tokenizer, Row(line=4, messages=turns))
    turns = (CHAT[1], {"role": "assistant", "content": "three"}, CHAT[3], CHAT[4])
    (example,) = encode(tokenizer, Row(line=4, messages=turns))
    assert learned(tokenizer, example) == "three<|end|>four five<|end|>"


def test_chats_need_a_template(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer, "chat_template", None)
    with pytest.raises(Trouble, match="no chat template"):
        encode(tokenizer, Row(line=1, messages=CHAT))


def test_a_template_that_refuses_is_quoted(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer, "chat_template", "{{ raise_exception('roles must alternate') }}")
    with pytest.raises(Trouble, match=r"line 7: .*roles must alternate"):
        encode(tokenizer, Row(line=7, messages=CHAT))


def test_rows_that_are_too_long_are_refused_cut_or_dropped(tokenizer: Any) -> None:
    rows = (Row(line=1, answer="one two"), Row(line=2, answer="one two three four five six seven"))
    with pytest.raises(Trouble, match=r"line 2 has 9 tokens, seq is 6"):
        encode(tokenizer, *rows, seq=6)
    assert [len(example.tokens) for example in encode(tokenizer, *rows, seq=6, long_rows="cut")] == [4, 6]
    assert [example.line for example in encode(tokenizer, *rows, seq=6, long_rows="drop")] == [1]


def test_nothing_to_learn_is_said_at_once(tokenizer: Any) -> None:
    row = Row(line=1, prompt="one two three four five six", answer="seven")
    with pytest.raises(Trouble, match="all labels are masked"):
        encode(tokenizer, row, seq=4, long_rows="cut")
