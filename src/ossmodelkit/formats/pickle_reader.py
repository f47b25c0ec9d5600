"""Pickles at the start of a file: one, several in a row, and what follows them (old torch, joblib)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ossmodelkit.core.finding import Gap
from ossmodelkit.formats import joblib_arrays, torch_legacy
from ossmodelkit.formats.pickle_events import Call
from ossmodelkit.formats.pickle_opcodes import KNOWN, PROTOCOLS
from ossmodelkit.formats.pickle_values import Global
from ossmodelkit.formats.pickles import Pickle, gap_of, nested_blobs, study
from ossmodelkit.formats.reading import Aside, Blob, Reader
from ossmodelkit.formats.tape import Tape
from ossmodelkit.foundation.limits import Budget

ZIP = b"PK\x03\x04"
PADDING = b"\0\r\n\t "
TEXT = bytes(range(32, 127)) + b"\n\r\t\f"
SAMPLE = 4096
# A length of 384 in front of a safetensors header reads as PROTO 1: what breaks off this early says nothing.
PROLOGUE = 16


def accepts(blob: Blob) -> bool:
    """Whether the first byte is an opcode; only a walk can tell more.

    A zip begins with PERSID, which plain pickle refuses; torch tells a zip by the same four bytes.
    """
    return blob.head(1) in KNOWN and blob.head(4) != ZIP


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """Every pickle from the start on, the bytes they hand to loaders, and a gap for what is left over."""
    tape = Tape(blob.stream, blob.size)
    first = study(tape, 0, budget, at=blob.at, built=joblib_arrays.pass_over)
    for start, pickle in _until_told(first, tape, blob, budget):
        if is_certain(pickle, blob, start):
            yield from read_on(first, tape, blob, budget)
            return
        if pickle.events:
            yield Aside(view=replace(pickle, certain=False))


def read_on(first: Pickle, tape: Tape, blob: Blob, budget: Budget) -> Iterator[object]:
    """`first`, then the pickles behind it, then the storages of an old torch file."""
    row = [first]
    while True:
        yield row[-1]
        yield from nested_blobs(row[-1], blob)
        yield from gap_of(row[-1])
        end = row[-1].end
        if row[-1].broken:
            return
        if torch_legacy.is_complete(row):
            end = torch_legacy.behind_storages(row, tape)
        if not _left_over(tape, end):
            return
        budget.spend_member()
        if not _may_go_on(tape, end):
            yield _unread(row[-1], tape, end)
            return
        after = study(tape, end, budget, at=blob.at, loader=_loader(row), built=joblib_arrays.pass_over)
        if after.broken and not after.events:
            yield _unread(row[-1], tape, end)
            return
        row.append(after)


def _until_told(first: Pickle, tape: Tape, blob: Blob, budget: Budget) -> Iterator[tuple[int, Pickle]]:
    """Where each begins, and the pickles in a row, as far as one that does something.

    A few letters can be a harmless pickle, and a text as well: what stands behind them tells which.
    """
    start, pickle = 0, first
    while True:
        yield start, pickle
        if pickle.broken or pickle.events or not _may_go_on(tape, pickle.end):
            return
        budget.spend_member()
        start = pickle.end
        pickle = study(tape, start, budget, at=blob.at, built=joblib_arrays.pass_over)


def is_certain(pickle: Pickle, blob: Blob, start: int = 0) -> bool:
    """Whether the bytes from `start` on are a pickle, and not a text or noise that happens to begin like one."""
    if blob.slice(start, 2) in PROTOCOLS:
        return not pickle.broken or bool(pickle.events) or pickle.end - start > PROLOGUE
    calls = [event for event in pickle.events if isinstance(event, Call) and isinstance(event.function, Global)]
    if pickle.broken or calls:
        return not pickle.broken or any(map(_is_deliberate, calls))
    follows = blob.slice(pickle.end, SAMPLE)
    if not follows.strip(PADDING):
        named_only = bool(pickle.events) and blob.size <= SAMPLE and _is_text(blob.slice(0, SAMPLE))
        return not named_only and (pickle.end - start > 2 or blob.size <= 2)
    return False


def _is_deliberate(call: Call) -> bool:
    """Whether something is called by its full name: neither a text nor noise gets that far.

    A line that begins with a bracket and an i is INST to an unpickler, and takes nothing.
    """
    named = isinstance(call.function, Global) and all(p.isidentifier() for p in call.function.full.split("."))
    return named and (call.opcode != "INST" or bool(call.args))


def _is_text(data: bytes) -> bool:
    return not data.translate(None, TEXT)


def _left_over(tape: Tape, end: int) -> bool:
    at = end
    while at < tape.size:
        start = tape.show(at)
        chunk = tape.window[start:]
        if not chunk:
            return False
        if chunk.strip(PADDING):
            return True
        at += len(chunk)
    return False


def _may_go_on(tape: Tape, end: int) -> bool:
    return tape.read(end, 1) in KNOWN


def _loader(row: list[Pickle]) -> str:
    return "torch" if torch_legacy.begins(row) else "pickle"


def _unread(pickle: Pickle, tape: Tape, end: int) -> Gap:
    return Gap(
        at=pickle.place(end),
        reason=f"{tape.size - end} bytes follow the pickle and nothing says what they are",
        remedy="ask the publisher what wrote them",
    )


READER = Reader(name="pickle", accepts=accepts, read=read)
