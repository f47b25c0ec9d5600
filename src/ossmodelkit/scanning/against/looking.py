"""From two sources to everything that lies between them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.core.source import Source
from ossmodelkit.formats.tensors import Tensor
from ossmodelkit.foundation.errors import KitError, NothingToJudgeError
from ossmodelkit.foundation.progress import Progress, Task
from ossmodelkit.scanning.against import adapters, around, claims
from ossmodelkit.scanning.against.changes import Change, Changes, Difference, Kind
from ossmodelkit.scanning.against.claims import Claim
from ossmodelkit.scanning.against.comparing import BLOCK, Files, compare, equal
from ossmodelkit.scanning.against.names import is_embedding, is_head, prefix_between
from ossmodelkit.scanning.against.weights import Weights, read_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The changes, what could not be compared, and what a reader should know besides."""

    changes: Changes
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()


def look(base: Source, tuned: Source, *, claim: Claim | None, progress: Progress) -> Looked:
    """Hold `tuned` against `base`: every byte of both sides' weights, and what stands around them.

    Raises `NothingToJudgeError` when one side holds no weights.
    """
    before, after = read_weights(base), read_weights(tuned)
    _refuse_empty(base, before, before.tensors)
    _refuse_empty(tuned, after, {**after.tensors, **after.adapter})
    files = around.Around(base, tuned)
    _refuse_mixed(files, before, after)
    config = _config(files, "adapter_config.json", tuned)
    gaps = [*before.gaps, *after.gaps]
    with ExitStack() as opened:
        sides = (Files(base, opened), Files(tuned, opened))
        adapter, whole = _adapter(before, after, config, sides[1])
        prefix, is_tuned = prefix_between(before.tensors, after.tensors)
        changes = _compared(_pairs(before, after, whole, prefix, is_tuned), sides, progress, gaps)
        changes = _with_twins(changes, before, after, sides)
        gaps += _closed(opened)
    if claim is None and config:
        claim = claims.configured(config)
    packed = _packed(files)
    if packed:
        reason = f"the weights of one side are packed ({packed}): they are other numbers than the base's"
        gaps.append(Gap(at=Place(path="config.json"), reason=reason, remedy="compare what was packed, before it was"))
    return Looked(
        changes=Changes(
            base=base.ref,
            tuned=tuned.ref,
            tensors=changes,
            adapter=adapter,
            claim=claim,
            settings=(*around.settings(files), *_head_settings(files, before, after)),
            templates=around.templates(files),
            vocabulary=around.vocabulary(files),
            ties=_ties(files),
            packed=packed,
            renamed=prefix,
        ),
        gaps=(*gaps, *files.gaps),
        notes=tuple(_notes(before, after, base, tuned, prefix, is_tuned)),
    )


def _refuse_empty(source: Source, weights: Weights, tensors: Mapping[str, Tensor]) -> None:
    if tensors:
        return
    why = f": {weights.gaps[0].at}: {weights.gaps[0].reason}" if weights.gaps else ""
    raise NothingToJudgeError(
        f"no weights to compare in {source.ref!r}{why}", hint="safetensors, torch checkpoints and GGUF are compared"
    )


def _refuse_mixed(files: around.Around, before: Weights, after: Weights) -> None:
    """GGUF has names and orders of its own: held against other files every tensor would seem to be another."""
    heads = [
        files.head(source, next(iter(side.tensors.values())).file) is not None
        for source, side in ((files.base, before), (files.tuned, after))
        if side.tensors
    ]
    if len(set(heads)) > 1:
        raise NothingToJudgeError("a GGUF can only be held against a GGUF", hint="compare before converting")


def _config(files: around.Around, name: str, source: Source) -> dict[str, Any]:
    value = files.json(source, name)
    return value if isinstance(value, dict) else {}


def _adapter(
    before: Weights, after: Weights, config: Mapping[str, Any], files: Files
) -> tuple[adapters.Adapter | None, dict[str, Tensor]]:
    """What the adapter touches, and the whole tensors in it that stand in for the base's."""
    if not after.adapter:
        return None, {}
    parts, whole, prompts = adapters.split(after.adapter)

    def is_zero(tensor: Tensor) -> bool:
        try:
            return not any(block.strip(b"\0") for block in files.blocks(tensor, tensor.size, BLOCK))
        except KitError:
            return False

    found = adapters.Adapter(
        kind=str(config.get("peft_type", "unknown"))[:40],
        base=str(config.get("base_model_name_or_path", ""))[:200],
        touches=adapters.touches(parts, config, before.tensors, is_zero),
        prompts=prompts,
    )
    return found, whole


