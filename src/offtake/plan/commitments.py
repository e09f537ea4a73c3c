"""Spend commitments in a plan: what each makes of the cash, what stays owed, and how far it is used.

A commitment that is paid whatever is used draws use from it (`covered`); that use is not paid at list. One that is
trued up discounts the use that it names, and what an interval lacks is paid in its last month. Dollars are undiscounted
unless said; months count from the horizon's first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..instance.pools import pools
from .decisions import Flows

if TYPE_CHECKING:
    from offtake_models.problem import Commitment, Part

    from ..compile import Compiled

Row = dict[str, Any]
Vectors = Mapping[tuple[str, str], np.ndarray]
"""(line of cash, offer, contract or commitment) -> [ledger month] USD"""

DEPENDS_ON_USE = ("use_beyond", "elastic", "tokens", "egress")
"""lines that are paid only for what is used"""


def held(flows: Flows) -> list[tuple[int, Commitment]]:
    """The commitments that the plan takes, by position in the problem."""
    return [(k, commitment) for k, commitment in enumerate(flows.problem.commitments) if k in flows.committed]


def cash_parts(compiled: Compiled, flows: Flows) -> Iterator[tuple[str, str, np.ndarray]]:
    """Lines of cash to add to those at list prices: payments, and less for what is covered or discounted."""
    line = {pool.id: "elastic" if pool.accelerator else "tokens" for pool in pools(compiled.instance)}
    supply = {pool.id: pool.supply for pool in pools(compiled.instance)}
    for k, commitment in held(flows):
        if commitment.prepaid:
            yield "commitments", commitment.name, commitment.paid
        for pool in commitment.pools:
            yield line[pool], supply[pool], -_not_paid(flows, k, pool)


def _not_paid(flows: Flows, k: int, pool: str) -> np.ndarray:
    """[month] USD at list that a commitment takes off the bill of a pool."""
    commitment = flows.problem.commitments[k]
    if commitment.prepaid:
        return flows.covered_usd(k, pool)
    others = [other for other, each in held(flows) if each.prepaid]
    left = list_usd(flows, pool) - sum(flows.covered_usd(other, pool) for other in others)
    runs = np.isin(np.arange(len(left)), commitment.months)
    return commitment.pools[pool] * np.where(runs, left, 0.0)


def list_usd(flows: Flows, pool: str) -> np.ndarray:
    """[month] what the use of a pool costs at list prices."""
    problem = flows.problem
    found = np.zeros(len(problem.period_of))
    for pair, use in flows.mean_use.items():
        if pair[0] == pool:
            found += problem.list_cash[pair][0] * use[problem.period_of]
    return found


def shortfalls(flows: Flows, cash: Vectors) -> Iterator[tuple[Commitment, Part, float]]:
    """What is missing in each part of each commitment that is trued up, given all other cash."""
    for _, commitment in held(flows):
        if not commitment.prepaid:
            counted = spent(flows, commitment, cash)
            for part in commitment.parts:
                yield commitment, part, max(part.usd - float(counted[part.months].sum()), 0.0)


def spent(flows: Flows, commitment: Commitment, cash: Vectors) -> np.ndarray:
    """[ledger month] what counts toward a commitment that is trued up."""
    months = range(len(flows.problem.discount))
    return _fixed(flows, commitment, len(months)) + sum(_by_use(commitment, cash), np.zeros(len(months)))


def _by_use(commitment: Commitment, cash: Vectors) -> list[np.ndarray]:
    """Vectors of what is paid for use that counts."""
    return [usd for (line, name), usd in cash.items() if line in DEPENDS_ON_USE and name in commitment.offers]


def _fixed(flows: Flows, commitment: Commitment, known: int) -> np.ndarray:
    """[ledger month] what counts and is paid whatever is used, of deals signed and commitments taken by a month."""
    problem = flows.problem
    found = np.zeros(len(problem.discount))
    for deal, blocks in zip(problem.deals, flows.blocks, strict=True):
        if blocks and deal.offer in commitment.offers and deal.signing <= known:
            found += blocks * deal.spent[0] + deal.spent_once[0]
    for other in commitment.others:
        if other in flows.committed and problem.commitments[other].signing <= known:
            found += problem.commitments[other].paid
    return found


def shortfall_lines(flows: Flows, cash: Vectors) -> Iterator[tuple[str, str, np.ndarray]]:
    """The line of cash that trues up, due in the last month of each interval."""
    for commitment, part, usd in shortfalls(flows, cash):
        due = np.zeros(len(flows.problem.discount))
        due[part.due] = usd
        yield "shortfall", commitment.name, due


def charges(flows: Flows, cash: Vectors) -> dict[str, float]:
    """What commitments cost the objective, by line, discounted by the terminal rule."""
    return {
        "commitments": float(sum(commitment.npv_usd for _, commitment in held(flows) if commitment.prepaid)),
        "shortfall": float(sum(part.charge * usd for _, part, usd in shortfalls(flows, cash))),
    }


def net_charge(flows: Flows, k: int, cash: Vectors) -> float:
    """What one commitment adds to the objective: its payments and shortfalls, less what it saves on use."""
    problem = flows.problem
    commitment = problem.commitments[k]
    saved = sum((_not_paid(flows, k, pool) for pool in commitment.pools), np.zeros(len(problem.period_of)))
    missing = sum(part.charge * usd for each, part, usd in shortfalls(flows, cash) if each is commitment)
    return float(commitment.npv_usd + missing - saved @ problem.discount[: len(saved)])


def owed(flows: Flows, cash: Vectors) -> np.ndarray:
    """[ledger month] what commitments still owe after it, beside what signed deals owe."""
    months = range(len(flows.problem.discount))
    return np.array([sum((usd for *_, usd in due_after(flows, cash, month)), 0.0) for month in months])


def due_after(flows: Flows, cash: Vectors, month: int) -> Iterator[tuple[Commitment, int, float]]:
    """What commitments owe after a month, and when it is due at the latest.

    Payments to come; and of a part that is trued up what has neither been paid for so far nor will be, for certain, by
    deals signed and commitments taken by then.
    """
    for _, commitment in held(flows):
        if month < commitment.signing:
            continue
        for later in np.flatnonzero(commitment.paid[month + 1 :]) + month + 1:
            yield commitment, int(later), float(commitment.paid[later])
        for part in [] if commitment.prepaid else commitment.parts:
            left = part.usd - _certain(flows, commitment, part, month, cash) if month < part.due else 0.0
            if left > 0:
                yield commitment, part.due, left


def _certain(flows: Flows, commitment: Commitment, part: Part, known: int, cash: Vectors) -> float:
    """What counts toward a part and is certain after a month."""
    past = [month for month in part.months if month <= known]
    fixed = float(_fixed(flows, commitment, known)[part.months].sum())
    return fixed + sum(float(usd[past].sum()) for usd in _by_use(commitment, cash))


def table(compiled: Compiled, flows: Flows, cash: Vectors) -> list[Row]:
    """Commitments taken, by interval: promised, used and not. What an interval has beyond the horizon is a row of its
    own; nothing says what will be used then, only what signed deals will be paid."""
    missing = {(each.name, part.months[0]): usd for each, part, usd in shortfalls(flows, cash)}
    rows = []
    for k, commitment in held(flows):
        counted = spent(flows, commitment, cash)
        for part in commitment.parts:
            inside = part.months[-1] < len(flows.problem.period_of)
            used = _drawn(flows, k, part) if commitment.prepaid else float(counted[part.months].sum())
            unused = max(part.usd - used, 0.0) if commitment.prepaid else missing[commitment.name, part.months[0]]
            known = inside or not commitment.prepaid
            rows.append(
                {
                    "commitment": commitment.name,
                    "start": str(compiled.instance.horizon.start + part.months[0]),
                    "months": len(part.months),
                    "in_horizon": inside,
                    "committed_usd": part.usd,
                    "used_usd": used if known else None,
                    "unused_usd": unused if known else None,
                }
            )
    return rows


def _drawn(flows: Flows, k: int, part: Part) -> float:
    """USD of a prepaid commitment that use is drawn from in a part."""
    inside = [month for month in part.months if month < len(flows.problem.period_of)]
    return float(_drawn_by_month(flows, k)[inside].sum())


def _drawn_by_month(flows: Flows, k: int) -> np.ndarray:
    """[month] USD of a prepaid commitment that use is drawn from, at its discounted rates."""
    rates = flows.problem.commitments[k].pools
    drawn = [(1 - share) * flows.covered_usd(k, pool) for pool, share in rates.items()]
    return sum(drawn, np.zeros(len(flows.problem.period_of)))


def unused_by_month(flows: Flows, cash: Vectors) -> dict[str, np.ndarray]:
    """Commitment -> [month] USD paid in the month for which nothing is used: shortfalls, and what is not drawn.

    Of intervals that are drawn from over several months, a month may draw more than it pays: then it is negative.
    """
    months = len(flows.problem.period_of)
    found = {}
    for k, commitment in held(flows):
        missing = cash.get(("shortfall", commitment.name), np.zeros(months))[:months]
        found[commitment.name] = commitment.paid[:months] - _drawn_by_month(flows, k) + missing
    return found


def used_share(rows: list[Row]) -> float | None:
    """Used over promised inside the horizon; more than promised counts as promised. None without commitments."""
    inside = [row for row in rows if row["in_horizon"]]
    promised = sum(row["committed_usd"] for row in inside)
    return sum(row["committed_usd"] - row["unused_usd"] for row in inside) / promised if promised else None
