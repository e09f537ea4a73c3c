"""How a solve ended, as a sentence and an exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import exits, terminal, words

if TYPE_CHECKING:
    from offtake.engine import NoPlan
    from offtake.instance import Instance
    from offtake.plan import Plan

OF_STATUS = {"optimal": exits.DONE, "time_limit": exits.LIMIT_HIT, "interrupted": exits.INTERRUPTED}

OF_NONE = {
    "infeasible": exits.INFEASIBLE, "time_limit": exits.NO_PLAN_YET, "interrupted": exits.INTERRUPTED,
}  # fmt: skip


def of_plan(plan: Plan) -> int:
    """A plan that the audit rejects is no answer, whatever the solver said."""
    audit = plan.audit
    if audit is not None and not audit["passed"]:
        return exits.AUDIT_FAILED
    return OF_STATUS.get(plan.status, exits.FAILED)


def of_none(error: NoPlan) -> int:
    """Say why there is no plan."""
    outcome = error.outcome
    known = f"; no plan costs less than {words.usd(outcome.bound)}" if outcome.bound else ""
    terminal.say(f"no plan was found: {outcome.message}{known}")
    return OF_NONE.get(outcome.status, exits.FAILED)


def explain_none(error: NoPlan, instance: Instance, as_json: bool) -> None:
    """What is known without a plan, on standard output: for an infeasible instance, the rules that clash."""
    clash = []
    if error.outcome.status == "infeasible":
        from offtake.study.infeasible import explain

        terminal.say("looking for the rules that clash")
        clash = explain(instance)
    if as_json:
        outcome = error.outcome
        terminal.show_json({
            "status": outcome.status, "message": outcome.message, "bound_usd": outcome.bound, "clash": clash,
        })  # fmt: skip
    elif clash:
        head = "These cannot all hold:" if len(clash) > 1 else "This cannot hold, whatever else is given up:"
        terminal.show(head, *(f"  - {sentence}" for sentence in clash))
