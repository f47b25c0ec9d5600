"""TRL's SFTTrainer with packing on the same rows, where trl and datasets are installed: a baseline, nothing more."""

from __future__ import annotations

import tempfile
import time
from importlib.util import find_spec
from typing import Any

from gpu_tests.shapes import DEVICE, model_of, rows

STEPS = 8


def measure(sizes: dict[str, Any], steps: list[list[int]], *, longest: int) -> dict[str, Any]:
    """Tokens per second of `STEPS` steps, padding and the first step left out; or why there are none."""
    absent = [name for name in ("trl", "datasets") if find_spec(name) is None]
    if absent:
        return {"skipped": f"{', '.join(absent)} not installed"}
    import peft
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    class Clock(TrainerCallback):  # type: ignore[misc]
        """Seconds from the end of the first step on."""

        began = 0.0

        def on_step_end(self, arguments: Any, state: Any, control: Any, **more: Any) -> None:
            """Start with the end of the first step, which warms up."""
            if state.global_step == 1:
                self.began = time.perf_counter()

    found = rows([length for step in steps for length in step], sizes["vocab_size"])
    data = Dataset.from_dict({"input_ids": [list(row.tokens) for row in found]})
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        arguments = SFTConfig(
            output_dir=folder,
            max_steps=STEPS,
            per_device_train_batch_size=1,
            packing=True,
            max_length=longest,
            gradient_checkpointing=False,
            bf16=DEVICE.type == "cuda",
            use_cpu=DEVICE.type != "cuda",
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            include_num_input_tokens_seen="non_padding",
            disable_tqdm=True,
        )
        adapter = peft.LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
        trainer = SFTTrainer(
            model=model_of(sizes), args=arguments, train_dataset=data, peft_config=adapter, callbacks=[clock]
        )
        trainer.train()
        spent = time.perf_counter() - clock.began
    tokens = trainer.state.num_input_tokens_seen * (STEPS - 1) / STEPS
    return {"tokens_per_second": round(tokens / spent), "skipped": ""}
