"""Where the verbs work: the project at hand, the clock, the bar for long work, and the ledger.

Only here does the program ask what time it is, and only here is evidence written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ossmodelkit import __version__
from ossmodelkit.core.artifact import payload_digest
from ossmodelkit.core.check import Answers
from ossmodelkit.core.evidence import Evidence, Kind, Subject
from ossmodelkit.core.source import Source
from ossmodelkit.foundation.progress import Progress, Silent
from ossmodelkit.project import digests, ledger, settings
from ossmodelkit.project.settings import Settings
from ossmodelkit.sources.local import LocalSource

TOOL = f"ossmodelkit {__version__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything a verb needs from its surroundings; tests hand in their own."""

    project: settings.Project | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    progress: Progress = field(default_factory=Silent)

    @property
    def settings(self) -> settings.Settings:
        """The project's settings, or the defaults."""
        return self.project.settings if self.project else settings.Settings()

    def heard(self, sources: Iterable[Source]) -> Settings:
        """The project's settings, unless they lie in what is judged: a model must not speak for itself."""
        return Settings() if self.lies_in(sources) else self.settings

    def unheard(self, sources: Iterable[Source]) -> tuple[str, ...]:
        """A note where the project's waivers or checks are not heard."""
        if (self.settings.policy.waivers or self.settings.scan.checks) and self.lies_in(sources):
            return ("the waivers and checks of kit.toml are not heard, because it lies in what is scanned",)
        return ()

    def lies_in(self, sources: Iterable[Source]) -> bool:
        """Whether the project lies inside of what is judged."""
        folders = [source.path.resolve() for source in sources if isinstance(source, LocalSource) and not source.single]
        return self.project is not None and any(self.project.root.is_relative_to(folder) for folder in folders)

    def evidence(self) -> tuple[Evidence, ...]:
        """All records of the project, oldest first."""
        return ledger.read_all(self.project.evidence_folder) if self.project else ()

    def digests(self, source: Source) -> dict[str, str]:
        """`{name: sha256}` of the payload, remembered in the project between runs."""
        cache = self.project.root / settings.LEDGER / "digests.json" if self.project else None
        return digests.digest_payload(source, cache=cache, progress=self.progress)

    def subject(self, source: Source) -> Subject:
        """The payload of `source` by name and digest. Reads every byte once."""
        return Subject(name=Path(source.ref).name or source.ref, sha256=payload_digest(self.digests(source)))

    def write(self, kind: Kind, subject: Subject, answers: Answers, details: dict[str, Any]) -> Evidence:
        """Make a record, and keep it in the ledger when there is a project."""
        record = Evidence(
            kind=kind,
            subject=subject,
            created=self.now,
            tool=TOOL,
            asked=tuple(sorted(set(answers.asked))),
            findings=tuple(sorted(answers.findings, key=lambda finding: finding.order)),
            gaps=answers.gaps,
            details=details,
        )
        if self.project:
            ledger.append(self.project.evidence_folder, record)
        return record


def desk_here(start: Path | None = None, *, progress: Progress | None = None) -> Desk:
    """The desk of the project around `start` (default: the current folder)."""
    return Desk(project=settings.find(start or Path.cwd()), progress=progress or Silent())
