"""Instance -> Problem: the one place where the language of contracts becomes index lists and arrays.

The scenario axis is written here with length 1: one future, one node.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offtake_models.problem import (
    CarbonLimit,
    CashLimit,
    Commitment,
    Deal,
    Group,
    Pair,
    Part,
    PowerLimit,
    Problem,
    Workload,
)

from .deals import Column, columns, commitments, finance, ledger_months
from .instance.commitments import discounts, eligible, is_prepaid
from .instance.demand import mean_requests_per_s
from .instance.months import Month
from .instance.network import egress_usd_per_million_tokens
from .instance.pools import Pool, pools, supplies
from .instance.prices import price_in
from .instance.schema import AtLeast, AtMost, Batch, Exclusive, Instance, Offer, Requires
from .throughput import RateTable, rate_table

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Calendar:
    """Months, periods and blocks of one horizon."""

    first: Month
    period_of: list[int]
    """[month] its period"""
    month_hours: np.ndarray
    """[month]"""
    hours: np.ndarray
    """[period]"""
    block_share: np.ndarray
    """[block]"""
    discount: np.ndarray
    """[ledger month]"""

    @property
    def months(self) -> int:
        return len(self.period_of)

    @property
    def ledger(self) -> int:
        return len(self.discount)

    def least(self, by_month: np.ndarray) -> np.ndarray:
        """Smallest month of each period, [period]."""
        return np.array([by_month[: self.months][self._mask(t)].min() for t in range(len(self.hours))])

    def total(self, by_month: np.ndarray) -> np.ndarray:
        """Sum over the months of each period, [period]."""
        return np.bincount(self.period_of, weights=by_month[: self.months], minlength=len(self.hours))

    def mean(self, by_month: np.ndarray) -> np.ndarray:
        """Hour-weighted mean of each period, [period]."""
        return self.total(by_month[: self.months] * self.month_hours) / self.hours

    def _mask(self, period: int) -> np.ndarray:
        return np.asarray(self.period_of) == period


@dataclass(frozen=True)
class Compiled:
    """A problem with what the plan needs to speak of it in the words of the instance."""

    instance: Instance
    problem: Problem
    columns: list[Column]
    """aligned with problem.deals"""
    charged: list[float]
    """the share of its cash that the objective charges, by column"""
    rates: RateTable
    use_lines: dict[Pair, dict[str, np.ndarray]]
    """problem.use_cash by line (elastic, tokens, egress), [s, month]"""


def compile_instance(instance: Instance) -> Compiled:
    """Compile a checked instance. Raises nothing on one that loaded without errors."""
    calendar = make_calendar(instance)
    rates = rate_table(instance)
    ways = columns(instance)
    charged = [_charged_share(instance, calendar, column) for column in ways]
    rate, use_lines = _pairs(instance, calendar, rates)
    budgets, balances = _cash_limits(instance, calendar)
    problem = Problem(
        name=instance.name,
        probability=[1.0],
        node_of=np.zeros((1, calendar.months), dtype=int),
        period_of=calendar.period_of,
        hours=calendar.hours,
        month_hours=calendar.month_hours,
        block_share=calendar.block_share,
        discount=calendar.discount,
        offers=list(dict.fromkeys(column.offer for column in ways if not column.in_force)),
        repeat={key: offer.repeat for key, offer in instance.offers.items() if offer.terms},
        deals=[_deal(instance, calendar, column, share) for column, share in zip(ways, charged, strict=True)],
        pools=[pool.id for pool in pools(instance)],
        elastic_limit=_elastic_limits(instance, calendar),
        groups=[_group(rule, calendar) for rule in instance.groups],
        workloads={key: _workload(instance, calendar, key) for key in instance.workloads},
        rate=rate,
        use_cash={pair: sum(lines.values()) for pair, lines in use_lines.items()},
        cash_limits=budgets,
        balance_limits=balances,
        obligations_max_usd=instance.finance.obligations_max_usd,
        power_limits=_power_limits(instance),
        carbon_limits=_carbon_limits(instance, calendar),
        carbon_usd_per_tonne=instance.policy.carbon_usd_per_tonne or 0.0,
        use_carbon=_use_carbon(instance, calendar, list(rate)),
        commitments=_commitments(instance, calendar),
        list_cash=_list_cash(instance, use_lines),
    )
    return Compiled(instance, problem, ways, charged, rates, use_lines)


def make_calendar(instance: Instance) -> Calendar:
    """Months, periods, hours, blocks and discount factors of an instance."""
    horizon, discounting = instance.horizon, instance.finance.discounting
    lengths = [step.months for step in horizon.steps or [] for _ in range(step.count)] or [1] * horizon.months
    period_of = [t for t, length in enumerate(lengths) for _ in range(length)]
    month_hours = np.array([(horizon.start + m).hours for m in range(horizon.months)], dtype=float)
    return Calendar(
        first=horizon.start,
        period_of=period_of,
        month_hours=month_hours,
        hours=np.bincount(period_of, weights=month_hours),
        block_share=np.full(instance.day.blocks, 1.0 / instance.day.blocks),
        discount=finance.discount_factors(
            discounting.rate, discounting.basis, discounting.timing, ledger_months(instance)
        ),
    )


def _deal(instance: Instance, calendar: Calendar, column: Column, charged: float) -> Deal:
    """One column of the mathematics: delivery by period, cash by month, and its charge by the terminal rule."""
    pool_of = {name: f"{column.offer}/{name}" for name in column.accelerators}
    delivered = {
        pool_of[name]: calendar.total(v[: calendar.months] * calendar.month_hours)[None]
        for name, v in column.usable.items()
    }
    tonnes = _tonnes(instance, column.offer, column.energy_mwh[: calendar.months])
    priced = 0.0 if column.in_force else instance.policy.carbon_usd_per_tonne or 0.0
    start = column.start - calendar.first
    signing = -1 if column.signing is None else column.signing - calendar.first
    return Deal(
        offer=column.offer,
        start=start,
        term_months=column.months,
        signing=signing,
        min_blocks=max(column.min_blocks, 1),
        max_blocks=column.max_blocks,
        delivery={pool_of[name]: calendar.least(v)[None] for name, v in column.usable.items()},
        delivered_hours=delivered,
        cash=column.cash[None],
        cash_once=column.cash_once[None],
        spent=column.spent[None],
        spent_once=column.spent_once[None],
        obligation=column.owed(column.cash_lines, calendar.first)[None],
        obligation_once=column.owed(column.once_lines, calendar.first)[None],
        npv_usd=np.array([charged * column.cash @ calendar.discount]),
        npv_once_usd=np.array([charged * column.cash_once @ calendar.discount]),
        take_or_pay=_paid_share(calendar, column)[None],
        beyond_usd_per_hour=_beyond_prices(calendar, column),
        power_mw=column.drawn_mw[: calendar.months][None],
        carbon_tonnes=tonnes[None],
        carbon_usd=np.array([priced * tonnes @ calendar.discount[: calendar.months]]),
        in_force=column.in_force,
    )


def _charged_share(instance: Instance, calendar: Calendar, column: Column) -> float:
    """The part of a deal's cash that the objective charges: `finance.terminal`; nothing of a contract in force."""
    if column.in_force:
        return 0.0
    if instance.finance.terminal == "none":
        return 1.0
    return finance.inside_share(column.contracted, calendar.discount, calendar.months)


