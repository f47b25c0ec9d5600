"""Everything before the first step: rows, tokens, model, adapters, fast path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ossmodelkit.core.plan import MethodName, Plan, Task
from ossmodelkit.core.training import Job
from ossmodelkit.trainer import compiling, encoding, kernels, loading, methods, pissa, probing, recomputing
from ossmodelkit.trainer.distilling import cut_student
from ossmodelkit.trainer.distributed import World
from ossmodelkit.trainer.encoding import Example
from ossmodelkit.trainer.learning import (
    AdversarialLearner,
    CausalLearner,
    ClassifyingLearner,
    DistillingLearner,
    Learner,
    PairLearner,
)
from ossmodelkit.trainer.rows import Row, read_rows
from ossmodelkit.trainer.troubles import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """The data as it will be learned."""

    examples: Sequence[Example]
    evaluation: Sequence[Example] = ()
    labels: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def read_lessons(job: Job, tokenizer: Any) -> Lessons:
    """Read and encode the data, and the evaluation data if there is any."""
    rows, sha256 = read_rows(Path(job.data), job.plan)
    labels = _labels(rows) if job.plan.task is Task.CLASSIFICATION else ()
    examples = _encode(rows, tokenizer, job.plan, labels)
    facts: dict[str, Any] = {"sha256": sha256, "rows": len(rows), "used_rows": len(examples)}
    facts["tokens"] = sum(len(example.tokens) for example in examples)
    evaluation: Sequence[Example] = ()
    if job.evaluation_data:
        held, held_sha256 = read_rows(Path(job.evaluation_data), job.plan)
        evaluation = _encode(held, tokenizer, job.plan, labels)
        facts |= {"evaluation_sha256": held_sha256, "evaluation_rows": len(evaluation)}
    domains = tuple(sorted({row.domain for row in rows}))
    if job.plan.domain is not None and len(domains) < 2:
        raise Trouble("all rows are of one domain", hint="domain-adversarial training needs two or more domains")
    return Lessons(examples=examples, evaluation=evaluation, labels=labels, domains=domains, facts=facts)


def _encode(rows: Sequence[Row], tokenizer: Any, plan: Plan, labels: Sequence[str]) -> list[Example]:
    if plan.task is Task.CLASSIFICATION:
        return encoding.encode_labeled(rows, tokenizer, plan, labels)
    if plan.task is Task.SEQ2SEQ:
        return encoding.encode_pairs(rows, tokenizer, plan)
    return encoding.encode_causal(rows, tokenizer, plan)


def _labels(rows: Sequence[Row]) -> tuple[str, ...]:
    names = {row.label for row in rows if row.label is not None}
    if len(names) < 2:
        raise Trouble("all rows have one label", hint="classification needs two or more labels")
    if all(isinstance(name, int) for name in names):
        return tuple(str(name) for name in sorted(names))
    return tuple(sorted(str(name) for name in names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What trains: the model (with adapters), its objective, and the fast path it passed."""

    model: nn.Module
    learner: Learner
    fast: probing.FastPath


def build(job: Job, tokenizer: Any, lessons: Lessons, world: World) -> Prepared:
    """Load the base and make it ready. Chance (adapters, new heads) comes from the plan's seed alone."""
    plan = job.plan
    torch.manual_seed(plan.train.seed)
    model = loading.load_model(plan, Path(job.base), world.device, classes=len(lessons.labels))
    _fit_tokenizer(model, tokenizer, lessons)
    if plan.distill is not None and plan.distill.keep_layers:
        cut_student(model, plan.distill.keep_layers)
    unused = kernels.use_liger(model, world.device) if plan.speed.liger else ""
    kept = recomputing.choose(plan.speed, job.needed, world.device)
    recomputing.apply(model, kept)
    torch.manual_seed(plan.train.seed)
    model = methods.apply_method(model, plan)
    if plan.method.name is MethodName.PISSA:
        pissa.remember(model)
    fast = probing.choose(model, plan, vocabulary=_vocabulary(model), recompute=kept)
    learner = _objective(model, job, lessons, fast, world)
    uncompiled = compiling.compile_blocks(model, world.device) if plan.speed.compile else ""
    fast = replace(
        fast,
        recompute=kept,
        compile=plan.speed.compile and not uncompiled,
        liger=plan.speed.liger and not unused,
        refused=(*fast.refused, *filter(None, (unused, uncompiled))),
    )
    return Prepared(model=model, learner=learner, fast=fast)


def _objective(model: nn.Module, job: Job, lessons: Lessons, fast: probing.FastPath, world: World) -> Learner:
    plan = job.plan
    if plan.task is Task.SEQ2SEQ:
        return PairLearner(model)
    if plan.domain is not None:
        width = int(model.config.hidden_size)
        return AdversarialLearner(model, plan.domain, domains=len(lessons.domains), width=width)
    if plan.task is Task.CLASSIFICATION:
        return ClassifyingLearner(model)
    if plan.distill is not None:
        teacher = loading.load_teacher(plan, Path(job.teacher), world.device)
        return DistillingLearner(model, _same_words(teacher, model, fast), plan.distill)
    return CausalLearner(model, chunked=fast.chunked_loss)


def _same_words(teacher: nn.Module, model: nn.Module, fast: probing.FastPath) -> nn.Module:
    if _vocabulary(teacher) != _vocabulary(model):
        raise Trouble(
            f"teacher and student have different vocabularies ({_vocabulary(teacher)} and {_vocabulary(model)})",
            hint="choose a teacher of the same family",
        )
    if fast.packing:
        teacher.set_attn_implementation(model.config._attn_implementation)
    return teacher


def _vocabulary(model: nn.Module) -> int:
    return int(model.config.get_text_config().vocab_size)


def _fit_tokenizer(model: nn.Module, tokenizer: Any, lessons: Lessons) -> None:
    """The model must know every token it will be shown, and which one is padding."""
    highest = max(max(example.tokens, default=0) for example in lessons.examples)
    if highest >= _vocabulary(model):
        raise Trouble(
            f"the tokenizer gives token {highest}, the model knows {_vocabulary(model)}",
            hint="this tokenizer does not belong to this base",
        )
    model.config.pad_token_id = tokenizer.pad_token_id
    if lessons.labels:
        model.config.id2label = dict(enumerate(lessons.labels))
        model.config.label2id = {name: index for index, name in enumerate(lessons.labels)}
