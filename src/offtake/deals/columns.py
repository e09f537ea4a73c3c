"""Offers to columns: what one block of each way to sign delivers, costs and still owes, month by month.

A *column* is an offer with a start month, a term and a step of its volume tiers. Its vectors run over the ledger:
the months from the start of the horizon to the last in which a term serves or is paid. Everything that is arithmetic
about a contract (ramp, tranches, prices, tiers, prepayment, payment dates, take-or-pay, lead) ends here; the model only
sees the vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..instance.months import Month
from ..instance.pools import block_accelerators, block_power_mw, delivered_shares, facility_kw
from ..instance.prices import price_in
from ..instance.schema import Instance, Offer, SignedContract, Supply, Term
from . import commitments, finance, payments, tiers


@dataclass(frozen=True)
class Column:
    """One way to sign an offer, or a contract in force."""

    offer: str
    term: int
    """index into the offer's terms; 0 for a contract in force"""
    start: Month
    signing: Month | None
    """None for a contract in force: it was signed before the horizon"""
    months: int
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

    @property
    def in_force(self) -> bool:
        return self.signing is None

    @property
    def cash(self) -> np.ndarray:
        """[ledger month] USD per block, all lines."""
        return sum(self.cash_lines.values(), np.zeros_like(self.contracted))

    @property
    def cash_once(self) -> np.ndarray:
        """[ledger month] USD once, all lines."""
        return sum(self.once_lines.values(), np.zeros_like(self.contracted))

    @property
    def spent(self) -> np.ndarray:
        """[ledger month] USD per block that count toward spend commitments."""
        return self._spent(self.cash_lines)

    @property
    def spent_once(self) -> np.ndarray:
        """[ledger month] the same once if signed."""
        return self._spent(self.once_lines)

    def _spent(self, lines: dict[str, np.ndarray]) -> np.ndarray:
        counted = [usd for line, usd in lines.items() if line in payments.SPENT_LINES]
        return sum(counted, np.zeros_like(self.contracted))

    def owed(self, lines: dict[str, np.ndarray], first: Month) -> np.ndarray:
        """[ledger month] USD still to be paid after it of some lines, on a ledger that begins in `first`."""
        due = sum((lines[line] for line in payments.OWED_LINES if line in lines), np.zeros_like(self.contracted))
        return finance.outstanding(due, -1 if self.signing is None else self.signing - first)


def start_months(instance: Instance, offer: Offer) -> list[Month]:
    """First service months in which the offer may be signed, given its window, lead and expiry."""
    first = instance.horizon.start
    end = first + instance.horizon.months
    lead = offer.start.lead_months
    earliest = offer.start.earliest if offer.start.earliest is not None else first + lead
    latest = offer.start.latest if offer.start.latest is not None else end - 1
    months = [Month(month) for month in range(earliest, min(latest, end - 1) + 1, offer.start.every_months)]
    return [
        month
        for month in months
        if month - lead >= first and month >= first and (offer.sign_by is None or month - lead <= offer.sign_by)
    ]


def ledger_months(instance: Instance) -> int:
    """Months from the start of the horizon to its end, or to the last in which a term that may be signed is paid."""
    first = instance.horizon.start
    ends = [first + instance.horizon.months]
    for offer in instance.offers.values():
        for start in start_months(instance, offer)[-1:]:
            signing = start - offer.start.lead_months
            ends.extend(payments.last_month(term, start, signing) + 1 for term in offer.terms)
    ends.extend(payments.last_month(contract.term, contract.start, None) + 1 for contract in instance.signed.values())
    ends.extend(commitments.last_month(instance.commitments[key]) + 1 for key in commitments.considered(instance))
    return max(ends) - first


