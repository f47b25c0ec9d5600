"""The changes in words, as tables, and as the machine's view."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import sqrt
from typing import Any

from ossmodelkit.core.report import Table
from ossmodelkit.scanning.against.adapters import Touch
from ossmodelkit.scanning.against.changes import Change, Changes, Delta, Kind
from ossmodelkit.scanning.against.names import layer_of, natural, role_of

MOST_ROWS = 200
MOST_CHANGES = 5000
BY_LAYER = "change"
SHOWN = 4


def summary(changes: Changes) -> str:
    """One line: how much of the model changed."""
    if changes.adapter is not None and not any(one.base for one in changes.tensors):
        return _adapter_summary(changes)
    counts = changes.counts
    moved = [one for one in changes.tensors if one.moved]
    said = f"{len(moved)} of {len(changes.tensors)} tensors changed"
    if moved and len(moved) < len(changes.tensors):
        roles = list(dict.fromkeys(role_of(one.name) for one in moved))
        said += f" ({', '.join(map(_short, roles[:SHOWN]))}{', …' if len(roles) > SHOWN else ''})"
    words = {Kind.RESIZED: "resized", Kind.RETYPED: "of another type", Kind.ADDED: "added", Kind.MISSING: "missing"}
    others = [f"{counts[kind.value]} {word}" for kind, word in words.items() if counts[kind.value]]
    return ", ".join([said, *others])


def _adapter_summary(changes: Changes) -> str:
    touches = changes.adapter.touches if changes.adapter else ()
    roles = list(dict.fromkeys(_short(role_of(one.module)) for one in touches))
    ranks = sorted({one.rank for one in touches if one.rank})
    rank = f" of rank {ranks[0]}" if len(ranks) == 1 else f" of rank {ranks[0]} to {ranks[-1]}" if ranks else ""
    layers = len({layer_of(one.module) for one in touches})
    kind = changes.adapter.kind.lower() if changes.adapter else ""
    return f"an adapter ({kind}{rank}) on {len(touches)} modules in {layers} layers: {', '.join(roles[:SHOWN])}"


def _short(role: str) -> str:
    return role.removesuffix(".weight").rpartition("*.")[2]


def tables(changes: Changes) -> tuple[Table, ...]:
    """Facts, then the changes by role and by layer, then what differs around the weights."""
    found = [_facts(changes)]
    if changes.adapter is not None:
        found += _adapter_tables(changes)
    if any(one.base for one in changes.tensors):
        found.append(_grouped("By role", "role", changes, role_of, only_changed=True))
        found.append(_grouped("By layer", "layer", changes, layer_of, only_changed=False))
    found.append(_around(changes))
    return tuple(table for table in found if table.rows)


def _facts(changes: Changes) -> Table:
    rows = [("base", changes.base), ("tensors", ", ".join(f"{n} {word}" for word, n in changes.counts.items() if n))]
    if changes.claim is not None:
        rows.append(("claimed", f"{changes.claim.text} (by {changes.claim.said_by})"))
    whole = _norm(changes.tensors)
    if whole is not None:
        rows.append(("moved by", f"{_percent(whole.relative)} of the base's norm"))
    return Table(title=f"Against {changes.base}", columns=("", ""), rows=tuple(row for row in rows if row[1]))


def _grouped(title: str, head: str, changes: Changes, key: Callable[[str], str], *, only_changed: bool) -> Table:
    groups: dict[str, list[Change]] = {}
    for one in changes.tensors:
        groups.setdefault(key(one.name), []).append(one)
    rows: list[tuple[str, ...]] = []
    for name, held in sorted(groups.items(), key=lambda group: natural(group[0])):
        changed = [one for one in held if one.kind is not Kind.SAME]
        if changed or not only_changed:
            rows.append((name, str(len(held)), str(len(changed)), _what(changed, role=only_changed), _size(held)))
    measured = changes.measured
    columns: tuple[str, ...] = (head, "tensors", "changed", "what", BY_LAYER)
    note = f"and {len(rows) - MOST_ROWS} more" if len(rows) > MOST_ROWS else ""
    if not measured:
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return Table(
        title=title, columns=columns, rows=tuple(rows[:MOST_ROWS]), note=note, bars=BY_LAYER if measured else "changed"
    )


def _what(changed: list[Change], *, role: bool) -> str:
    """What changed in a group: the roles inside a layer, or the kinds of change of a role."""
    if not changed:
        return ""
    if role:
        return ", ".join(dict.fromkeys(_kind(one) for one in changed))
    names = list(dict.fromkeys(_short(role_of(one.name)) for one in changed))
    return ", ".join(names[:SHOWN]) + (f", {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _kind(change: Change) -> str:
    if change.kind is Kind.CHANGED and 0 < change.rows_changed < change.rows:
        return "some rows"
    return change.kind.value


def _norm(held: Iterable[Change]) -> Delta | None:
    """The distance of several tensors together; None where one of them was not measured."""
    base = moved = 0.0
    largest, differing, broken, any_known = 0.0, 0, 0, False
    for one in held:
        if one.delta is not None:
            any_known = True
            base, moved = base + one.delta.base_norm**2, moved + one.delta.norm**2
            largest = max(largest, one.delta.largest)
            differing, broken = differing + one.delta.differing, broken + one.delta.broken
        elif one.moved:
            return None
    if not any_known:
        return None
    return Delta(base_norm=sqrt(base), norm=sqrt(moved), largest=largest, differing=differing, broken=broken)


def _size(held: list[Change]) -> str:
    found = _norm(held)
    if found is None:
        return "?" if any(one.moved for one in held) else "0 %"
    return _percent(found.relative)


def _percent(share: float) -> str:
    if not share:
        return "0 %"
    return f"{100 * share:.4f} %" if share < 0.01 else f"{100 * share:.2f} %"


def _adapter_tables(changes: Changes) -> list[Table]:
    touches = changes.adapter.touches if changes.adapter else ()
    groups: dict[str, list[Touch]] = {}
    for one in touches:
        groups.setdefault(role_of(one.module), []).append(one)
    rows = []
    for role, held in groups.items():
        ranks = sorted({one.rank for one in held})
        rank = str(ranks[0]) if len(ranks) == 1 else f"{ranks[0]} to {ranks[-1]}"
        idle = sum(one.idle for one in held)
        known = [one.relative for one in held if one.relative is not None]
        size = _percent(sum(known) / len(known)) if len(known) == len(held) else "?"
        rows.append((role, str(len(held)), rank, f"{idle} idle" if idle else "", size))
    columns = ("module", "count", "rank", "", BY_LAYER)
    return [Table(title="Adapter", columns=columns, rows=tuple(rows), bars=BY_LAYER if changes.measured else "count")]


def _around(changes: Changes) -> Table:
    differences = (*changes.settings, *changes.templates, *changes.vocabulary.differences)
    rows = [(one.file, one.what, one.base, one.tuned) for one in differences]
    return Table(title="Around the weights", columns=("file", "what", "base", "model"), rows=tuple(rows[:MOST_ROWS]))


def data(changes: Changes) -> dict[str, Any]:
    """The machine's view; the fields are described in docs/scanning.md."""
    moved = [one for one in changes.tensors if one.kind is not Kind.SAME]
    whole = _norm(changes.tensors)
    return {
        "base": changes.base,
        "measured": changes.measured,
        "counts": changes.counts,
        "relative_change": whole.relative if whole and changes.measured else None,
        "claim": {"said_by": changes.claim.said_by, "text": changes.claim.text} if changes.claim else None,
        "layers": _layers(changes),
        "changes": [_one(one) for one in moved[:MOST_CHANGES]],
        "changes_left_out": max(0, len(moved) - MOST_CHANGES),
        "adapter": _adapter(changes),
        "tokens_added": list(changes.vocabulary.added[:MOST_CHANGES]),
        "tokens_moved": list(changes.vocabulary.moved[:MOST_CHANGES]),
        "around": [
            {"file": one.file, "what": one.what, "base": one.base, "model": one.tuned}
            for one in (*changes.settings, *changes.templates, *changes.vocabulary.differences)
        ],
    }


