"""Offers to columns: what one block of each way to sign delivers, costs and still owes, month by month.

A *column* is an offer with a start month and a term. Its vectors run over the ledger: the months from
the start of the horizon to the end of the longest term. Everything that is arithmetic about a contract (ramp,
escalator, fee factors, prepayment, take-or-pay, lead) ends here; the model only sees the vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..instance.months import Month
from ..instance.pools import block_accelerators, block_power_mw
from ..instance.schema import Instance, Offer, SignedContract, Supply, Term
from . import finance


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
    min_blocks: int
    max_blocks: int
    take_or_pay: float
    usable: dict[str, np.ndarray]
    """accelerator -> [ledger month] accelerators that one block delivers, after ramp and availability"""
    contracted: np.ndarray
    """[ledger month] accelerators that one block is billed for, after the ramp"""
    gross: np.ndarray
    """[ledger month] USD fee per block if everything is used"""
    cash_lines: dict[str, np.ndarray]
    """line -> [ledger month] USD per block: fees, prepayments"""
    once_lines: dict[str, np.ndarray]
    """line -> [ledger month] USD once if signed: signing_fees"""

    @property
    def in_force(self) -> bool:
        return self.signing is None

    @property
    def cash(self) -> np.ndarray:
        """[ledger month] USD per block, all lines."""
        return sum(self.cash_lines.values(), np.zeros_like(self.gross))

    @property
    def cash_once(self) -> np.ndarray:
        """[ledger month] USD once, all lines."""
        return sum(self.once_lines.values(), np.zeros_like(self.gross))


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
    """Months from the start of the horizon to the end of the horizon or of the longest term that may be signed."""
    first = instance.horizon.start
    ends = [first + instance.horizon.months]
    for offer in instance.offers.values():
        starts = start_months(instance, offer)
        ends.extend(starts[-1] + term.months for term in offer.terms if starts)
    ends.extend(contract.start + contract.term.months for contract in instance.signed.values())
    return max(ends) - first


def columns(instance: Instance) -> list[Column]:
    """Every column, offers in the order of the file, then contracts in force that still deliver."""
    ledger = ledger_months(instance)
    found = [
        _column(instance, key, offer, number, start, ledger)
        for key, offer in instance.offers.items()
        for number in range(len(offer.terms))
        for start in start_months(instance, offer)
    ]
    found.extend(
        _column(instance, key, contract, 0, contract.start, ledger)
        for key, contract in instance.signed.items()
        if contract.start + contract.term.months > instance.horizon.start
    )
    return found


def _column(
    instance: Instance, key: str, supply: Offer | SignedContract, number: int, start: Month, ledger: int
) -> Column:
    in_force = isinstance(supply, SignedContract)
    term = supply.term if in_force else supply.terms[number]
    first = instance.horizon.start
    lead = 0 if in_force else supply.start.lead_months
    held = block_accelerators(instance, supply)
    ramp = finance.last_holds(supply.ramp, term.months)
    gross = _gross_by_term_month(instance, supply, term, start, sum(held.values()), ramp)
    prepayment, monthly = finance.split_fees(gross, term.take_or_pay, term.prepay)
    signing = None if in_force else start - lead

    def place(values: np.ndarray) -> np.ndarray:
        return _on_ledger(values, start - first, ledger)

    def at_signing(usd: float) -> np.ndarray:
        return np.zeros(ledger) if signing is None else _on_ledger(np.array([usd]), signing - first, ledger)

    return Column(
        offer=key,
        term=number,
        start=start,
        signing=signing,
        months=term.months,
        accelerators=held,
        power_mw=block_power_mw(instance, supply),
        min_blocks=supply.blocks if in_force else supply.blocks.min,
        max_blocks=supply.blocks if in_force else supply.blocks.max,
        take_or_pay=term.take_or_pay,
        usable={name: place(count * ramp * supply.availability) for name, count in held.items()},
        contracted=place(sum(held.values()) * ramp),
        gross=place(gross),
        cash_lines={"fees": place(monthly), "prepayments": at_signing(prepayment)},
        once_lines={"signing_fees": at_signing(term.signing_fee_usd)},
    )


def _gross_by_term_month(
    instance: Instance, supply: Supply, term: Term, start: Month, accelerators: float, ramp: np.ndarray
) -> np.ndarray:
    """USD per block in each month of the term if everything is used, before take-or-pay and prepayment."""
    factors = finance.last_holds(term.fee_factor, term.months) * finance.escalation(
        term.escalator_per_year, term.months
    )
    if term.usd_per_accelerator_hour is not None:
        hours = np.array([(start + j).hours for j in range(term.months)])
        return term.usd_per_accelerator_hour * accelerators * ramp * hours * factors
    if term.usd_per_mw_month is not None:
        return term.usd_per_mw_month * block_power_mw(instance, supply) * ramp * factors
    return float(term.usd_per_month or 0.0) * factors


def _on_ledger(values: np.ndarray, first: int, ledger: int) -> np.ndarray:
    """Place a vector at a month of the ledger; months before the horizon are history and fall away."""
    placed = np.zeros(ledger)
    skipped = max(-first, 0)
    kept = values[skipped : skipped + ledger - max(first, 0)]
    placed[max(first, 0) : max(first, 0) + len(kept)] = kept
    return placed
