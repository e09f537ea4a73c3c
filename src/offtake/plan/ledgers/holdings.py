"""What is held: each contract of the plan with its payments by month and the cost of its service by month.

Blocks that are broken off are held on their own: they run as the others do until notice is given, and then end early.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...deals import Column
from ...deals.truncation import Ending, truncated
from ...instance.months import Month
from ...instance.sellers import groups_of
from ..decisions import Flows

if TYPE_CHECKING:
    from ...compile import Compiled

MONTHLY_LINES = ("letters_of_credit", "sla_credits", "power", "break_fees")
"""cash that belongs to the month in which it is billed"""


@dataclass(frozen=True)
class Holding:
    """Blocks of a signed deal or of a contract in force. Vectors run over the months of the ledger."""

    group: str
    """the provider's group; the provider itself if it is in none"""
    first: Month
    """of the ledger"""
    column: Column
    """as it runs"""
    blocks: int
    once: bool
    """whether what is due once is paid with these blocks"""
    unbroken: Column
    """as it would run without notice"""
    notice: int
    """ledger month in which notice is given; past the ledger if none is"""

    @property
    def key(self) -> str:
        """Id of the offer or the contract."""
        return self.column.offer

    @cached_property
    def power_mw(self) -> np.ndarray:
        """In service, after the ramp."""
        return self.blocks * self.column.drawn_mw

    @cached_property
    def paid_hours(self) -> np.ndarray:
        """Accelerator-hours that are paid whether used or not."""
        hours = np.array([(self.first + m).hours for m in range(len(self.column.contracted))])
        return self.blocks * (1 - self.column.open_share) * sum(self.column.usable.values()) * hours

    @cached_property
    def billed(self) -> np.ndarray:
        """Fixed payments, USD."""
        return self._with_once(self.column.cash, self.column.cash_once)

    @cached_property
    def effective(self) -> np.ndarray:
        """USD of fixed payments that the service of the month uses up, whenever they are paid; what is paid ahead and
        lost, in the month in which it is.

        What a contract in force paid for signing is history: only fees and monthly lines are costs of its service.
        """
        column, nothing = self.column, np.zeros_like(self.column.contracted)
        service = self._with_once(column.fixed, column.fixed_once) + self.blocks * column.written_off
        for line in MONTHLY_LINES:
            service += self._with_once(column.cash_lines.get(line, nothing), column.once_lines.get(line, nothing))
        return service if column.in_force else amortised(self.billed, service, column.contracted)

    @cached_property
    def prepaid_unused(self) -> np.ndarray:
        """Paid and not used up after each month, USD: service still to come less payments still to come."""
        return np.maximum(_after(self.effective) - _after(self.billed), 0.0)

    @cached_property
    def owed(self) -> np.ndarray:
        """Payments still to come after the month that cannot be cancelled; 0 before the signing, USD."""
        return self._with_once(self._known("owed"), self._known("owed_once"))

    @cached_property
    def leaves(self) -> np.ndarray:
        """Whether what is owed after the month is what it takes to leave, which is cheaper than to stay."""
        standing = np.where(self._as_agreed, _to_come(self._agreed), _to_come(self.unbroken))
        to_stay = np.where(self._unnoticed, standing, _to_come(self.column))
        signing = self.unbroken.signing
        signed = np.arange(len(to_stay)) >= (0 if signing is None else signing - self.first)
        return signed & (self._known("owed") < to_stay - CENTS)

    @property
    def pays_to_leave(self) -> np.ndarray:
        """Whether that is something."""
        return self.leaves & (self._known("owed") > 0)

    def due_after(self, month: int) -> np.ndarray:
        """What is owed after a month of the ledger, by month in which it is due."""
        later = np.arange(len(self.owed)) > month
        if not self.owed[month]:
            return np.zeros(len(later))
        known = self._known_after(month)
        if self.leaves[month]:
            leaving = Ending(self._earliest_exit(month), known.cancel.fee_fraction)
            once = {"once_lines": known.once_lines, "refunds_once": known.refunds_once}
            known = replace(truncated(self._agreed, leaving, self.first), **once)
        return np.where(later, self._with_once(known.due, known.due_once), 0.0)

    def commenced(self, month: Month) -> bool:
        """Whether service has begun by the end of the month."""
        return self.column.begins <= month

    def locked_usd_months(self, month: int) -> float:
        """Dollars owed after a month of the ledger, times the months from its end to the end of the contract: the end
        of its term, or the earliest one by notice where leaving is cheaper than to stay."""
        known, standing = self._known_after(month), self._standing_after(month)
        end = self._earliest_exit(month) if self.leaves[month] else known.ends
        once = float(self._known("owed_once")[month]) if self.once else 0.0
        blocks = float(self.blocks * self._known("owed")[month])
        return blocks * self._months_left(month, end) + once * self._months_left(month, standing.ends)

    def _months_left(self, month: int, end: Month) -> int:
        return max(end - (self.first + month) - 1, 0)

    def _earliest_exit(self, month: int) -> Month:
        """First month without service if notice is given as soon as the clause lets the buyer after a month."""
        clause, begins = self.unbroken.cancel, self.unbroken.begins
        return max(self.first + (month + 1), begins + clause.after_months) + clause.notice_months

    @property
    def _unnoticed(self) -> np.ndarray:
        return np.arange(len(self.column.contracted)) < self.notice

    def _known_after(self, month: int) -> Column:
        """The contract as it is known after a month: nobody owes less before notice is given."""
        return self._standing_after(month) if month < self.notice else self.column

    def _standing_after(self, month: int) -> Column:
        """The contract without notice of the buyer: as it was agreed, until its seller fails or gives notice."""
        return self._agreed if self._as_agreed[month] else self.unbroken

    @property
    def _agreed(self) -> Column:
        return self.unbroken if self.unbroken.agreed is None else self.unbroken.agreed

    @property
    def _as_agreed(self) -> np.ndarray:
        return np.arange(len(self.column.contracted)) < self.unbroken.ending_known

    def _known(self, name: str) -> np.ndarray:
        return np.where(self._unnoticed, getattr(self.unbroken, name), getattr(self.column, name))

    def _with_once(self, per_block: np.ndarray, once: np.ndarray) -> np.ndarray:
        """All blocks together, and what is due once."""
        return self.blocks * per_block + (once if self.once else 0.0)


