"""One training step on fake tensors: forward, loss, backward, optimizer, with every storage followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from ossmodelkit.estimating.options import Attention, Autocast, Loss, Method, StepOptions
from ossmodelkit.trainer.chunked_loss import head_and_loss
from ossmodelkit.trainer.tracing_storage import StorageTape


def make_inputs(model: Any, options: StepOptions, task: str) -> dict[str, Any]:
    """What the model is called with. Call inside fake mode."""
    batch, seq = options.batch, options.seq
    if task == "image-classification":
        side = model.config.image_size
        sides = (side, side) if isinstance(side, int) else tuple(side)
        dtype = next(p.dtype for p in model.parameters() if p.is_floating_point())
        pixels = torch.empty(batch, model.config.num_channels, *sides, dtype=dtype)
        return {"pixel_values": pixels, "labels": torch.ones(batch, dtype=torch.long)}
    if options.attention is Attention.VARLEN:
        return _packed(batch, seq)
    ids = torch.ones(batch, seq, dtype=torch.long)
    inputs: dict[str, Any] = {"input_ids": ids}
    inputs["labels"] = torch.ones(batch, dtype=torch.long) if task == "sequence-classification" else ids.clone()
    if options.padded:
        inputs["attention_mask"] = torch.ones(batch, seq, dtype=torch.long)
    return inputs


def _packed(batch: int, seq: int) -> dict[str, Any]:
    ids = torch.ones(1, batch * seq, dtype=torch.long)
    bounds = torch.zeros(batch + 1, dtype=torch.int32)
    return {
        "input_ids": ids,
        "labels": ids.clone(),
        "position_ids": torch.ones(1, batch * seq, dtype=torch.long),
        "cu_seq_lens_q": bounds,
        "cu_seq_lens_k": bounds,
        "max_length_q": seq,
        "max_length_k": seq,
    }


@contextmanager
def unpadded_masks() -> Iterator[None]:
    """Let fake tensors take the road of a real unpadded batch.

    transformers takes fake tensors for compilation and then builds a dense mask and repeats the
    key and value heads, which no real batch without padding would get.
    """
    from transformers import masking_utils

    before = masking_utils.find_packed_sequence_indices
    masking_utils.find_packed_sequence_indices = lambda position_ids: None
    try:
        yield
    finally:
        masking_utils.find_packed_sequence_indices = before


@contextmanager
def grouped_products_without_a_card() -> Iterator[None]:
    """Let experts multiply by transformers' own fallback: same tensors, and fake ones of every type may pass."""
    from transformers.integrations import moe

    before = moe._can_use_grouped_mm
    moe._can_use_grouped_mm = lambda *args, **kwargs: False
    try:
        yield
    finally:
        moe._can_use_grouped_mm = before


def forward_loss(model: nn.Module, inputs: Mapping[str, Any], options: StepOptions) -> torch.Tensor:
    """The loss as a plain training loop takes it, or through the head in chunks."""
    device = "cpu"
    kind = torch.bfloat16 if options.autocast is not Autocast.NONE else torch.float32
    context: Any = torch.autocast(device, kind) if options.autocast is not Autocast.NONE else nullcontext()
    extra = {} if "pixel_values" in inputs or _has_no_cache(model) else {"use_cache": False}
    with context:
        if options.loss is Loss.FULL:
            out = model(**inputs, **extra)
            loss: torch.Tensor = out.loss
            return loss
        return _chunked(model, dict(inputs), extra)


def _has_no_cache(model: Any) -> bool:
    return not hasattr(model.config, "use_cache") or model.config.model_type == "bert"


def _chunked(model: Any, inputs: dict[str, Any], extra: dict[str, Any]) -> torch.Tensor:
    """Take the hidden states in front of the head, shift, and sum the loss chunk by chunk."""
    labels = inputs.pop("labels")
    caught: list[torch.Tensor] = []
    head = _find_head(model)
    keep = head.forward

    def catch(hidden: torch.Tensor) -> torch.Tensor:
        caught.append(hidden)
        return hidden[..., :1]

    head.forward = catch
    try:
        model(**inputs, **extra)
    finally:
        head.forward = keep
    hidden = caught.pop()
    learned = hidden[:, -labels.shape[1] :][:, :-1]
    flat, wanted = learned.reshape(-1, hidden.shape[-1]), labels[:, 1:].reshape(-1)
    from ossmodelkit.trainer import chunked_loss

    total: torch.Tensor = chunked_loss._HeadAndLoss.apply(flat, head.weight, getattr(head, "bias", None), wanted)
    return total


def _find_head(model: Any) -> Any:
    head = model.get_output_embeddings()
    if head is None:
        raise ValueError("this model has no head over a vocabulary")
    return head


def run_step(
    model: nn.Module,
    inputs: Mapping[str, Any],
    options: StepOptions,
    tape: StorageTape,
    optimizer: Any = None,
    *,
    before_backward: Callable[[torch.Tensor], None] | None = None,
) -> None:
    """One step under the tape; gradients are dropped at the end when an optimizer steps."""
    masks = nullcontext() if options.padded else unpadded_masks()
    with masks, grouped_products_without_a_card(), tape:
        tape.enter_phase("forward")
        loss = forward_loss(model, inputs, options)
        if before_backward is not None:
            before_backward(loss)
        tape.enter_phase("backward")
        loss.backward()
        del loss
        if optimizer is not None:
            tape.enter_phase("optimizer")
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)


__all__ = ["Method", "forward_loss", "head_and_loss", "make_inputs", "run_step", "unpadded_masks"]
