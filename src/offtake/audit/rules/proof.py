"""What the plan says of itself: how good it is known to be."""

from __future__ import annotations

from ..futures import Tree
from ..numbers import figure, usd
from ..report import USD_TOLERANCE, Check


def bound_below_objective(check: Check, tree: Tree) -> None:
    """The proven bound is not above the objective, of the plan and of each of its futures."""
    claims = {"": tree.claim, **tree.claim.futures}
    for name, claim in claims.items():
        bound, objective = claim.bound_usd, claim.objective_usd
        if check.exceeds(bound, objective):
            of = f"{name}: " if name else ""
            check.find(
                f"{of}the bound of {usd(bound)} is above the objective of {usd(objective)}: one of them is wrong"
            )


def gap_follows(check: Check, tree: Tree) -> None:
    """The gap is (objective - bound) / |objective|, and an optimal plan is within the gap asked for.

    A plan that costs nothing has no relative gap.
    """
    claim = tree.claim
    if abs(claim.objective_usd) <= USD_TOLERANCE:
        return
    expected = (claim.objective_usd - claim.bound_usd) / abs(claim.objective_usd)
    if check.unequal(claim.gap, expected):
        check.find(f"the plan prints a gap of {figure(claim.gap)}; its objective and bound give {figure(expected)}")
    if claim.status == "optimal" and check.exceeds(expected, claim.gap_asked):
        check.find(
            f"the plan calls itself optimal at a gap of {figure(expected)}; "
            f"the gap asked for is {figure(claim.gap_asked)}"
        )
