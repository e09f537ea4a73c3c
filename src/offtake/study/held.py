"""What a plan costs in another world: its signings are held, dispatch and money are decided anew.

Held are the blocks of every deal, follow-ons included, and the commitments taken. Of a plan for one future the same is
signed in every future of the world, since nothing of them was known; a plan for several can only be held where the same
futures part in the same months.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..instance import scenarios
from ..instance.workloads import served
from .signings import Signings, signings
from .wording import listed, plural

if TYPE_CHECKING:
    from pyomo.environ import ConcreteModel

    from ..compile import Compiled
    from ..instance import Instance
    from ..plan import Plan

Row = dict[str, Any]

SHORT_USD_PER_REQUEST = 10.0
"""penalty that is put on what must be served, to see how much of it cannot be: far above what a request costs"""
ALL_SERVED = 1 - 1e-6
NO_CAPS: Row = {"budget_usd": {}, "funding_usd": {}, "cash_min_usd": 0.0, "obligations_max_usd": None}
"""finance without a limit on money"""


class NotHeld(Exception):
    """The signings of a plan are no plan of the world; the message is a sentence for the user."""


def hold(plan: Plan, world: Instance, **limits: Any) -> Plan:
    """The best plan of the world with the signings of a plan. `limits`: those of `offtake.solve`.

    Raises NotHeld, with what lacks, where they cannot be signed there or do not suffice; NoPlan at a limit.
    """
    from ..engine import NoPlan

    try:
        return _held(plan, world, limits)
    except NoPlan as error:
        if error.outcome.status != "infeasible":
            raise
    lacking = _lacking(plan, world, limits)
    raise NotHeld(f"the signings of {plan.name!r} do not suffice in the other world: {lacking}")


def _held(plan: Plan, world: Instance, limits: dict[str, Any]) -> Plan:
    """Raises NoPlan, NotHeld."""
    from .. import engine
    from ..compile import compile_instance

    model = engine.build_model(world)
    fix(model, compile_instance(world), plan)
    return engine.solve(world, model=model, **limits)


def fix(model: ConcreteModel, compiled: Compiled, plan: Plan) -> None:
    """Leave nothing to sign in the model of a world. Raises NotHeld."""
    try:
        fix_deals(model, compiled, _signings(plan, compiled))
    except LookupError as error:
        raise NotHeld(f"{plan.name!r} cannot be signed in the other world: {error.args[0]}") from None
    _fix_commitments(model, compiled, plan)


def _signings(plan: Plan, compiled: Compiled) -> Signings:
    """Those of the plan, in the futures of the world. Raises LookupError, with a sentence."""
    signed = signings(compiled, plan.to_document()["deals"])
    if _same_futures(plan, compiled):
        return signed
    if len(scenarios.names(plan.instance)) > 1:
        raise LookupError("it decides by futures, and the futures of that world are others")
    problem = compiled.problem
    return {(d, node): blocks for (d, _), blocks in signed.items() for node in problem.signing_nodes(problem.deals[d])}


def fix_deals(model: ConcreteModel, compiled: Compiled, signed: Signings) -> None:
    """Sign these deals in the model and no others. Raises LookupError, with a sentence, for what a seller has lost or
    withdrawn by then."""
    for (d, node), blocks in model.blocks.items():
        deal, number = compiled.problem.deals[d], signed.get((d, node), 0)
        if deal.in_force:
            continue
        if number > blocks.ub:
            column = compiled.columns[d]
            raise LookupError(f"{deal.offer} cannot be signed in {column.signing}, when its seller sells no more")
        blocks.fix(number)
        if (d, node) in model.signed:
            model.signed[d, node].fix(min(number, 1))


def _fix_commitments(model: ConcreteModel, compiled: Compiled, plan: Plan) -> None:
    """Taken are those that the plan takes, and those that must be."""
    taken = [tuple(each) for each in plan.to_document()["decisions"].get("committed", [])]
    by_node = _same_futures(plan, compiled)
    for (k, node), variable in model.committed.items():
        commitment = compiled.problem.commitments[k]
        held = (commitment.name, node) in taken if by_node else commitment.name in dict(taken)
        variable.fix(int(commitment.mandatory or held))


def _same_futures(plan: Plan, compiled: Compiled) -> bool:
    """Whether the plan decides by the futures of the world."""
    return scenarios.node_of(plan.instance) == scenarios.node_of(compiled.instance)


def _lacking(plan: Plan, world: Instance, limits: dict[str, Any]) -> str:
    """What cannot be served, whatever it costs; if nothing is, the rules that clash with the signings."""
    from ..compile import compile_instance
    from ..engine import NoPlan
    from .infeasible import clashing

    relaxed = {
        key: workload.model_copy(update={"unserved_usd_per_request": SHORT_USD_PER_REQUEST})
        for key, workload in served(world).items()
        if workload.unserved_usd_per_request is None and workload.value_usd_per_request is None
    }
    with_money = world.finance.model_copy(update=NO_CAPS)
    update = {"workloads": {**world.workloads, **relaxed}, "finance": with_money}
    rows: list[Row] = []
    try:
        service = _held(plan, world.model_copy(update=update), limits).to_document()["service"]
        rows = [row for row in service if row["served_share"] < ALL_SERVED]
    except NoPlan:
        pass  # no service mends it
    if rows:
        by_workload = {key: [row for row in rows if row["workload"] == key] for key in relaxed}
        return "; ".join(_short(key, months) for key, months in by_workload.items() if months) + "."
    compiled = compile_instance(world)
    clash = clashing(compiled, lambda model: fix(model, compiled, plan))
    said = [rule.sentence for rule in clash.rules]
    return f"with them there cannot hold {listed(said)}." if said else "its deals cannot all be signed there."


def _short(workload: str, rows: list[Row]) -> str:
    """In which months a workload is not served in full, and how much of it is in the worst."""
    worst = min(rows, key=lambda row: row["served_share"])
    missing = worst["mean_requests_per_s"] * (1 - worst["served_share"])
    months = plural(len({row["month"] for row in rows}), "month")
    return (
        f"{workload} lacks {missing:,.4g} of {worst['mean_requests_per_s']:,.4g} requests/s in {worst['month']}, the "
        f"worst of {months}"
    )
