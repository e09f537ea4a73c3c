"""Walk-away prices: up to which price of an offer does the best plan take it?

The proofs and the choice of the next price are in `bracket`; here are the solves behind them and the words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..instance.commitments import eligible, is_prepaid
from ..instance.months import Month
from ..instance.prices import price_in
from ..instance.schema import Instance, Term
from ..plan.economics import period_discount
from . import by_offer
from .bracket import Point, estimate, next_factor, proven_high, proven_low
from .solves import Solved, best_plan, solved
from .wording import usd

if TYPE_CHECKING:
    from offtake_models.problem import Problem

    from ..compile import Compiled
    from ..plan import Decisions

MOST_SOLVES = 8
"""of one offer at different prices"""
WIDE = 0.05
"""of the price: a proven interval wider than this is called wide"""

PRICE_KEYS = {
    "usd_per_month": "USD per block and month",
    "usd_per_accelerator_hour": "USD per accelerator-hour",
    "usd_per_mw_month": "USD per MW and month",
    "forward_factor": "times the forward curve",
}


@dataclass(frozen=True)
class BreakEven:
    """The price at which the best plan would just take an offer."""

    offer: str
    chosen: bool
    """in the best plan found at today's price"""
    verdict: str
    """proven; wide (an interval of more than 5 %); undetermined (an end is not proven); always (no plan without it was
    possible at any price); never (not even for free); unsupported"""
    sentence: str
    unit: str | None = None
    price_today: float | None = None
    price: float | None = None
    """best estimate, between low and high"""
    price_low: float | None = None
    """up to here it is proven to be worth taking; None: no such price is proven"""
    price_high: float | None = None
    """from here on it is proven not to be; None: no such price is proven"""
    factor_low: float | None = None
    """the same, over today's price: it moves all terms of the offer"""
    factor_high: float | None = None
    term: int | None = None
    """index of the term that the prices are of: the one signed today, else the one that it would be signed for"""
    blocks: int | None = None
    """that it would take at the estimated price"""
    saving_usd: float | None = None
    """what having the offer at today's price saves: V_out - V_in(1), from the plans found; negative: what it costs"""
    sign_by: str | None = None
    """the quote's expiry"""
    solves: int = 0

    def to_document(self) -> dict[str, Any]:
        """Plain JSON types."""
        return dict(vars(self))


