"""Every method learns what a plain loop on torch, transformers and peft learns: the same losses, step by step.

The reference is written out here with nothing of ours but the order of rows: padded batches, whole logits, peft's
own layers, mean loss, AdamW and the cosine by its formula.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.core.plan import Plan
from tests.making import models
from tests.trainer.runs import job_in, losses, plan_of, run_here

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

STEPS = 8
LORA = {"r": 4, "lora_alpha": 8}
ALL = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]


def adapted(kind: str, **settings: Any) -> Callable[[Any], Any]:
    def build(model: Any) -> Any:
        import peft

        return peft.get_peft_model(model, getattr(peft, kind)(task_type="CAUSAL_LM", **settings))

    return build


METHODS: dict[str, tuple[Callable[[Any], Any], float]] = {
    "lora": (adapted("LoraConfig", target_modules=ALL, **LORA), 5e-3),
    "dora": (adapted("LoraConfig", target_modules=ALL, use_dora=True, **LORA), 5e-3),
    "rslora": (adapted("LoraConfig", target_modules=ALL, use_rslora=True, **LORA), 5e-3),
    "pissa": (adapted("LoraConfig", target_modules=ALL, init_lora_weights="pissa", **LORA), 1e-3),
    "ia3": (
        adapted("IA3Config", target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"]),
        3e-2,
    ),
    "prompt-tuning": (adapted("PromptTuningConfig", num_virtual_tokens=4), 3e-2),
    "full": (lambda model: model, 1e-3),
}


def batches(folder: Path, plan: Plan, count: int) -> list[tuple[Any, Any, Any]]:
    """Padded tokens, mask and labels of every step."""
    from ossmodelkit.trainer import ordering, preparing
    from ossmodelkit.trainer.tokenizer import load_tokenizer

    examples = preparing.read_lessons(job_in(folder, plan), load_tokenizer(folder / "base")).examples
    found = []
    for step in range(count):
        rows = [examples[row] for row in ordering.rows_of_step(step, len(examples), plan.train, count)]
        longest = max(len(row.tokens) for row in rows)
        tokens, mask, labels = (torch.zeros(len(rows), longest, dtype=torch.long) for _ in range(3))
        labels.fill_(-100)
        for number, row in enumerate(rows):
            size = len(row.tokens)
            tokens[number, :size], mask[number, :size] = torch.tensor(row.tokens), 1
            labels[number, :size] = torch.tensor(row.labels)
        found.append((tokens, mask, labels))
    return found


def plainly(
    folder: Path, plan: Plan, build: Callable[[Any], Any], loss_of: Callable[..., Any] | None = None
) -> list[float]:
    """The losses of a plain loop."""
    from transformers import AutoModelForCausalLM

    torch.manual_seed(plan.train.seed)
    model = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32)
    torch.manual_seed(plan.train.seed)
    model = build(model).train()
    learns = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learns, lr=plan.learning_rate, weight_decay=0.0)
    found = []
    for step, (tokens, mask, labels) in enumerate(batches(folder, plan, STEPS)):
        progress = step / STEPS  # A warm-up of 3 % is no step of eight.
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
        out = model(input_ids=tokens, attention_mask=mask, labels=labels)
        loss = out.loss if loss_of is None else loss_of(out.logits, tokens, mask, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learns, plan.train.clip)
        optimizer.step()
        optimizer.zero_grad()
        found.append(float(loss.detach()))
    return found


@pytest.mark.parametrize("method", METHODS)
def test_a_method_learns_step_by_step_what_the_reference_learns(method: str, llama: Path) -> None:
    build, rate = METHODS[method]
    train = {"steps": STEPS, "batch": 4, "lr": rate}
    plan = plan_of(method={"name": method, "virtual_tokens": 4}, train=train)
    record = run_here(job_in(llama, plan))
    assert record.status == "trained", record.reason
    assert losses(record) == pytest.approx(plainly(llama, plan, build), rel=2e-4)


def test_distillation_learns_step_by_step_what_the_reference_learns(llama: Path) -> None:
    from torch.nn import functional as fn
    from transformers import AutoModelForCausalLM

    models.tiny_llama(llama / "teacher", layers=3, seed=1)
    teacher = AutoModelForCausalLM.from_pretrained(llama / "teacher").eval()

    def mixed(logits: Any, tokens: Any, mask: Any, labels: Any) -> Any:
        learned = labels[:, 1:] >= 0
        with torch.no_grad():
            theirs = teacher(input_ids=tokens, attention_mask=mask).logits[:, :-1][learned]
        mine = logits[:, :-1][learned]
        near = (theirs / 2).softmax(-1) * ((theirs / 2).log_softmax(-1) - (mine / 2).log_softmax(-1))
        return 0.7 * 4 * near.sum(-1).mean() + 0.3 * fn.cross_entropy(mine, labels[:, 1:][learned])

    plan = plan_of(
        method={"name": "full"},
        train={"steps": STEPS, "batch": 4, "lr": 1e-3},
        distill={"teacher": "teacher", "weight": 0.7, "temperature": 2.0},
    )
    record = run_here(job_in(llama, plan))
    assert record.status == "trained", record.reason
    assert losses(record) == pytest.approx(plainly(llama, plan, lambda model: model, mixed), rel=2e-4)
