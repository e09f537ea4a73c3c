"""Prices that may change by calendar month."""

from __future__ import annotations

from .months import Month


def price_in(price: float | dict[Month, float], month: Month) -> float | None:
    """A price, or the last entry of a table by month that is not after this one; None before the first.

    >>> table = {Month.parse("2026-06"): 2.0, Month.parse("2026-09"): 3.0}
    >>> [price_in(table, Month.parse(month)) for month in ("2026-05", "2026-08", "2027-01")]
    [None, 2.0, 3.0]
    """
    if not isinstance(price, dict):
        return price
    known = [when for when in price if when <= month]
    return price[max(known)] if known else None
