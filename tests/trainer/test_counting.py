"""`kit data check --model`: tokens as the trainer counts them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.curating.checking import Questions
from ossmodelkit.foundation.errors import NothingToJudgeError, UsageError
from ossmodelkit.workflow import data
from ossmodelkit.workflow.data_tokens import meter_of
from ossmodelkit.workflow.desk import Desk
from tests.making import models
from tests.making.feeds import chat, jsonl

pytestmark = pytest.mark.train

STRICT = "{% for m in messages %}{% if loop.first and m.role != 'user' %}{{ raise_exception('user first') }}{% endif %}{{ m.content + ' ' }}{% endfor %}"  # noqa: E501


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.tiny_llama(tmp_path_factory.mktemp("measured") / "base")


def check(rows: list[Any], base: Path, folder: Path, **asked: Any) -> Any:
    path = folder / "rows.jsonl"
    path.write_bytes(jsonl(rows))
    return data.check([str(path)], desk=Desk(), base=str(base), questions=Questions(**asked))


def rules(report: Any) -> set[tuple[str, int | None]]:
    return {(one.check, one.at.line) for one in report.findings if one.check.startswith("data-")}


def test_counts_what_the_trainer_counts(base: Path, tmp_path: Path) -> None:
    from ossmodelkit.core.plan import Plan, Train
    from ossmodelkit.trainer.encoding import encode_causal
    from ossmodelkit.trainer.rows import read_rows
    from ossmodelkit.trainer.tokenizer import load_tokenizer

    rows = models.chats(130)
    report = check(rows, base, tmp_path, skip=("duplicates",))
    plan = Plan(base="b", data="d", out="o", train=Train(seq=4096))
    examples = encode_causal(read_rows(tmp_path / "rows.jsonl", plan)[0], load_tokenizer(base), plan)
    found = report.data["tokens"]
    assert found["rows"] == 130
    assert found["tokens"] == sum(len(example.tokens) for example in examples)
    assert found["learned"] == sum(example.learned for example in examples)
    assert found["percentiles"]["100"] == max(len(example.tokens) for example in examples)


def test_names_the_lines_that_are_too_long(base: Path, tmp_path: Path) -> None:
    rows = [chat("one", "two"), chat("one", "two " * 60), {"text": "word " * 60}]
    found = rules(check(rows, base, tmp_path, most_tokens=30))
    assert {line for rule, line in found if rule == "data-too-many-tokens"} == {2, 3}
    assert "data-too-many-tokens" not in {rule for rule, _ in rules(check(rows, base, tmp_path))}


def test_names_the_lines_that_the_template_refuses(base: Path, tmp_path: Path) -> None:
    strict = tmp_path / "strict"
    strict.mkdir()
    for path in base.iterdir():
        (strict / path.name).write_bytes(path.read_bytes())
    (strict / "chat_template.jinja").write_text(STRICT)
    wrong = {"messages": [{"role": "system", "content": "be kind"}, *chat("one", "two")["messages"]]}
    report = check([chat("one", "two"), wrong], strict, tmp_path)
    assert ("data-template-refuses", 2) in rules(report)
    assert ("data-template-refuses", 1) not in rules(report)
    assert "user first" in next(one.saw for one in report.findings if one.check == "data-template-refuses")


def test_an_endless_template_ends_the_check(base: Path, tmp_path: Path) -> None:
    endless = tmp_path / "endless"
    endless.mkdir()
    for path in base.iterdir():
        (endless / path.name).write_bytes(path.read_bytes())
    loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    (endless / "chat_template.jinja").write_text(loops)
    row = ("causal-lm", chat("one", "two"))
    with pytest.raises(NothingToJudgeError, match="took too long"), meter_of(str(endless), seconds=1) as meter:
        assert meter is not None
        meter.ask([row])


@pytest.mark.parametrize(
    ("folder", "error"), [("nowhere", UsageError), ("empty", NothingToJudgeError)], ids=["no folder", "no tokenizer"]
)
def test_a_base_without_tokenizer_is_a_clear_error(folder: str, error: type[Exception], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(error), meter_of(str(tmp_path / folder)):
        pass
