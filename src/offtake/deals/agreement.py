"""One contract to a column: capacity, price and dates of a supply under a term.

Everything that is arithmetic about a contract (ramp, tranches, prices, tiers, prepayment, payment dates, take-or-pay,
lead, and what happens to it in the future at hand: delay, loss, recall) ends here; the model only sees the vectors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..instance import scenarios
from ..instance.forward import quoted_usd_per_hour
from ..instance.months import Month
from ..instance.pools import block_accelerators, block_power_mw, delivered_shares, facility_kw
from ..instance.prices import price_in
from ..instance.schema import Instance, Supply, Term
from . import finance, payments, tiers
from .column import Column
from .truncation import Ending, owed_with_notice, truncated


@dataclass(frozen=True)
class Agreement:
    """Blocks of a supply under a term from a start month on."""

    instance: Instance
    """of one future"""
    key: str
    supply: Supply
    number: int
    """of the term in its offer"""
    term: Term
    rung: tiers.Rung
    start: Month
    signing: Month | None
    shares: np.ndarray
    """[month of the term] share of a block that is delivered"""
    ledger: int
    """months"""
    agreed: bool = False
    """its price was settled with the contract that it follows"""
    late: int | None = None
    """months by which a renewal begins later than written because what it renews does; None: its own delay"""

    @property
    def first(self) -> Month:
        return self.instance.horizon.start

    @cached_property
    def begins(self) -> Month:
        """First month of service: the start, and the delay of this future."""
        if self.late is not None:
            return self.start + self.late
        return self.start + scenarios.delay(self.instance, self.supply.provider, self.key, self.start)

    @property
    def dates(self) -> payments.Dates:
        return payments.Dates(self.first, self.ledger, self.begins, self.signing)

    @cached_property
    def months(self) -> list[Month]:
        """Of service."""
        return [self.begins + j for j in range(self.term.months)]

    @cached_property
    def accelerators(self) -> dict[str, float]:
        return block_accelerators(self.instance, self.supply)

    @property
    def price_key(self) -> str:
        """Which price the term states; a price on the forward curve is one per accelerator-hour."""
        stated = ("usd_per_month", "usd_per_mw_month")
        return next((key for key in stated if getattr(self.term, key) is not None), "usd_per_accelerator_hour")

    def unit_prices(self) -> np.ndarray:
        """[month of the term] USD per unit of the price key, before volume tiers."""
        term = self.term
        factors = finance.last_holds(term.fee_factor, term.months) * finance.escalation(
            term.escalator_per_year, term.months
        )
        if term.forward_factor is not None:
            return term.forward_factor * self._quoted() * factors
        table = getattr(term, self.price_key)
        return np.array([price_in(table, month) for month in self.months], dtype=float) * self._price_factor() * factors

    def _quoted(self) -> float:
        """USD per accelerator-hour on the forward curve, by the accelerators of a block."""
        held = self.accelerators
        quoted = {name: quoted_usd_per_hour(self.instance, name, self.start, self.signing) for name in held}
        return self._price_factor() * sum(held[name] * quoted[name] for name in held) / sum(held.values())

    def _price_factor(self) -> float:
        """Of the scenario, on what is signed from then on."""
        if self.signing is None or self.agreed:
            return 1.0
        return scenarios.price_factor(self.instance, self.supply.provider, self.key, self.signing)

    def gross(self) -> np.ndarray:
        """[month of the term] USD per block if everything is used, before tiers, take-or-pay and prepayment."""
        prices = self.unit_prices()
        if self.price_key == "usd_per_accelerator_hour":
            return prices * sum(self.accelerators.values()) * self.shares * self.hours()
        if self.price_key == "usd_per_mw_month":
            return prices * block_power_mw(self.instance, self.supply) * self.shares
        return prices

    def hours(self) -> np.ndarray:
        """[month of the term]"""
        return np.array([month.hours for month in self.months])


def shares_of(supply: Supply, months: int) -> np.ndarray:
    """[month of the term] share of a block that is delivered."""
    return np.array(delivered_shares(supply, months))


def column_of(agreement: Agreement) -> Column:
    """The column of an agreement in its future.

    What is owed does not know the future: until a seller fails or gives notice, it is what was agreed.
    """
    agreed, cancel = undisturbed(agreement), agreement.term.cancel
    column = _ended(agreement, agreed)
    may_leave = cancel is not None and cancel.by != "seller"
    if not may_leave and not column.ending_known:
        return column
    owed = [owed_with_notice(each, agreed, agreement.first) if may_leave else each.owed for each in (agreed, column)]
    as_agreed = np.arange(agreement.ledger) < column.ending_known
    return replace(
        column,
        owed=np.where(as_agreed, *owed),
        owed_once=np.where(as_agreed, agreed.owed_once, column.owed_once),
        agreed=agreed,
    )


def undisturbed(agreement: Agreement) -> Column:
    """The column if the contract runs its term, as agreed."""
    supply, term, rung, dates = agreement.supply, agreement.term, agreement.rung, agreement.dates
    held, shares, begins, price = agreement.accelerators, agreement.shares, agreement.begins, agreement.gross()
    gross = rung.factor * price
    fixed = finance.fixed_fees(gross, term.take_or_pay, term.minimum_usd_per_month)
    power = block_power_mw(agreement.instance, supply)
    energy = facility_kw(agreement.instance, supply) / 1000 * shares * agreement.hours()
    energy_mwh = dates.place(energy, begins)
    cash_lines = payments.fee_lines(term, fixed, supply.availability, dates) | payments.guarantee_lines(term, dates)
    cash_lines |= payments.energy_lines(supply.power_price, energy_mwh, dates)
    once_lines = payments.signing_lines(term, dates)
    if rung.once:
        once_lines |= payments.fee_lines(term, rung.once * price, supply.availability, dates)
    return Column(
        offer=agreement.key,
        term=agreement.number,
        start=agreement.start,
        signing=agreement.signing,
        months=term.months,
        begins=begins,
        ends=begins + term.months,
        accelerators=held,
        power_mw=power,
        drawn_mw=dates.place(power * shares, begins),
        energy_mwh=energy_mwh,
        min_blocks=rung.min_blocks,
        max_blocks=rung.max_blocks,
        price_factor=rung.factor,
        usable={name: dates.place(count * shares * supply.availability, begins) for name, count in held.items()},
        contracted=dates.place(sum(held.values()) * shares, begins),
        fixed=dates.place(fixed, begins),
        fixed_once=dates.place(rung.once * price, begins),
        open_share=dates.place(1 - finance.paid_share(gross, fixed, term.take_or_pay), begins),
        beyond=dates.place(np.maximum(gross - fixed, 0.0), begins),
        cash_lines=cash_lines,
        once_lines=once_lines,
        owed=_owed(agreement, cash_lines),
        owed_once=_owed(agreement, once_lines),
        refunds=np.zeros(agreement.ledger),
        refunds_once=np.zeros(agreement.ledger),
        written_off=np.zeros(agreement.ledger),
        billing_lag=payments.billing_lag(term),
        cancel=term.cancel,
    )


def _owed(agreement: Agreement, lines: payments.Lines) -> np.ndarray:
    """[ledger month] USD still to be paid after it that cannot be cancelled; 0 until signed."""
    due = sum((usd for line, usd in lines.items() if line in payments.OWED_LINES), np.zeros(agreement.ledger))
    return finance.outstanding(due, -1 if agreement.signing is None else agreement.signing - agreement.first)


def _ended(agreement: Agreement, column: Column) -> Column:
    """The column as the scenario ends it: whichever comes first, the seller's failure or its notice."""
    endings = [ending for ending in (_loss(agreement), _recall(agreement, column)) if ending is not None]
    signing = column.signing
    withdrawn = signing is not None and any(signing >= month for month in _withdrawn(agreement))
    column = replace(column, open=not withdrawn)
    early = min((ending for ending in endings if ending.month < column.ends), key=lambda e: e.month, default=None)
    if early is None:
        return column
    known = max(early.known - agreement.first, 0)
    return replace(truncated(column, early, agreement.first), ending_known=known)


def _withdrawn(agreement: Agreement) -> list[Month]:
    """Months from which on the offer does not stand any more."""
    stops = (
        scenarios.lost(agreement.instance, agreement.supply.provider, agreement.key),
        scenarios.recalled(agreement.instance, agreement.key),
    )
    return [month for month in stops if month is not None]


def _loss(agreement: Agreement) -> Ending | None:
    month = scenarios.lost(agreement.instance, agreement.supply.provider, agreement.key)
    return None if month is None else Ending(month, deposit_back=False, once=True, known=month)


def _recall(agreement: Agreement, column: Column) -> Ending | None:
    """The seller gives notice in the month of the scenario, or in the first in which its clause allows."""
    month, cancel = scenarios.recalled(agreement.instance, agreement.key), agreement.term.cancel
    if month is None or cancel is None or cancel.by == "buyer":
        return None
    notice = max(month, column.begins + cancel.after_months)
    return Ending(notice + cancel.notice_months, -cancel.fee_fraction, refund=True, once=True, known=notice)
