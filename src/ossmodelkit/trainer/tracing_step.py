"""One training step on fake tensors: the step that trains, around the loss a plain loop takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ossmodelkit.estimating.options import Attention, Autocast, Dtype, Loss, StepOptions
from ossmodelkit.trainer import chunked_loss
from ossmodelkit.trainer.step import train_step
from ossmodelkit.trainer.tracing_storage import StorageTape


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the model is called with; `train_step` looks at `tokens` for the device."""

    given: dict[str, Any]

    @property
    def tokens(self) -> Tensor:
        """Any of the tensors."""
        return next(item for item in self.given.values() if isinstance(item, Tensor))


def make_inputs(model: Any, options: StepOptions, task: str) -> Inputs:
    """Whole batches without anything in them. Call inside fake mode."""
    batch, seq = options.batch, options.seq
    if task == "image-classification":
        side = model.config.image_size
        sides = (side, side) if isinstance(side, int) else tuple(side)
        dtype = next(p.dtype for p in model.parameters() if p.is_floating_point())
        pixels = torch.empty(batch, model.config.num_channels, *sides, dtype=dtype)
        return Inputs(given={"pixel_values": pixels, "labels": torch.ones(batch, dtype=torch.long)})
    if options.attention is Attention.VARLEN:
        return Inputs(given=_packed(batch, seq))
    ids = torch.ones(batch, seq, dtype=torch.long)
    given: dict[str, Any] = {"input_ids": ids}
    given["labels"] = torch.ones(batch, dtype=torch.long) if task == "sequence-classification" else ids.clone()
    if options.padded:
        given["attention_mask"] = torch.ones(batch, seq, dtype=torch.long)
    return Inputs(given=given)


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


class _GroupedProduct(torch.autograd.Function):
    """The products of all experts as a card makes them at once: it saves only what a gradient will need."""

    @staticmethod
    def forward(ctx: Any, given: Tensor, weight: Tensor, ends: Tensor) -> Tensor:
        needs = ctx.needs_input_grad
        ctx.save_for_backward(given if needs[1] else None, weight if needs[0] else None)
        ctx.shapes = given.shape, weight.shape
        return given.new_empty(given.shape[0], weight.shape[2])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        _ = ctx.saved_tensors
        pairs = zip(ctx.shapes, ctx.needs_input_grad, strict=False)
        return (*(grads[0].new_empty(shape) if needed else None for shape, needed in pairs), None)


@contextmanager
def grouped_products_without_a_card(options: StepOptions) -> Iterator[None]:
    """Let experts multiply without one: as cards do in bf16, else by transformers' own fallback."""
    from transformers.integrations import moe

    before, allowed = moe._grouped_mm, moe._can_use_grouped_mm
    moe._can_use_grouped_mm = lambda *args, **kwargs: False
    if options.dtype is Dtype.BF16 and options.autocast is Autocast.NONE:
        moe._grouped_mm = lambda given, weight, offs: _GroupedProduct.apply(given.to(weight.dtype), weight, offs)
    try:
        yield
    finally:
        moe._grouped_mm, moe._can_use_grouped_mm = before, allowed


class TextbookLearner(nn.Module):
    """The model's own loss under the options' precision, or head and loss in chunks."""

    def __init__(self, model: nn.Module, options: StepOptions, task: str) -> None:
        super().__init__()
        self.model, self.options, self.task = model, options, task
        self.after_forward: Callable[[], None] = lambda: None

    def forward(self, batch: Inputs) -> Tensor:
        """The loss of the batch."""
        kind = torch.bfloat16 if self.options.autocast is not Autocast.NONE else torch.float32
        autocast = self.options.autocast is not Autocast.NONE
        with torch.autocast("cpu", kind) if autocast else nullcontext():
            loss = self._loss(dict(batch.given))
        self.after_forward()
        return loss

    def _loss(self, given: dict[str, Any]) -> Tensor:
        model: Any = self.model
        if hasattr(model.config, "use_cache") and self.task in ("causal-lm", "seq2seq"):
            given["use_cache"] = False
        if self.options.loss is Loss.CHUNKED:
            return self._chunked(given)
        loss: Tensor = model(**given).loss
        return loss

    def _chunked(self, given: dict[str, Any]) -> Tensor:
        """Take the hidden states in front of the head and sum the loss chunk by chunk."""
        model: Any = self.model
        labels = given.pop("labels")
        if self.task == "seq2seq":
            given["decoder_input_ids"] = model.prepare_decoder_input_ids_from_labels(labels=labels)
        caught: list[Tensor] = []
        head = model.get_output_embeddings()
        keep = head.forward

        def catch(hidden: Tensor) -> Tensor:
            caught.append(hidden)
            return hidden[..., :1]

        head.forward = catch
        try:
            model(**given)
        finally:
            head.forward = keep
        hidden = caught.pop()[:, -labels.shape[1] :]
        if self.task == "causal-lm":
            hidden, labels = hidden[:, :-1], labels[:, 1:]
        flat, wanted = hidden.reshape(-1, hidden.shape[-1]), labels.reshape(-1)
        total: Tensor = chunked_loss._HeadAndLoss.apply(flat, head.weight, getattr(head, "bias", None), wanted)
        return total


@contextmanager
def under_the_tape(options: StepOptions, tape: StorageTape) -> Iterator[None]:
    """Fake tensors on the roads that real ones take, followed by the tape."""
    masks = nullcontext() if options.padded else unpadded_masks()
    with masks, grouped_products_without_a_card(options), tape:
        tape.enter_phase("forward")
        yield


def run_step(
    learner: TextbookLearner, inputs: Inputs, optimizer: torch.optim.Optimizer, tape: StorageTape, *, clip: float = 1.0
) -> None:
    """One whole step by the trainer's own function."""
    optimizer.register_step_pre_hook(lambda *given: tape.enter_phase("optimizer"))
    with under_the_tape(learner.options, tape):
        train_step(learner, optimizer, [inputs], weight=1.0, clip=clip)  # type: ignore[list-item]


__all__ = ["Inputs", "TextbookLearner", "make_inputs", "run_step", "under_the_tape", "unpadded_masks"]
