"""From a base to what learns: adapters in peft's own format, or the whole model."""

from __future__ import annotations

import warnings
from typing import Any

from torch import nn

from ossmodelkit.core.plan import LOW_RANK, MethodName, Plan, Task
from ossmodelkit.trainer.loading import FRESH, HEADS
from ossmodelkit.trainer.troubles import Trouble

LARGEST_RANK_OF_ANY = 1024  # which models smaller than that may have: it costs them little
TASK_TYPES = {Task.CAUSAL_LM: "CAUSAL_LM", Task.CLASSIFICATION: "SEQ_CLS", Task.SEQ2SEQ: "SEQ_2_SEQ_LM"}


def apply_method(model: nn.Module, plan: Plan) -> nn.Module:
    """The model with its adapters; what does not learn is frozen.

    Raises `Trouble` when `method.targets` names nothing in this model.
    """
    if plan.method.name is MethodName.FULL:
        model.requires_grad_(True)
        return model
    import peft

    settings = _settings(model, plan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wrapped: nn.Module = peft.get_peft_model(model, settings)
        except ValueError as error:
            raise Trouble(
                f"method {plan.method.name} does not fit this model: {str(error).splitlines()[0][:300]}",
                hint=f"linear modules here: {', '.join(linear_names(model)) or 'none'}",
            ) from error
    return wrapped


def _settings(model: nn.Module, plan: Plan) -> Any:
    import peft

    method = plan.method
    shared: dict[str, Any] = {"task_type": TASK_TYPES[plan.task]}
    fresh = list(getattr(model, FRESH, ()))
    if method.name is MethodName.PROMPT_TUNING:
        return peft.PromptTuningConfig(num_virtual_tokens=method.virtual_tokens, **shared)
    if fresh:  # A new head learns whole, beside the adapter.
        shared["modules_to_save"] = fresh
    targets = method.targets if isinstance(method.targets, str) else list(method.targets)
    if method.name is MethodName.IA3:
        if targets == "all-linear":
            return peft.IA3Config(**shared, **_ia3_targets(model))
        return peft.IA3Config(target_modules=targets, feedforward_modules=[], **shared)
    assert method.name in LOW_RANK
    if targets == "all-linear":
        targets = linear_names(model)
    elif isinstance(targets, str):
        targets = [targets]
    _check_rank(model, targets, method.rank)
    return peft.LoraConfig(
        r=method.rank,
        lora_alpha=method.scale_alpha,
        lora_dropout=method.dropout,
        target_modules=targets,
        use_dora=method.name is MethodName.DORA,
        use_rslora=method.name is MethodName.RSLORA,
        init_lora_weights="pissa" if method.name is MethodName.PISSA else True,
        **shared,
    )


def _check_rank(model: nn.Module, targets: list[str], rank: int) -> None:
    """Raise `Trouble` for a large rank where no target has so many rows and columns: it costs more than the matrix."""
    ends = tuple(f".{target}" for target in targets)
    found = [module for name, module in model.named_modules() if name.endswith(ends)]
    sizes = [min(one.in_features, one.out_features) for one in found if isinstance(one, nn.Linear)]
    most = max(sizes, default=rank)
    if rank > max(most, LARGEST_RANK_OF_ANY):
        raise Trouble(
            f"method.rank is {rank}, and no target has a rank above {most}",
            hint=f"8 to 64 is usual; at {most} it is full fine-tuning at a higher price",
        )


def linear_names(model: nn.Module) -> list[str]:
    """The last names of the linear modules inside the blocks: what "all-linear" stands for."""
    from transformers.pytorch_utils import Conv1D

    kinds = (nn.Linear, Conv1D)
    names = {name.rpartition(".")[2] for name, module in model.named_modules() if isinstance(module, kinds)}
    return sorted(name for name in names - HEADS if not name.isdigit())


def _ia3_targets(model: nn.Module) -> dict[str, list[str]]:
    """Keys, values and the second matrix of the feed-forward part, as in Liu et al. 2022, section 3.3."""
    from peft.utils import constants

    kind = str(getattr(model.config, "model_type", ""))
    known = constants.TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING
    if kind in known:
        forward = constants.TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING[kind]
        return {"target_modules": list(known[kind]), "feedforward_modules": list(forward)}
    names = linear_names(model)
    keys = [name for name in names if name in ("k_proj", "v_proj", "key", "value", "k", "v", "k_lin", "v_lin")]
    down = [name for name in names if name in ("down_proj", "fc2", "wo", "w2", "dense_4h_to_h", "lin2", "c_proj")]
    if not keys:
        raise Trouble("ia3 does not know where this model's keys are", hint=f"set method.targets: {', '.join(names)}")
    return {"target_modules": keys + down, "feedforward_modules": down}


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """(learning, all). Quantized weights count as what they stand for, not as what they are packed into."""
    learning = sum(p.numel() for p in model.parameters() if p.requires_grad)
    whole = sum(p.numel() * (2 if type(p).__name__ == "Params4bit" else 1) for p in model.parameters())
    return learning, whole