def breakeven(
    instance: Instance,
    offers: Sequence[str] | None = None,
    gap: float = 1e-3,
    time_limit_s: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[BreakEven]:
    """The walk-away price of each offer (all of them by default), in the order of the instance.

    `gap` and `time_limit_s` hold for each of the solves, of which an offer takes two to nine. `progress` is called
    with a sentence before each. An interrupt ends the study with the offers that are done. Raises ValueError for an
    offer that the instance does not have, NoPlan if the instance itself has no plan, KeyboardInterrupt if nothing is
    done yet.
    """
    keys = by_offer.asked(instance, offers)
    study = _Study(instance, gap, time_limit_s, progress or (lambda sentence: None))
    return by_offer.each(keys, lambda key: _of_offer(study, key), study.progress, lacking="price")


def with_price_factor(instance: Instance, offer: str, factor: float) -> Instance:
    """The same instance with every price of one offer (all of its terms) times a factor."""
    known = instance.offers[offer]
    terms = [_scaled(term, factor) for term in known.terms]
    return instance.model_copy(update={"offers": {**instance.offers, offer: known.model_copy(update={"terms": terms})}})


def _scaled(term: Term, factor: float) -> Term:
    prices = {key: getattr(term, key) for key in PRICE_KEYS if getattr(term, key) is not None}
    scaled = {key: _times(price, factor) for key, price in prices.items()}
    return term.model_copy(update={**scaled, "minimum_usd_per_month": factor * term.minimum_usd_per_month})


def _times(price: float | dict[Month, float], factor: float) -> float | dict[Month, float]:
    return {month: usd * factor for month, usd in price.items()} if isinstance(price, dict) else price * factor


class _Study:
    """The solves of one call. The best plan at today's prices is, for each offer, a plan with it or without it."""

    def __init__(self, instance: Instance, gap: float, time_limit_s: float | None, progress: Callable[[str], None]):
        from ..compile import compile_instance
        from ..solve import Limits

        self.instance, self.progress = instance, progress
        self.limits = Limits(gap=gap, time_limit_s=time_limit_s)
        self.today = compile_instance(instance)
        self._dearer: dict[str, Problem] = {}
        self.progress("the best plan at today's prices")
        self.best = best_plan(self.today, self.limits)
        self.chosen = {self.today.problem.deals[d].offer for d, _ in self.best.decisions.blocks}

    @property
    def capped(self) -> bool:
        """Whether some rule limits cash, so that a higher price may forbid a plan."""
        problem = self.today.problem
        limits = problem.cash_limits or problem.balance_limits or problem.spend_share
        return bool(limits) or problem.obligations_max_usd is not None

    def least_charge(self, offer: str) -> float:
        """C_1: what the price of the offer charges at least where it is signed, at today's prices.

        In its fewest blocks, broken off in each future when that is cheapest.
        """
        problem, least = self.today.problem, []
        for d, deal in enumerate(problem.deals):
            if deal.offer != offer or deal.right:
                continue
            charge = self._charges(offer, d, deal.min_blocks)
            breaks = problem.followers.get((d, "break"), [])
            saved = np.minimum.reduce(
                [np.zeros_like(charge), *(self._charges(offer, b, deal.min_blocks) for b in breaks)]
            )
            for node in problem.signing_nodes(deal):
                through = problem.scenarios_through(node, max(deal.signing, 0))
                least.append(float((charge + saved)[through].sum()))
        return min(least, default=0.0)

    def price_charge(self, offer: str, d: int, node: int, blocks: int) -> float:
        """Expected USD that the objective pays for a deal signed in a node by its price."""
        signing = max(self.today.problem.deals[d].signing, 0)
        return float(self._charges(offer, d, blocks)[self.today.problem.scenarios_through(node, signing)].sum())

    def _charges(self, offer: str, d: int, blocks: int) -> np.ndarray:
        """[s] the same by future, times its probability: what it would pay more at twice the prices of the offer."""
        deal, dearer = self.today.problem.deals[d], self._twice(offer).deals[d]
        more = blocks * (dearer.npv_usd - deal.npv_usd) + dearer.npv_once_usd - deal.npv_once_usd
        return np.array(self.today.problem.probability) * more

    def beyond_charge(self, d: int, pool: str, t: int, node: int) -> float:
        """The same of one accelerator-hour used beyond take-or-pay."""
        problem, discount = self.today.problem, period_discount(self.today)
        deal = problem.deals[d]
        price, dearer = deal.beyond_usd_per_hour[pool], self._twice(deal.offer).deals[d].beyond_usd_per_hour[pool]
        through = problem.scenarios_through(node, problem.months_of[t][0])
        return float(sum(problem.probability[s] * (dearer[s, t] - price[s, t]) for s in through) * discount[t])

    def _twice(self, offer: str) -> Problem:
        """The problem at twice the prices of an offer."""
        from ..compile import compile_instance

        if offer not in self._dearer:
            self._dearer[offer] = compile_instance(with_price_factor(self.instance, offer, 2.0)).problem
        return self._dearer[offer]

    def without(self, offer: str) -> Point:
        if offer not in self.chosen:
            return self._point(offer, 1.0, self.best)
        self.progress(f"{offer}: the best plan without it")
        found = solved(self.today, self.limits, lambda model: _force(model, self.today, offer, 0))
        return self._point(offer, 1.0, found)

    def signed(self, offer: str, factor: float) -> Point:
        if factor == 1.0 and offer in self.chosen:
            return self._point(offer, 1.0, self.best)
        from ..compile import compile_instance

        self.progress(f"{offer}: the best plan with it at {factor:.4g} of its price")
        compiled = compile_instance(with_price_factor(self.instance, offer, factor))
        found = solved(compiled, self.limits, lambda model: _force(model, compiled, offer, 1))
        return self._point(offer, factor, found)

    def _point(self, offer: str, factor: float, found: Solved) -> Point:
        if found.decisions is None:
            return Point(factor, found.upper, found.lower)
        charges, blocks = _charges(self, offer, found.decisions)
        term = max(charges, key=lambda number: charges[number], default=0)
        return Point(factor, found.upper, found.lower, sum(charges.values()), blocks, term)


def _force(model: Any, compiled: Compiled, offer: str, least: int) -> None:
    """Sign at least one block of the offer (least = 1), or none (least = 0)."""
    from pyomo.environ import Constraint

    blocks = sum(
        variable
        for (d, _), variable in model.blocks.items()
        if compiled.problem.deals[d].offer == offer and not compiled.problem.deals[d].right
    )
    model.offer_forced = Constraint(expr=blocks >= 1 if least else blocks <= 0)


def _charges(study: _Study, offer: str, decisions: Decisions) -> tuple[dict[int, float], int]:
    """What a plan is expected to pay for the offer at today's prices by term, discounted, without what its price does
    not move (for signing, deposits, letters of credit); and its blocks, in all nodes where it is signed."""
    today = study.today
    charges: dict[int, float] = {}
    blocks = 0
    for (d, node), count in decisions.blocks.items():
        deal = today.problem.deals[d]
        if deal.offer == offer:
            term = today.columns[d].term
            charges[term] = charges.get(term, 0.0) + study.price_charge(offer, d, node, count)
            blocks += 0 if deal.right else count
    for (d, pool, t, node), hours in decisions.beyond.items():
        if today.problem.deals[d].offer == offer:
            charges[today.columns[d].term] += hours * study.beyond_charge(d, pool, t, node)
    return charges, blocks


def _of_offer(study: _Study, key: str) -> BreakEven:
    sign_by = study.instance.offers[key].sign_by
    known = {"offer": key, "chosen": key in study.chosen, "sign_by": None if sign_by is None else str(sign_by)}
    refusal = _unsupported(study, key)
    if refusal:
        return BreakEven(verdict="unsupported", sentence=refusal, **known)
    out = study.without(key)
    least = study.least_charge(key)
    points = [study.signed(key, 1.0)]
    while len(points) < MOST_SOLVES and (factor := next_factor(points, out, least, study.capped)) is not None:
        points.append(study.signed(key, factor))
    return _report(study, known, points, out, least)


def _unsupported(study: _Study, key: str) -> str | None:
    offer = study.instance.offers[key]
    if not offer.terms:
        return f"{key} is bought by use, without signing; break-even prices are computed for offers that are signed."
    if key not in study.today.problem.offers:
        return f"{key} cannot be signed in this horizon at any price."
    counts = [name for name in study.instance.commitments if _fills(study.instance, name, key)]
    if counts:
        return f"What {key} is paid counts toward the commitment {counts[0]}, so no proof about its price alone holds."
    if study.least_charge(key) <= 0:
        return f"{key} has a deal that costs nothing today, so no factor on its price moves it."
    return None


def _fills(instance: Instance, commitment: str, offer: str) -> bool:
    """Whether a dearer offer leaves less of the commitment to be paid for nothing."""
    return not is_prepaid(instance.commitments[commitment]) and offer in eligible(instance, commitment)


def _report(study: _Study, known: dict[str, Any], points: list[Point], out: Point, least: float) -> BreakEven:
    low, high = _ends(points, out, least, study.capped)
    middle = estimate(points, out)
    first, found = points[0], [point for point in points if math.isfinite(point.upper)]
    at = min(found, key=lambda point: abs(point.factor - (middle or 0.0)), default=first)
    spoken_of = first.term if known["chosen"] else at.term
    term = study.instance.offers[known["offer"]].terms[spoken_of]
    key = next(name for name in PRICE_KEYS if getattr(term, name) is not None)
    today = _price_today(study, known["offer"], getattr(term, key))
    finite_low = None if low is None or low == math.inf else low
    saving = out.upper - first.upper
    break_even = BreakEven(
        verdict=_verdict(points, out, low, high),
        sentence="",
        unit=PRICE_KEYS[key],
        price_today=today,
        price=None if middle is None else _clip(middle, finite_low, high) * today,
        price_low=None if finite_low is None else finite_low * today,
        price_high=None if high is None else high * today,
        factor_low=finite_low,
        factor_high=high,
        term=spoken_of,
        blocks=at.blocks or None,
        saving_usd=saving if math.isfinite(saving) else None,
        solves=len(points) + 1,
        **known,
    )
    return replace(break_even, sentence=_sentence(break_even))


def _price_today(study: _Study, offer: str, price: float | dict[Month, float]) -> float:
    """The price; of a table by month, that of the first month in which service may begin."""
    first = min(column.start for column in study.today.columns if column.offer == offer)
    return price_in(price, first) or 0.0


def _ends(points: Sequence[Point], out: Point, least: float, capped: bool) -> tuple[float | None, float | None]:
    """The proven interval; its ends may cross by the solver's tolerance and are then put in order."""
    low, high = proven_low(points, out, capped), proven_high(points, out, least, capped)
    return (low, high) if low is None or high is None else (min(low, high), max(low, high))


def _clip(factor: float, low: float | None, high: float | None) -> float:
    return min(max(factor, low or 0.0), math.inf if high is None else high)


def _verdict(points: Sequence[Point], out: Point, low: float | None, high: float | None) -> str:
    if out.lower == math.inf:
        return "always"
    if any(point.factor == 0 and point.lower > out.upper for point in points):
        return "never"
    if low is None or high is None:
        return "undetermined"
    return "proven" if high - low <= WIDE * high else "wide"


def _sentence(found: BreakEven) -> str:
    unit = (found.unit or "").removeprefix("USD ")
    state = f"{'Taken' if found.chosen else 'Not taken'} at today's {_price(found, found.price_today)} {unit}"
    expiry = f" The quote expires in {found.sign_by}." if found.sign_by else ""
    if found.verdict == "always":
        return f"{state}; no plan is possible without it, so there is no price at which to walk away.{expiry}"
    if found.verdict == "never":
        return f"{state}; not worth taking even for nothing.{expiry}"
    ends = []
    if found.price_low is not None:
        ends.append(f"worth taking up to {_price(found, found.price_low)}")
    if found.price_high is not None:
        ends.append(f"not worth it from {_price(found, found.price_high)} on")
    proven = f"; proven: {', '.join(ends)}" if ends else "; nothing is proven about its price"
    advice = " A smaller gap narrows this." if found.verdict in ("wide", "undetermined") else ""
    return f"{state}{proven}.{_saving_words(found)}{advice}{expiry}"


def _saving_words(found: BreakEven) -> str:
    if found.saving_usd is None:
        return ""
    if found.saving_usd >= 0:
        return f" Having it saves {usd(found.saving_usd)} against the best plan found without it."
    return f" Signing it today would cost {usd(-found.saving_usd)} more than the best plan found without it."


def _price(found: BreakEven, price: float | None) -> str:
    """In dollars, unless it is a factor on the forward curve."""
    if price is None:
        return "-"
    return f"{price:.4g}" if found.unit == PRICE_KEYS["forward_factor"] else usd(price)
