"""A column: what one block of one way to sign delivers, costs and still owes, month by month.

Vectors run over the ledger: the months from the start of the horizon to the last in which a term serves or is paid.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..instance.months import Month
from ..instance.schema import Cancel
from . import payments


@dataclass(frozen=True)
class Column:
    """One way to sign an offer, a contract in force, or a deal that follows one of them."""

    offer: str
    """id of the offer or of the contract in force"""
    term: int
    """index into the offer's terms; 0 for a contract in force"""
    start: Month
    """of the term, as it is written; of a break the first month without service"""
    signing: Month | None
    """None for what was signed before the horizon"""
    months: int
    """of the term; of a break those that are cut off"""
    begins: Month
    """first month of service: the start, and what the delivery is late"""
    ends: Month
    """first month without service"""
    accelerators: dict[str, float]
    """by type, in one block"""
    power_mw: float
    """of one block"""
    drawn_mw: np.ndarray
    """[ledger month] MW that one block draws, after the ramp, whether it works or not"""
    energy_mwh: np.ndarray
    """[ledger month] what that comes to, with the overhead of the facility (pue)"""
    min_blocks: int
    max_blocks: int
    price_factor: float
    """of the volume tier, on the fees of one block"""
    usable: dict[str, np.ndarray]
    """accelerator -> [ledger month] accelerators that one block delivers, after ramp and availability"""
    contracted: np.ndarray
    """[ledger month] accelerators that one block is billed for, after the ramp"""
    fixed: np.ndarray
    """[ledger month] USD per block: the fixed fee of the month's service, whenever it is paid"""
    fixed_once: np.ndarray
    """[ledger month] USD once: what the first blocks of a price ladder cost more"""
    open_share: np.ndarray
    """[ledger month] share of what is delivered that the fixed fee does not cover: its use is billed"""
    beyond: np.ndarray
    """[ledger month] USD per block for using all of that"""
    cash_lines: dict[str, np.ndarray]
    """line -> [ledger month] USD per block, each at its real date; negative: comes in"""
    once_lines: dict[str, np.ndarray]
    """line -> [ledger month] USD once if signed"""
    owed: np.ndarray
    """[ledger month] USD per block still to be paid after it that cannot be cancelled; 0 until signed"""
    owed_once: np.ndarray
    """[ledger month] the same of the lines that are due once"""
    refunds: np.ndarray
    """[ledger month] USD per block that a seller who leaves gives back or pays, in its lines; negative"""
    refunds_once: np.ndarray
    """[ledger month] the same of the lines that are due once"""
    written_off: np.ndarray
    """[ledger month] USD per block, paid ahead, that is lost when the contract ends before its term"""
    ending_known: int = 0
    """ledger month from which on it is owed as this future has it, and not as it was agreed: the seller has failed or
    given notice"""
    billing_lag: int = 0
    """months from a month of service to the payment of its fee"""
    cancel: Cancel | None = None
    open: bool = True
    """whether it can be signed in this future: what is lost or recalled by then cannot"""
    right: str = ""
    """renewal, option, expansion or break: what kind of follow-on it is; empty for a deal of its own"""
    parent: int | None = None
    """position of the column that it follows"""
    per_parent: float = 1.0
    """blocks of it for each block of that one, at most"""
    agreed: Column | None = field(default=None, repr=False)
    """with a clause for the buyer: the contract if it ran its term, of which the fee for leaving is a share"""
    broken: Column | None = field(default=None, repr=False)
    """of a break: the contract as it then runs; the vectors of the break are what it takes away"""

    @property
    def in_force(self) -> bool:
        """Settled before the horizon: no decision."""
        return self.signing is None

    @property
    def cash(self) -> np.ndarray:
        """[ledger month] USD per block, all lines."""
        return self._sum(self.cash_lines)

    @property
    def cash_once(self) -> np.ndarray:
        """[ledger month] USD once, all lines."""
        return self._sum(self.once_lines)

    @property
    def spent(self) -> np.ndarray:
        """[ledger month] USD per block that count toward spend commitments."""
        return self._sum({line: usd for line, usd in self.cash_lines.items() if line in payments.SPENT_LINES})

    @property
    def spent_once(self) -> np.ndarray:
        """[ledger month] the same once if signed."""
        return self._sum({line: usd for line, usd in self.once_lines.items() if line in payments.SPENT_LINES})

    @property
    def due(self) -> np.ndarray:
        """[ledger month] USD per block that cannot be cancelled, in the month in which it is paid."""
        return (
            self._sum({line: usd for line, usd in self.cash_lines.items() if line in payments.OWED_LINES})
            - self.refunds
        )

    @property
    def due_once(self) -> np.ndarray:
        """[ledger month] the same of the lines that are due once."""
        owing = {line: usd for line, usd in self.once_lines.items() if line in payments.OWED_LINES}
        return self._sum(owing) - self.refunds_once

    def _sum(self, lines: dict[str, np.ndarray]) -> np.ndarray:
        return sum(lines.values(), np.zeros_like(self.contracted))
