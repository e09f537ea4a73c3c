"""Decisions and the outcome of the solve become the plan document."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from .. import instance as instances
from ..instance.schema import Instance
from . import carbon, document, kpis, ledgers, power, reasons, tables
from .decisions import Decisions, flows
from .plan import Plan

if TYPE_CHECKING:
    from offtake_models.problem import Deal

    from ..compile import Compiled
    from ..solve import Limits, Outcome


def make_plan(compiled: Compiled, decisions: Decisions, outcome: Outcome, limits: Limits) -> Plan:
    """The plan of a solved problem, not audited yet."""
    flow = flows(compiled.problem, decisions)
    proven = _proven(compiled, outcome)
    deals, row_of = tables.deals(compiled, decisions)
    return Plan(
        {
            "format": document.FORMAT,
            "instance": {
                "name": compiled.instance.name,
                "sha256": instances.sha256(compiled.instance),
                "document": instances.to_document(compiled.instance),
            },
            "status": outcome.status,
            "objective_usd": outcome.objective,
            **proven,
            "solver": _solver(outcome, limits),
            "conventions": conventions(compiled),
            "periods": _periods(compiled),
            "deals": deals,
            "decisions": _decisions(compiled, decisions, row_of),
            "capacity": tables.capacity(compiled, flow),
            "service": tables.service(compiled, flow),
            "cash": tables.cash(compiled, flow),
            "obligations": tables.obligations(compiled, flow),
            "cost": tables.cost(compiled, flow),
            "commitments": tables.commitments(compiled, flow),
            "ledgers": ledgers.ledgers(compiled, flow, deals),
            "offers": reasons.offers(compiled, flow, proven["gap"]),
            "kpis": kpis.kpis(compiled, flow),
            "kpi_definitions": {
                name: {"title": entry.title, "unit": entry.unit, "definition": entry.definition}
                for name, entry in kpis.KPI_DEFINITIONS.items()
            },
        }
    )


def _proven(compiled: Compiled, outcome: Outcome) -> dict[str, float]:
    """The bound and the gap. Where the solver has none yet: no plan earns more than all deals that pay at once."""
    if outcome.bound is None or outcome.gap is None:
        bound = sum((_least_charge(deal) for deal in compiled.problem.deals), 0.0)
        distance = (outcome.objective or 0.0) - bound
        return {"bound_usd": bound, "gap": distance / abs(outcome.objective) if outcome.objective else 1.0}
    return {"bound_usd": outcome.bound, "gap": outcome.gap}


def _least_charge(deal: Deal) -> float:
    """The least that a deal can add to the objective: 0 if it costs something, in few blocks and in many."""
    sizes = (deal.min_blocks, deal.max_blocks)
    return min(0.0, *(float((deal.npv_usd * blocks + deal.npv_once_usd).min()) for blocks in sizes))


def _solver(outcome: Outcome, limits: Limits) -> dict[str, Any]:
    return {
        "name": "HiGHS",
        "version": outcome.solver_version,
        "seconds": outcome.seconds,
        "nodes": outcome.nodes,
        "gap_asked": limits.gap,
        "seed": limits.seed,
        "threads": limits.threads,
    }


def _periods(compiled: Compiled) -> list[dict[str, Any]]:
    lengths = Counter(compiled.problem.period_of)
    return [
        {"start": tables.month_name(compiled, compiled.problem.period_of.index(t)), "months": lengths[t]}
        for t in range(len(compiled.problem.hours))
    ]


def _decisions(compiled: Compiled, decisions: Decisions, row_of: dict[int, int]) -> dict[str, list[list[Any]]]:
    deals, promised = compiled.problem.deals, compiled.problem.commitments
    return {
        "serve": [[*key, amount] for key, amount in decisions.serve.items()],
        "unserved": [[*key, amount] for key, amount in decisions.unserved.items()],
        "beyond": [
            [deals[d].offer if deals[d].in_force else row_of[d], pool, t, node, hours]
            for (d, pool, t, node), hours in decisions.beyond.items()
        ],
        "committed": [[promised[k].name, node] for k, node in decisions.committed],
        "covered": [[promised[k].name, *place, usd] for (k, *place), usd in decisions.covered.items()],
    }


def conventions(compiled: Compiled) -> dict[str, str]:
    """What the figures of a plan rest on, one sentence each."""
    return {
        "discounting": _discounting_words(compiled.instance),
        "terminal": _terminal_words(compiled.instance),
        "throughput": _throughput_words(compiled),
        **power.conventions(compiled.instance),
        **carbon.conventions(compiled.instance),
        "leases": ledgers.CAVEAT,
        **({"commitments": _COMMITMENTS} if compiled.instance.commitments else {}),
    }


_COMMITMENTS = (
    "What is paid for good for what is eligible counts toward a spend commitment in the month in which it is paid. An "
    "interval that the horizon cuts counts by its months inside; the months beyond count toward cash and obligations, "
    "and are charged only if whole terms are."
)


def _discounting_words(instance: Instance) -> str:
    terms = instance.finance.discounting
    if terms.rate == 0:
        return "Dollars are not discounted (rate 0)."
    where = {"start": "at the start", "mid": "in the middle", "end": "at the end"}[terms.timing]
    basis = "effective per year" if terms.basis == "effective" else "nominal per year, compounded monthly"
    return (
        f"Dollars are discounted to {instance.horizon.start} at {terms.rate:.4g} ({basis}), as if paid {where} "
        "of their month."
    )


def _terminal_words(instance: Instance) -> str:
    if instance.finance.terminal == "none":
        return "A term that outlives the horizon is charged in full: all of its cash, with no credit for what is left."
    return (
        "A term that outlives the horizon is charged for its share inside: the present value of all of its cash, "
        "times the discounted accelerator-months inside the horizon over those of the whole term. Cash and "
        "obligations keep their real dates."
    )


def _throughput_words(compiled: Compiled) -> str:
    sources = Counter(compiled.rates[pair].source for pair in compiled.problem.rate)
    if not sources:
        return "No offer can serve any workload."
    words = {
        "modelled": f"modelled (software of {compiled.rates.calibrated})",
        "measured": "measured",
        "given": "given in the instance",
        "api": "of token APIs",
    }
    counted = ", ".join(f"{count} {words.get(source, source)}" for source, count in sorted(sources.items()))
    return f"Pairs of pool and workload that can serve: {sum(sources.values())}, with rates {counted}."
