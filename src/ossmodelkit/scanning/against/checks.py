"""What is asked of the way from a base to a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Place, Severity
from ossmodelkit.scanning.against.changes import Change, Changes, Kind
from ossmodelkit.scanning.against.names import is_embedding, is_head, is_recomputed, layer_of, role_of

SHOWN = 6
UNLIKE = 0.5
FAR = 1.0
FEW = 0.005
SMALLEST_VOCABULARY = 1000
ASK = "Ask its maker what was done; where you made it, say so with --claim or in the plan."


def _at(change: Change) -> Place:
    tensor = change.tuned or change.base
    return Place(path=tensor.file if tensor else ".", members=(change.name,))


def _listed(names: Iterable[str]) -> str:
    """Roles with how often each occurs, a few of them."""
    roles = Counter(role_of(name) for name in names)
    shown = [f"{role} ({count})" if count > 1 else role for role, count in roles.most_common(SHOWN)]
    return ", ".join(shown) + (f" and {len(roles) - SHOWN} more" if len(roles) > SHOWN else "")


def _sides(change: Change) -> int:
    tensor = change.base or change.tuned
    return len(tensor.shape) if tensor else 0


def _whole(changes: Changes) -> Place:
    return Place(path=changes.tuned)


def _is_only_told(changes: Changes, change: Change) -> bool:
    """What stands in the tables and is no finding: masks made anew, one weight under two names, packed weights."""
    return bool(changes.packed or change.twin) or is_recomputed(change.name)


@check("change-not-claimed", reads=Changes, severity=Severity.MEDIUM)
def not_claimed(changes: Changes) -> Iterator[Hit]:
    """Weights changed that this fine-tune does not say it changed.

    A merged adapter leaves every other weight as it was, to the bit. Where more has changed, more was done to the
    model than is said: another training run, an edit by hand, or other weights under the same name.
    """
    claim = changes.claim
    if claim is None:
        return
    beyond: dict[str, list[Change]] = {}
    for one in changes.tensors:
        changed = one.moved or (one.kind in (Kind.ADDED, Kind.RESHAPED) and not _is_only_told(changes, one))
        if changed and not claim.covers(one.name, _sides(one)):
            beyond.setdefault(role_of(one.name), []).append(one)
    for role, found in beyond.items():
        saw = f"{role}: {len(found)} changed; claimed by {claim.said_by}: {claim.text}"
        yield Hit(at=_at(found[0]), saw=saw, remedy=ASK)


@check("claim-not-kept", reads=Changes, severity=Severity.LOW)
def not_kept(changes: Changes) -> Iterator[Hit]:
    """Weights that this fine-tune says it changed are those of the base.

    A claimed full tune that leaves layers untouched was none, and a claimed module that no tensor belongs to, or
    that did not move, was not tuned.
    """
    claim = changes.claim
    if claim is None or changes.adapter is not None:
        return
    wanted = [one for one in changes.tensors if _is_float(one) and claim.covers(one.name, _sides(one))]
    still = [one for one in wanted if one.kind is Kind.SAME]
    if claim.whole:
        layers = Counter(layer_of(one.name) for one in wanted)
        untouched = Counter(layer_of(one.name) for one in still)
        still_layers = [name for name, count in untouched.items() if count == layers[name]]
        if still_layers:
            saw = f"{len(still_layers)} of {len(layers)} layers are the base's: {_few(still_layers)}"
            yield Hit(at=_whole(changes), saw=saw, remedy=ASK)
    elif claim.modules or claim.pattern:
        if not wanted:
            yield Hit(at=_whole(changes), saw=f"no tensor belongs to {claim.text}", remedy=ASK)
        elif still:
            saw = f"{len(still)} of {len(wanted)} claimed weights are the base's: {_listed(one.name for one in still)}"
            yield Hit(at=_at(still[0]), saw=saw, remedy=ASK)


def _is_float(change: Change) -> bool:
    return change.base is not None and change.base.dtype in ("F64", "F32", "F16", "BF16")


def _few(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


@check("change-nothing", reads=Changes, severity=Severity.LOW)
def nothing(changes: Changes) -> Iterator[Hit]:
    """Every weight of this model is the base's.

    A model that is offered as a fine-tune and is its base was not tuned, or the wrong weights were published.
    """
    weights = [one for one in changes.tensors if one.kind is not Kind.UNREAD]
    same = all(one.kind is Kind.SAME for one in weights)
    if changes.adapter is None and weights and same and len(weights) == len(changes.tensors):
        yield Hit(at=_whole(changes), saw=f"{len(weights)} tensors, all equal", remedy="Check what was published.")


@check("change-other-model", reads=Changes, severity=Severity.MEDIUM)
def other_model(changes: Changes) -> Iterator[Hit]:
    """These weights were not made from this base.

    Tuning keeps names and shapes, and moves weights by a small part of their size. Other names or shapes for most
    of them, or a distance as large as the weights themselves, mean another base, or training from nothing.
    """
    known = [one for one in changes.tensors if one.base is not None and not is_recomputed(one.name)]
    if changes.packed:
        return
    met = [one for one in known if one.tuned is not None and one.kind is not Kind.RESHAPED]
    remedy = "Give the base that it was made from; see base_model in its card."
    if changes.adapter is None and known and len(met) < UNLIKE * len(known):
        saw = f"{len(met)} of the base's {len(known)} tensors are there with their shapes"
        yield Hit(at=_whole(changes), saw=saw, remedy=remedy)
        return
    far = [one for one in met if one.delta is not None and one.delta.relative >= FAR and _sides(one) > 1]
    matrices = [one for one in met if _sides(one) > 1]
    if changes.adapter is None and far and len(far) > UNLIKE * len(matrices):
        saw = f"{len(far)} of {len(matrices)} matrices are further from the base's than those are from zero"
        yield Hit(at=_whole(changes), saw=saw, remedy=remedy)


@check("change-adds-tensors", reads=Changes, severity=Severity.LOW)
def added(changes: Changes) -> Iterator[Hit]:
    """The model has tensors that its base has not.

    A new head is ordinary; tensors inside of layers that the base does not know are used only by code that
    does, or carry data that nobody looks at.
    """
    found = [one for one in changes.tensors if one.kind is Kind.ADDED and not _is_only_told(changes, one)]
    inside = [one for one in found if layer_of(one.name) != one.name and not is_head(one.name)]
    if found:
        yield Hit(
            at=_at(found[0]),
            saw=_listed(one.name for one in found),
            remedy="Check that its architecture in config.json uses them.",
            severity=Severity.MEDIUM if inside and _has_layers(changes, inside) else None,
        )


def _has_layers(changes: Changes, inside: list[Change]) -> bool:
    """Whether an added tensor lies in a layer that the base has."""
    layers = {layer_of(one.name) for one in changes.tensors if one.base is not None}
    return any(layer_of(one.name) in layers for one in inside)


@check("change-lacks-tensors", reads=Changes, severity=Severity.MEDIUM)
def missing(changes: Changes) -> Iterator[Hit]:
    """Tensors of the base are missing.

    A loader fills the gap with random numbers or zeros and only warns. A head that was replaced, or that is the
    embedding under another name, is no such gap.
    """
    found = [one for one in changes.tensors if one.kind is Kind.MISSING and not _is_only_told(changes, one)]
    replaced = any(one.kind is Kind.ADDED and is_head(one.name) for one in changes.tensors)
    serious = [one for one in found if not (is_head(one.name) and (replaced or changes.ties))]
    serious = [one for one in serious if not (changes.ties and is_embedding(one.name))]
    if serious:
        saw = _listed(one.name for one in serious)
        yield Hit(at=Place(path=changes.tuned), saw=saw, remedy="Get a complete copy, or the right base.")


@check("change-shape", reads=Changes, severity=Severity.MEDIUM)
def shape(changes: Changes) -> Iterator[Hit]:
    """A tensor has another shape than in the base.

    Rows added to embedding and head come with new tokens and leave the old rows as they are. Any other shape means
    another architecture.
    """
    for one in changes.tensors:
        if one.base is None or one.tuned is None or one.kind not in (Kind.RESIZED, Kind.RESHAPED) or changes.packed:
            continue
        saw = f"{_times(one.base.shape)} became {_times(one.tuned.shape)}"
        if one.kind is Kind.RESHAPED or not (is_embedding(one.name) or is_head(one.name)):
            yield Hit(at=_at(one), saw=saw, remedy="Give the base that it was made from.")
            continue
        grown = one.tuned.shape[0] - one.base.shape[0]
        rows = f"{grown} rows added" if grown > 0 else f"{-grown} rows removed"
        kept = f"{one.rows_changed} of {one.rows} old rows changed" if one.moved else "old rows are the base's"
        if one.retyped:
            kept = f"{one.base.dtype} became {one.tuned.dtype}"
        yield Hit(
            at=_at(one),
            saw=f"{saw}: {rows}, {kept}",
            remedy="Check that the tokenizer grew by as many tokens.",
            why="The vocabulary has another size than the base's.",
            severity=Severity.LOW,
        )


def _times(sides: tuple[int, ...]) -> str:
    return " × ".join(map(str, sides)) or "a number"


@check("change-type", reads=Changes, severity=Severity.LOW)
def type_(changes: Changes) -> Iterator[Hit]:
    """Weights are kept in another number type than the base's.

    A coarser type rounds every weight: quality may change although no training did it.
    """
    found = [one for one in changes.tensors if one.kind is Kind.RETYPED and one.base and one.tuned]
    turns = Counter((one.base.dtype, one.tuned.dtype) for one in found if one.base and one.tuned)
    for (before, after), count in turns.items():
        first = next(one for one in found if one.base and one.base.dtype == before)
        saw = f"{before} became {after} in {count} tensors"
        yield Hit(at=_at(first), saw=saw, remedy="Say so in its card, and evaluate what is published.")


@check("change-few-tokens", reads=Changes, severity=Severity.LOW)
def few_tokens(changes: Changes) -> Iterator[Hit]:
    """Embedding or head changed for a few tokens only.

    Training moves the rows of all tokens it meets. A handful of rows was changed on purpose: new special tokens, or a
    word that was made to mean something else.
    """
    for one in changes.tensors:
        few = 0 < one.rows_changed <= max(SHOWN, one.rows * FEW)
        if few and one.rows >= SMALLEST_VOCABULARY and (is_embedding(one.name) or is_head(one.name)):
            tokens = ", ".join(map(str, one.first_rows)) + (", …" if one.rows_changed > len(one.first_rows) else "")
            saw = f"{one.rows_changed} of {one.rows} rows: {tokens}"
            yield Hit(at=_at(one), saw=saw, remedy="Look these numbers up in the tokenizer, and ask what was done.")


@check("change-breaks-numbers", reads=Changes, severity=Severity.MEDIUM)
def broken(changes: Changes) -> Iterator[Hit]:
    """Weights hold infinities or NaN where the base holds numbers.

    One such weight makes every output NaN: the run diverged, or the file was damaged.
    """
    for one in changes.tensors:
        if one.delta is not None and one.delta.broken:
            saw = f"{one.delta.broken} of {one.tuned.elements if one.tuned else 0}"
            yield Hit(at=_at(one), saw=saw, remedy="Go back to a checkpoint before the loss broke.")
