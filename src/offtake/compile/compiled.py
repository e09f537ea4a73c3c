"""An instance in the numbers of the mathematics, and the words for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from offtake_models.problem import Pair, Problem, Risk

from ..deals import Column, columns, ledger_months
from ..instance import scenarios
from ..instance.pools import pools
from ..instance.schema import Instance
from ..throughput import RateTable, rate_table
from . import concentration
from .calendar import make_calendar
from .carbon import use_carbon
from .contingencies import contingencies_of
from .contracts import charged_share, deal_of
from .futures import stack
from .limits import carbon_limits, cash_limits, group_of, power_limits
from .ports import ports_of
from .promises import commitments_of
from .stability import kept_deals
from .use import elastic_limits, list_cash, pairs, sublet_most, sublet_usd, workload_of


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
    futures: dict[str, Compiled] = field(default_factory=dict)
    """scenario -> its future as an instance of its own; empty if there is only one"""
    dropped: list[tuple[Column, int]] = field(default_factory=list)
    """columns left out by `reductions`, and the position of one that is never worse; the futures have their own"""


def compile_instance(instance: Instance) -> Compiled:
    """Compile a checked instance. Raises nothing on one that loaded without errors."""
    ledger, rates = ledger_months(instance), rate_table(instance)
    every = scenarios.futures(instance)
    compiled = [_compile_future(future.instance, ledger, rates) for future in every]
    if len(every) == 1:
        return compiled[0]
    problem = stack(
        [each.problem for each in compiled],
        [future.probability for future in every],
        np.array(scenarios.node_of(instance)),
    )
    futures = {future.name: each for future, each in zip(every, compiled, strict=True)}
    problem = replace(problem, risk=_risk(instance))
    return replace(compiled[0], instance=instance, problem=problem, futures=futures)


def _risk(instance: Instance) -> Risk | None:
    stated = instance.policy.risk
    return None if stated is None else Risk(stated.mean_weight, stated.weight, stated.cvar_level)


def _compile_future(instance: Instance, ledger: int, rates: RateTable) -> Compiled:
    """Compile an instance of one future: one scenario, one node."""
    calendar = make_calendar(instance, ledger)
    ways = columns(instance, ledger)
    charged = [charged_share(instance, calendar, column) for column in ways]
    rate, use_lines = pairs(instance, calendar, rates)
    budgets, balances = cash_limits(instance, calendar)
    problem = Problem(
        name=instance.name,
        probability=[1.0],
        node_of=np.zeros((1, calendar.months), dtype=int),
        period_of=calendar.period_of,
        hours=calendar.hours,
        month_hours=calendar.month_hours,
        block_share=calendar.block_share,
        discount=calendar.discount,
        offers=list(dict.fromkeys(column.offer for column in ways if not column.in_force and not column.right)),
        repeat={key: offer.repeat for key, offer in instance.offers.items() if offer.terms},
        deals=[deal_of(instance, calendar, ways, d, share) for d, share in enumerate(charged)],
        pools=[pool.id for pool in pools(instance)],
        elastic_limit=elastic_limits(instance, calendar),
        groups=[group_of(instance, rule, calendar) for rule in instance.groups],
        workloads={key: workload_of(instance, calendar, key) for key in instance.workloads},
        rate=rate,
        use_cash={pair: sum(lines.values()) for pair, lines in use_lines.items()},
        cash_limits=budgets,
        balance_limits=balances,
        obligations_max_usd=instance.finance.obligations_max_usd,
        power_limits=power_limits(instance),
        carbon_limits=carbon_limits(instance, calendar),
        carbon_usd_per_tonne=instance.policy.carbon_usd_per_tonne or 0.0,
        use_carbon=use_carbon(instance, calendar, list(rate)),
        commitments=commitments_of(instance, calendar),
        kept=kept_deals(instance, calendar),
        change_usd=None if instance.policy.keep_plan is None else instance.policy.keep_plan.usd_per_change,
        sellers=concentration.sellers_of(instance),
        power_shares=concentration.power_shares(instance, calendar),
        spend_share=concentration.spend_share(instance, calendar),
        served_share=concentration.served_share(instance, calendar),
        sellers_min=concentration.sellers_min(instance, calendar),
        ports=ports_of(instance, list(rate)),
        contingencies=contingencies_of(instance, calendar),
        list_cash=list_cash(instance, use_lines),
        sublet_usd=sublet_usd(instance, calendar),
        sublet_most=sublet_most(instance),
    )
    return Compiled(instance, problem, ways, charged, rates, use_lines)
