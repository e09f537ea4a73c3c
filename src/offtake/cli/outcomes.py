"""How a solve ended, as a sentence and an exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import exits, terminal, words

if TYPE_CHECKING:
    from offtake.engine import NoPlan
    from offtake.instance import Instance
    from offtake.plan import Plan

OF_STATUS = {"optimal": exits.DONE, "time_limit": exits.LIMIT_HIT, "interrupted": exits.INTERRUPTED}


def of_plan(plan: Plan) -> int:
    """A plan that the audit rejects is no answer, whatever the solver said."""
    audit = plan.audit
    if audit is not None and not audit["passed"]:
        return exits.AUDIT_FAILED
    return OF_STATUS[plan.status]


def of_none(error: NoPlan) -> int:
    """Say why there is no plan."""
    outcome = error.outcome
    if outcome.status == "infeasible":
        terminal.say("infeasible: no plan keeps every rule, and a second solve confirms it")
        return exits.INFEASIBLE
    if outcome.status in ("time_limit", "interrupted"):
        word = "the limit was hit" if outcome.status == "time_limit" else "interrupted"
        bound = "" if outcome.bound is None else f"; no plan costs less than {words.usd(outcome.bound)}"
        terminal.say(f"{word} before any plan was found{bound}")
        return exits.NO_PLAN_YET if outcome.status == "time_limit" else exits.INTERRUPTED
    terminal.say(f"error: {error}")
    return exits.FAILED


def explain_clash(instance: Instance) -> None:
    """Name the rules that cannot hold together, on standard output."""
    from offtake.study.infeasible import explain

    terminal.say("looking for the rules that clash")
    clash = explain(instance)
    terminal.show("These cannot all hold:", *(f"  - {sentence}" for sentence in clash))