def _paid_share(calendar: Calendar, column: Column) -> np.ndarray:
    """Share of a period's deliveries that the fixed fees cover, [period]; 1 where nothing is delivered."""
    hours = column.contracted[: calendar.months] * calendar.month_hours
    delivered = calendar.total(hours)
    left_open = calendar.total(column.open_share[: calendar.months] * hours)
    return 1 - np.divide(left_open, delivered, out=np.zeros_like(delivered), where=delivered > 0)


def _beyond_prices(calendar: Calendar, column: Column) -> dict[str, np.ndarray]:
    """USD per usable accelerator-hour beyond the share that is paid: full use costs the gross fee exactly."""
    left_open = column.open_share[: calendar.months]
    if not left_open.any():
        return {}
    hours = sum(calendar.total(left_open * v[: calendar.months] * calendar.month_hours) for v in column.usable.values())
    price = np.divide(calendar.total(column.beyond), hours, out=np.zeros_like(hours), where=hours > 0)
    return {f"{column.offer}/{name}": price[None] for name in column.usable}


def _workload(instance: Instance, calendar: Calendar, key: str) -> Workload:
    """Provisioned and mean rates by period and block, and how long batch work may wait.

    Work that waited is paid for where it is done, also where none arrives: the mean share of batch work is constant.
    """
    workload = instance.workloads[key]
    by_month = mean_requests_per_s(instance, key)
    mean = np.stack([calendar.mean(by_month[:, b]) for b in range(by_month.shape[1])], axis=1)
    margin = workload.demand.peak_to_mean * workload.headroom
    if isinstance(workload, Batch):
        provision, waiting = mean * margin, int(workload.within_days * 24 // calendar.hours.min())
        mean_share = np.full_like(mean, 1.0 / margin)
    else:
        largest = [by_month[np.asarray(calendar.period_of) == t].max(axis=0) for t in range(len(calendar.hours))]
        provision, waiting = np.stack(largest) * margin, 0
        mean_share = np.divide(mean, provision, out=np.zeros_like(mean), where=provision > 0)
    price = workload.unserved_usd_per_request
    discount = calendar.mean(calendar.discount[: calendar.months])
    return Workload(
        kind=workload.kind,
        provision=provision[None],
        mean_share=mean_share[None],
        waiting_periods=waiting,
        unserved_usd=None if price is None else (price * discount)[None],
    )


def _pairs(
    instance: Instance, calendar: Calendar, rates: RateTable
) -> tuple[dict[Pair, np.ndarray], dict[Pair, dict[str, np.ndarray]]]:
    """R and the cash of use by line, for the eligible pairs only."""
    rate: dict[Pair, np.ndarray] = {}
    use_lines: dict[Pair, dict[str, np.ndarray]] = {}
    for pool in pools(instance):
        elastic = _elastic_price(instance, calendar, pool)
        for key in instance.workloads:
            serving = rates[pool.id, key]
            if not serving.eligible:
                continue
            pair = (pool.id, key)
            rate[pair] = calendar.least(serving.requests_per_s)[None]
            requests = SECONDS_PER_HOUR * calendar.month_hours * rate[pair][0][calendar.period_of]
            tokens, egress = _usd_per_request(instance, pool, key)
            lines = {
                "elastic": elastic * calendar.month_hours,
                "tokens": tokens * requests,
                "egress": egress * requests,
            }
            use_lines[pair] = {line: usd[None] for line, usd in lines.items()}
    return rate, use_lines


def _elastic_price(instance: Instance, calendar: Calendar, pool: Pool) -> np.ndarray:
    """USD per accelerator-hour by month; 0 for capacity that is bought in blocks."""
    offer = instance.offers.get(pool.supply)
    if offer is None or offer.elastic is None:
        return np.zeros(calendar.months)
    price = offer.elastic.usd_per_accelerator_hour
    return np.array([price_in(price, calendar.first + m) for m in range(calendar.months)], dtype=float)


def _usd_per_request(instance: Instance, pool: Pool, key: str) -> tuple[float, float]:
    """API tokens and egress of one request of the workload served from the pool, USD."""
    workload = instance.workloads[key]
    request = workload.request
    output = request.output_tokens * request.reasoning_multiplier
    egress = egress_usd_per_million_tokens(instance, pool.region, workload.region) * output / 1e6
    offer = instance.offers.get(pool.supply)
    if offer is None or offer.api is None:
        return 0.0, egress
    spent = (
        request.input_tokens * offer.api.usd_per_million_input_tokens + output * offer.api.usd_per_million_output_tokens
    )
    return spent / 1e6, egress


def _elastic_limits(instance: Instance, calendar: Calendar) -> dict[str, np.ndarray]:
    """What can be had without signing, by pool: accelerators, or requests/s for an API; [s, period]."""
    limits: dict[str, np.ndarray] = {}
    for pool in pools(instance):
        offer = instance.offers.get(pool.supply)
        if offer is None or (offer.elastic is None and offer.api is None):
            continue
        most = offer.elastic.max_accelerators if offer.elastic else offer.api.max_requests_per_s
        limits[pool.id] = calendar.least(most * offer.availability * _open_months(offer, calendar))[None]
    return limits


def _open_months(offer: Offer, calendar: Calendar) -> np.ndarray:
    """1 in the months in which an elastic offer stands, [month]."""
    earliest = offer.start.earliest if offer.start.earliest is not None else calendar.first
    latest = offer.start.latest if offer.start.latest is not None else calendar.first + calendar.months
    return np.array([float(earliest <= calendar.first + m <= latest) for m in range(calendar.months)])


def _group(rule: AtMost | AtLeast | Requires | Exclusive, calendar: Calendar) -> Group:
    if isinstance(rule, Exclusive):
        until = None if rule.until is None else rule.until - calendar.first
        return Group("exclusive", [rule.exclusive, *rule.offers], until=until)
    if isinstance(rule, Requires):
        return Group("requires", [rule.offer, rule.requires])
    if isinstance(rule, AtMost):
        return Group("at_most", list(rule.offers), rule.at_most)
    return Group("at_least", list(rule.offers), rule.at_least)


def _cash_limits(instance: Instance, calendar: Calendar) -> tuple[list[CashLimit], list[CashLimit]]:
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


def _power_limits(instance: Instance) -> list[PowerLimit]:
    """Caps on megawatts: everywhere, then by site in the order of the file."""
    stand = {key: supply.region for key, supply in supplies(instance).items()}
    limits = [PowerLimit(None, list(stand), instance.policy.power_mw_max)] if instance.policy.power_mw_max else []
    return limits + [
        PowerLimit(site, [key for key, region in stand.items() if region == site], mw)
        for site, mw in instance.policy.site_power_mw_max.items()
    ]


def _carbon_limits(instance: Instance, calendar: Calendar) -> list[CarbonLimit]:
    """Caps on emissions by calendar year, on its months in the horizon."""
    years = np.array([(calendar.first + m).year for m in range(calendar.months)])
    caps = instance.policy.carbon_tonnes_max
    return [
        CarbonLimit(str(year), np.flatnonzero(years == year).tolist(), tonnes)
        for year, tonnes in caps.items()
        if year in years
    ]


def _use_carbon(instance: Instance, calendar: Calendar, pairs: list[Pair]) -> dict[Pair, np.ndarray]:
    """Emissions of elastic accelerators at work; those of token services are not known."""
    pool_of = {pool.id: pool for pool in pools(instance)}
    found = {}
    for pair in pairs:
        pool = pool_of[pair[0]]
        offer = instance.offers.get(pool.supply)
        if offer is not None and offer.elastic is not None and pool.accelerator is not None:
            energy_mwh = instance.accelerators[pool.accelerator].all_in_kw / 1000 * calendar.month_hours
            found[pair] = _tonnes(instance, pool.supply, energy_mwh)[None]
    return found


def _tonnes(instance: Instance, supply: str, energy_mwh: np.ndarray) -> np.ndarray:
    """Tonnes of CO2 of energy drawn where a supply stands: kg/kWh are tonnes/MWh; 0 where that is not stated."""
    return (instance.regions[supplies(instance)[supply].region].carbon_kg_per_kwh or 0.0) * energy_mwh


def _received(funding_usd: dict[Month, float], month: Month, first: bool) -> float:
    """Funding of a month; what was dated before the horizon counts at its start."""
    return sum(usd for when, usd in funding_usd.items() if when == month or (first and when < month))


def _last_value(table: dict[Month, float], month: Month) -> float:
    """The value in force in a month: 0 before the first entry, then the last value holds."""
    known = [when for when in table if when <= month]
    return table[max(known)] if known else 0.0


def _commitments(instance: Instance, calendar: Calendar) -> list[Commitment]:
    """Spend commitments on the ledger; those that can no longer or not yet be taken are left out."""
    keys = commitments.considered(instance)
    return [_commitment(instance, calendar, key, keys) for key in keys]


def _commitment(instance: Instance, calendar: Calendar, key: str, keys: list[str]) -> Commitment:
    stated, plan = instance.commitments[key], commitments.schedule(instance, key, calendar.ledger)
    counted, shares = eligible(instance, key), discounts(stated)
    prepaid, whole = is_prepaid(stated), instance.finance.terminal == "none"
    charged = slice(None) if whole else slice(calendar.months)
    by_use = [pool for pool in pools(instance) if pool.supply in (counted if prepaid else shares)]
    return Commitment(
        name=key,
        signing=plan.signing,
        mandatory=stated.mandatory,
        prepaid=prepaid,
        hourly=stated.usd_per_hour is not None,
        months=plan.months,
        parts=[
            Part(part.months, part.usd, part.due, float(calendar.discount[part.due]) if part.inside or whole else 0.0)
            for part in plan.parts
        ],
        paid=plan.paid,
        obligation=finance.outstanding(plan.paid, plan.signing),
        npv_usd=float(plan.paid[charged] @ calendar.discount[charged]),
        pools={pool.id: shares.get(pool.supply, 0.0) for pool in by_use},
        offers=[] if prepaid else [name for name in counted if name not in instance.commitments],
        counted_pools=[] if prepaid else [pool.id for pool in pools(instance) if pool.supply in counted],
        others=[] if prepaid else [k for k, name in enumerate(keys) if name in counted],
    )


def _list_cash(instance: Instance, use_lines: dict[Pair, dict[str, np.ndarray]]) -> dict[Pair, np.ndarray]:
    """What use costs at list prices, for the pools of offers that some commitment covers or discounts."""
    named = [name for key in instance.commitments for name in eligible(instance, key)]
    mine = [pool.id for pool in pools(instance) if pool.supply in named]
    return {pair: lines["elastic"] + lines["tokens"] for pair, lines in use_lines.items() if pair[0] in mine}
