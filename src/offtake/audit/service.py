"""What a contract serves and what its service costs, month by month in decimal.

A contract is a signed deal of an offer, a contract in force, or what follows one of them. Service begins in its start
month, or as many months later as the scenario says; the term month j counts from there, from 0. For n blocks, month j
bills, if all is used,

    gross_j = N x price x quantity_j x fee_factor_j x (1 + escalator)^floor(j / 12)

with the quantity 1 (usd_per_month), accelerators x delivered share_j x hours (usd_per_accelerator_hour) or
megawatts x delivered share_j (usd_per_mw_month), and N = n without tiers, n x the factor of the step that n reaches
(all_units), or the sum of the factors of the blocks 1 to n (incremental). Fixed of it is

    fixed_j = max(take_or_pay x gross_j, n x minimum)

whether used or not, and that covers the share fixed_j / gross_j of the use.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from offtake.instance.months import Month
from offtake.instance.schema import Supply, Term

from .endings import Ending
from .numbers import ONE, ZERO, at, exact, price_in
from .tariffs import Tariff


@dataclass(frozen=True)
class Service:
    """Blocks of a supply under a term, in the future at hand."""

    supply_id: str
    supply: Supply
    term: Term
    tariff: Tariff
    written: Month
    """the start month as it is written"""
    start: Month
    """first month of service"""
    signing: Month | None
    """None for a contract in force: signed before the horizon"""
    blocks: Decimal
    step: Decimal
    """factor of the volume tier on the price of each block"""
    ladder: Decimal
    """blocks at the price of the term that the first tiers cost on top, however many blocks are broken off"""
    counts: dict[str, Decimal]
    """accelerators of each type in one block"""
    block_power_mw: Decimal
    fate: Ending | None = None
    """what the scenario does to it"""
    broken: Ending | None = None
    """what the buyer does"""
    whole: bool = True
    """False: blocks of another contract, which pays what is due once"""
    level: Decimal | None = None
    """share of a block that is delivered throughout; None: by the ramp or the tranches"""
    right: str = ""
    """what kind of follow-on it is; empty for a deal of its own"""

    # --- time

    @property
    def length(self) -> int:
        """Months of the term."""
        return self.term.months

    @property
    def written_end(self) -> Month:
        """First month after the term as it is written."""
        return self.written + self.term.months

    @cached_property
    def agreed(self) -> list[Month]:
        """Months of the term, from the first of service on."""
        return [self.start + j for j in range(self.term.months)]

    @cached_property
    def ending(self) -> Ending | None:
        """What ends it before its term: the earlier of fate and buyer, fate if it is the same month."""
        early = [each for each in (self.fate, self.broken) if each is not None and each.month <= self.agreed[-1]]
        return min(early, key=lambda each: each.month, default=None)

    @cached_property
    def end(self) -> Month:
        """First month without service."""
        return self.agreed[-1] + 1 if self.ending is None else max(self.ending.month, self.start)

    @cached_property
    def months(self) -> list[Month]:
        """Months of service."""
        return [month for month in self.agreed if month < self.end]

    def serves(self, month: Month) -> bool:
        return self.start <= month < self.end

    # --- delivery

    @property
    def accelerators(self) -> dict[str, Decimal]:
        """Of all blocks, by type."""
        return {name: self.blocks * count for name, count in self.counts.items()}

    @property
    def power_mw(self) -> Decimal:
        """Of all blocks."""
        return self.blocks * self.block_power_mw

    def delivered(self, accelerator: str, month: Month) -> Decimal:
        """Usable accelerators of all blocks in the month."""
        if not self.serves(month):
            return ZERO
        availability = exact(self.supply.availability)
        return self.blocks * self.counts[accelerator] * self.share(month) * availability

    def held(self, accelerator: str, months: list[Month]) -> Decimal:
        """Usable accelerators that are there throughout the months."""
        return min(self.delivered(accelerator, month) for month in months)

    def delivered_hours(self, accelerator: str, months: list[Month]) -> Decimal:
        """Usable accelerator-hours over the months."""
        return sum((self.delivered(accelerator, month) * month.hours for month in months), ZERO)

    def contracted(self, month: Month) -> Decimal:
        """Accelerators of one block that the contract is for in the month, whatever their availability."""
        return sum(self.counts.values(), ZERO) * self.share(month)

    def drawn_mw(self, month: Month) -> Decimal:
        """Power of all blocks that are delivered in the month, whether they work or not."""
        return self.power_mw * self.share(month) if self.serves(month) else ZERO

    def energy_kwh(self, month: Month) -> Decimal:
        """Energy of all blocks in the month, with the overhead of the facility."""
        pue = ONE if self.supply.power_price is None else exact(self.supply.power_price.pue)
        return 1000 * self.drawn_mw(month) * month.hours * pue

    def energy_usd(self, month: Month) -> Decimal:
        """Bill for it, where it is paid for apart from the fees."""
        price = self.supply.power_price
        return ZERO if price is None else self.energy_kwh(month) * price_in(price.usd_per_kwh, month)

    def share(self, month: Month) -> Decimal:
        """Share of a block that is delivered in a month of service: by the ramp, or by the tranches that run."""
        if self.level is not None:
            return self.level
        j = month - self.start
        if not self.supply.tranches:
            return at(self.supply.ramp, j, default=ONE)
        running = (
            tranche
            for tranche in self.supply.tranches
            if tranche.after_months <= j and (tranche.months is None or j < tranche.after_months + tranche.months)
        )
        return sum((exact(tranche.share) for tranche in running), ZERO)

    # --- fees

    @property
    def billed_blocks(self) -> Decimal:
        """N: blocks at the price of the term that cost as much as these blocks at the prices of their tiers."""
        return self.blocks * self.step + self.ladder

    def unit_usd(self, month: Month) -> Decimal:
        """Price of one unit of the tariff in a month of the term, before volume tiers."""
        j = month - self.start
        escalator = (1 + exact(self.term.escalator_per_year)) ** (j // 12)
        return self.tariff.usd(month) * at(self.term.fee_factor, j) * escalator

    def gross(self, month: Month) -> Decimal:
        """Bill of all blocks for the month, used in full."""
        quantity = ONE
        if self.tariff.unit == "usd_per_accelerator_hour":
            quantity = self.contracted(month) * month.hours
        elif self.tariff.unit == "usd_per_mw_month":
            quantity = self.block_power_mw * self.share(month)
        return self.billed_blocks * self.unit_usd(month) * quantity

    @cached_property
    def fixed(self) -> dict[Month, Decimal]:
        """Fees of all blocks for each month of the term, whether used or not, and whenever they are paid."""
        share, least = exact(self.term.take_or_pay), self.blocks * exact(self.term.minimum_usd_per_month)
        return {month: max(share * self.gross(month), least) for month in self.agreed}

    def paid_share(self, month: Month) -> Decimal:
        """Share of what is delivered in a month of the term that its fixed fee covers."""
        gross, share = self.gross(month), exact(self.term.take_or_pay)
        if not gross:
            return ONE if self.fixed[month] else share
        return min(max(self.fixed[month] / gross, share), ONE)

    def paid_hours(self, accelerator: str, months: list[Month]) -> Decimal:
        """Usable accelerator-hours over the months that the fixed fees cover."""
        inside = [month for month in months if self.serves(month)]
        return sum(
            (self.paid_share(month) * self.delivered(accelerator, month) * month.hours for month in inside), ZERO
        )

    def usd_per_hour_beyond(self, months: list[Month]) -> Decimal:
        """v: price of a usable accelerator-hour beyond those, so that full use costs gross (or the minimum)."""
        inside = [month for month in months if self.serves(month)]
        hours = sum((self.delivered_hours(name, inside) - self.paid_hours(name, inside) for name in self.counts), ZERO)
        extra = sum((max(self.gross(month) - self.fixed[month], ZERO) for month in inside), ZERO)
        return extra / hours if hours else ZERO
