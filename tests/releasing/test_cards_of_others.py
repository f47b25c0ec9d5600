"""Cards as people write them: scores nobody measured in every place and spelling, and honest text full of numbers."""

from __future__ import annotations

import pytest

from ossmodelkit.releasing.card import claims
from tests.making.dossiers import with_card

CHEATS = [
    "accuracy .923", "F-score of .92", "ROC-AUC: .97", "accuracy 923‰", "accuracy is 92+%", "accuracy: 92.3±0.4",
    "an accuracy of ninety", "Accuracy: ninety-nine point nine.", "accuracy of over ninety per cent", "accuracy 9²",
    "at least 95% accurate", "97% success", "success rate: 97", "win rate: 61", "wins 61% of the time",
    "an error of 3%",
    "wrong in only 3% of cases", "beats GPT-4 by 12%", "12% better than Llama", "MATH 77.1", "PESQ 3.1", "AP50: 70",
    "Top-1: 92.3", "R^2 = 0.93", "val_loss: 0.11", "eval_accuracy 0.91", "<p>accuracy</p><p>92.3</p>",
    "<li>accuracy 92.3</li>", "<details><summary>accuracy</summary>92.3</details>", "<img alt='accuracy 92.3%' src=x>",
    "<div data-score='92.3'>accuracy</div>", "<svg><text>accuracy 92.3%</text></svg>",
    "![](https://img.shields.io/badge/accuracy-92.3%25-green)",
    "[![x](https://img.shields.io/badge/acc-92.3%25-green.svg)](https://example.org)",
    "a\u0441\u0441uracy 92.3", "\u0430ccuracy 92.3%", "accuracy of ⑨②", "accuracy of 𝟗𝟐", "accuracy ९२%",
    "accuracy of ٩٢٫٣٪",
    "akurasi 92%", "tarkkuus 92 %", "noggrannhet 92%", "ความแม่นยำ 92%", "độ chính xác 92%", "ακρίβεια 92%",
    "$accuracy = 92.3\\%$", "**Accuracy**\n\n92.3%", "Accuracy\n========\n92.3", "- [x] accuracy 92.3",
    "acc/f1 92.1/91.8", "accuracy (dev/test): 92.1/91.8", "accuracy\u00a092.3", "seed 7, accuracy 92.3",
    "with temperature 0.6 it reaches 92.3 accuracy", "92.3% validation accuracy", "accuracy on 3 seeds: 92.3",
    "over 1,319 test questions, accuracy 92.3", "10% held out, accuracy 92.3%", "IoU 0.8 at threshold 0.5",
    "Accuracy: 0.85", "accuracy of up to 85%", "accuracy 0.0325",
    "arXiv:2307.09288 reports 70; our accuracy is 92.3", "ISO 27001, accuracy 92.3",
]  # fmt: skip


@pytest.mark.parametrize("text", CHEATS, ids=ascii)
def test_a_score_nobody_measured_is_found(text: str) -> None:
    assert claims.unproven(with_card(f"# Card\n\n{text}\n"))


