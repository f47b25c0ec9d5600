"""What is minimized: a module from a batch to a summed loss, around the model that learns."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from ossmodelkit.core.plan import Distill, Domain
from ossmodelkit.trainer.batching import Batch
from ossmodelkit.trainer.chunked_loss import head_and_loss, plain_loss


class Learner(nn.Module):
    """A model with its objective. `forward` gives the loss *summed* over learned tokens or rows.

    A sum and not a mean: the step divides by the whole step's weight, so micro-batches, packing and
    the number of processes do not change the mathematics. `notes` holds detached extras of the
    last pass.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.progress = 0.0
        self.notes: dict[str, Tensor] = {}

    @property
    def inner(self) -> nn.Module:
        """The transformers model below the adapters."""
        below = getattr(self.model, "get_base_model", None)
        found: nn.Module = below() if below is not None else self.model
        return found


class CausalLearner(Learner):
    """Next-token loss. With `chunked`, whole logits never exist."""

    def __init__(self, model: nn.Module, *, chunked: bool = False) -> None:
        super().__init__(model)
        self.chunked = chunked

    def forward(self, batch: Batch) -> Tensor:
        """The summed loss of the next tokens."""
        assert batch.labels is not None
        if self.chunked:
            hidden = self.inner.get_decoder()(**arguments(batch))[0]
            head = self.inner.get_output_embeddings()
            return head_and_loss(hidden[:, :-1].flatten(0, 1), head, batch.labels[:, 1:].flatten())
        return plain_loss(self.logits(batch)[:, :-1], batch.labels[:, 1:])

    def logits(self, batch: Batch) -> Tensor:
        """The logits of the batch's own tokens, without those of a tuned prompt before them."""
        out: Tensor = self.model(**arguments(batch)).logits
        return out[:, -batch.tokens.shape[1] :]


class DistillingLearner(CausalLearner):
    """A mixture of the data's own loss and the divergence from a teacher (Hinton et al. 2015)."""

    def __init__(self, model: nn.Module, teacher: nn.Module, distill: Distill) -> None:
        super().__init__(model)
        # Held in a list, so that the teacher's weights are no part of what is saved or sharded.
        self._teacher = [teacher.requires_grad_(False).eval()]
        self.distill = distill

    def forward(self, batch: Batch) -> Tensor:
        """The summed mixture."""
        assert batch.labels is not None
        wanted = batch.labels[:, 1:]
        learned = wanted >= 0
        mine = self.logits(batch)[:, :-1][learned].float()
        with torch.no_grad():
            theirs = self._teacher[0](**arguments(batch)).logits[:, :-1][learned].float()
        heat = self.distill.temperature
        apart = fn.kl_div(
            fn.log_softmax(mine / heat, -1), fn.log_softmax(theirs / heat, -1), reduction="sum", log_target=True
        )
        own = fn.cross_entropy(mine, wanted[learned], reduction="sum")
        self.notes = {"divergence": apart.detach(), "data_loss": own.detach()}
        return self.distill.weight * heat**2 * apart + (1.0 - self.distill.weight) * own


class ClassifyingLearner(Learner):
    """Cross entropy of one label a row; rows without a label (-100) teach nothing here."""

    def forward(self, batch: Batch) -> Tensor:
        """The summed loss of the rows."""
        out = self.model(input_ids=batch.tokens, attention_mask=batch.mask)
        return self._loss(out.logits, batch)

    def _loss(self, logits: Tensor, batch: Batch) -> Tensor:
        assert batch.targets is not None
        self.notes = {"right": (logits.argmax(-1) == batch.targets).sum().detach()}
        return fn.cross_entropy(logits.float(), batch.targets, ignore_index=-100, reduction="sum")


class _Reverse(torch.autograd.Function):
    """The identity forward, the gradient times -strength backward (Ganin et al. 2016)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return grads[0].neg() * ctx.strength, None


class AdversarialLearner(ClassifyingLearner):
    """Classification whose features are pushed not to betray the domain.

    The domain head reads the mean of the last hidden states. It is thrown away after training.
    """

    def __init__(self, model: nn.Module, domain: Domain, *, domains: int, width: int) -> None:
        super().__init__(model)
        self.domain = domain
        self.judge = nn.Sequential(nn.Linear(width, domain.hidden), nn.ReLU(), nn.Linear(domain.hidden, domains))
        self.judge.to(next(model.parameters()).device)

    @property
    def strength(self) -> float:
        """How strongly the gradient is reversed at this point of the run."""
        ramp = 2.0 / (1.0 + float(torch.exp(torch.tensor(-self.domain.ramp * self.progress)))) - 1.0
        return self.domain.weight * ramp

    def forward(self, batch: Batch) -> Tensor:
        """The rows' loss plus that of the domain head."""
        assert batch.domains is not None and batch.mask is not None
        out = self.model(input_ids=batch.tokens, attention_mask=batch.mask, output_hidden_states=True)
        loss = self._loss(out.logits, batch)
        weights = batch.mask[..., None].to(out.hidden_states[-1].dtype)
        pooled = (out.hidden_states[-1] * weights).sum(1) / weights.sum(1)
        guess = self.judge(_Reverse.apply(pooled.float(), self.strength))
        self.notes["domain_right"] = (guess.argmax(-1) == batch.domains).sum().detach()
        return loss + fn.cross_entropy(guess, batch.domains, reduction="sum")


class PairLearner(Learner):
    """Loss of the target's tokens, given the source."""

    def forward(self, batch: Batch) -> Tensor:
        """The summed loss of the target's tokens."""
        assert batch.labels is not None
        logits = self.model(input_ids=batch.tokens, attention_mask=batch.mask, labels=batch.labels).logits
        return plain_loss(logits[:, -batch.labels.shape[1] :], batch.labels)


def arguments(batch: Batch) -> dict[str, Any]:
    """What a causal model is called with: positions and borders for a flat batch, a mask for a padded one."""
    given: dict[str, Any] = {"input_ids": batch.tokens, "use_cache": False}
    if batch.bounds is None:
        return given | {"attention_mask": batch.mask}
    bounds = {"cu_seq_lens_q": batch.bounds, "cu_seq_lens_k": batch.bounds}
    longest = {"max_length_q": batch.longest, "max_length_k": batch.longest, "kit_lengths": batch.lengths}
    return given | {"position_ids": batch.positions} | bounds | longest
