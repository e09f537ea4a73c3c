"""What a plan survives: the losses that bind it, and who stands by for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..instance.pools import pools
from .decisions import Decisions, Flows

if TYPE_CHECKING:
    from ..compile import Compiled


def table(compiled: Compiled, decisions: Decisions) -> list[dict[str, Any]]:
    """Every loss that must be survived, and whether it binds: with a block or a port less it would not be."""
    losses = enumerate(compiled.problem.contingencies)
    return [{"lost": each.name, "enforced": k in decisions.enforced} for k, each in losses]


def about(compiled: Compiled, flows: Flows, offer: str) -> str:
    """The losses that bind in which an offer serves what must be kept."""
    mine = [pool.id for pool in pools(compiled.instance) if pool.supply == offer]
    found = sorted({k for pool in mine for k in flows.stands_by.get(pool, [])})
    names = ", ".join(compiled.problem.contingencies[k].name for k in found)
    return f"It serves what must be kept without {names}." if found else ""
