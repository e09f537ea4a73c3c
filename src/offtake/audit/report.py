"""What an audit says: findings, and how closely each rule holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .numbers import ONE, ZERO

ROW_TOLERANCE = Decimal("1e-6")
"""relative to the larger side of the row, and never less than 1e-6 of its unit: what solvers promise"""
USD_TOLERANCE = Decimal("0.01")
"""every printed dollar"""
DOUBLE_TOLERANCE = Decimal("1e-14")
"""relative: beyond a trillion dollars, sums of doubles no longer hold cents"""
MOST_SENTENCES = 12
"""per rule; the rest are counted"""


@dataclass(frozen=True)
class Finding:
    """One broken rule, in a sentence with its numbers, units, months and ids."""

    rule: str
    sentence: str


@dataclass(frozen=True)
class RuleCheck:
    """How often a rule was checked, and its worst miss: over the larger side of the row; 1 for yes-or-no rules."""

    rule: str
    checked: int
    worst_relative_violation: float


class Check:
    """Collects what one rule finds. Each question counts as one check and answers whether the rule is broken.

    `future`: the scenario that is being asked about; sentences begin with it.
    """

    def __init__(self, rule: str) -> None:
        self.rule = rule
        self.future = ""
        self.checked = 0
        self.worst = ZERO
        self.sentences: list[str] = []

    def fails(self, holds: bool) -> bool:
        """A yes-or-no rule."""
        self._count(ZERO if holds else ONE)
        return not holds

    def exceeds(self, left: Decimal, right: Decimal) -> bool:
        """The row left <= right, to 1e-6 relative."""
        return self._count(max(left - right, ZERO) / max(abs(left), abs(right), ONE)) > ROW_TOLERANCE

    def unequal(self, left: Decimal, right: Decimal) -> bool:
        """The row left = right, to 1e-6 relative."""
        return self._count(abs(left - right) / max(abs(left), abs(right), ONE)) > ROW_TOLERANCE

    def misprints(self, printed: Decimal, recomputed: Decimal) -> bool:
        """A printed dollar, to the cent."""
        size = max(abs(printed), abs(recomputed), ONE)
        self._count(abs(printed - recomputed) / size)
        return abs(printed - recomputed) > max(USD_TOLERANCE, DOUBLE_TOLERANCE * size)

    def find(self, sentence: str) -> None:
        self.sentences.append(f"{self.future}: {sentence}" if self.future else sentence)

    def _count(self, violation: Decimal) -> Decimal:
        self.checked += 1
        self.worst = max(self.worst, violation)
        return violation

    def findings(self) -> list[Finding]:
        said = [Finding(self.rule, sentence) for sentence in self.sentences[:MOST_SENTENCES]]
        if len(self.sentences) > MOST_SENTENCES:
            more = len(self.sentences) - MOST_SENTENCES
            said.append(Finding(self.rule, f"and {more} more of the same rule"))
        return said

    def summary(self) -> RuleCheck:
        return RuleCheck(self.rule, self.checked, float(f"{self.worst:.3g}"))


@dataclass(frozen=True)
class AuditReport:
    """A plan against its instance."""

    findings: list[Finding]
    rules: list[RuleCheck]
    objective_usd: Decimal
    """recomputed from the decisions, to forty digits"""

    @classmethod
    def of(cls, checks: Sequence[Check], objective_usd: Decimal) -> AuditReport:
        findings = [finding for check in checks for finding in check.findings()]
        return cls(findings, [check.summary() for check in checks], objective_usd)

    @property
    def passed(self) -> bool:
        return not self.findings

    def to_document(self) -> dict[str, Any]:
        """The report as the `audit` of a plan document: plain JSON types."""
        return {
            "passed": self.passed,
            "findings": [{"rule": finding.rule, "sentence": finding.sentence} for finding in self.findings],
            "rules": [
                {"rule": rule.rule, "checked": rule.checked, "worst_relative_violation": rule.worst_relative_violation}
                for rule in self.rules
            ],
            "objective_usd": f"{self.objective_usd:.2f}",
        }
