"""A plan against its instance, by arithmetic alone.

Every rule and every printed dollar is recomputed from the instance and the plan's decisions, in decimal, by
code that shares nothing with what made the plan: only the instance, and the table of serving rates, are read
alike. Rows hold to 1e-6 relative (of the larger side, and of at least one unit), dollars to 0.01 (beyond a trillion
to the 1e-14 relative that doubles hold), the objective to 1e-6 relative.

What only a search can know is taken as it is printed: the status, the bound, and whether a loss had to be asked for.
The bound is only held against the objective, the gap and the status. Words (reasons, conventions) are not audited, nor
is the table of tails.

A plan for several futures is audited in each of them, and as a whole. Its decisions stand at the nodes of the tree of
futures, and the plan of one future is what stands at the nodes that it passes through: a decision that would act on
what nobody can know yet cannot be written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import localcontext
from typing import Any

from offtake.instance import InstanceError, from_document, sha256
from offtake.instance.schema import Instance

from .claim import FORMAT
from .futures import Tree
from .numbers import CONTEXT
from .reading import PlanError, mapping, member, shown, text
from .report import AuditReport, Check, Finding, RuleCheck
from .rules import run

__all__ = ["AuditReport", "Finding", "PlanError", "RuleCheck", "audit", "audit_document"]


def audit(instance: Instance, plan: Mapping[str, Any]) -> AuditReport:
    """Check a plan document (format `offtake.plan/1`) against an instance.

    Taken from the plan: periods, deals, decisions, objective, bound, gap and status, and the printed tables and
    figures, to be compared. Raises PlanError if the document has not the form of a plan.
    """
    return _audit(instance, plan, [])


def audit_document(document: Any) -> AuditReport:
    """Check a plan document against the instance stored in it, whose fingerprint must be the one printed.

    Raises PlanError, with a sentence, for anything that is not a plan with a valid instance.
    """
    plan = mapping(document, "the plan")
    found = member(plan, "format")
    if found != FORMAT:
        raise PlanError(f"the plan has the format {shown(found)}; this version audits {FORMAT}")
    stored = mapping(member(plan, "instance"), "instance")
    stated = text(member(stored, "sha256", "instance"), "instance.sha256")
    instance = _instance(mapping(member(stored, "document", "instance"), "instance.document"))
    return _audit(instance, plan, [instance_unchanged(instance, stated)])


def instance_unchanged(instance: Instance, stated: str) -> Check:
    """The instance stored in the plan is the one that was solved, by its fingerprint."""
    check, found = Check("instance_unchanged"), sha256(instance)
    if check.fails(found == stated):
        check.find(
            f"the instance stored in the plan has the sha256 {found}, but the plan was made for "
            f"{shown(stated)}: the instance was changed after the solve"
        )
    return check


def _audit(instance: Instance, plan: Any, before: list[Check]) -> AuditReport:
    with localcontext(CONTEXT):
        tree = Tree.of(instance, plan)
        return AuditReport.of([*before, *run(tree)], tree.objective)


def _instance(document: dict[str, Any]) -> Instance:
    try:
        return from_document(document)
    except InstanceError as error:
        errors = [entry for entry in error.diagnostics if entry.severity == "error"] or error.diagnostics
        first = errors[0].message if errors else str(error)
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise PlanError(f"the instance stored in the plan is not valid: {first}{more}") from None
    except RecursionError:
        raise PlanError("the instance stored in the plan is nested too deeply to be one") from None
