"""Decisions and the outcome of the solve become the plan document."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from .. import instance as instances
from ..instance.schema import Instance
from . import document, kpis, reasons, tables
from .decisions import Decisions, flows
from .plan import Plan

if TYPE_CHECKING:
    from ..compile import Compiled
    from ..solve import Limits, Outcome


def make_plan(compiled: Compiled, decisions: Decisions, outcome: Outcome, limits: Limits) -> Plan:
    """The plan of a solved problem, not audited yet."""
    flow = flows(compiled.problem, decisions)
    proven = _proven(outcome)
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
            "offers": reasons.offers(compiled, flow, proven["gap"]),
            "kpis": kpis.kpis(compiled, flow),
            "kpi_definitions": {
                name: {"title": entry.title, "unit": entry.unit, "definition": entry.definition}
                for name, entry in kpis.KPI_DEFINITIONS.items()
            },
        }
    )


def _proven(outcome: Outcome) -> dict[str, float]:
    """The bound and the gap. Every line of the cost is 0 or more, so 0 is a bound where the solver has none yet."""
    if outcome.bound is None or outcome.gap is None:
        return {"bound_usd": 0.0, "gap": 1.0}
    return {"bound_usd": outcome.bound, "gap": outcome.gap}


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
    deals = compiled.problem.deals
    return {
        "serve": [[*key, amount] for key, amount in decisions.serve.items()],
        "unserved": [[*key, amount] for key, amount in decisions.unserved.items()],
        "beyond": [
            [deals[d].offer if deals[d].in_force else row_of[d], pool, t, node, hours]
            for (d, pool, t, node), hours in decisions.beyond.items()
        ],
    }


def conventions(compiled: Compiled) -> dict[str, str]:
    """What the figures of a plan rest on, one sentence each."""
    return {
        "discounting": _discounting_words(compiled.instance),
        "terminal": _terminal_words(compiled.instance),
        "throughput": _throughput_words(compiled),
    }


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
        "modelled": "modelled (roofline)",
        "measured": "measured",
        "given": "given in the instance",
        "api": "of token APIs",
    }
    counted = ", ".join(f"{count} {words.get(source, source)}" for source, count in sorted(sources.items()))
    return f"Pairs of pool and workload that can serve: {sum(sources.values())}, with rates {counted}."
