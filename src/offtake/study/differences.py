"""What one plan does in place of another, in words: deals, commitments, and use without signing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..instance.pools import pools
from .wording import plural

if TYPE_CHECKING:
    from ..compile import Compiled
    from ..plan import Decisions

MOST_NAMED = 5
SHARE = 0.01
"""of the larger number of hours: use that differs by less is not told"""


def differences(compiled: Compiled, first: Decisions, second: Decisions, but: str = "") -> str:
    """What the second plan has that the first has not, and the other way; both decide the same problem. `but`: an offer
    of which nothing is said. Of several futures, deals count once for each group in which they are signed."""
    said = [
        *_deals(compiled, first, second, but),
        *_promised(compiled, first, second),
        *_use(compiled, first, second, but),
    ]
    more = [f"and {len(said) - MOST_NAMED} more differences"] if len(said) > MOST_NAMED else []
    return "; ".join([*said[:MOST_NAMED], *more]) or "nothing takes its place"


def _deals(compiled: Compiled, first: Decisions, second: Decisions, but: str) -> list[str]:
    """By offer and right; where more than one deal of it differs, all that the second plan has of it."""
    changed: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for d, node in sorted({*first.blocks, *second.blocks}):
        column = compiled.columns[d]
        if first.blocks.get((d, node), 0) != second.blocks.get((d, node), 0) and column.offer != but:
            changed.setdefault((column.offer, column.right), []).append((d, node))
    return [
        f"{offer}{f' ({right})' if right else ''}: {_one(compiled, first, second, copies[0])}"
        if len(copies) == 1
        else f"{offer}{f' ({right})' if right else ''}: {_several(compiled, first, second, offer, right)}"
        for (offer, right), copies in changed.items()
    ]


def _one(compiled: Compiled, first: Decisions, second: Decisions, copy: tuple[int, int]) -> str:
    before, after, column = first.blocks.get(copy, 0), second.blocks.get(copy, 0), compiled.columns[copy[0]]
    instead = f", not {before:,}" if before else ""
    return f"{plural(after, 'block')} from {column.start} for {plural(column.months, 'month')}{instead}"


def _several(compiled: Compiled, first: Decisions, second: Decisions, offer: str, right: str) -> str:
    """`3 blocks (2 from 2026-07 for 36 months, 1 from ...), not 4`."""
    own = [d for d, column in enumerate(compiled.columns) if (column.offer, column.right) == (offer, right)]
    mine = {copy: count for copy, count in second.blocks.items() if copy[0] in own}
    before = sum(count for copy, count in first.blocks.items() if copy[0] in own)
    ways = [
        f"{count} from {compiled.columns[d].start} for {plural(compiled.columns[d].months, 'month')}"
        for (d, _), count in sorted(mine.items())
    ]
    after, told = sum(mine.values()), f" ({', '.join(ways)})" if ways else ""
    instead = f", not {before:,}" if before != after else ", in other months or terms"
    return f"{plural(after, 'block')}{told}{instead if before else ''}"


def _promised(compiled: Compiled, first: Decisions, second: Decisions) -> list[str]:
    taken, then = ({compiled.problem.commitments[k].name for k, _ in each.committed} for each in (first, second))
    return [f"{name}: taken" for name in sorted(then - taken)] + [f"{name}: left" for name in sorted(taken - then)]


def _use(compiled: Compiled, first: Decisions, second: Decisions, but: str) -> list[str]:
    """Offers bought by use: accelerator-hours, or requests of an API, expected over the futures."""
    before, after = _by_offer(compiled, first), _by_offer(compiled, second)
    said = []
    for offer in dict.fromkeys([*before, *after]):
        old, new = before.get(offer, 0.0), after.get(offer, 0.0)
        if offer != but and abs(new - old) > SHARE * max(old, new):
            unit = "accelerator-hours" if compiled.instance.offers[offer].elastic else "million requests"
            said.append(f"{offer}: {new:,.6g} {unit}, not {old:,.6g}")
    return said


def _by_offer(compiled: Compiled, decisions: Decisions) -> dict[str, float]:
    problem, found = compiled.problem, {}
    by_use = {pool.id: pool for pool in pools(compiled.instance) if pool.id in problem.elastic_limit}
    for (pool, w, t, b, node), amount in decisions.serve.items():
        if pool in by_use:
            share = problem.workloads[w].mean_share
            through = problem.scenarios_through(node, problem.months_of[t][0])
            expected = sum(problem.probability[s] * float(share[s, t, b]) for s in through)
            hours = float(problem.hours[t] * problem.block_share[b]) * expected * amount
            scale = 1.0 if by_use[pool].accelerator else 3600 / 1e6
            found[by_use[pool].supply] = found.get(by_use[pool].supply, 0.0) + hours * scale
    return found
