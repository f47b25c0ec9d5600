"""Files of training data that live in memory, and what a check says about them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ossmodelkit.core.finding import Finding
from ossmodelkit.curating.checking import Checked, Questions, check
from ossmodelkit.curating.row import Feed
from ossmodelkit.foundation.progress import Silent


def feed(data: bytes, name: str = "train.jsonl") -> Feed:
    return Feed(name=name, size=len(data), open=lambda: io.BytesIO(data))


def jsonl(rows: Iterable[object]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n" for row in rows)


def chat(*said: str) -> dict[str, Any]:
    """A conversation that begins with the user."""
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[i % 2], "content": text} for i, text in enumerate(said)]}


def checked(*files: Feed, against: Iterable[Feed] = (), **questions: Any) -> Checked:
    return check(files, against, Questions(**questions), Silent())


def findings(rows: Iterable[object] | bytes, name: str = "train.jsonl", **questions: Any) -> tuple[Finding, ...]:
    data = rows if isinstance(rows, bytes) else jsonl(rows)
    return checked(feed(data, name), **questions).answers.findings


def places(found: Iterable[Finding]) -> set[tuple[str, int | None]]:
    """What was found, as (rule, line)."""
    return {(one.check, one.at.line) for one in found}


def rules(row: Mapping[str, Any], **questions: Any) -> set[str]:
    """The rules that speak against one row."""
    return {one.check for one in findings([row], **questions)}
