"""Which hub, whose token, which cache: the variables that every tool of this field reads.

Source: huggingface_hub, "Environment variables" (HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME, HF_HUB_CACHE,
HF_HUB_OFFLINE, HF_HUB_DISABLE_IMPLICIT_TOKEN).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ossmodelkit.foundation.errors import UsageError

PUBLIC = "https://huggingface.co"
LONGEST_TOKEN = 4096
YES = frozenset({"1", "ON", "YES", "TRUE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """The hub to ask, the token to ask with (empty: as a stranger), and where downloads are kept."""

    endpoint: str
    token: str = field(repr=False)
    cache: Path
    offline: bool


def hub_settings(environment: Mapping[str, str] = os.environ) -> HubSettings:
    """What the environment says.

    Raises `UsageError` for a token that could not be one.
    """
    home = _home(environment)
    cache = environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE")
    return HubSettings(
        endpoint=(environment.get("HF_ENDPOINT") or PUBLIC).rstrip("/"),
        token=_token(environment, home),
        cache=_path(cache) if cache else home / "hub",
        offline=is_on(environment, "HF_HUB_OFFLINE"),
    )


def is_on(environment: Mapping[str, str], name: str) -> bool:
    """Whether a switch in the environment is on, as this field writes it."""
    return environment.get(name, "").upper() in YES


def _home(environment: Mapping[str, str]) -> Path:
    if told := environment.get("HF_HOME"):
        return _path(told)
    return _path(environment.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"


def _path(told: str) -> Path:
    return Path(os.path.expandvars(told)).expanduser()


def _token(environment: Mapping[str, str], home: Path) -> str:
    told = environment.get("HF_TOKEN") or environment.get("HUGGING_FACE_HUB_TOKEN") or ""
    if not told and not is_on(environment, "HF_HUB_DISABLE_IMPLICIT_TOKEN"):
        told = _stored(_path(environment.get("HF_TOKEN_PATH") or str(home / "token")))
    told = told.strip()
    if not (told.isascii() and all(char.isprintable() and char != " " for char in told)):
        raise UsageError("the hub token holds characters that no token has", hint="set HF_TOKEN again")
    return told


def _stored(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_TOKEN).decode("ascii", "replace")
    except OSError:
        return ""
