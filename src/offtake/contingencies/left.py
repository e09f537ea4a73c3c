"""What can be there to serve what must be kept: arrays over the variables that decide it, and who could use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array, csr_array

from offtake_models.porting import ready
from offtake_models.resilience import asking_slots
from offtake_models.supply import sources_by_slot

if TYPE_CHECKING:
    from pyomo.core.base.var import VarData
    from pyomo.environ import ConcreteModel

    from offtake_models.problem import Problem

Place = tuple[str, int, int]
"""(pool, period, node)"""
Need = tuple[str, int, int, int]
"""(workload, period, block, node)"""
Slot = tuple[str, str, int, int, int]
"""(pool, workload, period, block, node)"""
Terms = list[tuple[int, "VarData", float]]
"""(row, variable, coefficient)"""


@dataclass(frozen=True)
class Left:
    """Of all contingencies together, before anything is lost. Accelerators are requests/s for an API."""

    places: list[Place]
    needs: list[Need]
    slots: list[Slot]
    """that could serve a need"""
    place_of: np.ndarray
    """[slot]"""
    need_of: np.ndarray
    """[slot]"""
    variables: list[VarData]
    """blocks, what is let, and ports that are begun"""
    most: np.ndarray
    """[variable]"""
    held: csr_array
    """[place, variable] accelerators"""
    given: np.ndarray
    """[place] accelerators that are there whatever is decided"""
    waits: csr_array
    """[slot, variable] 1 for the port that a slot waits for"""
    waiting: np.ndarray
    """[slot] whether it waits for one"""
    breaks: list[tuple[int, int]]
    """variables of a break and of the contract that it ends"""


def left_of(problem: Problem, model: ConcreteModel) -> Left:
    """The arrays of a problem; `model` has its variables, with or without rows of contingencies."""
    needs = list(dict.fromkeys(need for each in problem.contingencies for need in asking_slots(problem, each)))
    row_of = {need: i for i, need in enumerate(needs)}
    ports = {slot: _port(model, problem, slot) for slot in model.serve if slot[1:] in row_of}
    slots = [slot for slot, port in ports.items() if not isinstance(port, float)]  # no port can be done by then
    places = list(dict.fromkeys((pool, t, node) for pool, _, t, _, node in slots))
    place_at = {place: i for i, place in enumerate(places)}
    supply, given = _supply(problem, model, places)
    waits: Terms = [(i, ports[slot], 1.0) for i, slot in enumerate(slots) if ports[slot] is not None]
    variables = list({id(variable): variable for _, variable, _ in supply + waits}.values())
    return Left(
        places,
        needs,
        slots,
        place_of=np.array([place_at[pool, t, node] for pool, _, t, _, node in slots], dtype=int),
        need_of=np.array([row_of[slot[1:]] for slot in slots], dtype=int),
        variables=variables,
        most=np.array([float(variable.ub) for variable in variables]),
        held=_matrix(supply, len(places), variables),
        given=given,
        waits=_matrix(waits, len(slots), variables),
        waiting=np.array([ports[slot] is not None for slot in slots], dtype=bool),
        breaks=_breaks(problem, model, variables),
    )


def _port(model: ConcreteModel, problem: Problem, slot: Slot):
    """The variable that lets a slot serve; None if it waits for none, and 0.0 if none can be done by then."""
    pool, workload, t, _block, node = slot
    return ready(model, problem, (pool, workload), t, problem.representative(t, node))


def _supply(problem: Problem, model: ConcreteModel, places: list[Place]) -> tuple[Terms, np.ndarray]:
    """What is held, less what is let, and what is there anyhow: contracts in force, and what needs no signing."""
    terms, given, sources = [], np.zeros(len(places)), sources_by_slot(problem)
    for i, (pool, t, node) in enumerate(places):
        if pool in problem.elastic_limit:
            given[i] = problem.elastic_limit[pool][problem.representative(t, node), t]
            continue
        for source in sources[pool, t, node]:
            deal = problem.deals[source.deal]
            if deal.in_force:
                given[i] += source.held * deal.max_blocks
            else:
                terms.append((i, model.blocks[source.deal, source.node], source.held))
        if (pool, t, node) in model.sublet:
            terms.append((i, model.sublet[pool, t, node], -1.0))
    return terms, given


def _matrix(terms: Terms, rows: int, variables: list[VarData]) -> csr_array:
    column = {id(variable): i for i, variable in enumerate(variables)}
    at = ([row for row, _, _ in terms], [column[id(variable)] for _, variable, _ in terms])
    return csr_array(coo_array(([number for _, _, number in terms], at), shape=(rows, len(variables)), dtype=float))


def _breaks(problem: Problem, model: ConcreteModel, variables: list[VarData]) -> list[tuple[int, int]]:
    column = {id(variable): i for i, variable in enumerate(variables)}
    found = []
    for (d, node), variable in model.blocks.items():
        deal = problem.deals[d]
        if deal.right != "break" or id(variable) not in column:
            continue
        s = problem.scenarios_through(node, max(deal.signing, 0))[0]
        ended = model.blocks[deal.parent, problem.signed_at(problem.deals[deal.parent], s)]
        if id(ended) in column:
            found.append((column[id(variable)], column[id(ended)]))
    return found
