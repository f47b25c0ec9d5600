"""Write what has to travel with a model."""

from __future__ import annotations

from pathlib import Path

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.writing import write_atomic
from ossmodelkit.licensing.attributing import Attribution, attribute
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.license import audited

FILES = {"NOTICE": "notice", "THIRD_PARTY_LICENSES.txt": "texts", "CARD_SNIPPET.md": "card"}


def notice(ref: str, *, desk: Desk, out: Path | None = None, short: bool = False, online: bool = False) -> str:
    """The NOTICE of a model; with `out`, also the license texts and the card's lines as files there.

    Raises `RefusedError` naming the component whose license or text is missing.
    """
    made = attribution(ref, desk=desk, online=online)
    if out is None:
        return made.short if short else made.notice
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, field in FILES.items():
            write_atomic(out / name, getattr(made, field).encode())
    except OSError as error:
        raise UsageError(f"cannot write to {str(out)!r}: {error.strerror}") from error
    return "".join(f"{out / name}\n" for name in FILES)


def attribution(ref: str, *, desk: Desk, online: bool = False) -> Attribution:
    """Everything a release has to carry for the licenses of a model and its parents."""
    return attribute(audited(open_source(ref, online=online), desk, online=online))
