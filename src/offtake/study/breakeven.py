"""Walk-away prices: up to which price of an offer does the best plan take it?

The solves are in `priced`, the proofs and the choice of the next price in `bracket`; here are the words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..instance.months import Month
from ..instance.prices import price_in
from ..instance.schema import Instance
from . import by_offer, wording
from .bracket import Growth, Point, estimate, next_factor, proven_high, proven_low
from .executors import Executor
from .priced import PRICE_KEYS, USE_KEYS, Study, Target
from .wording import usd

MOST_SOLVES = 8
"""of one offer at different prices"""
WIDE = 0.05
"""of the price: a proven interval wider than this is called wide"""
ALONE = " {}: the ends are prices that were solved, and others between may allow no plan."
LEAST_GAP = 1e-6
"""to which solves are tightened"""


@dataclass(frozen=True)
class BreakEven:
    """The price at which the best plan would just take an offer."""

    offer: str
    chosen: bool
    """in the best plan found at today's price; of what can be signed for nothing, used there"""
    verdict: str
    """proven; wide (an interval of more than 5 %); undetermined (an end is not proven); always (no plan without it was
    possible at any price); never (not even for free, or no plan can sign it); unsupported"""
    sentence: str
    unit: str | None = None
    price_today: float | None = None
    price: float | None = None
    """best estimate, between low and high"""
    price_low: float | None = None
    """up to here it is proven to be worth taking; None: no such price is proven"""
    price_high: float | None = None
    """from here on it is proven not to be, or to save no more than `negligible_usd`; None: no such price is proven"""
    factor_low: float | None = None
    """the same, over today's price: it moves all terms of the offer"""
    factor_high: float | None = None
    term: int | None = None
    """index of the term that the prices are of: the one that was asked about, else the one signed today, else the one
    that it would be signed for"""
    blocks: int | None = None
    """that it would take at the estimated price"""
    saving_usd: float | None = None
    """what having the offer at today's price saves: V_out - V_in(1), from the plans found; negative: what it costs"""
    negligible_usd: float = 0.0
    """what an offer that can be signed for nothing may still save from price_high on"""
    sign_by: str | None = None
    """the quote's expiry"""
    possible: bool = True
    """False: proven that no plan can sign it at any price"""
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
    terms: bool = False,
    jobs: int = 1,
    executor: Executor | None = None,
) -> by_offer.Findings[BreakEven]:
    """The walk-away price of each offer (all of them by default), in the order of the instance; with `terms` of every
    term by itself, beside all else, the other terms of its offer included.

    `gap` and `time_limit_s` hold for each of the solves, of which an offer takes two to nine; those of an offer that is
    small beside the whole are tightened until its interval is narrow. `progress` is called with a sentence before each,
    or with `jobs` processes, or an `executor` that takes the offers, after each offer. An interrupt ends the study with
    the offers that are done. Raises ValueError for an offer that the instance does not have, NoPlan if the instance
    itself has no plan, KeyboardInterrupt if nothing is done yet.
    """
    keys = by_offer.asked(instance, offers)
    study = Study(instance, gap, time_limit_s, progress or (lambda sentence: None))
    targets = {key: _targets(instance, key) if terms else [Target(key)] for key in keys}
    found = by_offer.each(keys, _Work(study, targets), study.progress, lacking="price", jobs=jobs, executor=executor)
    return by_offer.Findings(row for rows in found for row in rows)


def _targets(instance: Instance, key: str) -> list[Target]:
    return [Target(key, term) for term in range(len(instance.offers[key].terms))] or [Target(key)]


@dataclass(frozen=True)
class _Work:
    """What is done for one offer, here or in a process of its own."""

    study: Study
    targets: dict[str, list[Target]]

    def __call__(self, key: str) -> list[BreakEven]:
        return [of_target(self.study, target) for target in self.targets[key]]

    def quiet(self) -> _Work:
        return replace(self, study=self.study.quiet())


