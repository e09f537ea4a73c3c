"""Tables of a plan, by month: what is held and used, who is served, what is paid and what stays owed.

Rows are dicts in the columns of `document.COLUMNS`. Months are written `YYYY-MM`. Rows of zeros are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..instance.demand import mean_requests_per_s
from ..instance.pools import Pool, pools, supplies
from . import carbon, ports, stability, training, value
from . import commitments as promises
from .decisions import Decisions, Flows

if TYPE_CHECKING:
    from ..compile import Compiled

Row = dict[str, Any]
SECONDS_PER_HOUR = 3600.0
COST_LINES = (
    "contracts",
    "tail_value",
    "use_beyond",
    "elastic",
    "tokens",
    "egress",
    "commitments",
    "shortfall",
    "sublease",
    "ports",
    "unserved",
    "lateness",
    "value",
    "carbon",
    "changes",
)
CASH_LINES = (
    "fees",
    "prepayments",
    "payments",
    "premiums",
    "break_fees",
    "signing_fees",
    "credits",
    "deposits",
    "letters_of_credit",
    "sla_credits",
    "power",
    "in_force",
    "use_beyond",
    "elastic",
    "tokens",
    "egress",
    "commitments",
    "shortfall",
    "sublease",
    "ports",
)
CENTS = 1e-6
"""USD; less than this is what is left of sums that cancel: of use that a commitment covers, of what is broken off"""

CLEARED = 1e-6
"""accelerators; less is what is left of blocks that are all broken off"""


def deals(compiled: Compiled, decisions: Decisions) -> tuple[list[Row], dict[int, int]]:
    """Deals signed, by start month, each with what follows from it, and the row of each deal of the problem.

    A break takes away: its accelerators, power and dollars are negative.
    """
    columns, order = compiled.columns, _in_order(compiled, [d for d, _ in decisions.blocks])
    node_of, row_of = dict(decisions.blocks.keys()), {d: row for row, d in enumerate(order)}
    rows = []
    for d in order:
        deal, column, node = compiled.problem.deals[d], columns[d], node_of[d]
        blocks = decisions.blocks[d, node]
        capacity = -blocks if column.right == "break" else blocks
        held = {name: count * capacity for name, count in column.accelerators.items()}
        rows.append(
            {
                "offer": column.offer,
                "provider": supplies(compiled.instance)[column.offer].provider,
                "node": node,
                "start": str(column.start),
                "signing": str(column.signing),
                "months": column.months,
                "term": column.term,
                "right": column.right,
                "follows": None if column.parent is None else row_of.get(column.parent, column.offer),
                "blocks": blocks,
                "accelerators": sum(held.values()),
                "accelerators_by_type": held,
                "power_mw": column.power_mw * capacity,
                "cash_usd": float(deal.cash[0].sum() * blocks + deal.cash_once[0].sum()),
                "npv_usd": float(deal.npv_usd[0] * blocks + deal.npv_once_usd[0]),
            }
        )
    return rows, row_of


def _in_order(compiled: Compiled, signed: list[int]) -> list[int]:
    """Deals by start month, each with those that follow it behind it. What follows a contract in force stands alone."""
    followers: dict[int | None, list[int]] = {}
    for d in sorted(signed, key=lambda d: (compiled.columns[d].start, d)):
        parent = compiled.columns[d].parent
        followers.setdefault(parent if parent in signed else None, []).append(d)

    def with_followers(d: int) -> Iterator[int]:
        yield d
        for follower in followers.get(d, []):
            yield from with_followers(follower)

    return [d for root in followers.get(None, []) for d in with_followers(root)]


def capacity(compiled: Compiled, flows: Flows) -> list[Row]:
    """Usable accelerators held (after ramp and availability), at work on average, provisioned in the busiest block of
    the day, and let to others; requests/s for an API. Elastic pools hold nothing: they are paid by use."""
    held, none = held_by_pool(compiled, flows), np.zeros(len(compiled.problem.hours))
    rows = []
    for pool in pools(compiled.instance):
        mean, peak = used_by_pool(flows, pool)
        let = flows.sublet.get(pool.id, none)
        for m, t in enumerate(compiled.problem.period_of):
            if held[pool.id][m] or peak[t]:
                rows.append(
                    {
                        "month": month_name(compiled, m),
                        "pool": pool.id,
                        "offer": pool.supply,
                        "accelerator": pool.accelerator,
                        "held": float(held[pool.id][m]),
                        "used_mean": float(mean[t]),
                        "used_peak": float(peak[t]),
                        "let": float(let[t]),
                    }
                )
    return sorted(rows, key=lambda row: row["month"])


def held_by_pool(compiled: Compiled, flows: Flows) -> dict[str, np.ndarray]:
    """pool -> [month of the horizon] usable accelerators held under contract."""
    months = len(compiled.problem.period_of)
    held = {pool.id: np.zeros(months) for pool in pools(compiled.instance)}
    for column, blocks in zip(compiled.columns, flows.blocks, strict=True):
        for name, usable in column.usable.items():
            held[f"{column.offer}/{name}"] += blocks * usable[:months]
    return {pool: np.where(np.abs(most) < CLEARED, 0.0, most) for pool, most in held.items()}


def used_by_pool(flows: Flows, pool: Pool) -> tuple[np.ndarray, np.ndarray]:
    """Accelerators of a pool at work on average, and provisioned in the busiest block, both [period]."""
    zeros = np.zeros((len(flows.problem.hours), len(flows.problem.block_share)))
    provisioned = sum((x for pair, x in flows.serve.items() if pair[0] == pool.id), zeros)
    mean = sum((use for pair, use in flows.mean_use.items() if pair[0] == pool.id), zeros[:, 0])
    return mean, provisioned.max(axis=1)


def service(compiled: Compiled, flows: Flows) -> list[Row]:
    """Demand by workload and month, the share of it that is served, and the share of each pool in what is served;
    training runs and rollouts have tables of their own.

    provisioned_requests_per_s is that of the busiest block, with burst and headroom.
    """
    problem = compiled.problem
    rows = []
    for key, workload in problem.workloads.items():
        if not workload.brings_requests:
            continue
        asked = mean_requests_per_s(compiled.instance, key) @ problem.block_share
        served = _share(flows.demand[key] - flows.refused[key], flows.demand[key], empty=1.0)
        by_pool = flows.served_by(key)
        total = sum(by_pool.values(), np.zeros(len(problem.hours)))
        for m, t in enumerate(problem.period_of):
            rows.append(
                {
                    "month": month_name(compiled, m),
                    "workload": key,
                    "mean_requests_per_s": float(asked[m]),
                    "provisioned_requests_per_s": float(workload.provision[0, t].max()),
                    "served_share": float(served[t]),
                    "by": {pool: float(rate[t] / total[t]) for pool, rate in by_pool.items() if rate[t]},
                }
            )
    return sorted(rows, key=lambda row: row["month"])


def _share(part: np.ndarray, whole: np.ndarray, empty: float) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(whole), empty), where=whole > 0)


def cash_vectors(compiled: Compiled, flows: Flows) -> dict[tuple[str, str], np.ndarray]:
    """(line, offer, contract or commitment) -> [ledger month] undiscounted USD."""
    found: dict[tuple[str, str], np.ndarray] = {}
    for line, offer, usd in [
        *_cash_parts(compiled, flows),
        *promises.cash_parts(compiled, flows),
        *ports.cash_parts(flows),
    ]:
        padded = np.zeros(len(compiled.problem.discount))
        padded[: len(usd)] = usd
        found[line, offer] = found.get((line, offer), 0.0) + padded
    found = {key: np.where(np.abs(usd) < CENTS, 0.0, usd) for key, usd in found.items()}
    if flows.committed:
        found |= {(line, name): usd for line, name, usd in _summed(promises.shortfall_lines(flows, found))}
    return found


def _summed(lines: Iterator[tuple[str, str, np.ndarray]]) -> Iterator[tuple[str, str, np.ndarray]]:
    """Lines of one name together."""
    found: dict[tuple[str, str], np.ndarray] = {}
    for line, name, usd in lines:
        found[line, name] = found.get((line, name), 0.0) + usd
    return ((line, name, usd) for (line, name), usd in found.items())


def _cash_parts(compiled: Compiled, flows: Flows) -> Iterator[tuple[str, str, np.ndarray]]:
    problem = compiled.problem
    for column, blocks in zip(compiled.columns, flows.blocks, strict=True):
        if blocks and column.in_force:
            yield "in_force", column.offer, blocks * column.cash + column.cash_once
        elif blocks:
            yield from ((line, column.offer, blocks * usd) for line, usd in column.cash_lines.items())
            yield from ((line, column.offer, usd) for line, usd in column.once_lines.items())
    for (d, pool), hours in flows.beyond.items():
        per_hour = problem.deals[d].beyond_usd_per_hour[pool][0] * hours / problem.hours
        yield "use_beyond", problem.deals[d].offer, per_hour[problem.period_of] * problem.month_hours
    supply_of = {pool.id: pool.supply for pool in pools(compiled.instance)}
    for pair, use in flows.mean_use.items():
        for line, usd in compiled.use_lines[pair].items():
            yield line, supply_of[pair[0]], usd[0] * use[problem.period_of]
    for pool, let in flows.sublet.items():
        yield "sublease", supply_of[pool], -problem.sublet_usd[pool][0] * let[problem.period_of]


def cash(compiled: Compiled, flows: Flows) -> list[Row]:
    """Undiscounted cash out by month, line and offer, to the end of the last term."""
    vectors = cash_vectors(compiled, flows)
    order = [*supplies(compiled.instance), *compiled.instance.commitments, *ports.names(compiled.problem)]
    keys = sorted(vectors, key=lambda key: (CASH_LINES.index(key[0]), order.index(key[1])))
    return [
        {"month": month_name(compiled, m), "line": line, "offer": offer, "usd": float(vectors[line, offer][m])}
        for m in range(len(compiled.problem.discount))
        for line, offer in keys
        if vectors[line, offer][m]
    ]


def obligations(compiled: Compiled, flows: Flows) -> list[Row]:
    """Fixed payments still owed after each month, until nothing is."""
    owed = owed_by_month(compiled, flows)
    last = int(np.flatnonzero(np.abs(owed) > CENTS).max(initial=-1)) + 1
    return [{"month": month_name(compiled, m), "usd": float(owed[m])} for m in range(min(last + 1, len(owed)))]


def owed_by_month(compiled: Compiled, flows: Flows) -> np.ndarray:
    """[ledger month] USD, undiscounted, contracts in force included."""
    owed = np.zeros(len(compiled.problem.discount))
    for deal, blocks in zip(compiled.problem.deals, flows.blocks, strict=True):
        if blocks:
            owed += blocks * deal.obligation[0] + deal.obligation_once[0]
    return owed + promises.owed(flows, cash_vectors(compiled, flows)) if flows.committed else owed


def cost(compiled: Compiled, flows: Flows) -> list[Row]:
    """The objective by line, discounted USD."""
    problem = compiled.problem
    usd = dict.fromkeys(COST_LINES, 0.0)
    for deal, blocks in zip(problem.deals, flows.blocks, strict=True):
        if blocks:
            usd["contracts"] += float((deal.npv_usd[0] + deal.tail_usd[0]) * blocks + deal.npv_once_usd[0])
            usd["tail_value"] -= float(deal.tail_usd[0] * blocks)
    vectors = cash_vectors(compiled, flows)
    for (line, _), vector in vectors.items():
        if line in (*promises.DEPENDS_ON_USE, "sublease", "ports"):
            usd[line] += float(vector @ problem.discount)
    usd |= promises.charges(flows, vectors)
    for key, refused in flows.refused.items():
        price = problem.workloads[key].unserved_usd
        if price is not None:
            usd["unserved"] += float((refused * problem.hours * SECONDS_PER_HOUR) @ price[0])
    usd["lateness"] = training.lateness_usd(flows)
    usd["value"] = 0.0 - sum(value.by_workload(compiled, flows).values())
    usd["carbon"] = carbon.charge(compiled, flows)
    usd["changes"] = stability.charge(flows)
    return [{"line": line, "usd": usd[line]} for line in COST_LINES]


def commitments(compiled: Compiled, flows: Flows) -> list[Row]:
    """Spend commitments that are taken, by interval."""
    return promises.table(compiled, flows, cash_vectors(compiled, flows)) if flows.committed else []


def month_name(compiled: Compiled, month: int) -> str:
    """Month of the ledger as `YYYY-MM`."""
    return str(compiled.instance.horizon.start + month)
