"""Stability of a plan: which deals differ from those of an earlier plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..instance.schema import Instance
from .decisions import Flows

if TYPE_CHECKING:
    from ..compile import Compiled

Key = tuple[str, int, int]
"""(offer, start as a month of the horizon, months of the term)"""


def changes(flows: Flows) -> dict[Key, tuple[int, int]]:
    """What is signed otherwise -> blocks in the earlier plan, and in this one. Empty without an earlier plan."""
    problem = flows.problem
    signed = dict.fromkeys(problem.kept, 0)
    for deal, blocks in zip(problem.deals, flows.blocks, strict=True):
        if blocks and not deal.in_force and not deal.right and problem.change_usd is not None:
            key = deal.offer, deal.start, deal.months
            signed[key] = signed.get(key, 0) + int(blocks)
    return {key: (problem.kept.get(key, 0), now) for key, now in signed.items() if now != problem.kept.get(key, 0)}


def number(flows: Flows) -> int:
    """Deals that are changed; a new one once for each of its ways to pay that is signed."""
    problem = flows.problem
    deals = zip(problem.deals, flows.blocks, strict=True)
    new = [deal for deal, blocks in deals if blocks and not deal.in_force and not deal.right]
    added = sum((deal.offer, deal.start, deal.months) not in problem.kept for deal in new)
    return added + sum(key in problem.kept for key in changes(flows))


def charge(flows: Flows) -> float:
    """What changes cost the objective."""
    return 0.0 if flows.problem.change_usd is None else flows.problem.change_usd * number(flows)


def figures(flows: Flows) -> dict[str, Any]:
    """Key figures; none without an earlier plan."""
    return {"plan_changes": None if flows.problem.change_usd is None else number(flows)}


def about(compiled: Compiled, flows: Flows, key: str) -> str:
    """What the earlier plan signs otherwise of an offer, in a sentence."""
    first = compiled.instance.horizon.start
    said = [
        f"{_counted(before, 'block')} from {first + start} for {_counted(months, 'month')}, this one {now}"
        for (offer, start, months), (before, now) in changes(flows).items()
        if offer == key and before
    ]
    return f"The earlier plan signs {'; and '.join(said)}." if said else ""


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def conventions(instance: Instance) -> dict[str, str]:
    """What counts as a change, in words."""
    rule = instance.policy.keep_plan
    if rule is None:
        return {}
    return {
        "changes": (
            f"A deal (offer, start and months) of which other blocks are signed than in the earlier plan costs "
            f"{rule.usd_per_change:,.6g} USD, in the cost and not in the cash, not discounted; what that plan "
            "signs before the horizon is no decision any more."
        )
    }
