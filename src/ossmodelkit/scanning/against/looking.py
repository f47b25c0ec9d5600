"""From two sources to everything that lies between them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.core.source import Source
from ossmodelkit.formats.tensors import Tensor
from ossmodelkit.foundation.errors import KitError, NothingToJudgeError
from ossmodelkit.foundation.progress import Progress, Task
from ossmodelkit.scanning.against import adapters, around, claims
from ossmodelkit.scanning.against.changes import Change, Changes, Difference, Kind
from ossmodelkit.scanning.against.claims import Claim
from ossmodelkit.scanning.against.comparing import BLOCK, Files, compare
from ossmodelkit.scanning.against.names import prefix_between
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
    config = _config(files, "adapter_config.json", tuned)
    gaps = [*before.gaps, *after.gaps]
    with ExitStack() as opened:
        sides = (Files(base, opened), Files(tuned, opened))
        adapter, whole = _adapter(before, after, config, sides[1])
        prefix, is_tuned = prefix_between(before.tensors, after.tensors)
        changes = _compared(_pairs(before, after, whole, prefix, is_tuned), sides, progress, gaps)
        gaps += _closed(opened)
    if claim is None and config:
        claim = claims.configured(config)
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
        return not any(block.strip(b"\0") for block in files.blocks(tensor, tensor.size, BLOCK))

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
