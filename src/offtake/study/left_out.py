"""An offer left out: neither signed nor used, nor counted on when something else is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..instance.pools import pools

if TYPE_CHECKING:
    from ..compile import Compiled


def own_pools(compiled: Compiled, offer: str) -> list[str]:
    """What the offer supplies."""
    return [pool.id for pool in pools(compiled.instance) if pool.supply == offer]


def leave_out(compiled: Compiled, offer: str, model: Any) -> None:
    """Neither sign an offer nor use it."""
    mine = own_pools(compiled, offer)
    for (d, _), variable in model.blocks.items():
        if compiled.problem.deals[d].offer == offer:
            variable.fix(0)
    for slot, variable in model.serve.items():
        if slot[0] in mine:
            variable.fix(0)


def anyhow(compiled: Compiled, offer: str) -> Compiled:
    """The problem in which whatever is lost, the offer is lost too: what is bought by use is there without signing."""
    mine = own_pools(compiled, offer)
    lost = [replace(each, pools=[*each.pools, *mine]) for each in compiled.problem.contingencies]
    return replace(compiled, problem=replace(compiled.problem, contingencies=lost))
