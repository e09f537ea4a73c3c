"""One contract, month by month in decimal: what it delivers, what it bills, what stays owed.

A contract is a signed deal of an offer or a contract in force. Its term month j counts from 0. In month j
one block bills

    gross_j = price x quantity_j x fee_factor_j x (1 + escalator)^floor(j / 12)

with the quantity 1 (usd_per_month), accelerators x ramp_j x hours (usd_per_accelerator_hour) or
megawatts x ramp_j (usd_per_mw_month). The share take_or_pay of it is fixed; of the fixed fees the share prepay
is due at signing and the rest month by month. What a contract in force paid at its signing is history.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from offtake.instance.months import Month
from offtake.instance.pools import block_accelerators, block_power_mw
from offtake.instance.schema import Instance, SignedContract, Supply, Term

from .calendar import Calendar
from .numbers import ONE, ZERO, at, exact


@dataclass(frozen=True)
class Contract:
    """Blocks of a supply under a term from a start month on."""

    supply_id: str
    supply: Supply
    term: Term
    start: Month
    signing: Month | None
    """None for a contract in force: signed before the horizon"""
    blocks: Decimal
    counts: dict[str, Decimal]
    """accelerators of each type in one block"""
    block_power_mw: Decimal

    @property
    def months(self) -> list[Month]:
        """Months of the term."""
        return [self.start + j for j in range(self.term.months)]

    def serves(self, month: Month) -> bool:
        return 0 <= month - self.start < self.term.months

    def delivered(self, accelerator: str, month: Month) -> Decimal:
        """Usable accelerators of all blocks in the month."""
        if not self.serves(month):
            return ZERO
        availability = exact(self.supply.availability)
        return self.blocks * self.counts[accelerator] * self._ramp(month) * availability

    def held(self, accelerator: str, months: list[Month]) -> Decimal:
        """Usable accelerators that are there throughout the months."""
        return min(self.delivered(accelerator, month) for month in months)

    def delivered_hours(self, accelerator: str, months: list[Month]) -> Decimal:
        """Usable accelerator-hours over the months."""
        return sum((self.delivered(accelerator, month) * month.hours for month in months), ZERO)

    def contracted(self, month: Month) -> Decimal:
        """Accelerators of one block that the contract is for in the month, whatever their availability."""
        return sum(self.counts.values(), ZERO) * self._ramp(month)

    def gross(self, month: Month) -> Decimal:
        """Bill of all blocks for the month, used in full."""
        term, j = self.term, month - self.start
        if term.usd_per_month is not None:
            bill = exact(term.usd_per_month)
        elif term.usd_per_accelerator_hour is not None:
            bill = exact(term.usd_per_accelerator_hour) * self.contracted(month) * month.hours
        else:
            bill = exact(term.usd_per_mw_month or 0) * self.block_power_mw * self._ramp(month)
        escalator = (1 + exact(term.escalator_per_year)) ** (j // 12)
        return self.blocks * bill * at(term.fee_factor, j) * escalator

    @cached_property
    def fees(self) -> dict[Month, Decimal]:
        """Fixed fees of all blocks, due in each month of the term."""
        rest = 1 - exact(self.term.prepay)
        return {month: rest * exact(self.term.take_or_pay) * self.gross(month) for month in self.months}

    @property
    def prepayment(self) -> Decimal:
        """Share of all fixed fees that is due at signing, for all blocks."""
        fixed = sum((exact(self.term.take_or_pay) * self.gross(month) for month in self.months), ZERO)
        return exact(self.term.prepay) * fixed

    @property
    def signing_fee(self) -> Decimal:
        """Due at signing, once, whatever the number of blocks."""
        return exact(self.term.signing_fee_usd)

    @property
    def fixed_cash(self) -> Decimal:
        """All fixed cash of a signed deal, undiscounted."""
        return self.signing_fee + self.prepayment + sum(self.fees.values(), ZERO)

    def owed(self, since: Month) -> dict[Month, Decimal]:
        """Fixed fees still due after the end of each month, from signing (or a later month) to the end of the term."""
        first = since if self.signing is None else max(since, self.signing)
        left, found = ZERO, {}
        for back in range(self.months[-1] - first + 1):
            month = self.months[-1] - back
            found[month] = left
            left += self.fees.get(month, ZERO)
        return found

    def charge(self, calendar: Calendar) -> Decimal:
        """What the objective pays for it: the present value of all its cash, or its share inside the horizon."""
        if self.signing is None:
            return ZERO
        upfront = calendar.discount(self.signing) * (self.signing_fee + self.prepayment)
        paid = sum((calendar.discount(month) * fee for month, fee in self.fees.items()), upfront)
        if calendar.instance.finance.terminal == "none":
            return paid
        weights = {month: calendar.discount(month) * self.contracted(month) for month in self.months}
        inside = sum((weight for month, weight in weights.items() if month <= calendar.months[-1]), ZERO)
        whole = sum(weights.values(), ZERO)
        return paid * inside / whole if whole else paid

    def usd_per_hour_beyond(self, months: list[Month]) -> Decimal:
        """v: price of a usable accelerator-hour beyond the take-or-pay share, so that full use costs gross."""
        inside = [month for month in months if self.serves(month)]
        hours = sum((self.delivered_hours(accelerator, inside) for accelerator in self.counts), ZERO)
        return sum((self.gross(month) for month in inside), ZERO) / hours if hours else ZERO

    def _ramp(self, month: Month) -> Decimal:
        return at(self.supply.ramp, month - self.start, default=ONE)


def contract_in_force(instance: Instance, key: str, signed: SignedContract) -> Contract:
    return _contract(instance, key, signed, signed.term, signed.start, None, Decimal(signed.blocks))


def signed_deal(instance: Instance, offer: str, term: int, start: Month, blocks: Decimal) -> Contract:
    supply = instance.offers[offer]
    signing = start - supply.start.lead_months
    return _contract(instance, offer, supply, supply.terms[term], start, signing, blocks)


def _contract(
    instance: Instance, key: str, supply: Supply, term: Term, start: Month, signing: Month | None, blocks: Decimal
) -> Contract:
    counts = {name: exact(count) for name, count in block_accelerators(instance, supply).items()}
    return Contract(key, supply, term, start, signing, blocks, counts, exact(block_power_mw(instance, supply)))