def columns(instance: Instance) -> list[Column]:
    """Every column, offers in the order of the file, then contracts in force that still deliver or are paid."""
    ledger = ledger_months(instance)
    found = [
        _column(instance, key, number, rung, dates)
        for key, offer in instance.offers.items()
        for number, term in enumerate(offer.terms)
        for start in start_months(instance, offer)
        for dates in [payments.Dates(instance.horizon.start, ledger, start, start - offer.start.lead_months)]
        for rung in tiers.rungs(term.tiers, offer.blocks.min, offer.blocks.max)
    ]
    for key, contract in instance.signed.items():
        if payments.last_month(contract.term, contract.start, None) >= instance.horizon.start:
            rung = tiers.in_force(contract.term.tiers, contract.blocks)
            dates = payments.Dates(instance.horizon.start, ledger, contract.start, None)
            found.append(_column(instance, key, 0, rung, dates))
    return found


def _column(instance: Instance, key: str, number: int, rung: tiers.Rung, dates: payments.Dates) -> Column:
    supply = instance.signed[key] if dates.signing is None else instance.offers[key]
    term = supply.term if isinstance(supply, SignedContract) else supply.terms[number]
    held = block_accelerators(instance, supply)
    shares = np.array(delivered_shares(supply, term.months))
    price = _gross_by_term_month(instance, supply, term, dates.start, sum(held.values()), shares)
    gross = rung.factor * price
    fixed = finance.fixed_fees(gross, term.take_or_pay, term.minimum_usd_per_month)
    cash_lines = payments.fee_lines(term, fixed, supply.availability, dates) | payments.guarantee_lines(term, dates)
    energy_mwh = dates.place(facility_kw(instance, supply) / 1000 * shares * _hours(dates.start, term), dates.start)
    cash_lines |= payments.energy_lines(supply.power_price, energy_mwh, dates)
    once_lines = payments.signing_lines(term, dates)
    if rung.once:
        once_lines |= payments.fee_lines(term, rung.once * price, supply.availability, dates)
    return Column(
        offer=key,
        term=number,
        start=dates.start,
        signing=dates.signing,
        months=term.months,
        accelerators=held,
        power_mw=block_power_mw(instance, supply),
        drawn_mw=dates.place(block_power_mw(instance, supply) * shares, dates.start),
        energy_mwh=energy_mwh,
        min_blocks=rung.min_blocks,
        max_blocks=rung.max_blocks,
        price_factor=rung.factor,
        usable={name: dates.place(count * shares * supply.availability, dates.start) for name, count in held.items()},
        contracted=dates.place(sum(held.values()) * shares, dates.start),
        fixed=dates.place(fixed, dates.start),
        fixed_once=dates.place(rung.once * price, dates.start),
        open_share=dates.place(1 - finance.paid_share(gross, fixed, term.take_or_pay), dates.start),
        beyond=dates.place(np.maximum(gross - fixed, 0.0), dates.start),
        cash_lines=cash_lines,
        once_lines=once_lines,
    )


def _gross_by_term_month(
    instance: Instance, supply: Supply, term: Term, start: Month, accelerators: float, shares: np.ndarray
) -> np.ndarray:
    """USD per block in each month of the term if everything is used, before tiers, take-or-pay and prepayment."""
    months = [start + j for j in range(term.months)]
    factors = finance.last_holds(term.fee_factor, term.months) * finance.escalation(
        term.escalator_per_year, term.months
    )
    if term.usd_per_accelerator_hour is not None:
        billed = accelerators * shares * _hours(start, term)
        return _by_month(term.usd_per_accelerator_hour, months) * billed * factors
    if term.usd_per_mw_month is not None:
        return _by_month(term.usd_per_mw_month, months) * block_power_mw(instance, supply) * shares * factors
    return _by_month(term.usd_per_month or 0.0, months) * factors


def _hours(start: Month, term: Term) -> np.ndarray:
    """[month of the term]"""
    return np.array([(start + j).hours for j in range(term.months)])


def _by_month(price: float | dict[Month, float], months: list[Month]) -> np.ndarray:
    return np.array([price_in(price, month) for month in months], dtype=float)
