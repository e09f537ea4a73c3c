"""When a contract is paid: its fees by month become lines of cash at real dates.

Months before the horizon are history and fall away; so does all that a contract in force paid at its signing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..instance.months import Month
from ..instance.prices import price_in
from ..instance.schema import Payment, PowerPrice, Term
from . import finance

OWED_LINES = ("fees", "prepayments", "payments", "break_fees")
"""non-cancellable: what stays owed until it is paid. Deposits come back, credits and the fees of a bank may end"""

SPENT_LINES = (*OWED_LINES, "sla_credits", "signing_fees", "credits", "premiums")
"""what the seller is paid for good: what counts toward a spend commitment; not deposits, banks and utilities"""

Lines = dict[str, np.ndarray]
"""line -> [ledger month] USD"""


@dataclass(frozen=True)
class Dates:
    """Where one contract lies on the ledger."""

    first: Month
    """of the ledger"""
    ledger: int
    """months"""
    start: Month
    signing: Month | None
    """None: before the horizon"""

    def place(self, values: np.ndarray, month: Month) -> np.ndarray:
        """A vector that begins in a month; what lies before the ledger is history."""
        begin = month - self.first
        placed = np.zeros(self.ledger)
        kept = values[max(-begin, 0) : max(self.ledger - begin, 0)]
        placed[max(begin, 0) : max(begin, 0) + len(kept)] = kept
        return placed

    def at(self, usd: float, month: Month | None) -> np.ndarray:
        """One payment; None is the signing of a contract in force, which is history."""
        return np.zeros(self.ledger) if month is None else self.place(np.array([usd]), month)


def fee_lines(term: Term, fixed: np.ndarray, availability: float, dates: Dates) -> Lines:
    """How the fixed fees by month of the term are paid: in advance or arrears after a prepayment, or on dates."""
    billed_from = dates.start + billing_lag(term)
    lines = {}
    if term.payments:
        total = fixed.sum()
        lines["payments"] = sum(
            (
                dates.at(payment.share * total, payment_month(payment, dates.start, dates.signing))
                for payment in term.payments
            ),
            np.zeros(dates.ledger),
        )
    else:
        prepayment, monthly = finance.draw_down(fixed, term.prepay, term.drawdown)
        lines["fees"] = dates.place(monthly, billed_from)
        lines["prepayments"] = dates.at(prepayment, dates.signing)
    if term.sla is not None:
        promise = term.sla
        credit = finance.service_credit(
            promise.availability, availability, promise.credit_fraction, promise.cap_fraction
        )
        lines["sla_credits"] = dates.place(-credit * fixed, billed_from)
    return lines


def guarantee_lines(term: Term, dates: Dates) -> Lines:
    """What one block asks for beside its fees: a deposit that comes back, and a letter of credit.

    Both count like all other cash of a deal: what a deposit costs is the wait for it, and of that the rule for
    terms that outlive the horizon charges the same share as of the fees.
    """
    lines = {}
    if term.deposit_usd:
        lines["deposits"] = dates.at(term.deposit_usd, dates.signing) + dates.at(
            -term.deposit_usd, dates.start + term.months
        )
    if term.letter_of_credit is not None:
        monthly = term.letter_of_credit.usd * term.letter_of_credit.fee_per_year / 12
        lines["letters_of_credit"] = dates.place(np.full(term.months, monthly), dates.start)
    return lines


def energy_lines(price: PowerPrice | None, energy_mwh: np.ndarray, dates: Dates) -> Lines:
    """Energy of one block that is paid apart from the fees, in the month in which it is drawn."""
    if price is None:
        return {}
    usd_per_kwh = [price_in(price.usd_per_kwh, dates.first + m) or 0.0 for m in range(dates.ledger)]
    return {"power": 1000 * energy_mwh * np.array(usd_per_kwh)}


def signing_lines(term: Term, dates: Dates) -> Lines:
    """What is paid, and what comes in, once, when the contract is signed."""
    return {
        "signing_fees": dates.at(term.signing_fee_usd, dates.signing),
        "credits": dates.at(-term.signing_credit_usd, dates.signing),
    }


def billing_lag(term: Term) -> int:
    """Months from a month of service to the payment of its fee."""
    return 1 if term.billing == "arrears" else 0


def payment_month(payment: Payment, start: Month, signing: Month | None) -> Month | None:
    """When a dated share is due; None for the signing of a contract in force. Nothing is due before the signing."""
    if payment.at is not None:
        return signing if payment.at == "signing" else start
    if payment.month is None:
        return start + (payment.after_months or 0)
    return payment.month if signing is None else max(payment.month, signing)


def last_month(term: Term, start: Month, signing: Month | None) -> Month:
    """The last month in which a term serves, is paid or gives a deposit back."""
    months = [payment_month(payment, start, signing) for payment in term.payments]
    lag = 1 if term.deposit_usd else billing_lag(term)
    return max([start + (term.months - 1 + lag), *(month for month in months if month is not None)])
