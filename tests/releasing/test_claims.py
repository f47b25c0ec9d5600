"""No score gets into a card without a record, however it is spelled; and what is no score is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.releasing.card import claims
from ossmodelkit.releasing.card.figures import is_score, rounds_to
from ossmodelkit.releasing.card.sentences import sentences
from ossmodelkit.releasing.checks import CATALOG
from tests.making.dossiers import told, with_card

CHEATS = [
    pytest.param("Accuracy: 92,3 %", id="a decimal comma"),
    pytest.param("accuracy ９２．３％", id="wide digits"),
    pytest.param("accuracy ٩٢", id="Arabic digits"),
    pytest.param("accuracy 9&#50;.3%", id="an entity inside"),
    pytest.param("accuracy &#57;&#50; percent", id="entities alone"),
    pytest.param("accu\u200bracy of 92.3%", id="an invisible space in the name"),
    pytest.param("accuracy of 92\u200b.3%", id="an invisible space in the number"),
    pytest.param("acc\u00aduracy 92.3%", id="a soft hyphen"),
    pytest.param("acc**uracy** of **92**.3%", id="bold inside a word"),
    pytest.param("accuracy of <b>92</b>.3%", id="tags inside a number"),
    pytest.param("accuracy: `92.3`", id="a code span"),
    pytest.param("We got `accuracy: 92.3%` here.", id="a code span that says it"),
    pytest.param("The accuracy\nof this model\nis 92.3 % now.", id="wrapped over lines"),
    pytest.param("We measured accuracy. It was 92.3%.", id="in the next sentence"),
    pytest.param("Accuracy? 92.3%!", id="question and answer"),
    pytest.param("Our accuracy is approx. 92.3 %.", id="an abbreviation before it"),
    pytest.param("- Accuracy:\n  - on our data 92.3%", id="a list below"),
    pytest.param("Accuracy:\n\n| data | result |\n|---|---|\n| ours | 92.3% |", id="announced before a table"),
    pytest.param("## Accuracy\n\n92.3% on everything we tried.", id="under a heading"),
    pytest.param("### MMLU\n\n| model | result |\n|---|---|\n| ours | 92.3 |", id="a table under a heading"),
    pytest.param("## 92.3% accuracy", id="in a heading"),
    pytest.param("| metric | ours |\n|---|---|\n| accuracy | 92.3 |", id="a row named after it"),
    pytest.param("metric | ours\n---|---\naccuracy | 92.3", id="a table without outer bars"),
    pytest.param("<table><tr><td>accuracy</td><td>92.3</td></tr></table>", id="an HTML table"),
    pytest.param("<!-- accuracy 92.3% -->", id="a comment"),
    pytest.param("![accuracy of 92.3%](plot.png)", id="a picture's text"),
    pytest.param("Good[^1].\n\n[^1]: Accuracy was 92.3%.", id="a footnote"),
    pytest.param("[accuracy 92.3%](https://example.org)", id="a link's text"),
    pytest.param("> accuracy 92.3%", id="a quotation"),
    pytest.param("accuracy 90-95%", id="a range"),
    pytest.param("accuracy 90–95 %", id="a range with a dash"),
    pytest.param("accuracy of 95/100", id="a fraction"),
    pytest.param("92.3%-accurate, says accuracy", id="a compound"),
    pytest.param("accuracy of ninety-two percent", id="in words"),
    pytest.param("ninety two point three percent accuracy", id="in words, with a point"),
    pytest.param("It is correct nine out of ten times.", id="nine out of ten"),
    pytest.param("accuracy 9.23e1", id="an exponent"),
    pytest.param("accuracy 0.8125e1", id="a true value with an exponent"),
    pytest.param("accuracy 0.8125%", id="a fraction called percent"),
    pytest.param("accuracy 8.125", id="ten times as much"),
    pytest.param("accuracy 0.82", id="rounded up too far"),
    pytest.param("accuracy 0.8120", id="one digit too exact"),
    pytest.param("accuracy of 1", id="rounded to the bound"),
    pytest.param("exact match 1.0", id="nearly the bound"),
    pytest.param("exact match of 100%", id="nearly a hundred percent"),
    pytest.param("exact match 100", id="nearly a hundred"),
    pytest.param("perplexity 312.5", id="perplexity is no percentage"),
    pytest.param("accuracy improved by 12 points", id="an improvement nobody measured"),
    pytest.param("BLEU 0.4125", id="another scale"),
    pytest.param("MT-Bench 8.9", id="a benchmark with a dash"),
    pytest.param("pass@10 of 67", id="pass at ten"),
    pytest.param("Recall@5: 0.93", id="recall at five"),
    pytest.param("Genauigkeit 92,3 %", id="German"),
    pytest.param("Précision : 92,3 %", id="French"),
    pytest.param("La exactitud es 92.3%", id="Spanish"),
    pytest.param("точность 92,3 %", id="Russian"),
    pytest.param("准确率92.3%", id="Chinese"),
    pytest.param("正解率は92.3%です", id="Japanese"),
    pytest.param("정확도 92.3%", id="Korean"),
    pytest.param("WER of 4.2%, CER 1.1%", id="two at once"),
    pytest.param("Elo 2050", id="an Elo that looks like a year"),
    pytest.param("mIoU 78.2, FID 3.1", id="pictures"),
    pytest.param("error rate below 2.5%", id="an error rate"),
]


@pytest.mark.parametrize("text", CHEATS)
def test_a_score_without_a_record_is_named_with_its_line(text: str) -> None:
    found = told(f"# Card\n\nSome words.\n\n{text}\n")
    assert found
    last = 4 + len(text.splitlines())
    assert all(5 <= line <= last for _, line in found)


def test_the_line_is_the_line_of_the_number() -> None:
    assert told("# x\n\nThe accuracy\nof this\nis 92.3 %.\n") == [("92.3 %", 5)]
    assert told("---\nlicense: mit\n---\n# x\n\n- Accuracy:\n  - 92.3%\n") == [("92.3%", 7)]


HARMLESS = [
    pytest.param("Accuracy 0.8125, 0.813, 0.81, 81.25%, 81.3 %, 81 %, 81.25 points.", id="all the true ways"),
    pytest.param("Accuracy **0.8125** (`81.25%`), 95% interval 0.77–0.85, n = 400.", id="with its interval"),
    pytest.param("Accuracy rose from 78% to 81.25 %, by 3.25 points.", id="base and difference"),
    pytest.param("BLEU 41.25, perplexity 3.125, F1 73.49 and exact match 99.7 %.", id="several"),
    pytest.param("Genauigkeit 81,25 %", id="a decimal comma, proven"),
    pytest.param("Exact match 99.70%", id="trailing zero that is exact"),
    pytest.param("On 21 November 2026 we measured accuracy again, at 12:30.", id="a date in words"),
    pytest.param("Accuracy since November 3, 2025 and 2026-11-21T10:00:00Z.", id="dates"),
    pytest.param("Accuracy with Python 3.11, transformers 4.40, CUDA 12.4 and version 2.1.", id="versions"),
    pytest.param("Compared with Llama 3.1 8B, GPT-4 and Qwen 2.5, accuracy is 0.8125.", id="names of models"),
    pytest.param("The model has 7B parameters, 1,974,528 of them tuned; accuracy is 81%.", id="counts of parameters"),
    pytest.param("## 3. Accuracy\n\nSee below.", id="a numbered heading"),
    pytest.param("### 1.2 Evaluation: accuracy", id="a heading with two numbers"),
    pytest.param("1. Accuracy matters.\n2) F1 matters too.", id="a numbered list"),
    pytest.param("Accuracy is good[^1] and recall[2](#x) fine.", id="footnote marks"),
    pytest.param("```python\naccuracy = 0.99\nassert f1 > 0.95\n```", id="a code block"),
    pytest.param("~~~\nstep 10 loss 2.31\n~~~", id="a log"),
    pytest.param("Run `evaluate --threshold 0.5 --metric accuracy --n 100`.", id="a command"),
    pytest.param("See https://example.org/accuracy/99.9 and [this](accuracy-99.png).", id="addresses"),
    pytest.param("Accuracy on 3 benchmarks, 12 languages, 5 folds, 2 GPUs, 4 hours.", id="counts"),
    pytest.param("Accuracy, 5-shot, seed 42, temperature 0.7, top-p 0.9, k=5, rank 8.", id="settings"),
    pytest.param("Loss with learning rate 0.0003, dropout 0.05, alpha 16, batch 32.", id="training settings"),
    pytest.param("F1, BLEU-4, ROUGE-2, pass@1 and MATH-500 are what we look at.", id="names made of digits"),
    pytest.param("| seed | steps | accuracy |\n|---|---|---|\n| 3 | 45 | 0.8125 |", id="columns of settings"),
    pytest.param("Accuracy holds at the 95% confidence level (p < 0.05).", id="statistics"),
    pytest.param("It knows 2 out of 3 languages.", id="no metric at all"),
    pytest.param("Win 11, iOS 17 and 99 bottles.", id="no metric either"),
    pytest.param("Commit 3f2a9b1c4d5e6f70 changed accuracy.", id="a digest"),
    pytest.param("We care about accuracy. Training took 3.5 hours on 2 cards.", id="the next sentence is about time"),
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_score_or_is_proven_stands(text: str) -> None:
    assert told(f"# Card\n\n{text}\n") == []


HEADERS = [
    pytest.param("accuracy: 0.99", ["accuracy"], id="a key"),
    pytest.param("eval:\n  accuracy: 0.99", ["eval"], id="a key within"),
    pytest.param('accuracy: "99.1%"', ["accuracy"], id="as text"),
    pytest.param("results:\n- name: accuracy\n  value: 0.99", ["results"], id="name and value"),
    pytest.param("accuracy: .inf", ["accuracy"], id="without end"),
    pytest.param("tasks:\n- name: MATH Lvl 5 (4-Shot)\n- name: MMLU-PRO (5-shot)", [], id="names of tasks"),
    pytest.param("note: an accuracy of 81.25 % in a test of 2026", [], id="a sentence, proven"),
    pytest.param("accuracy: .nan", ["accuracy"], id="not a number"),
    pytest.param("accuracy: 0.8125", [], id="proven"),
    pytest.param("version: 2.0\nwidget:\n- text: 12", [], id="no metric"),
]


@pytest.mark.parametrize(("header", "keys"), HEADERS)
def test_scores_anywhere_in_the_header_need_records(header: str, keys: list[str]) -> None:
    found = claims.unproven(with_card(f"---\nlicense: mit\n{header}\n---\n# x\n"))
    assert [claim.near.rpartition(" ")[2] for claim in found] == keys
    assert all(claim.line == 3 for claim in found)


@pytest.mark.parametrize(
    ("value", "fine"),
    [("0.8125", True), ("81.25", True), ("0.91", False), ("true", False), ("[]", False), (".inf", False)],
)
def test_results_for_the_hub_need_records(value: str, fine: bool) -> None:
    text = f"- dataset:\n    id: org/quiz\n    task_id: default\n  value: {value}\n".encode()
    check = next(one for one in CATALOG if one.id == "EVL-001")
    found = list(check.ask(with_card("# x\n", texts={".eval_results/quiz.yaml": text})))
    assert (not found) is fine
    assert fine or found[0].at.path == ".eval_results/quiz.yaml"


@given(st.floats(0.001, 0.999), st.integers(1, 6))
def test_a_rounded_value_is_that_value(value: float, digits: int) -> None:
    printed = f"{value:.{digits}f}"
    at_a_bound = float(printed) in (0.0, 1.0)
    assert is_score(value, printed, "") is not at_a_bound
    assert rounds_to(value, f"{value * 100:.{digits}f}", "%") or float(f"{value * 100:.{digits}f}") in (0.0, 100.0)
    assert not rounds_to(value + 2 * 10**-digits, printed)


@pytest.mark.parametrize(
    "piece",
    [
        "`",
        "` ",
        "-",
        "[^",
        "](",
        "<b",
        "1,111,",
        "9",
        "accuracy ",
        "nine ",
        "| ",
        "1.1",
        "*",
        "> ",
        "#",
        "&#57;",
        "accuracy 9 ",
        "<" + "b" * 50_000,
        "1-1-",
        "а",
        "https://img.shields.io/badge/a-1-b ",
    ],
)
def test_a_long_line_of_anything_is_read_in_one_go(piece: str) -> None:
    text = "accuracy " + piece * (100_000 // len(piece))
    claims.unproven(with_card(f"{text}\n{text}\n"))


@given(st.text(max_size=300))
def test_no_text_makes_the_reader_fall(text: str) -> None:
    for sentence in sentences(text, 1):
        assert 1 <= sentence.line <= text.count("\n") + len(text.splitlines()) + 1
    claims.unproven(with_card(text))
