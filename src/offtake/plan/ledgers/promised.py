"""Spend commitments as the ledgers see them: dollars owed, and when they are due at the latest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...instance.months import Month
from ...instance.sellers import groups_of
from .. import commitments
from ..decisions import Flows
from ..tables import cash_vectors

if TYPE_CHECKING:
    from ...compile import Compiled


@dataclass(frozen=True)
class Promised:
    """A commitment that is taken, beside the contracts held. Vectors run over the months of the ledger."""

    key: str
    group: str
    first: Month
    """of the ledger"""
    start: Month
    months: int
    dues: np.ndarray
    """[month, later month] USD owed after a month, by when it is due at the latest"""
    power_mw: np.ndarray
    """none"""
    prepaid_unused: np.ndarray
    """none: it is paid month by month, for the month"""

    @property
    def owed(self) -> np.ndarray:
        return self.dues.sum(axis=1)

    def due_after(self, month: int) -> np.ndarray:
        """What is owed after a month, by month in which it is due."""
        return self.dues[month]

    def commenced(self, month: Month) -> bool:
        """Whether its window has begun by the end of the month."""
        return self.start <= month

    @property
    def pays_to_leave(self) -> np.ndarray:
        """Nobody leaves by notice."""
        return np.zeros(len(self.dues), dtype=bool)

    def locked_usd_months(self, month: int) -> float:
        """Dollars owed after a month of the ledger, times the months from its end to the end of the window."""
        return float(self.owed[month]) * max(self.start + self.months - (self.first + month) - 1, 0)


def promised(compiled: Compiled, flows: Flows) -> list[Promised]:
    """Commitments that are taken, in the order of the file."""
    ledger, groups, cash = len(compiled.problem.discount), groups_of(compiled.instance), cash_vectors(compiled, flows)
    dues = {commitment.name: np.zeros((ledger, ledger)) for _, commitment in commitments.held(flows)}
    for month in range(ledger) if dues else []:
        for commitment, due, usd in commitments.due_after(flows, cash, month):
            dues[commitment.name][month, due] += usd
    found = []
    for key, table in dues.items():
        window, nothing = compiled.instance.commitments[key].window, np.zeros(ledger)
        first = compiled.instance.horizon.start
        found.append(Promised(key, groups[key], first, window.start, window.months, table, nothing, nothing))
    return found
