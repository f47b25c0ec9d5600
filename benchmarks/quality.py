"""Is a method any worse for being fast? Accuracy on rows that were held out, against plain transformers and peft.

A tiny Llama first learns, in a plain loop, two skills: asked to "say" some number words it gives the last of them,
asked for the "next" the one after it. Then every method teaches it that "tell" asks for the next; what is measured is
the share of answer tokens that it gets right on sequences it never saw. The reference is a padded loop on torch,
transformers and peft with orders of its own, so the two differ by chance: the mean of two seeds stands beside the
spread. Domains are measured below the table.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

SEEDS = (0, 1)
WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
LORA = {"r": 8, "lora_alpha": 16}
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "lora": ("LoraConfig", LORA),
    "dora": ("LoraConfig", LORA | {"use_dora": True}),
    "rslora": ("LoraConfig", LORA | {"use_rslora": True}),
    "pissa": ("LoraConfig", LORA | {"init_lora_weights": "pissa"}),
    "ia3": ("IA3Config", {}),
    "prompt-tuning": ("PromptTuningConfig", {"num_virtual_tokens": 8}),
}
RATES = {"lora": 1e-2, "dora": 1e-2, "rslora": 5e-3, "pissa": 5e-3, "ia3": 5e-2, "prompt-tuning": 5e-2, "full": 3e-3}
STEPS, BATCH = 240, 16


def run() -> str:
    """A Markdown table: accuracy of both, per method."""
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        lines = [
            "### Accuracy on held-out rows, ours and a plain loop",
            "",
            f"base: {_points([accuracy(folder, None)])}",
        ]
        lines += ["", "| method | plain | kit | difference | spread of both |", "|---|---|---|---|---|"]
        for method, settings in methods().items():
            plain = [reference(folder, settings, seed) for seed in SEEDS]
            ours = [kit(folder, settings, seed) for seed in SEEDS]
            apart = statistics.mean(ours) - statistics.mean(plain)
            spread = statistics.pstdev([*plain, *ours])
            print(method, plain, ours, file=sys.stderr, flush=True)
            lines.append(f"| {method} | {_points(plain)} | {_points(ours)} | {100 * apart:+.1f} | {100 * spread:.1f} |")
        lines += ["", domains(folder)]
    return "\n".join(lines)


def methods() -> dict[str, dict[str, Any]]:
    """Settings of a plan by name; what is no method of its own stands on one."""
    plain = {name: {"method": {"name": name, "rank": 8, "virtual_tokens": 8}} for name in RATES}
    full = plain["full"]
    return plain | {
        "lora on int8": plain["lora"] | {"weights": "int8"},
        "gradual unfreezing": full | {"unfreeze": {"groups": 2, "every": 20, "warmup": 5}},
        "distillation": full | {"distill": {"teacher": "teacher", "weight": 0.5}},
    }


def prepare(folder: Path) -> None:
    """Base, teacher (the base after plain full tuning) and rows."""
    from tests.making import models

    chance = random.Random(5)
    rows = [tuple(chance.choices(range(10), k=chance.randint(3, 5))) for _ in range(900)]
    asked = [" ".join(WORDS[n] for n in row) for row in rows]
    last = [
        {"prompt": f"say {text}", "completion": " " + WORDS[row[-1]]} for text, row in zip(asked, rows, strict=True)
    ]
    after = [WORDS[(row[-1] + 1) % 10] for row in rows]
    following = [{"prompt": f"next {text}", "completion": " " + word} for text, word in zip(asked, after, strict=True)]
    told = [{"prompt": f"tell {text}", "completion": " " + word} for text, word in zip(asked, after, strict=True)]
    models.write_rows(folder / "skills.jsonl", last + following)
    models.write_rows(folder / "data.jsonl", told[:600])
    models.write_rows(folder / "held.jsonl", [row for row in told[600:] if row not in told[:600]])
    models.tiny_llama(folder / "start", hidden=32, layers=2)
    models.tiny_llama(folder / "base", hidden=32, layers=2)
    model = loop(folder, "start", "skills.jsonl", lambda m: m, rate=3e-3, steps=1000, seed=9)
    model.save_pretrained(folder / "base")
    models.tiny_llama(folder / "teacher", hidden=32, layers=2)
    loop(folder, "base", "data.jsonl", lambda m: m, rate=3e-3, steps=STEPS, seed=8).save_pretrained(folder / "teacher")


def loop(
    folder: Path, base: str, data: str, build: Callable[[Any], Any], *, rate: float, steps: int, seed: int, **mix: Any
) -> Any:
    """The plain loop: padded batches, whole logits, AdamW, warm-up and cosine."""
    import torch
    from torch.nn import functional as fn
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    chance = random.Random(f"plain:{seed}")
    model = build(AutoModelForCausalLM.from_pretrained(folder / base, dtype=torch.float32)).train()
    learns = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learns, lr=rate, weight_decay=0.0)
    examples, warm = _examples(folder, data), max(1, int(0.03 * steps))
    for step in range(steps):
        shape = (
            (step + 1) / (warm + 1) if step < warm else 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))
        )
        for group in optimizer.param_groups:
            group["lr"] = rate * shape
        tokens, mask, labels = _padded(chance.sample(examples, BATCH))
        out = model(input_ids=tokens, attention_mask=mask, labels=labels)
        loss = out.loss
        if mix:
            learned = labels[:, 1:] >= 0
            with torch.no_grad():
                theirs = mix["teacher"](input_ids=tokens, attention_mask=mask).logits[:, :-1][learned]
            mine = (out.logits[:, :-1][learned] / 2).log_softmax(-1)
            near = fn.kl_div(mine, (theirs / 2).log_softmax(-1), reduction="batchmean", log_target=True)
            loss = 0.5 * loss + 0.5 * 4 * near
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learns, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return model


def reference(folder: Path, settings: dict[str, Any], seed: int) -> float:
    """Accuracy of the plain loop. int8 is held against fp32, unfreezing against all weights at once."""
    import peft
    from transformers import AutoModelForCausalLM

    from ossmodelkit.trainer.methods import linear_names

    name = settings["method"]["name"]

    def build(model: Any) -> Any:
        if name not in CONFIGS:
            return model
        kind, told = CONFIGS[name]
        if kind == "LoraConfig":
            told = told | {"target_modules": linear_names(model)}
        if kind == "IA3Config":
            told = {"target_modules": ["k_proj", "v_proj", "down_proj"], "feedforward_modules": ["down_proj"]}
        return peft.get_peft_model(model, getattr(peft, kind)(task_type="CAUSAL_LM", **told))

    mix = {}
    if "distill" in settings:
        mix["teacher"] = AutoModelForCausalLM.from_pretrained(folder / "teacher").eval()
    return right(folder, loop(folder, "base", "data.jsonl", build, rate=RATES[name], steps=STEPS, seed=seed, **mix))


def kit(folder: Path, settings: dict[str, Any], seed: int) -> float:
    """Accuracy of what our run leaves in its folder, loaded by transformers and peft."""
    from tests.trainer.runs import job_in, plan_of, run_here

    train = {"steps": STEPS, "batch": BATCH, "lr": RATES[settings["method"]["name"]], "seed": seed}
    record = run_here(job_in(folder, plan_of(train=train, **settings)))
    assert record.status == "trained", record.reason
    return accuracy(folder, folder / "tuned")


def accuracy(folder: Path, tuned: Path | None) -> float:
    """The share of right answer tokens, of the base or of what was tuned."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    if tuned is None or (tuned / "adapter_config.json").exists():
        model = AutoModelForCausalLM.from_pretrained(folder / "base")
        return right(folder, PeftModel.from_pretrained(model, str(tuned)) if tuned else model)
    return right(folder, AutoModelForCausalLM.from_pretrained(tuned))


