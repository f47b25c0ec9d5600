"""The base model, from safetensors in a local folder and nothing else.

No pickle is opened, no code that came with the model is run, and nothing is fetched.
"""

from __future__ import annotations

import re
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from ossmodelkit.core.plan import MethodName, Plan, Task, Weights
from ossmodelkit.trainer import int8
from ossmodelkit.trainer.troubles import Trouble, first_line

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
FRESH = "kit_fresh"
HEADS = frozenset({"lm_head", "embed_out", "score", "classifier", "output_projection"})
# What transformers says when an architecture has no head for the task.
WRONG_KIND = re.compile(r"Unrecognized configuration class .*?(\w+)Config\b.* for this kind of AutoModel")


def weights_for(plan: Plan, device: torch.device) -> Weights:
    """How the base is held: as the plan says, or bf16 on a card and fp32 without one."""
    if plan.weights is not Weights.AUTO:
        return plan.weights
    return Weights.BF16 if device.type == "cuda" else Weights.FP32


def load_model(plan: Plan, folder: Path, device: torch.device, *, classes: int = 0) -> nn.Module:
    """The base for the plan's task, on `device`, in the weights the plan asks for.

    Raises `Trouble` when there are only pickles, or transformers cannot build it without foreign code.
    """
    check_folder(folder)
    weights = weights_for(plan, device)
    model = _build(plan, folder, weights, device, classes)
    _refuse_broken_numbers(model, folder)
    if weights is Weights.INT8 and int8.pack(model, keep=HEADS) == 0:
        raise Trouble("this base has no plain linear layer to hold as int8", hint="set weights = 'bf16'")
    if weights is not Weights.NF4:
        model.to(device)
    model.config.use_cache = False
    return model


def _refuse_broken_numbers(model: nn.Module, folder: Path) -> None:
    """One NaN in the base makes every loss NaN, and then the learning rate gets the blame."""
    broken = [
        name
        for name, parameter in model.named_parameters()
        if parameter.is_floating_point() and not torch.isfinite(parameter).all()
    ]
    if broken:
        raise Trouble(
            f"{folder} holds weights that are no numbers (NaN or infinite): {', '.join(broken)[:300]}",
            hint="download the base again, or ask its publisher; weights = 'fp32' if they overflow in fewer bits",
        )


def load_teacher(plan: Plan, folder: Path, device: torch.device) -> nn.Module:
    """The teacher of a distillation, held as the student is."""
    try:
        return load_model(plan, folder, device)
    except Trouble as trouble:
        raise Trouble(f"the teacher: {trouble.message}", hint=trouble.hint) from trouble


def check_folder(folder: Path) -> None:
    """Refuse what would have to be unpickled, or is no model."""
    if not folder.is_dir():
        raise Trouble(f"no base model at {folder}", hint="`base` in the plan is relative to the plan's folder")
    if not (folder / "config.json").is_file():
        raise Trouble(f"{folder} has no config.json", hint="give the folder of a transformers model")
    if not any(folder.glob("*.safetensors")):
        pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
        if pickles:
            raise Trouble(
                f"the base's weights are a pickle ({pickles[0]}), which is not opened",
                hint="kit scan it, then: python -m ossmodelkit.trainer.convert BASE NEW (loads weights only)",
            )
        raise Trouble(f"{folder} holds no safetensors", hint="download the weights, not only the configuration")


def _build(plan: Plan, folder: Path, weights: Weights, device: torch.device, classes: int) -> nn.Module:
    import transformers

    loaders = {
        Task.CAUSAL_LM: transformers.AutoModelForCausalLM,
        Task.CLASSIFICATION: transformers.AutoModelForSequenceClassification,
        Task.SEQ2SEQ: transformers.AutoModelForSeq2SeqLM,
    }
    wide = torch.bfloat16 if weights in (Weights.BF16, Weights.NF4) or device.type == "cuda" else torch.float32
    if weights is Weights.FP32:
        wide = torch.float32
    options: dict[str, Any] = {
        "dtype": wide,
        "local_files_only": True,
        "trust_remote_code": False,
        "use_safetensors": True,
    }
    if classes:
        options["num_labels"] = classes
    if weights is Weights.NF4:
        options |= _nf4(device)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, told = loaders[plan.task].from_pretrained(folder, output_loading_info=True, **options)
    except SafetensorError as error:
        raise Trouble(
            f"the weights in {folder} are damaged: {first_line(error)}", hint="download the base again, whole"
        ) from error
    except Exception as error:
        raise _not_built(error, folder, plan) from error
    setattr(model, FRESH, _fresh(sorted(told["missing_keys"]), folder, classes))
    built: nn.Module = model
    return built


def _not_built(error: Exception, folder: Path, plan: Plan) -> Trouble:
    if kind := WRONG_KIND.search(str(error)):
        hint = "set `task` to what the base was made for, or take another base"
        return Trouble(f"the base is a {kind[1]} model, and none for {plan.task}", hint=hint)
    return Trouble(
        f"cannot load {folder} for {plan.task}: {first_line(error)}",
        hint="models that need their own code are not run; kit audit BASE says what it needs",
    )


def _fresh(missing: list[str], folder: Path, classes: int) -> tuple[str, ...]:
    """The modules that had no weights: a new classification head, and nothing else.

    transformers fills gaps with random numbers and a remark; a base with holes must not be trained on.
    """
    inside = [name for name in missing if not classes or re.search(r"\.\d+\.", name)]
    if inside:
        raise Trouble(f"{folder} lacks the weights {', '.join(inside)[:300]}", hint="download the base again, whole")
    return tuple(dict.fromkeys(name.rpartition(".")[0] for name in missing))


def _nf4(device: torch.device) -> dict[str, Any]:
    if find_spec("bitsandbytes") is None:
        raise Trouble("nf4 weights need bitsandbytes", hint="pip install bitsandbytes, or weights = 'int8'")
    from transformers import BitsAndBytesConfig

    settings = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {"quantization_config": settings, "device_map": {"": device}}


def trains_whole(plan: Plan) -> bool:
    """Whether the base's own weights learn."""
    return plan.method.name is MethodName.FULL
