"""Read training rows from JSONL and tell at which line one is wrong, before the first step."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ossmodelkit.core.plan import Plan, Task
from ossmodelkit.trainer.troubles import Trouble

LONGEST_LINE = 64 * 1024 * 1024
ID_FIELDS = ("id", "ID", "_id", "uuid", "guid", "row_id", "example_id")
ROLES = frozenset({"system", "user", "assistant", "tool", "developer"})
ACCEPTED = {
    Task.CAUSAL_LM: "messages, prompt + completion, or text",
    Task.CLASSIFICATION: "text (and text_pair) + label",
    Task.SEQ2SEQ: "source + target, or prompt + completion",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the data: what to read, what to learn, and where it stands.

    Chat rows fill `messages`; completion rows `prompt` and `answer`; plain text only `answer`.
    """

    line: int
    messages: tuple[dict[str, Any], ...] = ()
    tools: tuple[Any, ...] = ()
    prompt: str = ""
    answer: str = ""
    pair: str = ""
    label: str | int | None = None
    domain: str = ""


def read_rows(path: Path, plan: Plan) -> tuple[tuple[Row, ...], str]:
    """All rows of the file and its SHA-256.

    Raises `Trouble` naming the file and line of the first row that cannot be used.
    """
    seen = hashlib.sha256()
    rows: list[Row] = []
    owners: dict[str, tuple[int, int]] = {}
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(_lines(stream, path), 1):
                seen.update(line)
                if line.strip():
                    found = _parsed(line, number, path, plan)
                    _refuse_a_second_owner(found, line, number, path, owners)
                    rows.append(row_of(found, number, f"{path}:{number}", plan))
    except FileNotFoundError:
        raise Trouble(f"no data at {path}", hint="`data` in the plan is relative to the plan's folder") from None
    except IsADirectoryError:
        raise Trouble(f"{path} is a folder", hint="`data` names one JSONL file") from None
    if not rows:
        raise Trouble(f"{path} holds no row", hint=f"one JSON object a line with {ACCEPTED[plan.task]}")
    return tuple(rows), seen.hexdigest()


def _lines(stream: Any, path: Path) -> Iterator[bytes]:
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise Trouble(f"{path}:{number} is longer than 64 MiB", hint="one JSON object a line")
        yield line


def _parsed(line: bytes, number: int, path: Path, plan: Plan) -> dict[str, Any]:
    where = f"{path}:{number}"
    try:
        found = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        raise Trouble(
            f"{where} is not UTF-8 at byte {error.start}",
            hint=f"kit data clean {path.name} --to clean.jsonl mends it",
        ) from None
    except (ValueError, RecursionError) as error:
        hint = f"kit data check {path.name} names every bad line"
        if number == 1:  # Most likely no JSONL at all: a table, or one long array.
            hint = f"`data` is one JSON object a line; kit data format {path.name} --to data.jsonl rewrites other forms"
        raise Trouble(f"{where} is not JSON: {error}", hint=hint) from None
    if not isinstance(found, dict):
        raise Trouble(f"{where} is not a JSON object", hint=f"a row has {ACCEPTED[plan.task]}")
    return found


def _refuse_a_second_owner(
    found: dict[str, Any], line: bytes, number: int, path: Path, owners: dict[str, tuple[int, int]]
) -> None:
    """One id, one row. The very same row again is repetition, as resampling makes it, and may stay."""
    name = next((str(found[field]) for field in ID_FIELDS if isinstance(found.get(field), (str, int))), "")
    if not name:
        return
    owner, mark = owners.setdefault(name, (number, hash(line.strip())))
    if mark != hash(line.strip()):
        raise Trouble(
            f"{path}:{number} has the id {name[:80]!r} of line {owner}, which is another row",
            hint=f"give every row an id of its own; kit data check {path.name} names all",
        )


def row_of(found: dict[str, Any], number: int, where: str, plan: Plan) -> Row:
    """A JSON object as a row for the plan's task.

    Raises `Trouble`, beginning with `where`, when it is none.
    """
    readers = {Task.CAUSAL_LM: _causal, Task.CLASSIFICATION: _labeled, Task.SEQ2SEQ: _pair}
    return readers[plan.task](found, number, where, plan)


