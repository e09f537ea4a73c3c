"""What it costs: cash within the budgets, a balance that never runs dry, obligations under their cap."""

from __future__ import annotations

from offtake.instance.months import Month

from ..books import Books
from ..ledger import Ledger
from ..numbers import ZERO, exact, price_in, usd
from ..report import Check


def within_budget(check: Check, books: Books, money: Ledger) -> None:
    """Cash of every month or calendar year with a budget stays within it, tails past the horizon included."""
    for key, budget in books.instance.finance.budget_usd.items():
        by_month = isinstance(key, Month)
        spent = sum(
            (paid for month, paid in money.cash_by_month.items() if (month == key if by_month else month.year == key)),
            ZERO,
        )
        if check.exceeds(spent, exact(budget)):
            check.find(f"{usd(spent)} are paid in {key}; the budget is {usd(exact(budget))}")


def balance_kept(check: Check, books: Books, money: Ledger) -> None:
    """Funding and other cash less all payments leaves the least balance at every month end of the horizon."""
    finance = books.instance.finance
    if not finance.funding_usd:
        return
    paid = ZERO
    other = ZERO
    for month in books.calendar.months:
        paid += money.cash_by_month.get(month, ZERO)
        other += price_in(finance.other_cash_usd, month)
        funding = sum((exact(amount) for when, amount in finance.funding_usd.items() if when <= month), ZERO)
        least = exact(finance.cash_min_usd)
        if check.exceeds(paid + least, funding + other):
            check.find(
                f"the balance at the end of {month} is {usd(funding + other - paid)} (funding {usd(funding)}, "
                f"other cash {usd(other)}, paid {usd(paid)}); it must be at least {usd(least)}"
            )


def obligations_capped(check: Check, books: Books, money: Ledger) -> None:
    """Fixed payments still owed never exceed their cap, at any month end."""
    cap = books.instance.finance.obligations_max_usd
    if cap is None:
        return
    for month, owed in money.obligations.items():
        if check.exceeds(owed, exact(cap)):
            check.find(f"{usd(owed)} are still owed after {month}; the cap is {usd(exact(cap))}")