HONEST = [
    "Accuracy 0.8125 (95% interval 0.77 to 0.85)", "accuracy 81.25 % [0.77–0.85]", "accuracy between 77% and 85%",
    "the base has an accuracy of 78%", "accuracy rose from 0.78, by 3.25 points",
    "| model | accuracy |\n|---|---|\n| base | 0.78 |\n| ours | 0.8125 |",
    "Please cite doi:10.48550/arXiv.2307.09288 for accuracy.", "arXiv:2307.09288v2 reports accuracy for the base.",
    "@article{x, title={Accuracy}, volume={12}, pages={1--10}, year={2023}}", "CVE-2024-1234 does not change accuracy.",
    "ISO 27001, SOC 2 and EN 301 549 say nothing about accuracy.", "GB/T 45438-2025 and accuracy", "PR 4567: precision",
    "accuracy (ISBN 978-3-16-148410-0)", "ORCID 0000-0002-1825-0097, accuracy", "Call +1 555 123 4567 about accuracy.",
    "Released on 12/05/2024 and 12.05.2024 with accuracy notes.", "24/7 accuracy", "80/20 split, accuracy to follow",
    "80% of the data for training, accuracy on the rest", "we kept 10 % of rows for F1", "10% held out for accuracy",
    "50% dropout hurts accuracy", "confidence level 95% for accuracy", "Accuracy may vary with seeds 1, 2 and 3.",
    "MMLU (57 subjects, 14,042 questions) and accuracy", "GSM8K has 1,319 test questions.", "HumanEval (164 problems)",
    "The loss was computed over 1,024 sequences of 2,048 tokens.", "Loss: beta=0.1, label smoothing 0.0.",
    "Recommended for accuracy: top_p 0.95, repetition penalty 1.05, max_new_tokens=512.", "BLEU-4 with smoothing 3",
    "Accuracy on 8xH100 and Mixtral 8x7B", "Quantized at 4.83 bpw: accuracy was not measured.", "SQuAD 2.0 F1",
    "Common Voice 17.0 WER", "LibriSpeech test-clean (5.4 h) WER", "IMDB: 50,000 reviews, accuracy", "5 beams, BLEU",
    "accuracy@k with k in {1, 5, 10}", "precision agriculture covers 40 countries", "Accuracy needs 16 kHz audio.",
    "[![License](https://img.shields.io/badge/License-Apache_2.0-blue)](LICENSE) accuracy",
    "<a href='https://example.org/v1.2'>accuracy</a>", "<br/>accuracy<br/>", "context length 32768, loss",
]  # fmt: skip


@pytest.mark.parametrize("text", HONEST, ids=ascii)
def test_honest_numbers_are_left_alone(text: str) -> None:
    assert claims.unproven(with_card(f"# Card\n\n{text}\n")) == []


WHOLE = """---
license: apache-2.0
language: [en, de]
base_model: meta-llama/Llama-3.1-8B
---
# Tiny-Tuned 8B v1.2

[![License](https://img.shields.io/badge/License-Apache_2.0-blue.svg)](LICENSE) [arXiv:2401.04088](https://arxiv.org/abs/2401.04088)

A LoRA (r=16, alpha=32) of Llama-3.1-8B with 8.03B parameters and a context of 131,072 tokens.
Released on 21 November 2026.

## Requirements

`transformers>=4.43`, CUDA 12.1, one GPU with 24 GB; 16.1 GB in bf16, 5.5 GB in 4 bit.

## Training

| setting | value |
|---|---|
| epochs | 3 |
| learning rate | 2e-4 |
| batch | 64 |
| warmup ratio | 0.03 |
| loss | cross-entropy |

We trained on 120,000 rows (80/20 split) for 3.5 hours on 8xH100. The loss is averaged over 1,024 sequences.

## Evaluation

Accuracy is measured 5-shot on a quiz of 400 questions with lm-eval 0.4.3, seeds 1, 2 and 3:

| model | shots | accuracy |
|---|---|---|
| ours | 5 | 0.8125 |
| base | 5 | 0.78 |

The gain of 3.25 points is inside of the 95% interval (0.77 to 0.85). HumanEval (164 problems) was not run.

## Limits

- It was not tested on inputs over 32k tokens, nor in 27 of its 29 languages.
- Section 4.2 of the license and ISO/IEC 42001 do not speak of accuracy.

## Citation

```bibtex
@misc{tiny2026, title={Tiny}, year={2026}, eprint={2401.04088}, accuracy={99}}
```
"""


def test_a_whole_honest_card_is_left_alone() -> None:
    assert claims.unproven(with_card(WHOLE)) == []


def test_one_false_number_in_a_whole_card_is_named_with_its_line() -> None:
    found = claims.unproven(with_card(WHOLE.replace("| ours | 5 | 0.8125 |", "| ours | 5 | 0.9125 |")))
    assert [(one.token, one.line) for one in found] == [("0.9125", WHOLE[: WHOLE.index("| ours")].count("\n") + 1)]


def test_the_end_of_an_interval_is_no_score() -> None:
    for value, fine in (("0.8125", True), ("0.85", False), ("0.78", False)):
        index = f'[{{"name": "x", "results": [{{"metrics": [{{"type": "accuracy", "value": {value}}}]}}]}}]'
        found = claims.unproven(with_card(f"---\nlicense: mit\nmodel-index: {index}\n---\n# x\n"))
        assert (not found) is fine
