"""Files that have arrived in a folder and that nobody writes to any more.

Polled, not notified: it needs no library, works on every file system, and a download takes longer than a look.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ossmodelkit.foundation.errors import NothingToJudgeError
from ossmodelkit.sources.local import Identity, LocalSource

# What browsers and download tools call a file they have not finished.
UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp", ".incomplete", ".aria2", ".!qB", "~")


@dataclass(frozen=True, slots=True)
class _Seen:
    identity: Identity
    since: float
    told: bool


class Watch:
    """Remembers what a folder held; `known` starts with what is there, so that only news are told."""

    def __init__(self, folder: Path, *, quiet_seconds: float = 2.0, known: bool = False) -> None:
        self._folder = folder
        self._quiet_seconds = quiet_seconds
        self._seen: dict[str, _Seen] = {}
        if known:
            self._seen = {name: _Seen(identity, 0.0, True) for name, identity in self._look().items()}

    def step(self, now: float) -> tuple[str, ...]:
        """The names that are new or changed and have been quiet for long enough at `now`, each told once.

        `now` is in seconds and must not run backwards.
        """
        seen = {name: self._one(name, identity, now) for name, identity in self._look().items()}
        settled = tuple(name for name, one in seen.items() if not one.told and now - one.since >= self._quiet_seconds)
        self._seen = seen | {name: _Seen(seen[name].identity, seen[name].since, True) for name in settled}
        return settled

    def _one(self, name: str, identity: Identity, now: float) -> _Seen:
        before = self._seen.get(name)
        return before if before and before.identity == identity else _Seen(identity, now, False)

    def _look(self) -> dict[str, Identity]:
        try:
            found = LocalSource(self._folder).identities
        except NothingToJudgeError:
            return {}
        return {name: found[name] for name in sorted(found) if not name.endswith(UNFINISHED)}