def _causal(found: dict[str, Any], number: int, where: str, plan: Plan) -> Row:
    if "messages" in found:
        tools = found.get("tools") or ()
        return Row(line=number, messages=_messages(found["messages"], where), tools=tuple(tools))
    if "prompt" in found or "completion" in found:
        return _completion(found, number, where, "prompt", "completion")
    if "text" in found:
        return Row(line=number, answer=_text(found, "text", where))
    raise _unknown(found, where, plan.task)


def _pair(found: dict[str, Any], number: int, where: str, plan: Plan) -> Row:
    for source, target in (("source", "target"), ("prompt", "completion")):
        if source in found:
            return _completion(found, number, where, source, target)
    raise _unknown(found, where, plan.task)


def _labeled(found: dict[str, Any], number: int, where: str, plan: Plan) -> Row:
    if "text" not in found or "label" not in found:
        raise _unknown(found, where, plan.task)
    label = found["label"]
    if not _is_label(label) and not (label is None and plan.domain is not None):
        raise Trouble(f"{where}: the label is neither a word nor a whole number", hint="labels are text or integers")
    domain = ""
    if plan.domain is not None:
        if plan.domain.field not in found:
            raise Trouble(f"{where} has no {plan.domain.field!r}", hint="domain.field names the key with the domain")
        domain = str(found[plan.domain.field])
    pair = _text(found, "text_pair", where) if "text_pair" in found else ""
    return Row(line=number, prompt=_text(found, "text", where), pair=pair, label=label, domain=domain)


def _is_label(label: Any) -> bool:
    """Rows of a domain to adapt to may have None instead; every other row needs a real one."""
    return (isinstance(label, int) and not isinstance(label, bool)) or (isinstance(label, str) and label != "")


def _completion(found: dict[str, Any], number: int, where: str, source: str, target: str) -> Row:
    prompt = _text(found, source, where, may_be_empty=True)
    return Row(line=number, prompt=prompt, answer=_text(found, target, where))


def _text(found: dict[str, Any], key: str, where: str, *, may_be_empty: bool = False) -> str:
    value = found.get(key)
    if not isinstance(value, str):
        raise Trouble(f"{where}: {key!r} is not text", hint=f"give {key!r} as a string")
    if not value and not may_be_empty:
        raise Trouble(f"{where}: {key!r} is empty", hint="drop the row, or fill it; kit data check lists all")
    return value


def _messages(found: Any, where: str) -> tuple[dict[str, Any], ...]:
    if not isinstance(found, list) or not found:
        raise Trouble(f"{where}: 'messages' is not a list of turns", hint='[{"role": "user", "content": "…"}, …]')
    for turn in found:
        if not isinstance(turn, dict) or turn.get("role") not in ROLES:
            raise Trouble(f"{where}: a turn has no known role", hint=f"roles are {', '.join(sorted(ROLES))}")
        if not isinstance(turn.get("content"), str) and not turn.get("tool_calls"):
            raise Trouble(f"{where}: a turn's content is not text", hint="give content as a string")
    said = [turn for turn in found if turn["role"] == "assistant"]
    if not said:
        raise Trouble(f"{where} has no assistant turn", hint="there is nothing to learn from it: drop the row")
    if not any(turn.get("content") or turn.get("tool_calls") for turn in said):
        raise Trouble(f"{where}: every assistant turn is empty", hint="it teaches to say nothing: fill or drop the row")
    return tuple(found)


def _unknown(found: dict[str, Any], where: str, task: Task) -> Trouble:
    keys = ", ".join(sorted(map(str, found))[:8]) or "no keys"
    return Trouble(
        f"{where}: a row for {task} has {ACCEPTED[task]}; this one has {keys}",
        hint="kit data format FILE --to NEW rewrites Alpaca, ShareGPT, ChatML and other pairs",
    )
