"""Whether a plan would sign something else if its tails were charged by the other rule of `finance.terminal`.

`pro_rata` charges a term for its share inside the horizon; `market` charges all of it and credits what is left at the
forward curve. The rules differ in what deals are charged and in nothing else, so every plan of the one is a plan of the
other. With C the cost of this plan under the other rule, and a gap g, the other rule

    signs differently     if a plan is found that costs less than (1 - g) C
    signs the same        if no plan costs less than that
    undecided             if time runs out before either is known
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..deals import salvage
from ..instance.schema import Instance
from .signings import Signings, signings
from .solves import Solved, solved
from .wording import usd

if TYPE_CHECKING:
    from ..compile import Compiled
    from ..plan import Plan
    from ..solve import Limits

OTHER = {"pro_rata": "market", "market": "pro_rata"}
LEAST_GAP = 1e-6
"""the smallest that can be asked for: what the solver's tolerances leave open"""
LEAST_SECONDS = 10.0
MOST_NAMED = 5
"""deals in a sentence"""


@dataclass(frozen=True)
class OtherRule:
    """What the other rule says about a plan. Costs are those of the objective, USD."""

    rule: str
    """pro_rata or market"""
    verdict: str
    """differently, same or undecided"""
    sentence: str
    cost_usd: float
    """of this plan under the other rule"""
    best_usd: float | None
    """of the best plan found under it"""
    best_here_usd: float | None
    """of that plan under the rule of the instance"""
    deals: tuple[dict[str, Any], ...] = ()
    """offer, right, term, start, months, node, blocks, other_blocks: where that plan signs something else; empty unless
    the verdict is differently"""

    def to_document(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**vars(self), "deals": list(self.deals)}


def other_rule(plan: Plan) -> OtherRule | None:
    """Solve again under the other rule, to the same gap, in the time that the plan took or ten seconds.

    None if the instance states no salvage fraction, no curve for something that may be left after the horizon, charges
    terms in full, weighs its dearest futures, or has nothing to sign that outlives the horizon; and for the plan of one
    of several futures, which was not chosen for that future alone. Raises KeyboardInterrupt.
    """
    rules = None if plan.status == "one_of_several" else _rules(plan.instance)
    if rules is None:
        return None
    document = plan.to_document()
    signed = signings(rules.here, document["deals"])
    cost = plan.objective_usd + rules.difference(signed)
    gap = max(document["solver"]["gap_asked"], plan.gap, LEAST_GAP)
    least = cost - gap * abs(cost)
    found, others = _best(rules.there, _limits(document["solver"]), least)
    deals = _differing(rules.here, signed, others) if found.upper < least else ()
    verdict = "differently" if deals else "same" if found.lower >= least else "undecided"
    known = found.decisions is not None
    return OtherRule(
        rule=rules.there.instance.finance.terminal,
        verdict=verdict,
        sentence=_sentence(plan.instance.finance.terminal, verdict, deals, cost - found.upper, gap),
        cost_usd=cost,
        best_usd=found.upper if known else None,
        best_here_usd=found.upper - rules.difference(others) if known else None,
        deals=deals,
    )


@dataclass(frozen=True)
class _Rules:
    """The same instance under its own rule and under the other one: the same deals, charged differently."""

    here: Compiled
    there: Compiled

    def difference(self, signed: Signings) -> float:
        """What the same signings cost more there, USD, expected over the futures."""
        return sum(
            _charge(self.there, *copy, blocks) - _charge(self.here, *copy, blocks) for copy, blocks in signed.items()
        )


def _rules(instance: Instance) -> _Rules | None:
    """None if the other rule has nothing to say, or cannot say it."""
    from ..compile import compile_instance

    finance = instance.finance
    if finance.terminal not in OTHER or finance.salvage_fraction is None or instance.policy.risk is not None:
        return None
    here = compile_instance(instance)
    if not _matters(here):
        return None
    changed = finance.model_copy(update={"terminal": OTHER[finance.terminal]})
    return _Rules(here, compile_instance(instance.model_copy(update={"finance": changed})))


def _matters(compiled: Compiled) -> bool:
    """Whether some deal outlives the horizon, and all that is left of such deals can be valued."""
    after = compiled.instance.horizon.months
    tails = [
        column.usable
        for each in compiled.futures.values() or [compiled]
        for column in each.columns
        if not column.in_force and any(held[after:].any() for held in column.usable.values())
    ]
    return bool(tails) and all(salvage.can_value(compiled.instance, usable) for usable in tails)


def _charge(compiled: Compiled, d: int, node: int, blocks: int) -> float:
    problem = compiled.problem
    usd_by_scenario = problem.deals[d].charge_usd(blocks)
    through = problem.scenarios_through(node, problem.deals[d].signing)
    return float(sum(problem.probability[s] * usd_by_scenario[s] for s in through))


def _limits(asked: dict[str, Any]) -> Limits:
    """Those of the plan, in the time that it took."""
    from ..solve import Limits

    seconds = max(asked["seconds"], LEAST_SECONDS)
    return Limits(gap=asked["gap_asked"], time_limit_s=seconds, threads=asked["threads"], seed=asked["seed"])


def _best(compiled: Compiled, limits: Limits, enough: float) -> tuple[Solved, Signings]:
    """The best plan, and what it signs; the search ends when no plan costs less than `enough`."""
    from ..reductions import reduced

    smaller = reduced(compiled)
    found = solved(smaller, limits, enough=lambda progress: progress.bound is not None and progress.bound >= enough)
    left_out = {id(column) for column, _ in smaller.dropped}
    kept = [d for d, column in enumerate(compiled.columns) if id(column) not in left_out]
    blocks = {} if found.decisions is None else found.decisions.blocks
    return found, {(kept[d], node): number for (d, node), number in blocks.items()}


def _differing(compiled: Compiled, signed: Signings, others: Signings) -> tuple[dict[str, Any], ...]:
    """Deals of which the two plans sign different numbers of blocks, in the order of the offers."""
    rows = []
    for d, node in sorted({*signed, *others}):
        blocks, other_blocks = signed.get((d, node), 0), others.get((d, node), 0)
        column = compiled.columns[d]
        if blocks != other_blocks:
            named = {"offer": column.offer, "right": column.right, "term": column.term, "start": str(column.start)}
            counted = {"node": node, "blocks": blocks, "other_blocks": other_blocks}
            rows.append({**named, "months": column.months, **counted})
    return tuple(rows)


def _sentence(rule: str, verdict: str, deals: tuple[dict[str, Any], ...], saving: float, gap: float) -> str:
    other = OTHER[rule]
    begin = f"Terms that outlive the horizon are charged by {rule}"
    if verdict == "undecided":
        return f"{begin}; whether {other} would sign differently was not decided in the time that this plan took."
    if verdict == "same":
        near = f"within {gap:.2%} of the cheapest" if gap > LEAST_GAP else "the cheapest"
        return f"{begin}; by {other} too this plan is {near}."
    said = [f"of {_named(row)} from {row['start']}: {row['other_blocks']}, not {row['blocks']}" for row in deals]
    more = [f"and {len(said) - MOST_NAMED} more"] if len(said) > MOST_NAMED else []
    return (
        f"{begin}; {other} would sign differently, and save {usd(saving)} by its measure. "
        f"Blocks {'; '.join([*said[:MOST_NAMED], *more])}."
    )


def _named(row: dict[str, Any]) -> str:
    return f"{row['offer']} ({row['right']})" if row["right"] else row["offer"]
