"""What the solver decided, read back from the model's variables: the only numbers that a plan starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pyomo.environ import ConcreteModel

    from offtake_models.problem import Pair, Problem

NOISE = 1e-9
"""Amounts below this share of what they are measured against are solver noise and are dropped."""
SECONDS_PER_HOUR = 3600.0
MILLION = 1e6
"""dollars of one unit of money in the model"""
WHOLE = 1e-4
"""How far from a whole number the solver may leave a count of blocks."""


@dataclass(frozen=True)
class Decisions:
    """The amounts that are not zero. Keys are in the order of the model, so that equal plans are equal text."""

    blocks: dict[tuple[int, int], int]
    """(deal, node) -> blocks; contracts in force are not decisions and not here"""
    serve: dict[tuple[str, str, int, int, int], float]
    """(pool, workload, period, block, node) -> accelerators provisioned (requests/s for an API)"""
    unserved: dict[tuple[str, int, int, int], float]
    """(workload, period, block, node) -> requests/s provisioned for nobody"""
    beyond: dict[tuple[int, str, int, int], float]
    """(deal, pool, period, node) -> accelerator-hours used beyond the take-or-pay share"""
    committed: list[tuple[int, int]] = field(default_factory=list)
    """(commitment, node) where one is taken"""
    covered: dict[tuple[int, str, int, int, int], float] = field(default_factory=dict)
    """(commitment, pool, month, block, node) -> USD at list prices drawn from a commitment that is paid anyhow"""
    sublet: dict[tuple[str, int, int], float] = field(default_factory=dict)
    """(pool, period, node) -> accelerators let to others"""
    late: list[tuple[str, int, int]] = field(default_factory=list)
    """(training run, period, node) where one is late"""
    ported: list[tuple[int, int, int]] = field(default_factory=list)
    """(port, month, node) where one begins"""
    rerouted: dict[tuple[int, str, str, int, int, int], float] = field(default_factory=dict)
    """(contingency, pool, workload, period, block, node) -> accelerators that would serve what must be kept then"""
    enforced: list[int] = field(default_factory=list)
    """contingencies that the search had to ask for, and that the plan would not survive with a block or a port less"""


def read(problem: Problem, model: ConcreteModel) -> Decisions:
    """Read a solved model. Counts become integers and solver noise is dropped.

    Raises ValueError if the model holds no solution or a count of blocks is not whole.
    """
    serve = {key: amount for key, amount in _amounts(model.serve) if _counts_as_use(problem, key[:2], amount)}
    return Decisions(
        blocks=dict(_counts(problem, model.blocks)),
        serve=serve,
        unserved={
            key: amount
            for key, amount in _amounts(model.unserved)
            if amount > NOISE * problem.workloads[key[0]].provision.max()
        },
        beyond={
            key: amount
            for key, amount in _amounts(model.beyond)
            if amount > NOISE * problem.deals[key[0]].delivered_hours[key[1]].max()
        },
        committed=[key for key, amount in _amounts(model.committed) if amount > 0.5],
        covered=dict(_covered(problem, model, serve)),
        sublet={key: amount for key, amount in _amounts(model.sublet) if amount > NOISE * problem.sublet_most[key[0]]},
        late=[key for key, amount in _amounts(model.late) if amount > 0.5],
        ported=list(_port_starts(problem, model)),
    )


def _counts_as_use(problem: Problem, pair: Pair, accelerators: float) -> bool:
    """Whether it is more than noise."""
    demand = problem.workloads[pair[1]]
    if demand.run is not None:
        return accelerators > demand.run.least_accelerators / 2
    if demand.rollouts is not None:
        seconds = SECONDS_PER_HOUR * problem.hours.sum()
        return accelerators * problem.rate[pair].max() * seconds > NOISE * demand.rollouts.most
    return accelerators * problem.rate[pair].max() > NOISE * demand.provision.max()


def of_future(problem: Problem, decisions: Decisions, s: int) -> Decisions:
    """What is decided along the path of one scenario, as decisions of a problem with that future only (node 0)."""

    def along(table: dict[tuple, Any], month_of: Callable[[tuple], int]) -> dict[tuple, Any]:
        on_path = (key for key in table if key[-1] == problem.node_in(s, month_of(key)))
        return {(*key[:-1], 0): table[key] for key in on_path}

    def period(position: int) -> Callable[[tuple], int]:
        return lambda key: problem.months_of[key[position]][0]

    committed = dict.fromkeys(decisions.committed)
    return Decisions(
        blocks=along(decisions.blocks, lambda key: problem.deals[key[0]].signing),
        serve=along(decisions.serve, period(2)),
        unserved=along(decisions.unserved, period(1)),
        beyond=along(decisions.beyond, period(2)),
        committed=list(along(committed, lambda key: problem.commitments[key[0]].signing)),
        covered=along(decisions.covered, lambda key: key[2]),
        sublet=along(decisions.sublet, period(1)),
        late=list(along(dict.fromkeys(decisions.late), period(1))),
        ported=list(along(dict.fromkeys(decisions.ported), lambda key: key[1])),
        rerouted=along(decisions.rerouted, period(3)),
        enforced=decisions.enforced,
    )


def _port_starts(problem: Problem, model: ConcreteModel) -> Iterator[tuple[int, int, int]]:
    """Where a port has begun, and had not in the month before."""
    begun = {key for key, amount in _amounts(model.port_begun) if amount > 0.5}
    for k, month, node in model.port_begun:
        before = k, month - 1, problem.node_in(problem.scenarios_through(node, month)[0], month - 1)
        if (k, month, node) in begun and (month == 0 or before not in begun):
            yield k, month, node


def _covered(problem: Problem, model: ConcreteModel, serve: dict[tuple, float]) -> Iterator[tuple[tuple, float]]:
    """Use drawn from commitments that are paid anyhow, and never more than the use that was read."""
    found = {
        key: amount * MILLION
        for key, amount in _amounts(model.covered)
        if problem.commitments[key[0]].prepaid and amount * MILLION > NOISE * problem.commitments[key[0]].paid.max()
    }
    most: dict[tuple, float] = {}
    for (pool, workload, t, b, node), amount in serve.items():
        s = problem.representative(t, node)
        share = problem.block_share[b] * problem.workloads[workload].mean_share[s, t, b] * amount
        for month in problem.months_of[t] if (pool, workload) in problem.list_cash else []:
            usd = float(share * problem.list_cash[pool, workload][s, month])
            most[pool, month, b, node] = most.get((pool, month, b, node), 0.0) + usd
    drawn: dict[tuple, float] = {}
    for key, usd in found.items():
        drawn[key[1:]] = drawn.get(key[1:], 0.0) + usd
    for key, usd in found.items():
        yield key, usd * min(1.0, most.get(key[1:], 0.0) / drawn[key[1:]])


def _counts(problem: Problem, variables: Any) -> Iterator[tuple[tuple[int, int], int]]:
    for key, amount in _amounts(variables):
        if problem.deals[key[0]].in_force:
            continue
        blocks = round(amount)
        if abs(amount - blocks) > WHOLE:
            raise ValueError(f"the solver left {amount} blocks of {problem.deals[key[0]].offer}; counts are whole")
        if blocks:
            yield key, blocks


def _amounts(variables: Any) -> Iterable[tuple[Any, float]]:
    for key, variable in variables.items():
        if variable.value is None:
            raise ValueError("the model holds no solution: a variable has no value")
        yield key, float(variable.value)


@dataclass(frozen=True)
class Flows:
    """Decisions as arrays, for one future."""

    problem: Problem
    blocks: np.ndarray
    """[deal] blocks, contracts in force included"""
    serve: dict[Pair, np.ndarray]
    """(pool, workload) -> [period, block] accelerators provisioned"""
    unserved: dict[str, np.ndarray]
    """workload -> [period, block] requests/s"""
    beyond: dict[tuple[int, str], np.ndarray]
    """(deal, pool) -> [period] accelerator-hours"""
    committed: list[int] = field(default_factory=list)
    """commitments that are taken"""
    covered: dict[tuple[int, str], np.ndarray] = field(default_factory=dict)
    """(commitment, pool) -> [month, block] USD at list prices"""
    sublet: dict[str, np.ndarray] = field(default_factory=dict)
    """pool -> [period] accelerators let to others"""
    late: list[tuple[str, int]] = field(default_factory=list)
    """(training run, period) where one is late"""
    ported: dict[int, int] = field(default_factory=dict)
    """port -> the month of the horizon in which it begins"""
    stands_by: dict[str, list[int]] = field(default_factory=dict)
    """pool -> contingencies that bind, in which it serves"""

    @cached_property
    def mean_use(self) -> dict[Pair, np.ndarray]:
        """(pool, workload) -> [period] accelerators at work on average: what is paid for."""
        shares = self.problem.block_share
        return {
            pair: (amounts * self.problem.workloads[pair[1]].mean_share[0]) @ shares
            for pair, amounts in self.serve.items()
        }

    @cached_property
    def demand(self) -> dict[str, np.ndarray]:
        """workload -> [period] mean requests/s asked for."""
        return {
            key: (workload.mean_share[0] * workload.provision[0]) @ self.problem.block_share
            for key, workload in self.problem.workloads.items()
        }

    @cached_property
    def refused(self) -> dict[str, np.ndarray]:
        """workload -> [period] mean requests/s left unserved."""
        return {
            key: (self.problem.workloads[key].mean_share[0] * amounts) @ self.problem.block_share
            for key, amounts in self.unserved.items()
        }

    def covered_usd(self, commitment: int, pool: str) -> np.ndarray:
        """[month] USD at list prices drawn from a commitment."""
        amounts = self.covered.get((commitment, pool))
        return np.zeros(len(self.problem.period_of)) if amounts is None else amounts.sum(axis=1)

    def served_by(self, workload: str) -> dict[str, np.ndarray]:
        """pool -> [period] mean requests/s of the workload that it serves; of a training run FLOP/s, before goodput."""
        return {pair[0]: use * self.problem.rate[pair][0] for pair, use in self.mean_use.items() if pair[1] == workload}


def flows(problem: Problem, decisions: Decisions) -> Flows:
    """Decisions as arrays, of a problem with one future."""
    periods, blocks = len(problem.hours), len(problem.block_share)
    count = np.array([deal.max_blocks if deal.in_force else 0 for deal in problem.deals], dtype=int)
    for (deal, _), number in decisions.blocks.items():
        count[deal] = number
    serve: dict[Pair, np.ndarray] = {}
    for (pool, workload, t, b, _), amount in decisions.serve.items():
        serve.setdefault((pool, workload), np.zeros((periods, blocks)))[t, b] = amount
    unserved = {key: np.zeros((periods, blocks)) for key in problem.workloads}
    for (workload, t, b, _), amount in decisions.unserved.items():
        unserved[workload][t, b] = amount
    beyond: dict[tuple[int, str], np.ndarray] = {}
    for (deal, pool, t, _), amount in decisions.beyond.items():
        beyond.setdefault((deal, pool), np.zeros(periods))[t] = amount
    covered: dict[tuple[int, str], np.ndarray] = {}
    for (k, pool, month, b, _), usd in decisions.covered.items():
        covered.setdefault((k, pool), np.zeros((len(problem.period_of), blocks)))[month, b] = usd
    sublet: dict[str, np.ndarray] = {}
    for (pool, t, _), amount in decisions.sublet.items():
        sublet.setdefault(pool, np.zeros(periods))[t] = amount
    committed = [k for k, _ in decisions.committed]
    ported = {k: month for k, month, _ in decisions.ported}
    stands_by: dict[str, list[int]] = {}
    for pool, k in dict.fromkeys((pool, k) for k, pool, *_ in decisions.rerouted if k in decisions.enforced):
        stands_by.setdefault(pool, []).append(k)
    late = [(workload, t) for workload, t, _ in decisions.late]
    return Flows(problem, count, serve, unserved, beyond, committed, covered, sublet, late, ported, stands_by)
