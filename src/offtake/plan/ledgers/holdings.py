"""What is held: each contract of the plan with its payments by month and the cost of its service by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...deals import Column
from ...deals.payments import OWED_LINES
from ...instance.months import Month
from ...instance.pools import supplies
from ...instance.schema import Instance
from ..decisions import Flows

if TYPE_CHECKING:
    from ...compile import Compiled

MONTHLY_LINES = ("letters_of_credit", "sla_credits", "power")
"""cash that belongs to the month in which it is billed"""


@dataclass(frozen=True)
class Holding:
    """A signed deal or a contract in force, all of its blocks. Vectors run over the months of the ledger."""

    key: str
    """id of the offer or the contract"""
    group: str
    """the provider's group; the provider itself if it is in none"""
    start: Month
    months: int
    power_mw: np.ndarray
    """in service, after the ramp"""
    paid_hours: np.ndarray
    """accelerator-hours that are paid whether used or not"""
    billed: np.ndarray
    """fixed payments, USD"""
    effective: np.ndarray
    """USD of fixed payments that the service of the month uses up, whenever they are paid"""
    due: np.ndarray
    """the payments among them that cannot be cancelled, USD"""
    owed: np.ndarray
    """those still to come after the month; 0 before the signing, USD"""

    @cached_property
    def prepaid_unused(self) -> np.ndarray:
        """Paid and not used up after each month, USD: service still to come less payments still to come."""
        return np.maximum(_after(self.effective) - _after(self.billed), 0.0)

    def due_after(self, month: int) -> np.ndarray:
        """What is owed after a month of the ledger, by month in which it is due."""
        later = np.arange(len(self.due)) > month
        return np.where(later, self.due, 0.0) if self.owed[month] else np.zeros(len(self.due))

    def commenced(self, month: Month) -> bool:
        """Whether service has begun by the end of the month."""
        return self.start <= month

    def months_left(self, month: Month) -> int:
        """Months from the end of a month to the end of the term."""
        return max(self.start + self.months - month - 1, 0)


def holdings(compiled: Compiled, flows: Flows) -> list[Holding]:
    """Contracts with blocks, in the order of the problem."""
    groups = groups_of(compiled.instance)
    first, found = compiled.instance.horizon.start, []
    for deal, column, count in zip(compiled.problem.deals, compiled.columns, flows.blocks, strict=True):
        blocks = int(count)
        if not blocks:
            continue
        hours = np.array([(first + m).hours for m in range(len(column.contracted))])
        billed = blocks * column.cash + column.cash_once
        found.append(
            Holding(
                key=column.offer,
                group=groups[column.offer],
                start=column.start,
                months=column.months,
                power_mw=blocks * column.drawn_mw,
                paid_hours=blocks * (1 - column.open_share) * sum(column.usable.values()) * hours,
                billed=billed,
                effective=_effective(column, blocks, billed),
                due=_lines(column, blocks, OWED_LINES),
                owed=blocks * deal.obligation[0] + deal.obligation_once[0],
            )
        )
    return found


def _effective(column: Column, blocks: int, billed: np.ndarray) -> np.ndarray:
    """What a contract in force paid for signing is history: only fees and monthly lines are costs of its service."""
    service = blocks * column.fixed + column.fixed_once + _lines(column, blocks, MONTHLY_LINES)
    return service if column.in_force else amortised(billed, service, column.contracted)


def _lines(column: Column, blocks: int, names: Sequence[str]) -> np.ndarray:
    """[ledger month] USD of some lines of cash."""
    zeros = np.zeros_like(column.contracted)
    return sum(
        (blocks * column.cash_lines.get(name, zeros) + column.once_lines.get(name, zeros) for name in names), zeros
    )


def payees(instance: Instance) -> dict[str, str]:
    """Offer, contract in force or commitment -> its provider, in the order of the file."""
    return {key: entry.provider for key, entry in {**supplies(instance), **instance.commitments}.items()}


def groups_of(instance: Instance) -> dict[str, str]:
    """Offer, contract in force or commitment -> the group of its provider, or the provider if it is in none."""
    return {key: instance.providers[provider].group or provider for key, provider in payees(instance).items()}


def amortised(billed: np.ndarray, fees: np.ndarray, delivered: np.ndarray) -> np.ndarray:
    """Payments of a contract as the cost of the months that they pay for, USD by month; sums to what is billed.

    Each month costs its fixed fee, whenever that is paid: a prepayment is used up by the fees that it pays. What
    is paid beyond the fees (for signing, less credits) is spread by accelerators delivered. A contract that delivers
    nothing costs what it bills.

    >>> amortised(np.array([300.0, 0.0, 0.0]), np.array([0.0, 100.0, 100.0]), np.array([0.0, 1.0, 3.0])).tolist()
    [0.0, 125.0, 175.0]
    """
    total = delivered.sum()
    if total <= 0:
        return billed.copy()
    return fees + (billed.sum() - fees.sum()) * delivered / total


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