CENTS = 1e-6
"""USD; less is what is left of sums that cancel"""


def _to_come(column: Column) -> np.ndarray:
    """[ledger month] USD per block still to be paid after it by whoever stays."""
    return _after(column.due)


def holdings(compiled: Compiled, flows: Flows) -> list[Holding]:
    """Contracts with blocks, in the order of the problem. An option is not held: it gives no service."""
    groups, first = groups_of(compiled.instance), compiled.instance.horizon.start
    found = []
    for d, column in enumerate(compiled.columns):
        if flows.blocks[d] and column.right not in ("option", "break"):
            parts = [(runs, blocks, notice) for runs, blocks, notice in _parts(compiled, flows, d) if blocks]
            found += [
                Holding(groups[column.offer], first, runs, blocks, part == 0, column, notice)
                for part, (runs, blocks, notice) in enumerate(parts)
            ]
    return found


def kept(compiled: Compiled, flows: Flows) -> list[Holding]:
    """Contracts in force, all of their blocks, as if nothing of them were broken off."""
    groups, first = groups_of(compiled.instance), compiled.instance.horizon.start
    return [
        Holding(groups[column.offer], first, column, int(blocks), True, column, len(column.contracted))
        for column, blocks in zip(compiled.columns, flows.blocks, strict=True)
        if column.in_force and blocks
    ]


def _parts(compiled: Compiled, flows: Flows, d: int) -> Iterator[tuple[Column, int, int]]:
    """(how they run, blocks, ledger month of the notice): what runs on, then what each break ends."""
    column, first = compiled.columns[d], compiled.instance.horizon.start
    breaks = [b for b in compiled.problem.followers.get((d, "break"), []) if flows.blocks[b]]
    yield column, int(flows.blocks[d] - sum(flows.blocks[b] for b in breaks)), len(column.contracted)
    for b in breaks:
        yield compiled.columns[b].broken, int(flows.blocks[b]), compiled.columns[b].signing - first


def amortised(billed: np.ndarray, fees: np.ndarray, delivered: np.ndarray) -> np.ndarray:
    """Payments of a contract as the cost of the months that they pay for, USD by month; sums to what is billed.

    Each month costs its fixed fee, whenever that is paid: a prepayment is used up by the fees that it pays. What
    is paid beyond the fees (for signing, less credits) is spread by accelerators delivered. If nothing is, it falls in
    the month of the first payment.

    >>> amortised(np.array([300.0, 0.0, 0.0]), np.array([0.0, 100.0, 100.0]), np.array([0.0, 1.0, 3.0])).tolist()
    [0.0, 125.0, 175.0]
    >>> amortised(np.array([0.0, 300.0, 0.0]), np.array([0.0, 0.0, 250.0]), np.zeros(3)).tolist()
    [0.0, 50.0, 250.0]
    """
    if delivered.sum() <= 0:
        delivered = np.eye(len(billed))[np.argmax(billed != 0)]
    return fees + (billed.sum() - fees.sum()) * delivered / delivered.sum()


def used_share(used: np.ndarray, paid: np.ndarray) -> np.ndarray:
    """Share of what is paid whether used or not that is used; 0 where nothing is delivered for it.

    >>> used_share(np.array([0.75, 2.0, 0.0]), np.array([1.0, 1.0, 0.0])).tolist()
    [0.75, 1.0, 0.0]
    """
    return np.minimum(np.divide(used, paid, out=np.zeros_like(used), where=paid > 0), 1.0)


def dollars(usd: float) -> float:
    """Dollars for a row; less than a thousandth of a cent is what is left of sums that cancel, and is nothing."""
    return float(usd) if abs(usd) > 1e-5 else 0.0


def _after(usd: np.ndarray) -> np.ndarray:
    """Sum over all later months, [month]."""
    return usd[::-1].cumsum()[::-1] - usd
