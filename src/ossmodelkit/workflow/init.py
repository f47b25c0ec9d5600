"""Make the current folder a project: a commented `kit.toml` and an empty ledger."""

from __future__ import annotations

from pathlib import Path

from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.foundation import resources
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.writing import write_new
from ossmodelkit.project import settings


def init(folder: Path) -> Report:
    """Write `kit.toml` and `.kit/evidence`; what is already there is kept.

    Raises `UsageError` when the folder cannot be written.
    """
    try:
        (folder / settings.LEDGER / "evidence").mkdir(parents=True, exist_ok=True)
        example = (resources.folder("templates") / settings.FILE).read_bytes()
        fresh = write_new(folder / settings.FILE, example)
        write_new(folder / settings.LEDGER / ".gitignore", b"digests.json\n")
    except OSError as error:
        raise UsageError(f"cannot make a project in {folder}: {error.strerror}", hint="check the rights") from error
    settings.read(folder / settings.FILE)
    return Report(
        command="init",
        subject=str(folder),
        verdict="ready",
        outcome=Outcome.PASS,
        summary="this folder is a project now" if fresh else "this folder was a project already; nothing was changed",
        tables=(
            Table(
                title="",
                columns=("", ""),
                rows=((settings.FILE, "how you will use models, what you demand"), (".kit/evidence", "what is known")),
            ),
        ),
        next_steps=("kit audit MODEL", "kit status"),
    )
