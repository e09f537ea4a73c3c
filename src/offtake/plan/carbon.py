"""Emissions of a plan: tonnes of CO2 by month, and the price that the instance puts on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..instance.pools import pools, supplies
from .decisions import Flows

if TYPE_CHECKING:
    from ..compile import Compiled
    from ..instance.schema import Instance


def charge(compiled: Compiled, flows: Flows) -> float:
    """What emissions cost the objective, discounted; those of contracts in force are sunk."""
    problem = compiled.problem
    deals = zip(problem.deals, flows.blocks, strict=True)
    signed = sum(float(blocks * deal.carbon_usd[0]) for deal, blocks in deals)
    elastic = problem.carbon_usd_per_tonne * _elastic_tonnes(flows)
    return signed + float(elastic @ problem.discount[: len(elastic)])


def figures(compiled: Compiled, flows: Flows) -> dict[str, Any]:
    """Key figures; none of the tonnes where a region in use has no intensity."""
    priced = compiled.problem.carbon_usd_per_tonne > 0
    cost = {"carbon_cost_usd": charge(compiled, flows) if priced else None}
    if not _known(compiled, flows):
        return {"carbon_tonnes": None, "carbon_tonnes_by_year": None, **cost}
    by_month = tonnes(compiled, flows)
    years = [(compiled.instance.horizon.start + m).year for m in range(len(by_month))]
    by_year = {str(year): float(by_month[np.array(years) == year].sum()) for year in dict.fromkeys(years)}
    return {"carbon_tonnes": float(by_month.sum()), "carbon_tonnes_by_year": by_year, **cost}


def tonnes(compiled: Compiled, flows: Flows) -> np.ndarray:
    """[month of the horizon] CO2 of deals and contracts in force in service, and of elastic use."""
    total = _elastic_tonnes(flows)
    for deal, blocks in zip(compiled.problem.deals, flows.blocks, strict=True):
        total += blocks * deal.carbon_tonnes[0]
    return total


def _elastic_tonnes(flows: Flows) -> np.ndarray:
    problem = flows.problem
    total = np.zeros(len(problem.period_of))
    for pair, use in flows.mean_use.items():
        if pair in problem.use_carbon:
            total += problem.use_carbon[pair][0] * use[problem.period_of]
    return total


def _known(compiled: Compiled, flows: Flows) -> bool:
    """Whether every region in which the plan draws power has an intensity, and some region has one."""
    instance, problem = compiled.instance, compiled.problem
    used = {deal.offer for deal, blocks in zip(problem.deals, flows.blocks, strict=True) if blocks}
    used |= {pool.supply for pool in pools(instance) if pool.accelerator and any(pool.id == p for p, _ in flows.serve)}
    stated = {key for key, region in instance.regions.items() if region.carbon_kg_per_kwh is not None}
    return bool(stated) and all(supplies(instance)[key].region in stated for key in used)


def conventions(instance: Instance) -> dict[str, str]:
    """What the tonnes rest on, in words, where the instance limits or prices them."""
    policy = instance.policy
    if not policy.carbon_tonnes_max and not policy.carbon_usd_per_tonne:
        return {}
    said = (
        "Emissions are the energy of deals and contracts in force in service, at work or idle, and of elastic "
        "accelerators at work on the mean load, times the carbon intensity of their region. Those of token services "
        "are not known and not counted; months after the horizon do not count."
    )
    if policy.carbon_usd_per_tonne:
        said += (
            f" Their price of {policy.carbon_usd_per_tonne:,.6g} USD a tonne is a shadow price: it is in the cost, not "
            "in the cash. Contracts in force are sunk and not charged."
        )
    return {"carbon": said}
