"""Any format in, OpenAI messages out: one row for each conversation, one message for each turn."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.curating import shapes
from ossmodelkit.curating.example import Example, Turn
from ossmodelkit.curating.output import Written, writing
from ossmodelkit.curating.reading.walking import FileFacts, facts_of, walk
from ossmodelkit.curating.row import Bounds, Feed
from ossmodelkit.foundation.progress import Progress

KEPT_OF_A_TURN = ("name", "tool_call_id", "tool_calls", "refusal", "reasoning_content", "thinking", "weight")
KEPT_OF_A_ROW = ("id", "tools", "license", "source", "language", "split")
MOST_GAPS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What was written, from which files, and the rows that could not be brought over, each with the reason."""

    written: Written
    files: tuple[FileFacts, ...]
    left_out: tuple[Gap, ...]
    left_out_rows: int


def convert(feeds: Iterable[Feed], target: Path, *, shape: str, bounds: Bounds, progress: Progress) -> Converted:
    """Write every row of `feeds` to `target` as messages.

    A row that cannot be brought over whole is left out and named: half a conversation teaches something else.
    """
    wanted = shapes.named(shape) if shape else None
    opened = [(feed, facts_of(feed, bounds)) for feed in feeds]
    gaps: list[Gap] = []
    left_out = 0
    with writing(target) as out:
        for feed, facts in opened:
            for row in walk(feed, facts, bounds, progress):
                reason = "; ".join(f"{flaw.rule.removeprefix('data-')}: {flaw.saw}" for flaw in row.flaws)
                if isinstance(row.value, dict):
                    facts.rows += 1
                    example = shapes.read(feed.name, row.line, row.value, wanted)
                    reason = why_not(example)
                    if not reason:
                        out.write(as_messages(example))
                        continue
                elif not reason:
                    reason = "the row is no object"
                left_out += 1
                if len(gaps) < MOST_GAPS:
                    gaps.append(Gap(at=Place(path=feed.name, line=row.line), reason=reason))
        written = out.written()
    return Converted(
        written=written, files=tuple(facts for _, facts in opened), left_out=tuple(gaps), left_out_rows=left_out
    )


def why_not(example: Example) -> str:
    """Why the row cannot become messages, or ""."""
    if example.shape in (shapes.UNKNOWN, "text", "preference"):
        names = {"text": "plain text has no turns", "preference": "a preference pair has two answers"}
        return names.get(example.shape, "the format of the row is not known")
    if not example.turns:
        return "there is no turn"
    if example.shape == "labeled" and not example.label:
        return "there is no label"
    for turn in example.turns:
        if not turn.role:
            return f"{turn.field}: the role {turn.said!r} is not known"
        if turn.text is None:
            return f"{turn.field}: the content is no text"
    return ""


def as_messages(example: Example) -> dict[str, Any]:
    """The row as messages; of its other fields only those a trainer or an audit asks for stay."""
    messages = [_message(turn) for turn in example.turns]
    if example.shape == "labeled":
        messages.append({"role": "assistant", "content": example.label})
    kept = {name: example.value[name] for name in KEPT_OF_A_ROW if name in example.value}
    return {"messages": messages, **kept}


def _message(turn: Turn) -> dict[str, Any]:
    if turn.said.lower() in ("function_call", "tool_call") and (call := _call(turn.text or "")):
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    content = turn.content if isinstance(turn.content, (str, list)) else (turn.text or None)
    kept = {name: turn.more[name] for name in KEPT_OF_A_TURN if name in turn.more}
    if (call := _function_call(turn.more.get("function_call"))) and "tool_calls" not in kept:
        kept["tool_calls"] = [call]
    return {"role": turn.role, "content": turn.text if turn.content is None and turn.text else content, **kept}


def _call(text: str) -> dict[str, Any] | None:
    """A tool call that ShareGPT writes as JSON text, in the form of OpenAI."""
    try:
        call = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _function_call(call)


def _function_call(call: Any) -> dict[str, Any] | None:
    """A call by name, as OpenAI wrote it before there were tools, in the form they have now."""
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        return None
    arguments = call.get("arguments", call.get("parameters", {}))
    written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"type": "function", "function": {"name": call["name"], "arguments": written}}