def of_target(study: Study, target: Target) -> BreakEven:
    """The walk-away price of one offer, or of one of its terms."""
    sign_by = study.instance.offers[target.offer].sign_by
    known = {"offer": target.offer, "chosen": study.chosen(target), "term": target.term}
    known["sign_by"] = None if sign_by is None else str(sign_by)
    refusal = _unsupported(study, target)
    if refusal:
        return BreakEven(verdict="unsupported", sentence=refusal, **known)
    out, points = study.without(target), [study.signed(target, 1.0)]
    least, gap = study.least_charge(target), _finer(study, out, points[0])
    known["chosen"] = known["chosen"] and (least > 0 or points[0].charge > 0)
    if gap is not None:
        out = study.without(target, gap)
    negligible = _negligible(study, out) if least <= 0 else 0.0
    rules = (out, least, study.growth(target), negligible)
    while len(points) < MOST_SOLVES and not _in_vain(points) and (factor := next_factor(points, *rules)) is not None:
        points.append(study.signed(target, factor, gap))
    return _report(study, target, known, points, rules)


def _in_vain(points: list[Point]) -> bool:
    """Whether the last two solves were cut short: at another price the next one would be too."""
    return len(points) > 1 and all(point.cut_short for point in points[-2:])


def _finer(study: Study, out: Point, first: Point) -> float | None:
    """A gap at which two solves prove an interval of less than `WIDE`, if that takes a finer one than was asked for."""
    root = estimate([first], out, Growth.CHARGED)
    if not root or not out.upper:
        return None
    needed = max(0.4 * WIDE * root * first.charge / abs(out.upper), LEAST_GAP)
    doubt = out.upper - max(out.lower, study.best.lower)
    return needed if needed < study.limits.gap and doubt > needed * abs(out.upper) else None


def _negligible(study: Study, out: Point) -> float:
    """USD that the gaps of two solves leave open."""
    return (2 * study.limits.gap + LEAST_GAP) * abs(out.upper) if math.isfinite(out.upper) else 0.0


def _unsupported(study: Study, target: Target) -> str | None:
    key, offer = target.offer, study.instance.offers[target.offer]
    if study.by_use(target):
        sold = offer.elastic or offer.api
        free = not any(_has_price(getattr(sold, name, None)) for name in USE_KEYS)
        return f"{key} has a price of zero, which no factor moves." if free else None
    if not any(target.has(column) for column in study.today.columns):
        return f"{target.name} cannot be signed in this horizon at any price."
    terms = offer.terms if target.term is None else [offer.terms[target.term]]
    if not any(_has_price(getattr(term, name)) for term in terms for name in PRICE_KEYS):
        return f"{target.name} has a price of zero, which no factor moves; see what is due once with --over fee."
    if study.saves_by_its_price(target):
        return (
            f"{target.name} is paid ahead for time beyond the horizon, which counts toward a commitment and is not "
            "charged here: a dearer price may cost less, so that none is the one at which to walk away."
        )
    return None


def _has_price(price: float | dict[Month, float] | None) -> bool:
    return any(price.values()) if isinstance(price, dict) else bool(price)


Rules = tuple[Point, float, Growth, float]
"""the point without the target, C_1, how plans grow dearer with the price, and what is negligible"""


def _report(study: Study, target: Target, known: dict[str, Any], points: list[Point], rules: Rules) -> BreakEven:
    out, _, growth, negligible = rules
    low, high = _ends(points, *rules)
    middle = estimate(points, out, growth)
    first, found = points[0], [point for point in points if math.isfinite(point.upper)]
    at = min(found, key=lambda point: abs(point.factor - (middle or 0.0)), default=first)
    spoken_of = target.term if target.term is not None else first.term if known["chosen"] else at.term
    spoken_of = None if study.by_use(target) else spoken_of
    unit, today = _unit_and_price(study, target, spoken_of)
    finite_low = None if low is None or low == math.inf else low
    saving = out.upper - first.upper
    break_even = BreakEven(
        verdict=_verdict(points, out, low, high, negligible),
        sentence="",
        unit=unit,
        price_today=today,
        price=None if middle is None else _clip(middle, finite_low, high) * today,
        price_low=None if finite_low is None else finite_low * today,
        price_high=None if high is None else high * today,
        factor_low=finite_low,
        factor_high=high,
        blocks=at.blocks or None,
        saving_usd=saving if math.isfinite(saving) else None,
        negligible_usd=negligible,
        possible=all(point.lower < math.inf for point in points if point.factor == 0),
        solves=len(points) + 1,
        **{**known, "term": spoken_of},
    )
    alone = study.alone(target)
    if alone and break_even.verdict == "never":  # for nothing it is not, but it may be at some price
        break_even = replace(break_even, verdict="undetermined")
    told = ALONE.format(alone) if alone and (low, high) != (None, None) else ""
    advice = "More time for each solve" if _in_vain(points) else "A smaller gap"
    return replace(break_even, sentence=_sentence(break_even, target, advice) + told)


