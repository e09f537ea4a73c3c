"""One contract, month by month in decimal: what it delivers, what it bills, what stays owed.

A contract is a signed deal of an offer or a contract in force. Its term month j counts from 0. For n blocks, month j
bills, if all is used,

    gross_j = N x price x quantity_j x fee_factor_j x (1 + escalator)^floor(j / 12)

with the quantity 1 (usd_per_month), accelerators x delivered share_j x hours (usd_per_accelerator_hour) or
megawatts x delivered share_j (usd_per_mw_month), and N = n without tiers, n x the factor of the step that n reaches
(all_units), or the sum of the factors of the blocks 1 to n (incremental). Fixed of it is

    fixed_j = max(take_or_pay x gross_j, n x minimum)

whether used or not, and that covers the share fixed_j / gross_j of the use. The fixed fees are paid on dates that share
them out, or month by month (in arrears: a month later) after a prepayment at signing, which pays a share of each, the
first or the last of them. What a contract in force paid at its signing is history.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from offtake.instance.months import Month
from offtake.instance.pools import block_accelerators, block_power_mw
from offtake.instance.schema import Instance, Payment, SignedContract, Supply, Term

from .calendar import Calendar
from .numbers import ONE, ZERO, at, exact, price_in

OWED_LINES = ("fees", "prepayments", "payments")
"""non-cancellable; deposits come back, and credits and the fees of a bank are not owed to the seller"""


class Due(NamedTuple):
    """A payment that does not depend on use; negative: cash that comes in."""

    month: Month | None
    """None: when a contract in force was signed"""
    line: str
    usd: Decimal


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

    def drawn_mw(self, month: Month) -> Decimal:
        """Power of all blocks that are delivered in the month, whether they work or not."""
        return self.blocks * self.block_power_mw * self._ramp(month) if self.serves(month) else ZERO

    def energy_kwh(self, month: Month) -> Decimal:
        """Energy of all blocks in the month, with the overhead of the facility."""
        pue = ONE if self.supply.power_price is None else exact(self.supply.power_price.pue)
        return 1000 * self.drawn_mw(month) * month.hours * pue

    def energy_usd(self, month: Month) -> Decimal:
        """Bill for it, where it is paid for apart from the fees."""
        price = self.supply.power_price
        return ZERO if price is None else self.energy_kwh(month) * price_in(price.usd_per_kwh, month)

    @cached_property
    def billed_blocks(self) -> Decimal:
        """N: blocks at the price of the term that cost as much as these blocks at the prices of their tiers."""
        tiers = self.term.tiers
        if tiers is None:
            return self.blocks
        reached = [step for step in tiers.steps if step.from_blocks <= self.blocks]
        if not reached:
            return ZERO
        if tiers.kind == "all_units":
            return self.blocks * exact(reached[-1].factor)
        ends = [Decimal(step.from_blocks - 1) for step in reached[1:]] + [self.blocks]
        return sum(
            (exact(step.factor) * (end - step.from_blocks + 1) for step, end in zip(reached, ends, strict=True)), ZERO
        )

    def gross(self, month: Month) -> Decimal:
        """Bill of all blocks for the month, used in full."""
        term, j = self.term, month - self.start
        if term.usd_per_month is not None:
            bill = price_in(term.usd_per_month, month)
        elif term.usd_per_accelerator_hour is not None:
            bill = price_in(term.usd_per_accelerator_hour, month) * self.contracted(month) * month.hours
        else:
            bill = price_in(term.usd_per_mw_month or 0, month) * self.block_power_mw * self._ramp(month)
        escalator = (1 + exact(term.escalator_per_year)) ** (j // 12)
        return self.billed_blocks * bill * at(term.fee_factor, j) * escalator

    @cached_property
    def fixed(self) -> dict[Month, Decimal]:
        """Fees of all blocks for each month of service, whether used or not, and whenever they are paid."""
        share, least = exact(self.term.take_or_pay), self.blocks * exact(self.term.minimum_usd_per_month)
        return {month: max(share * self.gross(month), least) for month in self.months}

    def paid_share(self, month: Month) -> Decimal:
        """Share of what is delivered in a month of the term that its fixed fee covers."""
        gross, share = self.gross(month), exact(self.term.take_or_pay)
        if not gross:
            return ONE if self.fixed[month] else share
        return min(max(self.fixed[month] / gross, share), ONE)

    @cached_property
    def prepayment(self) -> Decimal:
        """Share of all fixed fees that is due at signing, for all blocks."""
        return exact(self.term.prepay) * sum(self.fixed.values(), ZERO)

    @cached_property
    def fees(self) -> dict[Month, Decimal]:
        """What is billed of the fixed fees of all blocks, by the month in which it is due."""
        if self.term.payments:
            return {}
        return {self._billed(month): self._left_to_pay(month) for month in self.months}

    def _left_to_pay(self, month: Month) -> Decimal:
        """The fee of a month of service less what the prepayment pays of it."""
        fee = self.fixed[month]
        if self.term.drawdown == "pro_rata":
            return (1 - exact(self.term.prepay)) * fee
        first = self.term.drawdown == "first"
        others = [other for other in self.months if (other < month if first else other > month)]
        left = max(self.prepayment - sum((self.fixed[other] for other in others), ZERO), ZERO)
        return fee - min(fee, left)

    def _billed(self, month: Month) -> Month:
        """When the fee of a month of service is due."""
        return month + 1 if self.term.billing == "arrears" else month

    @property
    def signing_fee(self) -> Decimal:
        """Due at signing, once, whatever the number of blocks."""
        return exact(self.term.signing_fee_usd)

    @cached_property
    def due(self) -> list[Due]:
        """All fixed cash at its real date, also before the horizon; less what a contract in force did at signing."""
        term, end = self.term, self.start + self.term.months
        total, deposit = sum(self.fixed.values(), ZERO), self.blocks * exact(term.deposit_usd)
        found = [Due(month, "fees", usd) for month, usd in self.fees.items()]
        found += [Due(self._date(payment), "payments", exact(payment.share) * total) for payment in term.payments]
        found += [
            Due(self.signing, "prepayments", self.prepayment),
            Due(self.signing, "signing_fees", self.signing_fee),
            Due(self.signing, "credits", -exact(term.signing_credit_usd)),
            Due(self.signing, "deposits", deposit),
            Due(end, "deposits", -deposit),
        ]
        if term.letter_of_credit is not None:
            yearly = self.blocks * exact(term.letter_of_credit.usd) * exact(term.letter_of_credit.fee_per_year)
            found += [Due(month, "letters_of_credit", yearly / 12) for month in self.months]
        found += [Due(month, "power", self.energy_usd(month)) for month in self.months]
        credit = self._credited_share()
        found += [Due(self._billed(month), "sla_credits", -credit * fee) for month, fee in self.fixed.items()]
        return [entry for entry in found if entry.month is not None and entry.usd]

    def _date(self, payment: Payment) -> Month | None:
        """When a dated share of the fees is due: never before the signing; None at that of a contract in force."""
        if payment.at == "signing":
            return self.signing
        if payment.at == "start":
            return self.start
        if payment.after_months is not None:
            return self.start + payment.after_months
        return payment.month if self.signing is None else max(payment.month, self.signing)

    def _credited_share(self) -> Decimal:
        """Share of each fixed fee that comes back because less works than promised."""
        promise = self.term.sla
        if promise is None:
            return ZERO
        points = 100 * max(exact(promise.availability) - exact(self.supply.availability), ZERO)
        return min(exact(promise.cap_fraction), exact(promise.credit_fraction) * points)

    @property
    def fixed_cash(self) -> Decimal:
        """All fixed cash of a signed deal, undiscounted."""
        return sum((entry.usd for entry in self.due), ZERO)

    def owed(self, since: Month) -> dict[Month, Decimal]:
        """Fixed fees still due after the end of each month, from signing (or a later month) until nothing is."""
        first = since if self.signing is None else max(since, self.signing)
        owed = [entry for entry in self.due if entry.line in OWED_LINES]
        last = max([self.months[-1], *(entry.month for entry in owed)])
        return {
            month: sum((entry.usd for entry in owed if entry.month > month), ZERO)
            for month in (first + k for k in range(last - first + 1))
        }

    def charge(self, calendar: Calendar, without: str = "") -> Decimal:
        """What the objective pays for it: the present value of all its cash, or its share inside the horizon.

        `without` leaves out a line.
        """
        if self.signing is None:
            return ZERO
        paid = sum((calendar.discount(entry.month) * entry.usd for entry in self.due if entry.line != without), ZERO)
        if calendar.instance.finance.terminal == "none":
            return paid
        weights = {month: calendar.discount(month) * self.contracted(month) for month in self.months}
        inside = sum((weight for month, weight in weights.items() if month <= calendar.months[-1]), ZERO)
        whole = sum(weights.values(), ZERO)
        return paid * inside / whole if whole else paid

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

    def _ramp(self, month: Month) -> Decimal:
        """Share of a block that is delivered in a month of service: by the ramp, or by the tranches that run."""
        j = month - self.start
        if not self.supply.tranches:
            return at(self.supply.ramp, j, default=ONE)
        running = (
            tranche
            for tranche in self.supply.tranches
            if tranche.after_months <= j and (tranche.months is None or j < tranche.after_months + tranche.months)
        )
        return sum((exact(tranche.share) for tranche in running), ZERO)


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