def _pairs(
    before: Weights, after: Weights, whole: Mapping[str, Tensor], prefix: str, is_tuned: bool
) -> list[tuple[str, Tensor | None, Tensor | None]]:
    """Tensors that belong together, under the base's names, in the base's order; then what was added."""
    if not after.tensors:  # an adapter alone: the base's own tensors stay as they are
        return [(name, before.tensors.get(name), tensor) for name, tensor in whole.items()]
    renamed = {_base_name(name, prefix, is_tuned): tensor for name, tensor in after.tensors.items()}
    known = [(name, tensor, renamed.get(name)) for name, tensor in before.tensors.items()]
    return known + [(name, None, tensor) for name, tensor in renamed.items() if name not in before.tensors]


def _base_name(name: str, prefix: str, is_tuned: bool) -> str:
    return name.removeprefix(prefix) if is_tuned else prefix + name


def _compared(
    pairs: list[tuple[str, Tensor | None, Tensor | None]],
    sides: tuple[Files, Files],
    progress: Progress,
    gaps: list[Gap],
) -> tuple[Change, ...]:
    total = sum(tensor.size for _, base, tuned in pairs if (tensor := tuned or base) is not None)
    found = []
    with progress.task("comparing", total, "bytes") as task:
        for name, base, tuned in pairs:
            found.append(_one(name, base, tuned, sides, task, gaps))
    return tuple(found)


def _one(
    name: str, base: Tensor | None, tuned: Tensor | None, sides: tuple[Files, Files], task: Task, gaps: list[Gap]
) -> Change:
    try:
        change = compare(name, base, tuned, sides, task.advance)
    except KitError as error:
        reason, remedy = error.message, error.hint
    else:
        if change.kind is not Kind.UNREAD:
            return change
        reason = "the numbers lie in another order on each side"
        remedy = "save both with safetensors, or with torch.save of contiguous tensors"
    at = Place(path=(tuned or base).file, members=(name,)) if tuned or base else Place(path=name)  # type: ignore[union-attr]
    gaps.append(Gap(at=at, reason=f"not compared: {reason}", remedy=remedy))
    return Change(name=name, kind=Kind.UNREAD, base=base, tuned=tuned)


def _closed(opened: ExitStack) -> list[Gap]:
    """Close all files; one that changed meanwhile says so when it is closed."""
    try:
        opened.close()
    except KitError as error:
        return [Gap(at=Place(path="."), reason=error.message, remedy=error.hint)]
    return []


def _head_settings(files: around.Around, before: Weights, after: Weights) -> tuple[Difference, ...]:
    heads = [next(iter(side.tensors.values())).file for side in (before, after) if side.tensors]
    return around.head_settings(files, *heads) if len(heads) == 2 else ()


def _with_twins(
    changes: tuple[Change, ...], before: Weights, after: Weights, sides: tuple[Files, Files]
) -> tuple[Change, ...]:
    """Find the other name of embeddings and heads that only one side has."""
    held = {Kind.MISSING: (before.tensors, sides[0]), Kind.ADDED: (after.tensors, sides[1])}
    return tuple(
        replace(one, twin=_twin(one.base or one.tuned, *held[one.kind]))
        if one.kind in held and (is_embedding(one.name) or is_head(one.name))
        else one
        for one in changes
    )


def _twin(alone: Tensor | None, held: Mapping[str, Tensor], files: Files) -> str:
    try:
        return next((name for name, one in held.items() if alone and one != alone and equal(alone, one, files)), "")
    except KitError:
        return ""


def _packed(files: around.Around) -> str:
    """How one side is quantized, where the other is not, or otherwise."""
    named = []
    for config in files.both("config.json"):
        how = config.get("quantization_config") if isinstance(config, dict) else None
        named.append(str(how.get("quant_method", "quantized"))[:40] if isinstance(how, dict) else "")
    return "" if named[0] == named[1] else " against ".join(one or "plain" for one in reversed(named))


def _ties(files: around.Around) -> bool:
    """Whether one tensor serves as embedding and as head, so that either may be left out of the file."""
    for config in files.both("config.json"):
        inner = config.get("text_config") if isinstance(config, dict) else None
        if any(isinstance(one, dict) and one.get("tie_word_embeddings") is True for one in (config, inner)):
            return True
    return False


def _notes(before: Weights, after: Weights, base: Source, tuned: Source, prefix: str, is_tuned: bool) -> list[str]:
    notes = []
    for source, weights in ((base, before), (tuned, after)):
        if weights.left_out:
            shown = ", ".join(weights.left_out[:5]) + (", …" if len(weights.left_out) > 5 else "")
            notes.append(f"not compared, because loaders take other files first, in {source.ref}: {shown}")
    if prefix:
        notes.append(f"names in {tuned.ref if is_tuned else base.ref} begin with {prefix!r}; they were matched without")
    return notes
