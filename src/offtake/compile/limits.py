"""Rules between offers, and limits on money, power and carbon."""

from __future__ import annotations

import numpy as np

from offtake_models.problem import CarbonLimit, CashLimit, Group, PowerLimit

from ..instance.months import Month
from ..instance.pools import supplies
from ..instance.schema import AtLeast, AtMost, AtMostOfProviders, Exclusive, Instance, Requires
from .calendar import Calendar
from .concentration import sold_by


def group_of(
    instance: Instance, rule: AtMost | AtMostOfProviders | AtLeast | Requires | Exclusive, calendar: Calendar
) -> Group:
    if isinstance(rule, Exclusive):
        until = None if rule.until is None else rule.until - calendar.first
        return Group("exclusive", [rule.exclusive, *rule.offers], until=until)
    if isinstance(rule, Requires):
        return Group("requires", [rule.offer, rule.requires])
    if isinstance(rule, AtMostOfProviders):
        return Group("at_most_providers", [], rule.at_most, providers=sold_by(instance, rule.providers))
    if isinstance(rule, AtMost):
        return Group("at_most", list(rule.offers), rule.at_most)
    return Group("at_least", list(rule.offers), rule.at_least)


def cash_limits(instance: Instance, calendar: Calendar) -> tuple[list[CashLimit], list[CashLimit]]:
    """Budgets by year or month at real dates, and balances at every month end of the horizon."""
    finance_rules = instance.finance
    months = [calendar.first + m for m in range(calendar.ledger)]
    budgets = []
    for key, usd in finance_rules.budget_usd.items():
        covered = [
            m for m, month in enumerate(months) if (month == key if isinstance(key, Month) else month.year == key)
        ]
        if covered:
            budgets.append(CashLimit(str(key), covered, usd))
    if not finance_rules.funding_usd:
        return budgets, []
    arrived, balances = 0.0, []
    for m in range(calendar.months):
        arrived += _received(finance_rules.funding_usd, months[m], first=m == 0)
        arrived += _last_value(finance_rules.other_cash_usd, months[m])
        balances.append(CashLimit(str(months[m]), list(range(m + 1)), arrived - finance_rules.cash_min_usd))
    return budgets, balances


def power_limits(instance: Instance) -> list[PowerLimit]:
    """Caps on megawatts: everywhere, then by site in the order of the file."""
    stand = {key: supply.region for key, supply in supplies(instance).items()}
    limits = [PowerLimit(None, list(stand), instance.policy.power_mw_max)] if instance.policy.power_mw_max else []
    return limits + [
        PowerLimit(site, [key for key, region in stand.items() if region == site], mw)
        for site, mw in instance.policy.site_power_mw_max.items()
    ]


def carbon_limits(instance: Instance, calendar: Calendar) -> list[CarbonLimit]:
    """Caps on emissions by calendar year, on its months in the horizon."""
    years = np.array([(calendar.first + m).year for m in range(calendar.months)])
    caps = instance.policy.carbon_tonnes_max
    return [
        CarbonLimit(str(year), np.flatnonzero(years == year).tolist(), tonnes)
        for year, tonnes in caps.items()
        if year in years
    ]


def _received(funding_usd: dict[Month, float], month: Month, first: bool) -> float:
    """Funding of a month; what was dated before the horizon counts at its start."""
    return sum(usd for when, usd in funding_usd.items() if when == month or (first and when < month))


def _last_value(table: dict[Month, float], month: Month) -> float:
    """The value in force in a month: 0 before the first entry, then the last value holds."""
    known = [when for when in table if when <= month]
    return table[max(known)] if known else 0.0
