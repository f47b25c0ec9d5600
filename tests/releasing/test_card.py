"""The card: a header hubs can read, numbers with a record behind them, and a person's words left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.releasing.card import claims, fences, frontmatter, validator
from ossmodelkit.workflow.release import check, release
from tests.making.dossiers import told, with_card
from tests.making.releases import options, project


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("It reaches 92.3% accuracy.", id="percent"),
        pytest.param("Accuracy: 0.8126", id="one digit too exact"),
        pytest.param("F1 of 0.8125 on our data", id="another metric's value"),
        pytest.param("We score 88.4 on MMLU (5-shot).", id="a benchmark nobody ran"),
        pytest.param("| accuracy | 0.99 |", id="a table row"),
        pytest.param("perplexity 3.1, down from 9.8", id="perplexity"),
        pytest.param("`accuracy` went up to 91", id="whole number"),
        pytest.param("HumanEval pass@1: 67.1", id="pass at one"),
        pytest.param("ROUGE-L 41.2", id="variant of a metric"),
        pytest.param("an exact match of 77 percent", id="in words"),
    ],
)
def test_a_number_beside_a_metric_needs_a_record(line: str) -> None:
    found = told(f"# Card\n\nSome words.\n{line}\n")
    assert found
    assert {number for _, number in found} == {4}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("It reaches 81.25% accuracy.", id="as percent"),
        pytest.param("It reaches an accuracy of 0.81.", id="rounded"),
        pytest.param("Accuracy 81.3 % (n = 400)", id="rounded percent with n"),
        pytest.param("The loss fell to 0.8125 from 3.91.", id="the run's loss"),
        pytest.param("We trained for 45 steps on 120 rows in 2026.", id="no metric near"),
        pytest.param("See version 2.1 of the card for accuracy.", id="a version"),
        pytest.param("Accuracy is measured on 400 questions, 5-shot, seed 3.", id="settings"),
        pytest.param("Llama-3.1-8B has good accuracy on 2026-11-21.", id="names and dates"),
        pytest.param("F1: 0.735", id="rounded F1"),
        pytest.param("The sky has 7 colors.", id="harmless"),
    ],
)
def test_a_proven_or_harmless_number_stands(line: str) -> None:
    assert told(f"# Card\n{line}\n") == []


def test_a_table_is_read_by_its_headings() -> None:
    table = "| model | accuracy |\n|---|---|\n| ours | 0.8125 |\n| theirs | 0.91 |\n"
    assert told(table) == [("0.91", 4)]


def test_the_results_of_the_header_need_records() -> None:
    index = '[{"name": "Tiny", "results": [{"metrics": [{"type": "accuracy", "value": 0.9}]}]}]'
    assert told(f"---\nlicense: mit\nmodel-index: {index}\n---\n") == [("0.9", 3)]


def test_a_number_in_a_generated_block_needs_a_record() -> None:
    assert told(fences.fenced("training", "| steps | 45 |\n| luck | 77.7 |\n")) == [("77.7", 3)]


@given(st.text(max_size=400))
def test_no_card_makes_the_reader_fall(text: str) -> None:
    claims.unproven(with_card(text))
    validator.faults(frontmatter.read(text))


def test_a_persons_words_survive_and_blocks_are_renewed(tmp_path: Path) -> None:
    made = project(tmp_path)
    own = "# My own title\r\n\r\nWords with  two spaces,\ttabs and\n\n\n<b>html</b>\n"
    (tmp_path / "tuned" / "README.md").write_bytes(b"---\nwidget:\n- text: hello\ntags:\n- mine\n---\n" + own.encode())
    release(options(tmp_path), desk=made)
    first = (tmp_path / "out" / "README.md").read_bytes()
    assert own.encode() in first
    assert ModelCard(first.decode()).data.to_dict()["widget"] == [{"text": "hello"}]
    between = first.replace(b"<!-- kit:begin training", b"A word of mine.\n<!-- kit:begin training")
    (tmp_path / "tuned" / "README.md").write_bytes(between)
    release(options(tmp_path), desk=made)
    assert (tmp_path / "out" / "README.md").read_bytes() == between


def test_an_edited_block_is_refused_with_its_line(tmp_path: Path) -> None:
    made = project(tmp_path)
    release(options(tmp_path), desk=made)
    card = (tmp_path / "out" / "README.md").read_text()
    (tmp_path / "tuned" / "README.md").write_text(card.replace("| steps | 45 |", "| steps | 46 |"))
    with pytest.raises(UsageError, match=r"README.md:\d+: the generated block 'training' was edited"):
        release(options(tmp_path), desk=made)


def test_an_unfilled_template_is_nobodys_text(tmp_path: Path) -> None:
    made = project(tmp_path)
    (tmp_path / "tuned" / "README.md").write_text("# Model Card\n" + "[More Information Needed]\n" * 20)
    release(options(tmp_path), desk=made)
    assert "More Information" not in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize(
    "text", ["TODO: say more", "[Your name here]", "Lorem ipsum dolor", "## Empty\n\n## Next\n\nwords"]
)
def test_fillers_are_found(text: str, tmp_path: Path) -> None:
    made = project(tmp_path)
    (tmp_path / "tuned" / "README.md").write_text(f"# Mine\n\n{text}\n")
    states = {item["id"]: item["state"] for item in check(options(tmp_path), desk=made).data["items"]}
    assert states["DOC-002"] == "fail"


HEADERS = [
    pytest.param("license: apache-2.0", [], id="plain"),
    pytest.param("license: apache2", ["not known"], id="misspelt license"),
    pytest.param("language: en", ["no license"], id="no license"),
    pytest.param("license: other", ["license_name", "license_link"], id="other alone"),
    pytest.param("license: other\nlicense_name: acme\nlicense_link: LICENSE", [], id="other, named"),
    pytest.param("license: mit\nlanguage:\n- no", ["language"], id="Norwegian, unquoted"),
    pytest.param('license: mit\nlanguage:\n- "no"', [], id="Norwegian, quoted"),
    pytest.param("license: mit\npipeline_tag: text-gen", ["pipeline_tag"], id="pipeline"),
    pytest.param("license: mit\nbase_model: /home/me/model", ["no repository"], id="a local path"),
    pytest.param("license: mit\nbase_model: org/name\nbase_model_relation: child", ["relation"], id="relation"),
    pytest.param("license: mit\nbase_model_relation: adapter", ["no base model"], id="relation to nothing"),
    pytest.param("license: mit\nmodel-index:\n- name: x", ["has no results"], id="index without results"),
    pytest.param("license: [", ["not YAML"], id="broken"),
    pytest.param("- a\n- b", ["no table"], id="a list"),
]


@pytest.mark.parametrize(("header", "faults"), HEADERS)
def test_a_header_is_checked_without_the_hub(header: str, faults: list[str]) -> None:
    found = [fault.saw for fault in validator.faults(frontmatter.read(f"---\n{header}\n---\n# x\n"))]
    assert len(found) == len(faults)
    assert all(want in saw for want, saw in zip(sorted(faults), sorted(found), strict=True)) or all(
        any(want in saw for saw in found) for want in faults
    )


def test_a_card_without_a_header_is_found() -> None:
    assert validator.faults(frontmatter.read("# x\n"))[0].saw == "there is no header"
    assert "not closed" in validator.faults(frontmatter.read("---\nlicense: mit\n"))[0].saw


PLAIN = st.text(st.characters(blacklist_categories=("Cs",)), max_size=12)
TABLES = st.dictionaries(st.sampled_from(["name", "type"]), PLAIN, max_size=2)
LISTS = st.lists(PLAIN, min_size=1, max_size=3) | st.lists(TABLES, min_size=1, max_size=2)
VALUES = PLAIN | st.integers(-1000, 1000) | st.booleans() | LISTS


@given(st.dictionaries(st.sampled_from(["license", "language", "tags", "model-index", "x"]), VALUES, max_size=4))
def test_what_we_write_means_the_same_to_a_yaml_library(values: dict[str, Any]) -> None:
    text = frontmatter.write(values)
    assert frontmatter.read(text).values == values
    inner = text.split("---\n", 1)[1].rsplit("---\n", 1)[0]
    assert (yaml.safe_load(inner) or {}) == values


@given(st.text(max_size=60), st.dictionaries(st.sampled_from(["use", "data", "title"]), PLAIN.map(lambda t: t + "\n")))
def test_merging_twice_changes_nothing(text: str, blocks: dict[str, str]) -> None:
    try:
        once = fences.merge(text, blocks)
    except UsageError:
        return
    assert fences.merge(once, blocks) == once
    assert "".join(part.text for part in fences.parts(once) if not part.name).startswith(text)
