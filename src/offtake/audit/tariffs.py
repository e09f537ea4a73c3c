"""What a block costs: the price that a term states, or the one that follows from another contract."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from offtake.instance.months import Month
from offtake.instance.schema import FollowOnPrice, Instance, Term

from .forward import quoted
from .numbers import ONE, ZERO, exact, price_in

Unit = Literal["usd_per_month", "usd_per_accelerator_hour", "usd_per_mw_month"]
UNITS: tuple[Unit, ...] = ("usd_per_month", "usd_per_accelerator_hour", "usd_per_mw_month")


@dataclass(frozen=True)
class Tariff:
    """A price, before the factors of the term and of its volume tiers."""

    unit: Unit
    stated: float | dict[Month, float] | Decimal
    """the price, or by calendar month"""
    factor: Decimal = ONE
    """of the scenario, when it was signed"""

    def usd(self, month: Month) -> Decimal:
        """Of one unit in a month of service."""
        known = self.stated if isinstance(self.stated, Decimal) else price_in(self.stated, month)
        return known * self.factor


def of_term(
    instance: Instance, term: Term, counts: dict[str, Decimal], start: Month, signing: Month | None, factor: Decimal
) -> Tariff:
    """The price of a term that is to start in `start`: its key, or its share of the forward curve there."""
    if term.forward_factor is None:
        return stated(term, factor)
    quotes = sum((count * quoted(instance, name, start, signing) for name, count in counts.items()), ZERO)
    usd = exact(term.forward_factor) * quotes / sum(counts.values(), ZERO)
    return Tariff("usd_per_accelerator_hour", usd, factor)


def stated(holder: Term | FollowOnPrice, factor: Decimal = ONE) -> Tariff:
    """The price key that is there; nothing, if none is."""
    unit = next((unit for unit in UNITS if getattr(holder, unit) is not None), "usd_per_month")
    return Tariff(unit, getattr(holder, unit) or 0.0, factor)