def _layers(changes: Changes) -> list[dict[str, Any]]:
    groups: dict[str, list[Change]] = {}
    for one in changes.tensors:
        groups.setdefault(layer_of(one.name), []).append(one)
    found = []
    for name, held in sorted(groups.items(), key=lambda group: natural(group[0])):
        size = _norm(held)
        found.append(
            {
                "layer": name,
                "tensors": len(held),
                "changed": sum(one.kind is not Kind.SAME for one in held),
                "base_norm": size.base_norm if size else None,
                "norm": size.norm if size else None,
                "relative_change": size.relative if size else None,
            }
        )
    return found


def _one(change: Change) -> dict[str, Any]:
    found: dict[str, Any] = {"name": change.name, "kind": change.kind.value}
    for side, tensor in (("base", change.base), ("model", change.tuned)):
        if tensor is not None:
            found[side] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "file": tensor.file}
    if change.kind in (Kind.CHANGED, Kind.RESIZED):
        found |= {"rows": change.rows, "rows_changed": change.rows_changed, "first_rows": list(change.first_rows)}
    if change.twin:
        found["twin"] = change.twin
    if change.delta is not None:
        found |= {
            "base_norm": change.delta.base_norm,
            "norm": change.delta.norm,
            "relative_change": change.delta.relative,
            "largest": change.delta.largest,
            "numbers_changed": change.delta.differing,
            "not_finite": change.delta.broken,
        }
    return found


def _adapter(changes: Changes) -> dict[str, Any] | None:
    if changes.adapter is None:
        return None
    return {
        "type": changes.adapter.kind,
        "base": changes.adapter.base,
        "prompts": list(changes.adapter.prompts),
        "modules": [
            {
                "module": one.module,
                "parts": list(one.parts),
                "rank": one.rank,
                "idle": one.idle,
                "trouble": one.trouble,
                "relative_change": one.relative,
            }
            for one in changes.adapter.touches[:MOST_CHANGES]
        ],
    }
