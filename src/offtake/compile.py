"""Instance -> Problem: the one place where the language of contracts becomes index lists and arrays.

The scenario axis is written here with length 1: one future, one node.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offtake_models.problem import CashLimit, Deal, Group, Pair, Problem, Workload

from .deals import Column, columns, finance, ledger_months
from .instance.demand import mean_requests_per_s
from .instance.months import Month
from .instance.network import egress_usd_per_million_tokens
from .instance.pools import Pool, pools
from .instance.schema import AtLeast, AtMost, Batch, Instance, Offer, Requires
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
    rates: RateTable
    use_lines: dict[Pair, dict[str, np.ndarray]]
    """problem.use_cash by line (elastic, tokens, egress), [s, month]"""


def compile_instance(instance: Instance) -> Compiled:
    """Compile a checked instance. Raises nothing on one that loaded without errors."""
    calendar = make_calendar(instance)
    rates = rate_table(instance)
    ways = columns(instance)
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
        deals=[_deal(instance, calendar, column) for column in ways],
        pools=[pool.id for pool in pools(instance)],
        elastic_limit=_elastic_limits(instance, calendar),
        groups=[_group(rule) for rule in instance.groups],
        workloads={key: _workload(instance, calendar, key) for key in instance.workloads},
        rate=rate,
        use_cash={pair: sum(lines.values()) for pair, lines in use_lines.items()},
        cash_limits=budgets,
        balance_limits=balances,
        obligations_max_usd=instance.finance.obligations_max_usd,
    )
    return Compiled(instance, problem, ways, rates, use_lines)


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


def _deal(instance: Instance, calendar: Calendar, column: Column) -> Deal:
    """One column of the mathematics: delivery by period, cash by month, and its charge by the terminal rule."""
    pool_of = {name: f"{column.offer}/{name}" for name in column.accelerators}
    delivered = {
        pool_of[name]: calendar.total(v[: calendar.months] * calendar.month_hours)[None]
        for name, v in column.usable.items()
    }
    charged = 0.0 if column.in_force else _charged_share(instance, calendar, column)
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
        obligation=finance.outstanding(column.cash, signing)[None],
        npv_usd=np.array([charged * column.cash @ calendar.discount]),
        npv_once_usd=np.array([charged * column.cash_once @ calendar.discount]),
        take_or_pay=column.take_or_pay,
        beyond_usd_per_hour=_beyond_prices(calendar, column, delivered),
        in_force=column.in_force,
    )


def _charged_share(instance: Instance, calendar: Calendar, column: Column) -> float:
    """The part of a deal's cash that the objective charges: `finance.terminal`."""
    if instance.finance.terminal == "none":
        return 1.0
    return finance.inside_share(column.contracted, calendar.discount, calendar.months)


def _beyond_prices(calendar: Calendar, column: Column, delivered: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """USD per usable accelerator-hour beyond the take-or-pay share: full use costs the gross fee exactly."""
    if column.take_or_pay >= 1.0:
        return {}
    hours = sum(delivered.values())
    price = np.divide(calendar.total(column.gross)[None], hours, out=np.zeros_like(hours), where=hours > 0)
    return dict.fromkeys(delivered, price)


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
    return _by_month(offer.elastic.usd_per_accelerator_hour, calendar)


def _by_month(price: float | dict[Month, float], calendar: Calendar) -> np.ndarray:
    """A price, or a table by month whose last value holds, as [month]."""
    if not isinstance(price, dict):
        return np.full(calendar.months, float(price))
    known = sorted(price)
    return np.array(
        [price[max(k for k in known if k <= calendar.first + m)] for m in range(calendar.months)], dtype=float
    )


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


def _group(rule: AtMost | AtLeast | Requires) -> Group:
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


def _received(funding_usd: dict[Month, float], month: Month, first: bool) -> float:
    """Funding of a month; what was dated before the horizon counts at its start."""
    return sum(usd for when, usd in funding_usd.items() if when == month or (first and when < month))


def _last_value(table: dict[Month, float], month: Month) -> float:
    """The value in force in a month: 0 before the first entry, then the last value holds."""
    known = [when for when in table if when <= month]
    return table[max(known)] if known else 0.0
