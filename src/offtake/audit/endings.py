"""Contracts that end before their term, because the seller fails or one of the two gives notice.

A contract that ends in a month e delivers nothing from e on. Payments for service from e on are not due, and neither
are dated payments of e or later. What of them the buyer owed is the *remainder*. Who gave notice pays a share of it in
e. A buyer who leaves gets the deposit back in e; a seller who leaves gives back what was prepaid and is not used up,
too; of a seller who fails nothing comes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from offtake.instance.months import Month
from offtake.instance.scenarios import lost, recalled
from offtake.instance.schema import Cancel, Instance

from .numbers import ZERO, exact

OWED_LINES = ("fees", "prepayments", "payments", "break_fees")
"""non-cancellable; deposits come back, and credits and the fees of a bank are not owed to the seller"""


class Due(NamedTuple):
    """A payment that does not depend on use; negative: cash that comes in."""

    month: Month
    line: str
    usd: Decimal


class Bill(NamedTuple):
    """A payment as agreed."""

    month: Month | None
    """None: when a contract in force was signed"""
    line: str
    usd: Decimal
    serves: Month | None = None
    """the month of service that it pays for, or its own date: if the contract ends by then, it is not due"""


@dataclass(frozen=True)
class Ending:
    """How a contract ends."""

    month: Month
    """e: the first without service"""
    by: Literal["buyer", "seller", "failure"]
    notice: Month | None = None
    """in which the buyer or the seller said so, or the seller failed"""


def gives_notice(cancel: Cancel | None, who: str) -> bool:
    """Whether the clause lets the buyer, or the seller, leave."""
    return cancel is not None and cancel.by in (who, "either")


def leaves(cancel: Cancel, notice: Month) -> Ending:
    """The end that a notice of the buyer brings."""
    return Ending(notice + cancel.notice_months, "buyer", notice)


def fate(instance: Instance, provider: str, supply: str, cancel: Cancel | None, start: Month) -> Ending | None:
    """What the future at hand does to a contract of a supply that begins service in `start`; a failure goes first."""
    found = []
    if (month := lost(instance, provider, supply)) is not None:
        found.append(Ending(month, "failure", month))
    if (month := recalled(instance, supply)) is not None and gives_notice(cancel, "seller"):
        notice = max(month, start + cancel.after_months)
        found.append(Ending(notice + cancel.notice_months, "seller", notice))
    return min(found, key=lambda ending: ending.month, default=None)


def kept(bills: Iterable[Bill], ending: Ending | None) -> list[Bill]:
    """What is still due."""
    return [bill for bill in bills if ending is None or bill.serves is None or bill.serves < ending.month]


def remainder(bills: Iterable[Bill], ending: Ending) -> Decimal:
    """What the buyer owed and is not due any more."""
    gone = (bill for bill in bills if bill.serves is not None and bill.serves >= ending.month)
    return sum((bill.usd for bill in gone if bill.line in OWED_LINES), ZERO)


def settled(ending: Ending, cancel: Cancel | None, remainder: Decimal, unused: Decimal, deposit: Decimal) -> list[Due]:
    """What is paid because the contract ends. `unused`: prepaid and not used up."""
    if ending.by == "failure":
        return []
    fee = exact(cancel.fee_fraction) * remainder
    paid = [Due(ending.month, "deposits", -deposit)]
    if ending.by == "buyer":
        return [*paid, Due(ending.month, "break_fees", fee)]
    return [*paid, Due(ending.month, "break_fees", -fee), Due(ending.month, "prepayments", -unused)]
