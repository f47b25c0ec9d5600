"""Our loop against transformers' Trainer with peft: the same base, rows, seed and steps, on a CPU.

Seconds are CPU seconds of one thread, so that other work on the machine does not count; tokens are
counted without padding. "mixed" draws row lengths as instruction data has them (log-normal, median
60, at most 512 tokens), "equal" cuts all rows to 128.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

STEPS, BATCH, ROUNDS, SEED = 10, 8, 3, 0
LONGEST = {"mixed": 512, "equal": 128}


def run() -> str:
    """A Markdown table: tokens per second of both, and the ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder)
        lines = ["### Fine-tuning, LoRA r16 on all linear layers, fp32, CPU", ""]
        lines += ["| rows | engine | tokens/s | ratio | mean loss |", "|---|---|---|---|---|"]
        for lengths in LONGEST:
            found = {engine: _median(engine, lengths, folder) for engine in ("trainer+peft", "kit")}
            unit = found["trainer+peft"]["rate"]
            lines += [
                f"| {lengths} | {engine} | {one['rate']:,.0f} | {one['rate'] / unit:.2f} | {one['loss']:.4f} |"
                for engine, one in found.items()
            ]
    return "\n".join(lines)


def _median(engine: str, lengths: str, folder: Path) -> dict[str, float]:
    runs = [_in_process(engine, lengths, folder) for _ in range(ROUNDS)]
    return {"rate": statistics.median(one["rate"] for one in runs), "loss": runs[0]["loss"]}


def _in_process(engine: str, lengths: str, folder: Path) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.finetune", engine, lengths, str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _prepare(folder: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    from ossmodelkit.trainer.demo_lessons import all_text
    from ossmodelkit.trainer.demo_model import train_tokenizer

    tokenizer = train_tokenizer(all_text(0), vocabulary=1024)
    tokenizer.save_pretrained(folder / "base")
    sizes = {"hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 6, "num_attention_heads": 8}
    config = LlamaConfig(vocab_size=8192, num_key_value_heads=4, max_position_embeddings=1024, **sizes)
    LlamaForCausalLM(config).save_pretrained(folder / "base")
    chance = random.Random(SEED)
    words = " ".join(all_text(0)).split()
    for name, longest in LONGEST.items():
        rows = []
        for _ in range(STEPS * BATCH):
            wanted = 128 if name == "equal" else max(8, min(longest, round(chance.lognormvariate(4.1, 0.8))))
            text = " ".join(chance.choices(words, k=wanted))
            ids = tokenizer(text, add_special_tokens=False)["input_ids"][: wanted - 2]
            rows.append({"text": tokenizer.decode(ids)})
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _job(lengths: str, folder: Path) -> Any:
    from ossmodelkit.core.plan import Method, Plan, Train
    from ossmodelkit.core.training import Job

    train = Train(steps=STEPS, batch=BATCH, seq=LONGEST[lengths], lr=1e-3, schedule="constant", warmup=0.0)
    plan = Plan(base="base", data=f"{lengths}.jsonl", out="out", method=Method(rank=16), train=train)
    return Job(
        plan=plan, base=str(folder / "base"), data=str(folder / plan.data), out=str(folder / "o"), run=str(folder / "r")
    )


def _examples(job: Any) -> tuple[Any, Any]:
    from ossmodelkit.trainer.preparing import read_lessons
    from ossmodelkit.trainer.tokenizer import load_tokenizer

    tokenizer = load_tokenizer(Path(job.base))
    return tokenizer, read_lessons(job, tokenizer)


def _kit(lengths: str, folder: Path) -> tuple[float, float, int]:
    """Seconds inside the loop, mean loss, tokens."""
    from ossmodelkit.trainer import loop
    from ossmodelkit.trainer.running import run as run_job

    spent: list[float] = []
    real = loop.Loop.run

    def timed(self: Any) -> None:
        began = time.process_time()
        real(self)
        spent.append(time.process_time() - began)

    loop.Loop.run = timed  # type: ignore[method-assign]
    record = run_job(_job(lengths, folder))
    assert record.status == "trained", record.reason
    return spent[0], statistics.mean(loss for _, loss in record.loss), record.tokens


def _trainer(lengths: str, folder: Path) -> tuple[float, float, int]:
    """The same with the defaults of transformers' Trainer."""
    import peft
    import torch
    from transformers import AutoModelForCausalLM, DataCollatorForSeq2Seq, Trainer, TrainingArguments

    from ossmodelkit.trainer.methods import linear_names

    job = _job(lengths, folder)
    tokenizer, lessons = _examples(job)
    rows = [{"input_ids": list(e.tokens), "labels": list(e.labels)} for e in lessons.examples]
    torch.manual_seed(SEED)
    model = AutoModelForCausalLM.from_pretrained(job.base)
    settings = peft.LoraConfig(r=16, lora_alpha=32, target_modules=linear_names(model), task_type="CAUSAL_LM")
    arguments = TrainingArguments(
        output_dir=str(folder / "hf"),
        max_steps=STEPS,
        per_device_train_batch_size=BATCH,
        learning_rate=1e-3,
        lr_scheduler_type="constant",
        logging_steps=STEPS,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        seed=SEED,
        disable_tqdm=True,
    )
    trainer = Trainer(
        model=peft.get_peft_model(model, settings),
        args=arguments,
        train_dataset=rows,
        data_collator=DataCollatorForSeq2Seq(tokenizer, padding=True),
    )
    began = time.process_time()
    trainer.train()
    spent = time.process_time() - began
    return spent, float(trainer.state.log_history[0]["loss"]), sum(len(row["input_ids"]) for row in rows)


def _child(engine: str, lengths: str, folder: Path) -> None:
    import torch

    torch.set_num_threads(1)
    with contextlib.redirect_stdout(io.StringIO()):
        seconds, loss, tokens = (_kit if engine == "kit" else _trainer)(lengths, folder)
    print(json.dumps({"rate": tokens / seconds, "loss": loss}))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        _child(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    else:
        print(run())
