"""Ask the rules about one view after another, in bounded memory.

Every finding is counted; only so many of each rule are kept, for a broken file of a million rows has a
million findings that all say the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ossmodelkit.core.check import Answers, Check
from ossmodelkit.core.finding import Finding, Gap, Hit, Place

MOST_OF_ONE_RULE = 10_000
MOST_OF_ALL = 50_000
FEW = 100


class Asker:
    """Collects what the rules say. Mutable: one for each run."""

    def __init__(self, rules: Iterable[Check]) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self.counts: Counter[str] = Counter()
        self.findings: list[Finding] = []
        self.gaps: dict[str, Gap] = {}
        self._worst: dict[str, int] = {}
        self._by_view: dict[type, tuple[Check, ...]] = {}

    def asks(self, rule_id: str) -> bool:
        """Whether a rule takes part in this run."""
        return rule_id in self.rules

    def ask(self, view: object, at: Place) -> None:
        """Ask every rule that reads this kind of view; one that crashes leaves a gap at `at`."""
        kind = type(view)
        if kind not in self._by_view:
            self._by_view[kind] = tuple(rule for rule in self.rules.values() if rule.reads is kind)
        for rule in self._by_view[kind]:
            try:
                for hit in rule.ask(view):
                    self.note(rule.id, hit)
            except Exception as error:
                self.leave_gap(f"rule {rule.id} failed: {type(error).__name__}: {error}"[:300], at)

    def note(self, rule_id: str, hit: Hit) -> None:
        """Sign a hit with its rule, unless the rule is not asked."""
        rule = self.rules.get(rule_id)
        if rule is None:
            return
        severity = hit.severity or rule.severity
        self.counts[rule_id] += 1
        if self._has_enough(rule_id, severity.rank):
            return
        self.findings.append(
            Finding(
                check=rule.id,
                severity=severity,
                confidence=hit.confidence or rule.confidence,
                title=hit.why or rule.title,
                at=hit.at,
                saw=hit.saw,
                remedy=hit.remedy,
            )
        )

    def _has_enough(self, rule_id: str, rank: int) -> bool:
        """Whether a finding is one too many; a worse one than those kept never is: it may decide the verdict."""
        if rank > self._worst.get(rule_id, -1):
            self._worst[rule_id] = rank
            return False
        kept = MOST_OF_ONE_RULE if len(self.findings) < MOST_OF_ALL else FEW
        return self.counts[rule_id] > kept

    def leave_gap(self, reason: str, at: Place, remedy: str = "") -> None:
        """Say that something could not be judged; the same reason about one file is said once."""
        self.gaps.setdefault(f"{at.path}\0{reason}", Gap(at=at, reason=reason, remedy=remedy))

    def answers(self) -> Answers:
        """Everything that was said."""
        return Answers(findings=tuple(self.findings), gaps=tuple(self.gaps.values()), asked=tuple(sorted(self.rules)))

    @property
    def left_out(self) -> int:
        """How many findings were counted and not kept."""
        return self.counts.total() - len(self.findings)
