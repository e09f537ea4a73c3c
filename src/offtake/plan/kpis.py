"""Key figures of a plan: one table of definitions, read by the code, the plan file and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..dollars import usd
from ..instance.pools import Pool, pools, supplies
from ..instance.workloads import runs, served
from . import carbon, commitments, concentration, economics, ledgers, margin, power, stability, tables
from .decisions import Flows
from .ledgers.owed import HALF_A_CENT

if TYPE_CHECKING:
    from ..compile import Compiled


@dataclass(frozen=True)
class KpiDefinition:
    """What a figure is called, its unit, and exactly what it says."""

    title: str
    unit: str
    """USD, USD/1M tokens, share, accelerators, factor, MW, tonnes, months, index, groups, deals, month or name"""
    definition: str
    expected: bool = False
    """whether its mean over several futures, weighted with their probabilities, says something: dollars, tonnes"""


KPI_DEFINITIONS: dict[str, KpiDefinition] = {
    "cost_usd": KpiDefinition(
        "Cost",
        "USD",
        "present value of what the plan decides: contracts by the terminal rule, use, penalties for requests "
        "left unserved, and the price on carbon, less the value of the requests served; contracts already in force are "
        "sunk and not in it",
        expected=True,
    ),
    "cost_without_credits_usd": KpiDefinition(
        "Cost without credits",
        "USD",
        "cost if the cash that comes in when contracts are signed did not, charged by the terminal rule; none if no "
        "deal of the plan brings any",
        expected=True,
    ),
    "sublease_income_usd": KpiDefinition(
        "Income from subletting",
        "USD",
        "present value of what capacity that nobody needs brings from others; in the cost; none if nothing may be let",
        expected=True,
    ),
    "tail_value_usd": KpiDefinition(
        "Worth after the horizon",
        "USD",
        "present value of the capacity that deals hold after the horizon, at the share of the forward curve that "
        "counts; in the cost; none unless the terminal rule is the market",
        expected=True,
    ),
    "value_usd": KpiDefinition(
        "Value of what is served",
        "USD",
        "present value of the requests served at the value that their workload states; in the cost, not in cash; none "
        "if no workload states one",
        expected=True,
    ),
    "value_usd_by_workload": KpiDefinition("Value by workload", "USD", "the same by workload that states one"),
    "effective_margin": KpiDefinition(
        "Effective margin",
        "share",
        "(value - compute cost) / value, present values: the compute cost is the cost without penalties and value, of "
        "all workloads and idle hours included, and what the service of contracts in force costs in the months of the "
        "horizon, whenever it is paid, with the price on its emissions; none if nothing brings any value",
    ),
    "effective_margin_by_workload": KpiDefinition(
        "Effective margin by workload",
        "share",
        "the same by workload that brings value, its compute cost split as the levelised cost by workload is, and that "
        "of a contract in force by accelerator-hours at work on it",
    ),
    "decided_margin": KpiDefinition(
        "Margin of what is still to be decided",
        "share",
        "the effective margin without the cost of contracts in force, which are sunk; none if none costs anything",
    ),
    "decided_margin_by_workload": KpiDefinition(
        "Margin of what is still to be decided by workload", "share", "the same by workload that brings value"
    ),
    "npv_cash_usd": KpiDefinition(
        "Present value of all cash",
        "USD",
        "every payment at its real date, contracts in force and payments after the horizon included; no penalties",
        expected=True,
    ),
    "cash_in_horizon_usd": KpiDefinition(
        "Cash in the horizon",
        "USD",
        "undiscounted payments dated inside the horizon, contracts in force included",
        expected=True,
    ),
    "usd_per_million_tokens": KpiDefinition(
        "Levelised cost",
        "USD/1M tokens",
        "cost without penalties and value, over the discounted tokens served (input + output x reasoning multiplier); "
        "what contracts in force serve is counted, what they cost is sunk; none where training runs share the capacity",
    ),
    "usd_per_million_tokens_by_workload": KpiDefinition(
        "Levelised cost by workload",
        "USD/1M tokens",
        "the same by workload: the charge of an offer, idle hours included and less what subletting brings, is split "
        "by accelerator-hours at work; of a training run, over the tokens that it learns from",
    ),
    "share_served": KpiDefinition(
        "Requests served", "share", "mean requests served over mean requests asked for, all workloads, whole horizon"
    ),
    "utilisation": KpiDefinition(
        "Utilisation of what is held",
        "share",
        "accelerator-hours at work on the mean load over accelerator-hours delivered under contract; what is let to "
        "others is not at work",
    ),
    "utilisation_at_peak": KpiDefinition(
        "Utilisation at peak",
        "share",
        "accelerators provisioned in the busiest block of the day (burst and headroom included) over accelerators "
        "held under contract, mean over the horizon by hours",
    ),
    "accelerators_peak": KpiDefinition(
        "Most accelerators",
        "accelerators",
        "usable accelerators held plus elastic accelerators provisioned, in the largest month",
    ),
    "accelerators_peak_month": KpiDefinition("Month of most accelerators", "month", "the first month that reaches it"),
    "peak_obligations_usd": KpiDefinition(
        "Peak obligations",
        "USD",
        "undiscounted fixed payments still owed, at the worst month end, contracts in force included",
    ),
    "peak_obligations_month": KpiDefinition("Month of peak obligations", "month", "the first month that reaches it"),
    "power_mw_peak": KpiDefinition(
        "Most power",
        "MW",
        "megawatts of the deals and contracts in force in service, after their ramps, in the largest month of the "
        "horizon; elastic capacity and token services have no megawatts",
    ),
    "power_mw_peak_month": KpiDefinition("Month of most power", "month", "the first month that reaches it"),
    "carbon_tonnes": KpiDefinition(
        "Emissions",
        "tonnes",
        "CO2 in the horizon, by the carbon intensities of the instance: of deals and contracts in force in service, at "
        "work or idle, and of elastic accelerators at work; that of token services is not known and not in it; none "
        "if an intensity is missing",
        expected=True,
    ),
    "carbon_tonnes_by_year": KpiDefinition("Emissions by year", "tonnes", "the same by calendar year"),
    "carbon_cost_usd": KpiDefinition(
        "Price on emissions",
        "USD",
        "present value of the price that the instance puts on CO2; in the cost, not in cash",
        expected=True,
    ),
    "largest_provider_share_mw": KpiDefinition(
        "Largest provider by power",
        "share",
        "the largest share of one provider in the megawatts in service, after their ramps, over the months of the "
        "horizon; elastic capacity and token services have no megawatts",
    ),
    "largest_provider_mw": KpiDefinition("Who has the most power", "name", "the provider with that share"),
    "largest_provider_mw_month": KpiDefinition("Month of that share", "month", "the first month with that share"),
    "largest_provider_share_spend": KpiDefinition(
        "Largest provider by spend",
        "share",
        "the largest share of one provider in the undiscounted payments inside the horizon",
    ),
    "largest_provider_spend": KpiDefinition("Who gets the most spend", "name", "the provider with that share"),
    "group_share_mw": KpiDefinition(
        "Largest shares of power",
        "share",
        "by group of providers: its largest share of the megawatts of deals and contracts in force in service, in any "
        "month that the policy counts; none if it limits no such share",
    ),
    "group_share_spend": KpiDefinition(
        "Shares of spend",
        "share",
        "by group of providers: its share of what sellers are paid for good inside the horizon, undiscounted, in the "
        "months that the policy counts (less credits; no deposits, letters of credit and energy paid apart); none if "
        "it limits no such share",
    ),
    "group_share_served": KpiDefinition(
        "Largest shares of service",
        "share",
        "by group of providers: its largest share of the mean requests served, of all workloads, in any period that "
        "the policy counts; none if it limits no such share",
    ),
    "family_share_mw": KpiDefinition(
        "Largest shares of families",
        "share",
        "by accelerator family that the policy limits: its largest share of the megawatts in service, in any month "
        "that counts; those of a block of several accelerators are shared by number and all-in power",
    ),
    "groups_in_service_least": KpiDefinition(
        "Fewest providers in service",
        "groups",
        "groups of providers with capacity in service, in the month with the fewest that the policy counts; none if it "
        "asks for no number",
    ),
    "plan_changes": KpiDefinition(
        "Changes of the earlier plan",
        "deals",
        "deals (offer, start and months) of which other blocks are signed than in the earlier plan of the policy, or "
        "that it does not have; none without one",
    ),
    "obligations_to_debt": KpiDefinition(
        "Obligations to debt", "share", "peak obligations over the debt that the instance states"
    ),
    "lock_in_months": KpiDefinition(
        "Lock-in",
        "months",
        "months to the end of each term, or to the earliest end by notice where that is cheaper, weighted by the "
        "dollars owed, at the month of peak obligations",
    ),
    "effective_savings_rate": KpiDefinition(
        "Effective savings rate",
        "share",
        "(on-demand equivalent - effective cost) / on-demand equivalent, in the horizon, undiscounted: every "
        "accelerator-hour used at the cheapest on-demand offer of its accelerator in that month; what subletting "
        "brings is less cost; none if no accelerator in use is sold on demand",
    ),
    "effective_savings_coverage": KpiDefinition(
        "Covered by that rate",
        "share",
        "share of the accelerator-hours used that the effective savings rate covers: those with an on-demand price",
    ),
    "herfindahl_mw": KpiDefinition(
        "Concentration of power",
        "index",
        "Herfindahl index over groups of providers, by megawatt-months under contract and in service in the horizon: "
        "the sum of squared shares, 1 if all is with one group",
    ),
    "herfindahl_spend": KpiDefinition(
        "Concentration of spend", "index", "Herfindahl index by undiscounted payments inside the horizon"
    ),
    "commitments_used": KpiDefinition(
        "Commitments used",
        "share",
        "what counts toward spend commitments (at discounted rates where use is drawn from them) over what they "
        "promise inside the horizon; more than promised counts as promised",
    ),
    "safety_by_workload": KpiDefinition(
        "Safety in all",
        "factor",
        "how many times over its mean load a workload is provisioned: peak_to_mean x headroom / availability, the "
        "availability that of the supply that serves it, weighted by requests served",
    ),
}


def kpis(compiled: Compiled, flows: Flows) -> dict[str, Any]:
    """Values by the names of KPI_DEFINITIONS, in its order; a figure that has no meaning here is None."""
    cash = tables.cash_vectors(compiled, flows)
    lines = {row["line"]: row["usd"] for row in tables.cost(compiled, flows)}
    cost, credits = sum(lines.values()), _credits(compiled, flows)
    market = compiled.instance.finance.terminal == "market"
    figures = {
        "cost_usd": cost,
        "cost_without_credits_usd": cost + credits if credits else None,
        "sublease_income_usd": 0.0 - lines["sublease"] if compiled.problem.sublet_usd else None,
        "tail_value_usd": 0.0 - lines["tail_value"] if market else None,
        **_money(compiled, cash),
        **margin.figures(compiled, flows),
        **_service(compiled, flows),
        **_capacity(compiled, flows),
        **_obligations(compiled, flows),
        **power.figures(compiled, flows),
        **carbon.figures(compiled, flows),
        **_providers(compiled, flows, cash),
        **concentration.figures(compiled, flows),
        **stability.figures(flows),
        **ledgers.figures(compiled, flows),
        "commitments_used": commitments.used_share(tables.commitments(compiled, flows)),
        "usd_per_million_tokens_by_workload": economics.price_by_workload(compiled, flows),
        "safety_by_workload": {key: _safety(compiled, flows, key) for key in served(compiled.instance)},
    }
    return {name: figures[name] for name in KPI_DEFINITIONS}


def shown(name: str, values: dict[str, Any]) -> str:
    """A figure as text with its unit."""
    return in_unit(values[name], KPI_DEFINITIONS[name].unit)


def in_unit(value: Any, unit: str) -> str:
    """A value as text with one of the units of KPI_DEFINITIONS; a dash for none."""
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {in_unit(entry, unit)}" for key, entry in value.items())
    if unit == "USD":
        return usd(value)
    if unit == "USD/1M tokens":
        return f"{usd(value)} per million tokens"
    if unit in ("MW", "tonnes"):
        return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
    formats = {
        "share": "{:.1%}",
        "accelerators": "{:,.0f}",
        "tonnes": "{:,.0f} t",
        "factor": "{:.3g}x",
        "months": "{:,.1f} months",
        "index": "{:.3f}",
        "groups": "{:,.0f}",
        "deals": "{:,.0f}",
    }
    return formats.get(unit, "{}").format(value)


def _credits(compiled: Compiled, flows: Flows) -> float:
    """What the objective gains from cash that comes in at signings."""
    gained = 0.0
    for column, charged, blocks in zip(compiled.columns, compiled.charged, flows.blocks, strict=True):
        if blocks and "credits" in column.once_lines:
            gained -= charged * float(column.once_lines["credits"] @ compiled.problem.discount)
    return gained


def _money(compiled: Compiled, cash: dict[tuple[str, str], np.ndarray]) -> dict[str, Any]:
    problem = compiled.problem
    total = sum(cash.values(), np.zeros(len(problem.discount)))
    return {
        "npv_cash_usd": float(total @ problem.discount),
        "cash_in_horizon_usd": float(total[: len(problem.period_of)].sum()),
    }


def _service(compiled: Compiled, flows: Flows) -> dict[str, Any]:
    problem = compiled.problem
    asked = sum(float(flows.demand[key] @ problem.hours) for key in problem.workloads)
    refused = sum(float(flows.refused[key] @ problem.hours) for key in problem.workloads)
    counted = {} if runs(compiled.instance) else problem.workloads
    tokens = sum(economics.discounted_tokens(compiled, key, flows.demand[key] - flows.refused[key]) for key in counted)
    paid = margin.compute_cost(tables.cost(compiled, flows))
    return {
        "share_served": 1 - refused / asked if asked else None,
        "usd_per_million_tokens": paid / tokens * 1e6 if tokens > 0 else None,
    }


def _capacity(compiled: Compiled, flows: Flows) -> dict[str, Any]:
    problem = compiled.problem
    held = tables.held_by_pool(compiled, flows)
    bought = [pool for pool in pools(compiled.instance) if pool.id not in problem.elastic_limit]
    delivered = sum(float(held[pool.id] @ problem.month_hours) for pool in bought)
    used = sum(float(tables.used_by_pool(flows, pool)[0] @ problem.hours) for pool in bought)
    busiest = float(_provisioned(flows, bought).max(axis=1) @ problem.hours)
    total = sum(held.values(), np.zeros(len(problem.period_of)))
    for pool in pools(compiled.instance):
        if pool.id in problem.elastic_limit and pool.accelerator is not None:
            total += tables.used_by_pool(flows, pool)[1][problem.period_of]
    largest = int(total.argmax())
    return {
        "utilisation": used / delivered if delivered else None,
        "utilisation_at_peak": busiest / delivered if delivered else None,
        "accelerators_peak": float(total[largest]),
        "accelerators_peak_month": tables.month_name(compiled, largest) if total[largest] else None,
    }


def _provisioned(flows: Flows, chosen: list[Pool]) -> np.ndarray:
    """Accelerators provisioned in some pools together, [period, block]."""
    ids = [pool.id for pool in chosen]
    zeros = np.zeros((len(flows.problem.hours), len(flows.problem.block_share)))
    return sum((x for pair, x in flows.serve.items() if pair[0] in ids), zeros)


def _obligations(compiled: Compiled, flows: Flows) -> dict[str, Any]:
    owed = tables.owed_by_month(compiled, flows)
    worst = int(owed.argmax())
    return {
        "peak_obligations_usd": float(owed[worst]),
        "peak_obligations_month": tables.month_name(compiled, worst) if owed[worst] > HALF_A_CENT else None,
    }


def _providers(compiled: Compiled, flows: Flows, cash: dict[tuple[str, str], np.ndarray]) -> dict[str, Any]:
    instance, months = compiled.instance, len(compiled.problem.period_of)
    sellers = {**supplies(instance), **instance.commitments}
    provider_of = {key: seller.provider for key, seller in sellers.items()}
    spend = dict.fromkeys(provider_of.values(), 0.0)
    for (line, offer), paid in cash.items():
        if line == "ports":
            continue
        spend[provider_of[offer]] += float(paid[:months].sum())
    by_power = _largest_month(power.by_provider(compiled, flows))
    by_spend = max(spend, key=lambda provider: spend[provider], default=None)
    total = sum(spend.values())
    return {
        "largest_provider_share_mw": by_power[0] if by_power else None,
        "largest_provider_mw": by_power[1] if by_power else None,
        "largest_provider_mw_month": tables.month_name(compiled, by_power[2]) if by_power else None,
        "largest_provider_share_spend": spend[by_spend] / total if total > HALF_A_CENT else None,
        "largest_provider_spend": by_spend if total > HALF_A_CENT else None,
    }


def _largest_month(by_provider: dict[str, np.ndarray]) -> tuple[float, str, int] | None:
    """(share, provider, month) of the largest share in any month; None if nothing is held."""
    total = sum(by_provider.values())
    found = [
        (float(values[m] / total[m]), provider, m)
        for provider, values in by_provider.items()
        for m in np.flatnonzero(total)
    ]
    return max(found, key=lambda entry: (entry[0], -entry[2]), default=None)


def _safety(compiled: Compiled, flows: Flows, key: str) -> float:
    workload = compiled.instance.workloads[key]
    supply_of = {pool.id: supplies(compiled.instance)[pool.supply] for pool in pools(compiled.instance)}
    served = {pool: float(rate @ flows.problem.hours) for pool, rate in flows.served_by(key).items()}
    total = sum(served.values())
    available = sum(supply_of[pool].availability * amount for pool, amount in served.items()) / total if total else 1.0
    return float(workload.demand.peak_to_mean * workload.headroom / available)
