"""The figures at the head of a plan, all of them recomputed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from offtake.instance.months import Month
from offtake.instance.pools import supplies
from offtake.instance.workloads import runs

from .. import spend, stability, statements
from ..allocation import cost_by_workload, sunk_by_contract, sunk_by_workload
from ..books import Books
from ..ledger import Ledger
from ..numbers import ZERO, exact, figure, usd
from ..reading import number, shown
from ..report import ROW_TOLERANCE, USD_TOLERANCE, Check
from ..training import Run, runs_of
from . import concentration, held_figures

Figure = Decimal | list[str | None] | dict[str, Any]
"""A number, numbers by name, or the texts that will do: more than one where months tie."""
NOTHING: list[str | None] = [None]
"""for a figure that has no meaning in this plan"""


def key_figures_follow(check: Check, books: Books, money: Ledger) -> None:
    """Dollars among the key figures agree to the cent, shares and unit costs to 1e-6, months exactly."""
    for name, recompute in KEY_FIGURES.items():
        if name in books.claim.kpis:
            _compare(check, name, books.claim.kpis[name], recompute(books, money))


def _compare(check: Check, name: str, printed: Any, expected: Figure) -> None:
    if isinstance(expected, dict):
        said = printed if isinstance(printed, dict) else {}
        for key in [*expected, *(key for key in said if key not in expected)]:
            _compare(check, f"{name} of {key}", said.get(key), expected.get(key, NOTHING))
        return
    if isinstance(expected, list):
        if check.fails(printed in expected):
            texts = " or ".join(text or "null" for text in expected)
            check.find(f"the plan prints {name} as {shown(printed)}; it is {texts}")
        return
    dollars = name.endswith("_usd")
    write = usd if dollars else figure
    if printed is None or isinstance(printed, str):
        check.fails(False)
        check.find(f"the plan prints {name} as {shown(printed)}; it is {write(expected)}")
        return
    value = number(printed, f"kpis.{name}")
    if check.misprints(value, expected) if dollars else check.unequal(value, expected):
        check.find(f"the plan prints {name} as {write(value)}; it is {write(expected)}")


def _cost(books: Books, money: Ledger) -> Decimal:
    """The objective."""
    return money.objective


def _cost_without_credits(books: Books, money: Ledger) -> Figure:
    """The objective without the cash that comes in at signings; nothing if no deal brings any."""
    calendar, deeds = books.calendar, books.deeds.values()
    brought = sum((deed.charge(calendar, without="credits") - deed.charge(calendar) for deed in deeds), ZERO)
    return money.objective + brought if brought else NOTHING


def _sublease_income(books: Books, money: Ledger) -> Figure:
    """Present value of what is let to others; nothing if nothing may be."""
    known = supplies(books.instance)
    may_be_let = any(known[pool.supply].sublease is not None for pool in books.pools.values())
    return -money.cost["sublease"] if may_be_let else NOTHING


def _tail_value(books: Books, money: Ledger) -> Figure:
    """Present value of the capacity left after the horizon; nothing unless the terminal rule is the market."""
    return -money.cost["tail_value"] if books.instance.finance.terminal == "market" else NOTHING


def _npv_cash(books: Books, money: Ledger) -> Decimal:
    """Present value of every payment at its real date."""
    return sum((books.calendar.discount(month) * paid for month, paid in money.cash_by_month.items()), ZERO)


def _cash_in_horizon(books: Books, money: Ledger) -> Decimal:
    """Undiscounted payments inside the horizon."""
    last = books.calendar.months[-1]
    return sum((paid for month, paid in money.cash_by_month.items() if month <= last), ZERO)


def _peak_obligations(books: Books, money: Ledger) -> Decimal:
    """Most that is owed after any month."""
    return max(money.obligations.values(), default=ZERO)


def _peak_obligations_months(books: Books, money: Ledger) -> Figure:
    """Months after which that much is owed, to the cent; nothing if nothing ever is, or no more than a cent."""
    peak = _peak_obligations(books, money)
    months = [str(month) for month, owed in money.obligations.items() if owed > max(peak - USD_TOLERANCE, ZERO)]
    return months if peak > USD_TOLERANCE else [*months, *NOTHING]


def _lock_in(books: Books, money: Ledger) -> Figure:
    """Months to the end of each term, weighted by the dollars owed, after the first month that owes the most."""
    peak = _peak_obligations(books, money)
    worst = next((month for month, owed in money.obligations.items() if owed > peak - USD_TOLERANCE / 2), None)
    return statements.lock_in(books, money, worst)[1] if worst and peak else NOTHING


def _obligations_to_debt(books: Books, money: Ledger) -> Figure:
    """Peak obligations over the stated debt."""
    debt = books.instance.finance.debt_usd
    return NOTHING if debt is None else _peak_obligations(books, money) / exact(debt)


def _or_nothing(value: Decimal | None) -> Figure:
    return NOTHING if value is None else value


def _power_mw_peak(books: Books, money: Ledger) -> Decimal:
    """Most megawatts in service in any month of the horizon."""
    return max(_power_by_month(books).values())


def _power_mw_peak_months(books: Books, money: Ledger) -> Figure:
    """Months with that much, to a millionth; nothing if nothing is ever in service."""
    least = _power_mw_peak(books, money) * (1 - ROW_TOLERANCE)
    return [str(month) for month, mw in _power_by_month(books).items() if mw >= least > 0] or NOTHING


def _power_by_month(books: Books) -> dict[Month, Decimal]:
    legs = books.all_legs
    return {month: sum((leg.drawn_mw(month) for leg in legs), ZERO) for month in books.calendar.months}


def _carbon_tonnes(books: Books, money: Ledger) -> Figure:
    """Emissions of the horizon; nothing if the intensity of a region in use is not known."""
    return sum(map(books.all_tonnes, books.calendar.months), ZERO) if _intensities_known(books) else NOTHING


def _carbon_tonnes_by_year(books: Books, money: Ledger) -> Figure:
    """The same by calendar year."""
    if not _intensities_known(books):
        return NOTHING
    found: dict[str, Decimal] = {}
    for month in books.calendar.months:
        found[str(month.year)] = found.get(str(month.year), ZERO) + books.all_tonnes(month)
    return found


def _intensities_known(books: Books) -> bool:
    regions = books.instance.regions
    used = {contract.supply.region for contract in books.contracts.values()}
    elastic = {pool for pool, *_ in books.decisions.serve if books.pools[pool].accelerator is not None}
    used |= {books.pools[pool].region for pool in elastic}
    stated = {key for key, region in regions.items() if region.carbon_kg_per_kwh is not None}
    return bool(stated) and used <= stated


def _carbon_cost(books: Books, money: Ledger) -> Figure:
    """What the price on emissions adds to the objective; nothing if there is none."""
    return money.cost["carbon"] if books.instance.policy.carbon_usd_per_tonne else NOTHING


def _share_served(books: Books, money: Ledger) -> Figure:
    """Mean requests served over mean requests asked for."""
    asked = sum((_requests(books, workload, period) for workload in books.demand for period in _periods(books)), ZERO)
    return 1 - sum(_refused(books).values(), ZERO) / asked if asked else NOTHING


def _utilisation(books: Books, money: Ledger) -> Figure:
    """Accelerator-hours at work over those that contracts deliver in the horizon."""
    delivered = held_figures.delivered_hours(books)
    bought = [pool for pool in books.pools if books.limit(pool, 0) is None]
    used = sum((hours for (pool, _), hours in books.used_hours.items() if pool in bought), ZERO)
    return used / delivered if delivered else NOTHING


def _usd_per_million_tokens(books: Books, money: Ledger) -> Figure:
    """Cost without penalties and value, over the discounted tokens served, in millions; nothing where runs train."""
    if runs(books.instance):
        return NOTHING
    tokens = sum((_tokens_served(books, workload) for workload in books.demand), ZERO)
    return _compute_cost(money) * 10**6 / tokens if tokens > 0 else NOTHING


def _compute_cost(money: Ledger) -> Decimal:
    return (
        money.objective - money.cost["unserved"] - money.cost["lateness"] - money.cost["value"] - money.cost["changes"]
    )


def _value(books: Books, money: Ledger) -> Figure:
    """What the requests served bring; nothing if no workload says what one is worth."""
    return sum(money.value.values(), ZERO) if money.value else NOTHING


def _effective_margin(books: Books, money: Ledger) -> Figure:
    """What is left of the value after all compute, contracts in force included, over the value."""
    return _margin(money, _compute_cost(money) + sum(sunk_by_contract(books).values(), ZERO))


def _decided_margin(books: Books, money: Ledger) -> Figure:
    """The same without contracts in force; nothing if they cost nothing."""
    return _margin(money, _compute_cost(money)) if any(sunk_by_contract(books).values()) else NOTHING


def _margin(money: Ledger, cost: Decimal) -> Figure:
    value = sum(money.value.values(), ZERO)
    return (value - cost) / value if value > 0 else NOTHING


def _margin_by_workload(books: Books, money: Ledger) -> Figure:
    """The effective margin of each workload that states a value; nothing where it brings none."""
    sunk = sunk_by_workload(books)
    cost = {key: usd + sunk[key] for key, usd in cost_by_workload(books, money).items()} if money.value else {}
    return _margins(money, cost)


def _decided_margin_by_workload(books: Books, money: Ledger) -> Figure:
    """The same without contracts in force; nothing if they cost nothing."""
    if not money.value or not any(sunk_by_contract(books).values()):
        return NOTHING
    return _margins(money, cost_by_workload(books, money))


def _margins(money: Ledger, cost: Mapping[str, Decimal]) -> Figure:
    return {key: (usd - cost[key]) / usd if usd > 0 else NOTHING for key, usd in money.value.items()} or NOTHING


def _price_by_workload(books: Books, money: Ledger) -> Figure:
    """USD per million tokens served, rollouts generated and tokens learnt from; nothing where there are none."""
    found: dict[str, Figure] = {}
    learners = {run.key: run for run in runs_of(books)}
    sources = {run.source: run for run in learners.values()}
    for key, cost in cost_by_workload(books, money).items():
        if key in learners:
            total = _learnt(books, learners[key])
        elif key in sources:
            total = _generated(books, sources[key])
        else:
            total = _tokens_served(books, key) if _serves(books, key) else ZERO
        found[key] = cost * 10**6 / total if total > 0 else NOTHING
    return found or NOTHING


def _learnt(books: Books, run: Run) -> Decimal:
    """Tokens that a run learns from, discounted by month."""
    by_period = ((run.done_in(period), period) for period in _periods(books))
    done = (flop * books.calendar.period_discount(period) for flop, period in by_period if flop)
    return sum(done, ZERO) / run.flop_per_token


def _generated(books: Books, run: Run) -> Decimal:
    """Tokens of the rollouts that a run learns from, prompts included, discounted by month."""
    made = (count * books.calendar.period_discount(period) for period, count in run.rollouts_by_period.items())
    return sum(made, ZERO) * run.tokens_per_rollout


def _serves(books: Books, workload: str) -> bool:
    """Whether more of a workload is served than what is left of sums that cancel."""
    asked = sum((_requests(books, workload, period) for period in _periods(books)), ZERO)
    left = sum((requests for (who, _), requests in _refused(books).items() if who == workload), ZERO)
    return asked - left > ROW_TOLERANCE * asked


def _tokens_served(books: Books, workload: str) -> Decimal:
    """Tokens served of a workload, discounted by month."""
    refused, total = _refused(books), ZERO
    for period, months in enumerate(books.calendar.periods):
        served = _requests(books, workload, period) - refused.get((workload, period), ZERO)
        for month in months:
            share = month.hours / books.calendar.hours(period)
            total += books.calendar.discount(month) * share * served * books.all_tokens(workload, month)
    return total


def _commitments_used(books: Books, money: Ledger) -> Figure:
    """What counts toward commitments, at most what they promise, over what they promise inside the horizon."""
    promised, used = ZERO, ZERO
    for promise in books.promises.values():
        for part in promise.parts:
            if part.in_horizon:
                prepaid = promise.prepaid
                each = spend.drawn(books, promise, part.months) if prepaid else money.spent(promise, part)
                promised, used = promised + part.usd, used + min(each, part.usd)
    return used / promised if promised else NOTHING


def _periods(books: Books) -> range:
    return range(len(books.calendar.periods))


def _requests(books: Books, workload: str, period: int) -> Decimal:
    """Requests asked for in a period, on the mean."""
    provision = books.demand[workload].provision[period]
    return sum((books.mean_requests(workload, period, block, rate) for block, rate in enumerate(provision)), ZERO)


def _refused(books: Books) -> dict[tuple[str, int], Decimal]:
    """Requests left unserved, on the mean, by workload and period."""
    found: dict[tuple[str, int], Decimal] = {}
    for workload, period, block, _, rate in books.decisions.unserved:
        left = books.mean_requests(workload, period, block, rate)
        found[workload, period] = found.get((workload, period), ZERO) + left
    return found


def _group_share_mw(books: Books, money: Ledger) -> Figure:
    """Largest shares of the megawatts in service, by group, where the policy limits them."""
    rule = books.instance.policy.provider_share_max
    if rule is None or rule.mw is None:
        return NOTHING
    return _largest(concentration.power_by_group(books, month) for month in concentration.months_from(books, rule))


def _group_share_spend(books: Books, money: Ledger) -> Figure:
    """Shares of what sellers are paid for good, by group."""
    rule = books.instance.policy.provider_share_max
    if rule is None or rule.spend is None:
        return NOTHING
    return _largest([concentration.spend_by_group(books, money, concentration.months_from(books, rule))])


def _group_share_served(books: Books, money: Ledger) -> Figure:
    """Largest shares of the requests served in a period, by group."""
    rule = books.instance.policy.provider_share_max
    if rule is None or rule.served is None:
        return NOTHING
    months = concentration.months_from(books, rule)
    counted = [period for period, inside in enumerate(books.calendar.periods) if inside[-1] in months]
    return _largest(concentration.served_by_group(books, period) for period in counted)


def _family_share_mw(books: Books, money: Ledger) -> Figure:
    """Largest shares of the megawatts in service, by accelerator family that is limited."""
    rule = books.instance.policy.family_share_max
    if rule is None:
        return NOTHING
    drawn = (concentration.power_by_family(books, month) for month in concentration.months_from(books, rule))
    found = _largest(drawn)
    own = {family: share for family, share in found.items() if family in rule.shares} if found != NOTHING else {}
    return own or NOTHING


def _groups_in_service_least(books: Books, money: Ledger) -> Figure:
    """Fewest groups with capacity in service in a month that counts."""
    rule = books.instance.policy.providers_min
    if rule is None:
        return NOTHING
    months = concentration.months_of_least(books)
    return min((Decimal(len(concentration.in_service(books, month))) for month in months), default=NOTHING)


def _plan_changes(books: Books, money: Ledger) -> Figure:
    """Deals signed otherwise than in an earlier plan; nothing without one."""
    return NOTHING if books.instance.policy.keep_plan is None else Decimal(stability.changes(books))


def _largest(amounts: Iterable[dict[str, Decimal]]) -> Figure:
    """The largest share of each in its total; nothing if there never is any."""
    found: dict[str, Decimal] = {}
    for parts in amounts:
        total = sum(parts.values(), ZERO)
        for name, part in parts.items():
            if total > 0 and part / total > max(found.get(name, ZERO), ROW_TOLERANCE):
                found[name] = part / total
    return found or NOTHING


KEY_FIGURES: dict[str, Callable[[Books, Ledger], Figure]] = {
    "cost_usd": _cost,
    "cost_without_credits_usd": _cost_without_credits,
    "value_usd": _value,
    "value_usd_by_workload": lambda books, money: money.value or NOTHING,
    "effective_margin": _effective_margin,
    "effective_margin_by_workload": _margin_by_workload,
    "decided_margin": _decided_margin,
    "decided_margin_by_workload": _decided_margin_by_workload,
    "usd_per_million_tokens_by_workload": _price_by_workload,
    "sublease_income_usd": _sublease_income,
    "tail_value_usd": _tail_value,
    "npv_cash_usd": _npv_cash,
    "cash_in_horizon_usd": _cash_in_horizon,
    "peak_obligations_usd": _peak_obligations,
    "peak_obligations_month": _peak_obligations_months,
    "power_mw_peak": _power_mw_peak,
    "power_mw_peak_month": _power_mw_peak_months,
    "carbon_tonnes": _carbon_tonnes,
    "carbon_tonnes_by_year": _carbon_tonnes_by_year,
    "carbon_cost_usd": _carbon_cost,
    "group_share_mw": _group_share_mw,
    "group_share_spend": _group_share_spend,
    "group_share_served": _group_share_served,
    "family_share_mw": _family_share_mw,
    "groups_in_service_least": _groups_in_service_least,
    "plan_changes": _plan_changes,
    "share_served": _share_served,
    "utilisation": _utilisation,
    "commitments_used": _commitments_used,
    "usd_per_million_tokens": _usd_per_million_tokens,
    "lock_in_months": _lock_in,
    "obligations_to_debt": _obligations_to_debt,
    "effective_savings_rate": lambda books, money: _or_nothing(statements.savings(books, money)[0]),
    "effective_savings_coverage": lambda books, money: _or_nothing(statements.savings(books, money)[1]),
    "herfindahl_mw": lambda books, money: _or_nothing(statements.herfindahl(statements.power_months(books))),
    "herfindahl_spend": lambda books, money: _or_nothing(statements.herfindahl(statements.spend(books, money))),
    **held_figures.FIGURES,
}
"""Name in the plan -> how it is recomputed."""
