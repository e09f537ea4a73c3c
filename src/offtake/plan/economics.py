"""What a million tokens costs: by workload in the plan, and from an offer that would serve one workload only.

Tokens are input plus output tokens, reasoning included. Dollars and tokens are both discounted to the
start of the horizon, so that a price which stays the same comes out as itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..instance.pools import Pool, pools
from ..instance.reasoning import output_tokens
from ..throughput.training_rates import flop_per_token
from . import commitments, ports, reinforcement, tables, training
from .decisions import Flows

if TYPE_CHECKING:
    from ..compile import Compiled

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class BestUse:
    """An offer serving one workload and nothing else, as fully as the demand allows."""

    offer: str
    workload: str
    usd_per_million_tokens: float
    deal: int | None
    """which way to sign it; None for elastic capacity and token services"""
    fill: float
    """accelerator-hours at work over accelerator-hours delivered in the horizon; 1 for elastic"""


def tokens_per_request(compiled: Compiled, workload: str) -> np.ndarray:
    """Input and output tokens of one request, reasoning included; of a training run, tokens learnt from by one FLOP;
    [month of the horizon]."""
    first, months = compiled.instance.horizon.start, len(compiled.problem.period_of)
    if compiled.problem.workloads[workload].run is not None:
        return np.full(months, 1 / flop_per_token(compiled.instance, workload))
    request = compiled.instance.workloads[workload].request
    return request.input_tokens + np.array([output_tokens(request, first + m) for m in range(months)])


def period_discount(compiled: Compiled) -> np.ndarray:
    """Present value of one dollar spread over the hours of each period, [period]."""
    problem = compiled.problem
    weighted = problem.discount[: len(problem.period_of)] * problem.month_hours
    return np.bincount(problem.period_of, weights=weighted) / problem.hours


def discounted_tokens(compiled: Compiled, workload: str, requests_per_s: np.ndarray) -> float:
    """Tokens of a mean rate by period, each weighted with the discount of its month."""
    problem = compiled.problem
    seconds = problem.month_hours * SECONDS_PER_HOUR * problem.discount[: len(problem.period_of)]
    return float(requests_per_s[problem.period_of] @ (seconds * tokens_per_request(compiled, workload)))


def price_by_workload(compiled: Compiled, flows: Flows) -> dict[str, float | None]:
    """USD per million tokens of each workload in the plan; None where nothing is served."""
    found = {}
    for workload, usd in cost_by_workload(compiled, flows).items():
        tokens = discounted_tokens(compiled, workload, _served(flows, workload))
        found[workload] = usd / tokens * 1e6 if tokens > 0 else None
    return found


def _served(flows: Flows, workload: str) -> np.ndarray:
    """[period] mean requests/s, also of rollouts; of a training run useful FLOP/s."""
    asked = flows.problem.workloads[workload]
    if asked.run is not None:
        return training.flops_per_s(flows, workload)
    if asked.rollouts is not None:
        return reinforcement.generated(flows, workload)
    return flows.demand[workload] - flows.refused[workload]


def cost_by_workload(compiled: Compiled, flows: Flows) -> dict[str, float]:
    """Discounted USD of each workload in the plan, penalties and value not counted.

    The charge of an offer, idle hours included and less what subletting brings, is split over workloads by
    accelerator-hours at work, and that of a port; contracts in force are sunk and cost nothing but what is decided
    about them. What a spend commitment costs or saves is split by what is spent on the offers that it is about.
    """
    spent = _spent(compiled, flows)
    by_workload = {workload: _sum_of(spent, workload) for workload in compiled.problem.workloads}
    vectors = tables.cash_vectors(compiled, flows) if flows.committed else {}
    supply_of = {pool.id: pool.supply for pool in pools(compiled.instance)}
    for k, commitment in commitments.held(flows):
        names = [*commitment.offers, *(supply_of[pool] for pool in commitment.pools)]
        weights = {workload: _sum_of(spent, workload, names) for workload in by_workload}
        if not any(weights.values()):
            weights = {workload: _sum_of(spent, workload) for workload in by_workload}
        net, total = commitments.net_charge(flows, k, vectors), sum(weights.values())
        for workload, weight in weights.items():
            by_workload[workload] += net * weight / total if total else 0.0
    return by_workload


def _spent(compiled: Compiled, flows: Flows) -> dict[tuple[str, str], float]:
    """(offer, workload) -> discounted dollars, use at list prices."""
    found: dict[tuple[str, str], float] = {}
    for offer, charge in _fixed_charges(compiled, flows).items():
        hours = hours_by_workload(compiled, flows, offer)
        total = sum(hours.values())
        for workload, used in hours.items():
            found[offer, workload] = charge * used / total
    supply_of = {pool.id: pool.supply for pool in pools(compiled.instance)}
    for pair, use in flows.mean_use.items():
        key = (supply_of[pair[0]], pair[1])
        found[key] = found.get(key, 0.0) + _use_usd(compiled, pair, use)
    return found | ports.charge_by_workload(flows)


def _sum_of(spent: dict[tuple[str, str], float], workload: str, offers: list[str] | None = None) -> float:
    """Dollars of a workload, of some offers or of all."""
    return sum(usd for (offer, who), usd in spent.items() if who == workload and (offers is None or offer in offers))


def _fixed_charges(compiled: Compiled, flows: Flows) -> dict[str, float]:
    """Offer -> what its deals cost the objective, use beyond take-or-pay included, less what subletting brings."""
    problem = compiled.problem
    charges: dict[str, float] = {}
    for deal, blocks in zip(problem.deals, flows.blocks, strict=True):
        if blocks:
            usd = float(deal.charge_usd(blocks)[0])
            charges[deal.offer] = charges.get(deal.offer, 0.0) + usd
    for (line, offer), usd in tables.cash_vectors(compiled, flows).items():
        if line in ("use_beyond", "sublease"):
            charges[offer] = charges.get(offer, 0.0) + float(usd @ problem.discount)
    return charges


def hours_by_workload(compiled: Compiled, flows: Flows, offer: str) -> dict[str, float]:
    """Accelerator-hours (requests/s x hours for a token service) of an offer at work, by workload."""
    mine = [pool.id for pool in pools(compiled.instance) if pool.supply == offer]
    hours: dict[str, float] = {}
    for (pool, workload), use in flows.mean_use.items():
        if pool in mine and use.any():
            hours[workload] = hours.get(workload, 0.0) + float(use @ compiled.problem.hours)
    return hours


def _use_usd(compiled: Compiled, pair: tuple[str, str], use: np.ndarray) -> float:
    """Discounted elastic, token and egress dollars of a mean use by period, and the price of its emissions."""
    problem = compiled.problem
    months = len(problem.period_of)
    return float((problem.use_charge(pair)[0] * use[problem.period_of]) @ problem.discount[:months])


def signable(compiled: Compiled, offer: str) -> list[int]:
    """Ways to sign an offer in this future; not what may follow from them."""
    deals = enumerate(compiled.problem.deals)
    return [d for d, deal in deals if deal.offer == offer and not deal.right and not deal.in_force and deal.open[0]]


def best_uses(compiled: Compiled, offer: str) -> list[BestUse]:
    """The best use of an offer for each workload that it can serve, cheapest first."""
    mine = [pool for pool in pools(compiled.instance) if pool.supply == offer]
    found = []
    for workload in compiled.problem.workloads:
        able = [pool for pool in mine if (pool.id, workload) in compiled.problem.rate]
        uses = [_elastic_use(compiled, pool, workload) for pool in able if pool.id in compiled.problem.elastic_limit]
        together = [able] if compiled.problem.workloads[workload].run is None else [[pool] for pool in able]
        uses += [_deal_use(compiled, d, some, workload) for d in signable(compiled, offer) for some in together if some]
        possible = [use for use in uses if use is not None]
        if possible:
            found.append(min(possible, key=lambda use: use.usd_per_million_tokens))
    return sorted(found, key=lambda use: use.usd_per_million_tokens)


def _wanted(compiled: Compiled, workload: str, pool: str) -> np.ndarray:
    """Accelerators of a pool that the whole demand would take, [period, block]; batch work is spread over the day,
    rollouts over their window, a training run as large as it may be throughout its window."""
    problem = compiled.problem
    demand = problem.workloads[workload]
    provision = demand.provision[0]
    if demand.run is not None:
        inside = np.isin(np.arange(len(provision)), demand.run.periods)
        return np.broadcast_to(inside[:, None] * demand.run.most_accelerators, provision.shape)
    if demand.rollouts is not None:
        inside = np.isin(np.arange(len(provision)), demand.rollouts.periods)
        provision = provision + inside[:, None] * demand.rollouts.most / (SECONDS_PER_HOUR * inside @ problem.hours)
    if demand.kind == "batch":
        provision = np.broadcast_to((provision @ problem.block_share)[:, None], provision.shape)
    return provision / problem.rate[pool, workload][0][:, None]


def mean_use(compiled: Compiled, workload: str, provisioned: np.ndarray) -> np.ndarray:
    """Accelerators at work on average for accelerators provisioned, [period]."""
    problem = compiled.problem
    return (provisioned * problem.workloads[workload].mean_share[0]) @ problem.block_share


def _elastic_use(compiled: Compiled, pool: Pool, workload: str) -> BestUse | None:
    limit = compiled.problem.elastic_limit[pool.id][0][:, None]
    given = training.taken(compiled.problem, workload, np.minimum(_wanted(compiled, workload, pool.id), limit))
    use = mean_use(compiled, workload, given)
    tokens = discounted_tokens(compiled, workload, training.output(compiled.problem, (pool.id, workload), use))
    if tokens <= 0:
        return None
    usd = _use_usd(compiled, (pool.id, workload), use)
    return BestUse(pool.supply, workload, usd / tokens * 1e6, None, 1.0)


def _deal_use(compiled: Compiled, d: int, able: list[Pool], workload: str) -> BestUse | None:
    """The fewest blocks or the most, whichever is cheaper per token."""
    deal = compiled.problem.deals[d]
    counts = dict.fromkeys([deal.min_blocks, deal.max_blocks])
    found = [_blocks_use(compiled, d, blocks, able, workload) for blocks in counts]
    return min((use for use in found if use), key=lambda use: use.usd_per_million_tokens, default=None)


def _blocks_use(compiled: Compiled, d: int, blocks: int, able: list[Pool], workload: str) -> BestUse | None:
    problem = compiled.problem
    deal = problem.deals[d]
    usd = float(deal.charge_usd(blocks)[0])
    tokens, at_work, open_share = 0.0, np.zeros(len(problem.hours)), np.ones((len(problem.hours), 1))
    for pool in able:
        wanted = _wanted(compiled, workload, pool.id) * open_share
        given = training.taken(problem, workload, np.minimum(wanted, blocks * deal.delivery[pool.id][0][:, None]))
        open_share = open_share * np.divide(wanted - given, wanted, out=np.zeros_like(wanted), where=wanted > 0)
        use = mean_use(compiled, workload, given)
        tokens += discounted_tokens(compiled, workload, training.output(problem, (pool.id, workload), use))
        usd += _use_usd(compiled, (pool.id, workload), use)
        at_work += use * problem.hours
        usd += beyond_usd(compiled, d, pool.id, blocks, use)
    delivered = blocks * sum(float(hours[0].sum()) for hours in deal.delivered_hours.values())
    if tokens <= 0:
        return None
    return BestUse(deal.offer, workload, usd / tokens * 1e6, d, float(at_work.sum() / delivered))


def beyond_usd(compiled: Compiled, d: int, pool: str, blocks: int, use: np.ndarray) -> float:
    """Discounted dollars for the use beyond the take-or-pay share in a mean use by period."""
    problem = compiled.problem
    deal = problem.deals[d]
    if pool not in deal.beyond_usd_per_hour:
        return 0.0
    hours = np.maximum(use * problem.hours - deal.take_or_pay[0] * blocks * deal.delivered_hours[pool][0], 0.0)
    return float((hours * deal.beyond_usd_per_hour[pool][0]) @ period_discount(compiled))