def _unit_and_price(study: Study, target: Target, term: int | None) -> tuple[str, float]:
    """Of a term, or of what is bought by use; of a table by month, that of the first month with service."""
    offer = study.instance.offers[target.offer]
    if term is None:
        sold, names, first = offer.elastic or offer.api, USE_KEYS, study.instance.horizon.start
    else:
        sold, names = offer.terms[term], PRICE_KEYS
        first = min(column.start for column in study.today.columns if target.has(column))
    priced = [name for name in names if getattr(sold, name, None) is not None]
    name = next((name for name in priced if _has_price(getattr(sold, name))), priced[0])
    return names[name], price_in(getattr(sold, name), first) or 0.0


def _ends(
    points: Sequence[Point], out: Point, least: float, growth: Growth, negligible: float
) -> tuple[float | None, float | None]:
    """The proven interval; its ends may cross by the solver's tolerance and are then put in order."""
    low, high = proven_low(points, out, growth), proven_high(points, out, least, growth, negligible)
    return (low, high) if low is None or high is None else (min(low, high), max(low, high))


def _clip(factor: float, low: float | None, high: float | None) -> float:
    return min(max(factor, low or 0.0), math.inf if high is None else high)


def _verdict(points: Sequence[Point], out: Point, low: float | None, high: float | None, negligible: float) -> str:
    if out.lower == math.inf:
        return "always"
    if high == 0 or any(point.factor == 0 and point.lower > out.upper - negligible for point in points):
        return "never"
    if low is None or high is None:
        return "undetermined"
    return "proven" if high - low <= WIDE * high else "wide"


def _sentence(found: BreakEven, target: Target, narrower: str) -> str:
    unit = (found.unit or "").removeprefix("USD ")
    which = "" if target.term is None else f"Term {target.term}: "
    state = f"{which}{'Taken' if found.chosen else 'Not taken'} at today's {_price(found, found.price_today)} {unit}"
    expiry = f" The quote expires in {found.sign_by}." if found.sign_by else ""
    if found.verdict == "always":
        return f"{state}; no plan is possible without it, so there is no price at which to walk away.{expiry}"
    if found.verdict == "never":
        return f"{state}; {'not worth taking even for nothing' if found.possible else 'no plan can sign it'}.{expiry}"
    ends = []
    if found.price_low is not None:
        ends.append(f"worth taking up to {_end(found, found.price_low, up=False)}")
    if found.price_high is not None:
        little = f", where it saves less than ${found.negligible_usd:,.0f}" if found.negligible_usd >= 1 else ""
        ends.append(f"not worth it from {_end(found, found.price_high, up=True)} on{little}")
    proven = f"; proven: {', '.join(ends)}" if ends else "; nothing is proven about its price"
    advice = f" {narrower} narrows this." if found.verdict in ("wide", "undetermined") else ""
    return f"{state}{proven}.{_volume_words(found)}{_saving_words(found)}{advice}{expiry}"


def _volume_words(found: BreakEven) -> str:
    if found.blocks is None or found.price is None:
        return ""
    return f" At {_price(found, found.price)} it would be {found.blocks:,} block{'' if found.blocks == 1 else 's'}."


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


def _end(found: BreakEven, price: float, up: bool) -> str:
    """A proven end, which may be rounded to one side only."""
    return _price(found, price) if found.unit == PRICE_KEYS["forward_factor"] else wording.price(price, up)
