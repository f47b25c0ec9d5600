"""What a finding means: the page of its check."""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.check import Check
from ossmodelkit.foundation import resources
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import did_you_mean


def explain(check_id: str) -> str:
    """The Markdown page of a check, or what a check of another package that `kit.toml` names says of itself.

    Raises `UsageError` with the nearest known id.
    """
    known = pages()
    if check_id not in known:
        for one in _other_checks():
            if one.id == check_id:
                return f"# {one.id}\n\n**{one.title}**\n\nSeverity: {one.severity}\n\n{one.explanation}\n"
        raise UsageError(f"no check is called {check_id!r}", hint=_hint(check_id, known))
    return (resources.folder("checks") / f"{check_id}.md").read_text(encoding="utf-8")


def _other_checks() -> Iterator[Check]:
    from ossmodelkit.scanning.plugged import plugged
    from ossmodelkit.workflow.desk import desk_here

    for one in plugged(desk_here().settings.scan.checks):
        yield from one.checks


def pages() -> tuple[str, ...]:
    """The ids of all checks that have a page."""
    return tuple(sorted(path.stem for path in resources.folder("checks").glob("*.md") if path.stem != "README"))


def _hint(check_id: str, known: tuple[str, ...]) -> str:
    hint = did_you_mean(check_id, known)
    return hint if hint.startswith("did") else "kit explain --list shows all"
