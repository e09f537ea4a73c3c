"""What contracts in force cost inside the horizon, whatever is decided.

The fixed payments that the service of each month of the horizon uses up, whenever they are paid, and the price on its
emissions, as if nothing of the contract were broken off: what a break saves is decided, and in the objective. Present
values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import economics
from .decisions import Flows
from .ledgers.holdings import kept

if TYPE_CHECKING:
    from ..compile import Compiled


def by_contract(compiled: Compiled, flows: Flows) -> dict[str, float]:
    """Contract in force -> discounted USD."""
    problem = compiled.problem
    months = len(problem.period_of)
    discount, price = problem.discount[:months], problem.carbon_usd_per_tonne
    found = {holding.key: float(holding.effective[:months] @ discount) for holding in kept(compiled, flows)}
    for deal, blocks in zip(problem.deals, flows.blocks, strict=True):
        if deal.in_force and blocks:
            found[deal.offer] += float(blocks * price * deal.carbon_tonnes[0] @ discount)
    return found


def by_workload(compiled: Compiled, flows: Flows) -> dict[str, float]:
    """The same, split by accelerator-hours at work on each contract; what stands idle throughout is nobody's."""
    found = dict.fromkeys(compiled.problem.workloads, 0.0)
    for contract, usd in by_contract(compiled, flows).items():
        hours = economics.hours_by_workload(compiled, flows, contract)
        for workload, used in hours.items():
            found[workload] += usd * used / sum(hours.values())
    return found