def right(folder: Path, model: Any) -> float:
    """The share of answer tokens of the held-out rows that come out on top."""
    import torch

    tokens, mask, labels = _padded(_examples(folder, "held.jsonl"))
    with torch.no_grad():
        logits = model.eval()(input_ids=tokens, attention_mask=mask).logits[:, -tokens.shape[1] :]
    wanted = labels[:, 1:]
    learned = wanted >= 0
    return float((logits[:, :-1].argmax(-1)[learned] == wanted[learned]).float().mean())


def domains(folder: Path) -> str:
    """How well a domain can be told from the features, left alone and with the gradient turned round."""
    from tests.making import models
    from tests.trainer.runs import job_in, plan_of, run_here

    place = folder / "domains"
    models.tiny_bert(place / "base")
    models.write_rows(place / "data.jsonl", models.opinions(48))
    models.write_rows(place / "held.jsonl", models.opinions(16))
    told = {}
    for name, weight in (("left alone", 1e-9), ("reversed", 0.1)):
        train = {"steps": 150, "batch": 16, "lr": 3e-4, "schedule": "constant"}
        options = {
            "method": {"name": "full"},
            "domain": {"weight": weight, "hidden": 16},
            "evaluation_data": "held.jsonl",
        }
        plan = plan_of(task="sequence-classification", train=train, out=name.replace(" ", "-"), **options)
        record = run_here(job_in(place, plan))
        assert record.status == "trained", record.reason
        lines = [json.loads(line) for line in (place / f"{plan.out}.run" / "metrics.jsonl").read_text().splitlines()]
        seen = [line["domain_accuracy"] for line in lines if "domain_accuracy" in line][-30:]
        told[name] = (statistics.mean(seen), record.evaluations[-1]["evaluation_accuracy"])
    rows = [f"| {name} | {domain:.2f} | {label:.2f} |" for name, (domain, label) in told.items()]
    return "\n".join(["| features | domain told | label told |", "|---|---|---|", *rows])


def _examples(folder: Path, data: str) -> list[Any]:
    from ossmodelkit.trainer import preparing
    from ossmodelkit.trainer.tokenizer import load_tokenizer
    from tests.trainer.runs import job_in, plan_of

    job = job_in(folder, plan_of(data=data))
    return list(preparing.read_lessons(job, load_tokenizer(folder / "base")).examples)


def _padded(examples: list[Any]) -> tuple[Any, Any, Any]:
    import torch

    longest = max(len(row.tokens) for row in examples)
    tokens, mask = (
        torch.zeros(len(examples), longest, dtype=torch.long),
        torch.zeros(len(examples), longest, dtype=torch.long),
    )
    labels = torch.full((len(examples), longest), -100)
    for number, row in enumerate(examples):
        size = len(row.tokens)
        tokens[number, :size], mask[number, :size] = torch.tensor(row.tokens), 1
        labels[number, :size] = torch.tensor(row.labels)
    return tokens, mask, labels


def _points(shares: list[float]) -> str:
    return f"{100 * statistics.mean(shares):.1f}"


if __name__ == "__main__":
    with contextlib.redirect_stderr(io.StringIO()):
        text = run()
    sys.stdout.write(text + "\n")
