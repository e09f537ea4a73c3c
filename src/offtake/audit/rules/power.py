"""What it draws and emits: megawatts and tonnes within their caps."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ..books import Books
from ..contracts import Contract
from ..ledger import Ledger
from ..numbers import ZERO, exact, figure
from ..report import Check


def power_capped(check: Check, books: Books, money: Ledger) -> None:
    """Megawatts of deals and contracts in force in service stay under their caps, in all and at each site."""
    policy = books.instance.policy
    if policy.power_mw_max is not None:
        _under(check, books, exact(policy.power_mw_max), "", lambda contract: True)
    for site, mw in policy.site_power_mw_max.items():
        _under(check, books, exact(mw), f" at {site}", lambda contract, site=site: contract.supply.region == site)


def carbon_capped(check: Check, books: Books, money: Ledger) -> None:
    """Emissions of the months of the horizon in a calendar year stay under their cap."""
    for year, most in books.instance.policy.carbon_tonnes_max.items():
        months = [month for month in books.calendar.months if month.year == year]
        tonnes = sum((books.all_tonnes(month) for month in months), ZERO)
        if check.exceeds(tonnes, exact(most)):
            check.find(f"{figure(tonnes)} tonnes of CO2 are emitted in {year}; the cap is {figure(exact(most))}")


def _under(check: Check, books: Books, cap: Decimal, where: str, counts: Callable[[Contract], bool]) -> None:
    """One cap in every month."""
    legs = [leg for leg in books.all_legs if counts(leg)]
    for month in books.calendar.months:
        drawn = sum((leg.drawn_mw(month) for leg in legs), ZERO)
        if check.exceeds(drawn, cap):
            check.find(f"{figure(drawn)} MW are in service{where} in {month}; the cap is {figure(cap)} MW")
