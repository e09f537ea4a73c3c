"""Decimal arithmetic of the audit: forty digits, and no binary float ever slips in."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, DivisionByZero, FloatOperation, InvalidOperation, Overflow, localcontext
from functools import lru_cache

from offtake.instance.months import Month

CONTEXT = Context(prec=40, traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation])
"""Mixing a float into a sum raises, so a dollar cannot lose digits unseen."""

ZERO = Decimal(0)
ONE = Decimal(1)


def exact(value: float) -> Decimal:
    """The decimal number that a float or an integer prints as: 0.1 is one tenth."""
    return Decimal(value) if isinstance(value, int) else Decimal(repr(float(value)))


def month_factor(rate: float, basis: str, timing: str, months: int) -> Decimal:
    """Present value of one dollar paid `months` months after the horizon begins.

    effective: (1 + r)^(-k/12); nominal: (1 + r/12)^(-k), with k = months + 0, 1/2 or 1 for payments at the
    start, in the middle or at the end of their month.

    >>> month_factor(0.5, "nominal", "start", 2)
    Decimal('0.9216')
    """
    return _factor(exact(rate), basis, months + {"start": ZERO, "mid": Decimal("0.5"), "end": ONE}[timing])


@lru_cache(maxsize=4096)
def _factor(rate: Decimal, basis: str, k: Decimal) -> Decimal:
    with localcontext(CONTEXT):
        return ((1 + rate) ** (-k / 12) if basis == "effective" else (12 / (12 + rate)) ** k).normalize()


def at(values: Sequence[float], position: int, default: Decimal = ONE) -> Decimal:
    """The entry at a position of a list whose last entry holds; the default where the list is empty."""
    return exact(values[min(position, len(values) - 1)]) if values else default


def price_in(prices: float | dict[Month, float], month: Month) -> Decimal:
    """A price, or the entry of a table by month that holds in this month: the latest one not after it."""
    if not isinstance(prices, dict):
        return exact(prices)
    past = [listed for listed in prices if listed <= month]
    return exact(prices[max(past)]) if past else ZERO


def figure(value: Decimal) -> str:
    """A number for a sentence: at most nine significant digits, thousands separated."""
    rounded = Context(prec=9).plus(value)
    if rounded and not -7 <= rounded.adjusted() <= 14:
        return f"{rounded:.8e}"
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def usd(value: Decimal) -> str:
    """Dollars and cents for a sentence."""
    return f"{value:,.2f} USD"
