"""Decisions and the outcome of the solve become the plan document."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from .. import instance as instances
from ..instance.schema import Instance
from . import (
    carbon,
    concentration,
    contingencies,
    document,
    futures,
    kpis,
    ledgers,
    ports,
    power,
    reasons,
    reinforcement,
    shed,
    stability,
    tables,
    tails,
    training,
)
from .decisions import Decisions, Flows, flows, of_future
from .plan import Plan
from .value import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from offtake_models.problem import Problem, Workload

    from ..compile import Compiled
    from ..solve import Limits, Outcome


def make_plan(compiled: Compiled, decisions: Decisions, outcome: Outcome, limits: Limits) -> Plan:
    """The plan of a solved problem, not audited yet."""
    proven = _proven(compiled, outcome)
    head = {
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
        "contingencies": contingencies.table(compiled, decisions),
    }
    definitions = {
        name: {"title": entry.title, "unit": entry.unit, "definition": entry.definition}
        for name, entry in kpis.KPI_DEFINITIONS.items()
    }
    sections = _of_futures if compiled.futures else _of_one
    return Plan({**head, **sections(compiled, decisions, proven["gap"]), "kpi_definitions": definitions})


def _of_one(compiled: Compiled, decisions: Decisions, gap: float) -> dict[str, Any]:
    """The sections of a plan for one future."""
    deals, row_of = tables.deals(compiled, decisions)
    rows = {(d, 0): row for d, row in row_of.items()}
    own = {"deals": deals, "decisions": _decisions(compiled, decisions, rows)}
    return {**own, **_tables(compiled, flows(compiled.problem, decisions), deals, gap)}


def _of_futures(compiled: Compiled, decisions: Decisions, gap: float) -> dict[str, Any]:
    """The same for several, side by side."""
    sections, rows, keys = {}, {}, {}
    for s, (name, alone) in enumerate(compiled.futures.items()):
        own = of_future(compiled.problem, decisions, s)
        rows[name], row_of = tables.deals(alone, own)
        sections[name] = _tables(alone, flows(alone.problem, own), rows[name], gap)
        keys[name] = [(d, compiled.problem.signed_at(compiled.problem.deals[d], s)) for d in row_of]
    deals, row_of = futures.joined_deals(compiled, rows, keys)
    own = {"deals": deals, "decisions": _decisions(compiled, decisions, row_of)}
    both = futures.joined(compiled, sections, {name: floor(alone) for name, alone in compiled.futures.items()})
    weighed = compiled.instance.policy.risk is not None
    return {**own, **both, **({"risk": futures.risk(compiled.instance, both["futures"])} if weighed else {})}


def _tables(compiled: Compiled, flow: Flows, deals: list[dict[str, Any]], gap: float) -> dict[str, Any]:
    """What follows from the decisions of one future."""
    return {
        "capacity": tables.capacity(compiled, flow),
        "service": tables.service(compiled, flow),
        "cash": tables.cash(compiled, flow),
        "obligations": tables.obligations(compiled, flow),
        "cost": tables.cost(compiled, flow),
        "shed": shed.shed(compiled, flow),
        "commitments": tables.commitments(compiled, flow),
        "ports": ports.table(compiled, flow),
        "training": training.table(compiled, flow),
        "rollouts": reinforcement.table(compiled, flow),
        "tails": tails.tails(compiled, flow),
        "ledgers": ledgers.ledgers(compiled, flow, deals),
        "offers": reasons.offers(compiled, flow, gap),
        "kpis": kpis.kpis(compiled, flow),
    }


def _proven(compiled: Compiled, outcome: Outcome) -> dict[str, float]:
    """The bound and the gap. Where the solver has none yet: no plan earns more than all deals that pay at once."""
    if outcome.bound is None or outcome.gap is None:
        bound, risk = floor(compiled), compiled.problem.risk
        if risk is not None:  # neither the mean nor the dearest cost less than the least
            bound *= risk.mean_weight + risk.weight
        distance = (outcome.objective or 0.0) - bound
        return {"bound_usd": bound, "gap": distance / abs(outcome.objective) if outcome.objective else 1.0}
    return {"bound_usd": outcome.bound, "gap": outcome.gap}


def floor(compiled: Compiled) -> float:
    """What no plan costs less than, without any solve: all deals that pay, at once, all that may be let, all value."""
    problem = compiled.problem
    months = range(len(problem.period_of))
    let = sum(
        problem.sublet_most[pool] * float(max(usd[s] @ problem.discount[list(months)] for s in problem.scenarios))
        for pool, usd in problem.sublet_usd.items()
    )
    value = sum(_most_value(problem, workload) for workload in problem.workloads.values())
    charges = (_least_charge(problem, d) for d, deal in enumerate(problem.deals) if deal.right != "break")
    return sum(charges, 0.0) - let - value


def _most_value(problem: Problem, workload: Workload) -> float:
    """Expected value of all requests of a workload, each in the period in which it is worth most."""
    if workload.value_usd is None:
        return 0.0
    mean = (workload.provision * workload.mean_share) @ problem.block_share
    requests = SECONDS_PER_HOUR * mean @ problem.hours
    return float(sum(problem.probability[s] * requests[s] * workload.value_usd[s].max() for s in problem.scenarios))


def _least_charge(problem: Problem, d: int) -> float:
    """The least that a deal with its breaks can add to the objective: 0 if it costs something, in few blocks and in
    many. A contract in force costs nothing, but leaving it may save."""
    deal, breaks = problem.deals[d], problem.followers.get((d, "break"), [])
    saved = min((float(problem.deals[b].npv_usd.min()) for b in breaks), default=0.0)
    if deal.in_force:
        return min(0.0, saved) * deal.max_blocks
    sizes = (deal.min_blocks, deal.max_blocks)
    charges = ((deal.npv_usd * blocks + deal.npv_once_usd).min() + min(0.0, saved) * blocks for blocks in sizes)
    return min(0.0, *(float(charge) for charge in charges))


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


def _decisions(
    compiled: Compiled, decisions: Decisions, row_of: dict[tuple[int, int], int]
) -> dict[str, list[list[Any]]]:
    """Rows in the order of `document.DECISIONS`. `row_of`: (deal, node) -> its row in the table of deals."""
    problem, deals, promised = compiled.problem, compiled.problem.deals, compiled.problem.commitments

    def signed_at(d: int, t: int, node: int) -> int:
        return problem.signed_at(deals[d], problem.representative(t, node))

    return {
        "serve": [[*key, amount] for key, amount in decisions.serve.items()],
        "unserved": [[*key, amount] for key, amount in decisions.unserved.items()],
        "beyond": [
            [deals[d].offer if deals[d].in_force else row_of[d, signed_at(d, t, node)], pool, t, node, hours]
            for (d, pool, t, node), hours in decisions.beyond.items()
        ],
        "committed": [[promised[k].name, node] for k, node in decisions.committed],
        "covered": [[promised[k].name, *place, usd] for (k, *place), usd in decisions.covered.items()],
        "sublet": [[*key, amount] for key, amount in decisions.sublet.items()],
        "late": [list(key) for key in decisions.late],
        "rerouted": [
            [problem.contingencies[k].name, *place, amount] for (k, *place), amount in decisions.rerouted.items()
        ],
        "ported": [[problem.ports[k].model, problem.ports[k].family, *place] for k, *place in decisions.ported],
    }


def conventions(compiled: Compiled) -> dict[str, str]:
    """What the figures of a plan rest on, one sentence each."""
    return {
        "discounting": _discounting_words(compiled.instance),
        "terminal": _terminal_words(compiled.instance),
        "throughput": _throughput_words(compiled),
        **power.conventions(compiled.instance),
        **carbon.conventions(compiled.instance),
        **concentration.conventions(compiled.instance),
        **stability.conventions(compiled.instance),
        **training.conventions(compiled.instance),
        **reinforcement.conventions(compiled.instance),
        "leases": ledgers.CAVEAT,
        **({"value": _VALUE} if _has_value(compiled.problem) else {}),
        **shed.conventions(compiled),
        **({"commitments": _COMMITMENTS} if compiled.instance.commitments else {}),
        **({"ports": ports.CONVENTION} if compiled.problem.ports else {}),
        **({"futures": _FUTURES} if compiled.futures else {}),
        **({"risk": _risk(compiled)} if compiled.problem.risk is not None else {}),
    }


_FUTURES = (
    "Cost and bound are expected over the scenarios. What is decided before two of them part is the same in both; a "
    "deal stands once for each group of scenarios in which it is signed, and its fees are expected, given that group."
)


def _risk(compiled: Compiled) -> str:
    risk = compiled.problem.risk
    return (
        f"The objective is {risk.mean_weight:g} times the expected cost and {risk.weight:g} times the mean cost of the "
        f"dearest {1 - risk.level:.4g} of the futures, by probability (CVaR). The cost table and all other figures are "
        "of the futures themselves."
    )


_VALUE = (
    "The value of the requests served is taken off the cost, so that the least cost is the largest margin. A request "
    "of a workload with a value may be left unserved: its value is forgone, and its penalty, if one is stated, is "
    "paid. Value counts on the mean load, of batch work where it is done; it is no cash."
)


def _has_value(problem: Problem) -> bool:
    return any(workload.value_usd is not None for workload in problem.workloads.values())


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
    if instance.finance.terminal == "market":
        return (
            "A term that outlives the horizon is charged in full, less what its capacity is worth after the horizon: "
            f"{instance.finance.salvage_fraction:.4g} of the forward curve, discounted. Cash and obligations keep "
            "their real dates."
        )
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
