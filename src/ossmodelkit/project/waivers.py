"""Waivers in a file of their own: `[[waiver]]` tables, as in `kit.toml` under `[policy]`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ossmodelkit.core.policy import Waiver
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import from_wire

EXAMPLE = 'a [[waiver]] needs check, owner, reason, created and expires; path = "*" and sha256 are optional'


@dataclass(frozen=True, slots=True, kw_only=True)
class Waivers:
    """What stands in such a file."""

    waiver: tuple[Waiver, ...] = ()


def read_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers in a file.

    Raises `UsageError` for broken TOML, a misspelt field, or a waiver without owner, reason or end.
    """
    import tomllib

    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint=EXAMPLE) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}", hint=EXAMPLE) from error
    try:
        return from_wire(Waivers, data, where=str(path)).waiver
    except ValueError as error:
        raise UsageError(f"{path}: {error}", hint=EXAMPLE) from error
