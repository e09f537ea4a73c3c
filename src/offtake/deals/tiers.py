"""Volume tiers: the ways to sign that a price ladder makes of one term.

With `all_units` the step that the number of blocks reaches prices all of them: one way per step, at its price, for
the numbers of blocks in it. With `incremental` each block has the price of its own step: one way per step, at the price
of that step, and once what the blocks of the steps before it cost more (or less).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..instance.schema import Tiers


@dataclass(frozen=True)
class Rung:
    """One step of a ladder, or the whole of a term without one."""

    factor: float
    """on the price of each block"""
    min_blocks: int
    max_blocks: int
    once: float = 0.0
    """what the earlier blocks cost more in all, in fees of one block at factor 1"""


def rungs(tiers: Tiers | None, min_blocks: int, max_blocks: int) -> list[Rung]:
    """The steps that some allowed number of blocks reaches; 0 blocks are never signed.

    >>> ladder = Tiers.model_validate({"kind": "incremental", "steps": [
    ...     {"from_blocks": 1, "factor": 1.0}, {"from_blocks": 5, "factor": 0.5}]})
    >>> [(rung.factor, rung.min_blocks, rung.max_blocks, rung.once) for rung in rungs(ladder, 2, 9)]
    [(1.0, 2, 4, 0.0), (0.5, 5, 9, 2.0)]
    """
    least = max(min_blocks, 1)
    if tiers is None:
        return [Rung(1.0, least, max_blocks)]
    found = []
    ends = [step.from_blocks - 1 for step in tiers.steps[1:]] + [max_blocks]
    for step, end in zip(tiers.steps, ends, strict=True):
        low, high = max(step.from_blocks, least), min(end, max_blocks)
        if low <= high:
            once = 0.0 if tiers.kind == "all_units" else _dearer(tiers, step.from_blocks, step.factor)
            found.append(Rung(step.factor, low, high, once))
    return found


def _dearer(tiers: Tiers, from_blocks: int, factor: float) -> float:
    """What the blocks before a step cost more than at its own factor."""
    counts: Sequence[int] = [after.from_blocks - before.from_blocks for before, after in pairwise(tiers.steps)]
    return sum(
        (
            count * (step.factor - factor)
            for step, count in zip(tiers.steps, counts, strict=False)
            if step.from_blocks < from_blocks
        ),
        0.0,
    )
