"""Where a decision flips: the value of something other than the price at which an offer is just taken, or left.

For one value after the other the instance is changed, checked and compiled anew, and two solves ask whether the best
plan with the offer costs less than the best without it. The answer is proven or none: `taken`, `left`, `cannot` (no
plan signs it), `invalid` (the instance is none then), or `open`, where the bounds overlap. Values lie on a grid between
two ends; from today's value towards each end, or the farthest of a few values at which something else is proven, the
flip is searched by bisection, which assumes one flip on that side. Those few values are always tried to see whether
that holds; where it does not, that is told, and so is every value tried.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..instance import InstanceError, with_settings
from ..instance.pools import pools
from ..instance.schema import Instance
from . import by_offer
from .executors import Executor
from .priced import Study, Target, force
from .solves import Solved, solved
from .wording import listed

if TYPE_CHECKING:
    from ..solve import Progress

ROUNDING = 1e-6
"""of the cost: what the solver's tolerances leave open"""
CHECKED = 4
"""values between today's and each end that are tried beside those of the bisection"""
MOST_DELAY = 24
MOST_MONTHS = 60


Edge = tuple[int, int | None]


@dataclass(frozen=True)
class Range:
    """The values of one thing about an offer."""

    values: list[float]
    """ascending; today's is one of them"""
    today: float
    unit: str
    settings: Callable[[float], list[str]]
    """what to change for a value"""
    own: bool = True
    """it changes nothing but the offer, so that plans without it stay as they are"""
    words: Callable[[float], str] = lambda value: f"{value:g}"


@dataclass(frozen=True)
class Flip:
    """Where the decision about an offer flips, on both sides of today's value. Values are as `unit` says."""

    offer: str
    over: str
    verdict: str
    """flips; keeps (the same at both ends, and wherever it was tried); open (nothing is proven about today's decision,
    or nothing else beyond some value); unsupported"""
    sentence: str
    unit: str = ""
    today: float | None = None
    decision: str | None = None
    """at today's value: taken, left, cannot or open"""
    below: tuple[float | None, float] | None = None
    """the flip lies between these two values, below today's: proven otherwise at the first (None: nowhere), as today
    at the second, and nothing proven in between; None: as today at all values"""
    above: tuple[float, float | None] | None = None
    """the same above: as today at the first, otherwise at the second"""
    monotone: bool | None = None
    """whether all values tried fit one flip on each side at most"""
    tried: list[tuple[float, str]] = field(default_factory=list)
    """value, and what was proven there"""
    solves: int = 0

    def to_document(self) -> dict[str, Any]:
        """Plain JSON types."""
        return dict(vars(self))


def flips(
    instance: Instance,
    offers: Sequence[str] | None = None,
    over: str = "delay",
    gap: float = 1e-3,
    time_limit_s: float | None = None,
    progress: Callable[[str], None] | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
) -> by_offer.Findings[Flip]:
    """Where the decision about each offer flips over `over`, one of `OVER`.

    `gap` and `time_limit_s` hold for each of the solves, about twenty for an offer. `jobs` processes, or an `executor`,
    take one offer each. An interrupt ends the study with the offers that are done. Raises ValueError for an offer or an
    `over` that there is not, NoPlan if the instance itself has no plan, KeyboardInterrupt if nothing is done yet.
    """
    if over not in OVER:
        raise ValueError(f"decisions flip over {listed(list(OVER))}, not over {over!r}")
    keys = by_offer.asked(instance, offers)
    study = Study(instance, gap, time_limit_s, progress or (lambda sentence: None))
    return by_offer.each(keys, _Work(study, over), study.progress, lacking="answer", jobs=jobs, executor=executor)


@dataclass(frozen=True)
class _Work:
    """What is done for one offer, here or in a process of its own."""

    study: Study
    over: str

    def __call__(self, key: str) -> Flip:
        return of_offer(self.study, key, self.over)

    def quiet(self) -> _Work:
        return replace(self, study=self.study.quiet())


def of_offer(study: Study, key: str, over: str) -> Flip:
    """Where the decision about one offer flips."""
    target = _target(study, key, over)
    found = OVER[over](study, target) if study.instance.offers[key].terms else None
    if found is None or len(found.values) < 2:
        return Flip(key, over, "unsupported", f"{key} has no {NAMES[over]} that could be moved.")
    search = _Search(study, target, found)
    today = found.values.index(found.today)
    decision = search.at(today)
    last = len(found.values) - 1
    ends = (None, None) if decision == "open" else (search.flip(today, 0), search.flip(today, last))
    monotone = search.checked(today, *ends)
    return _report(search, over, decision, *ends, monotone)


def _target(study: Study, key: str, over: str) -> Target:
    """The offer; where lengths of terms are moved, the term that is signed today, or the first."""
    if over != "term":
        return Target(key)
    signed = [
        study.today.columns[d].term for d, _ in study.best.decisions.blocks if study.today.columns[d].offer == key
    ]
    return Target(key, signed[0] if signed else 0)


class _Search:
    """The values tried of one offer."""

    def __init__(self, study: Study, target: Target, range_: Range):
        self.study, self.target, self.range = study, target, range_
        self.known: dict[int, str] = {}
        self.solves = 0
        self._without: Solved | None = None

    def at(self, k: int) -> str:
        """What is proven at the k-th value."""
        if k not in self.known:
            self.known[k] = self._decide(self.range.values[k])
        return self.known[k]

    def flip(self, today: int, end: int) -> Edge | None:
        """Two positions: as today at the first, proven otherwise at the second, nothing in between or nothing proven
        there; None if all is as today up to the end. No second one if nothing is proven to be otherwise."""
        far = next((k for k in self._spread(today, end) if self._otherwise(today, k)), end)
        if self.at(far) == self.at(today):
            return None
        same = self._last(today, far, lambda k: self.at(k) == self.at(today))
        if not self._otherwise(today, far):
            return same, None
        return same, self._last(far, same, lambda k: self._otherwise(today, k))

    @staticmethod
    def _spread(today: int, end: int) -> list[int]:
        """The end, and a few positions on the way back from it."""
        parts = range(CHECKED + 1, 0, -1)
        return list(dict.fromkeys(today + round((end - today) * part / (CHECKED + 1)) for part in parts))

    def _otherwise(self, today: int, k: int) -> bool:
        return self.at(k) not in (self.at(today), "open")

    @staticmethod
    def _last(good: int, bad: int, holds: Callable[[int], bool]) -> int:
        """The last position from `good` on at which something holds that does not at `bad`, by bisection."""
        while abs(good - bad) > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if holds(middle) else (good, middle)
        return good

    def checked(self, today: int, below: Edge | None, above: Edge | None) -> bool:
        """Whether a few more values fit what was found."""
        last = len(self.range.values) - 1
        for k in [*self._spread(today, 0), *self._spread(today, last)]:
            self.at(k)
        first, beyond = (below[0] if below else 0), (above[0] if above else last)
        inside = {verdict for k, verdict in self.known.items() if first <= k <= beyond}
        outside = {verdict for k, verdict in self.known.items() if k < first or k > beyond}
        return inside <= {self.at(today), "open"} and self.at(today) not in outside

    def _decide(self, value: float) -> str:
        """Whether the best plan signs it at a value."""
        from ..compile import compile_instance

        study, words = self.study, self.range.words(value)
        try:
            world = compile_instance(with_settings(study.instance, self.range.settings(value)))
        except InstanceError:
            return "invalid"
        without = self._solved_without(world, words)
        study.progress(f"{self.target.name}: with it at {words}")
        self.solves += 1
        found = solved(world, study.limits, lambda model: force(model, world, self.target, 1), _decided(without))
        if found.lower == math.inf:
            return "cannot"
        slack = ROUNDING * max(abs(cost) for cost in (found.upper, without.upper, 0.0) if math.isfinite(cost))
        if found.upper < without.lower - slack:
            return "taken"
        return "left" if found.lower > without.upper + slack else "open"

    def _solved_without(self, world: Any, words: str) -> Solved:
        if self._without is not None and self.range.own:
            return self._without
        self.study.progress(f"{self.target.name}: without it{'' if self.range.own else f' at {words}'}")
        self.solves += 1
        self._without = solved(world, self.study.limits, lambda model: force(model, world, self.target, 0))
        return self._without


def _decided(without: Solved) -> Callable[[Progress], bool]:
    """Whether it is known already that the plan with the offer costs less, or more, than the best without it."""

    def known(progress: Progress) -> bool:
        cheaper = progress.incumbent is not None and progress.incumbent < without.lower * (1 - 1e-4)
        dearer = progress.bound is not None and progress.bound > without.upper * (1 + 1e-4)
        return math.isfinite(without.lower) and without.lower > 0 and (cheaper or dearer)

    return known


def _report(
    search: _Search,
    over: str,
    decision: str,
    below: Edge | None,
    above: Edge | None,
    monotone: bool,
) -> Flip:
    values = search.range.values
    flipped = any(edge is not None and edge[1] is not None for edge in (below, above))
    verdict = "open" if decision == "open" else "flips" if flipped or not monotone else "keeps"
    found = Flip(
        offer=search.target.offer,
        over=over,
        verdict="open" if verdict == "keeps" and (below or above) else verdict,
        sentence="",
        unit=search.range.unit,
        today=search.range.today,
        decision=decision,
        below=None if below is None else (None if below[1] is None else values[below[1]], values[below[0]]),
        above=None if above is None else (values[above[0]], None if above[1] is None else values[above[1]]),
        monotone=monotone,
        tried=[(values[k], search.known[k]) for k in sorted(search.known)],
        solves=search.solves,
    )
    return replace(found, sentence=_sentence(found, search.range))


STATES = {
    "taken": "taken",
    "left": "left",
    "cannot": "not possible",
    "invalid": "no valid instance",
    "open": "not decided",
}


def _sentence(found: Flip, range_: Range) -> str:
    say = range_.words
    begin = f"{STATES[found.decision].capitalize()} at {say(found.today)}"
    if found.decision == "open":
        return f"{begin}: with it and without it cost the same within the gap. A smaller gap says more."
    parts = [*_side(found, found.below, range_, "and below"), *_side(found, found.above, range_, "and above")]
    if not parts:
        ends = f"{say(range_.values[0])} and {say(range_.values[-1])}"
        parts = [f"the same at all {len(found.tried)} values tried between {ends}"]
    more = "" if found.monotone else f" Not monotone: {_turns(found, say)}."
    return f"{begin}; {'; '.join(parts)}.{more}"


def _side(found: Flip, ends: tuple[float | None, float | None] | None, range_: Range, way: str) -> list[str]:
    """What is proven on one side of today's value."""
    if ends is None:
        return []
    same, other = ends if way == "and above" else reversed(ends)
    if other is None:
        return [f"still so at {range_.words(same)}, beyond which it makes no difference within the gap"]
    beyond = [verdict for value, verdict in found.tried if (value > other if way == "and above" else value < other)]
    side = way.removeprefix("and ")
    more = f", and not decided at every value {side}" if "open" in beyond else f" {way}"
    return [f"{STATES[dict(found.tried)[other]]} at {range_.words(other)}{more}"]


def _turns(found: Flip, say: Callable[[float], str]) -> str:
    """Values tried at which the decision is another than at the one before."""
    turns = []
    for value, verdict in found.tried:
        if verdict != "open" and (not turns or turns[-1][1] != verdict):
            turns.append((value, verdict))
    return ", then ".join(f"{STATES[verdict]} at {say(value)}" for value, verdict in turns)


def _grid(low: float, high: float, steps: int, today: float) -> list[float]:
    return sorted({*(round(low + (high - low) * k / steps, 10) for k in range(steps + 1)), today})


def _terms(study: Study, target: Target) -> list[int]:
    return list(range(len(study.instance.offers[target.offer].terms)))


def _of_term(study: Study, target: Target) -> Range | None:
    """Months of one term: from 1 to 60."""
    months = study.instance.offers[target.offer].terms[target.term].months
    key = f"offers.{target.offer}.terms.{target.term}.months"
    values = [float(value) for value in range(1, max(MOST_MONTHS, months) + 1)]
    return Range(
        values, float(months), "months", lambda value: [f"{key}={value:.0f}"], words=lambda value: _months(value)
    )


def _of_start(study: Study, target: Target) -> Range | None:
    """The first service month that is offered, as months after the first of the horizon."""
    horizon, start = study.instance.horizon, study.instance.offers[target.offer].start
    opens = start.earliest if start.earliest is not None else horizon.start + start.lead_months
    values = [float(value) for value in range(min(0, opens - horizon.start), horizon.months)]
    if opens - horizon.start not in values:
        return None

    def settings(value: float) -> list[str]:
        month = horizon.start + int(value)
        latest = [f"offers.{target.offer}.start.latest={month}"] if start.latest and start.latest < month else []
        return [f"offers.{target.offer}.start.earliest={month}", *latest]

    def words(value: float) -> str:
        return str(horizon.start + int(value))

    return Range(values, float(opens - horizon.start), f"months after {horizon.start}", settings, words=words)


def _of_prepayment(study: Study, target: Target) -> Range | None:
    """The share of the fixed fees that is paid at signing, in all terms that state no dates of payment."""
    terms = study.instance.offers[target.offer].terms
    movable = [k for k in _terms(study, target) if not terms[k].payments]
    if not movable:
        return None
    today = terms[movable[0]].prepay
    names = [f"offers.{target.offer}.terms.{k}.prepay" for k in movable]
    return Range(
        _grid(0.0, 1.0, 100, today),
        today,
        "share",
        lambda value: [] if value == today else [f"{name}={value:.10g}" for name in names],
        words=lambda value: f"{value:.4g} paid ahead",
    )


def _of_fee(study: Study, target: Target) -> Range | None:
    """What is due once at signing, in all terms as much more or less (never less than nothing) as in the first: from
    nothing to what no saving of today could pay."""
    terms = study.instance.offers[target.offer].terms
    today = terms[0].signing_fee_usd
    saving = study.without(target).upper - study.best.lower
    most = today + 1.05 * max(saving, 0.0) + 1.0 if math.isfinite(saving) else today + abs(study.best.upper)

    def settings(value: float) -> list[str]:
        fees = [max(terms[k].signing_fee_usd + value - today, 0.0) for k in _terms(study, target)]
        return [f"offers.{target.offer}.terms.{k}.signing_fee_usd={fee:.10g}" for k, fee in enumerate(fees)]

    return Range(
        _grid(0.0, most, 1000, today),
        today,
        "USD",
        settings,
        words=lambda value: f"a signing fee of ${value:,.0f}",
    )


def _of_delay(study: Study, target: Target) -> Range | None:
    """Months by which the seller delivers late, in every future."""
    stated = study.instance.uncertainty
    if stated is not None and any(target.offer in each.delay_months for each in stated.scenarios.values()):
        return None
    most = min(MOST_DELAY, study.instance.horizon.months - 1)

    def settings(value: float) -> list[str]:
        late = {target.offer: int(value)}
        if value == 0:
            return []
        if stated is None:
            return [f"uncertainty.scenarios={json.dumps({'planned': {'probability': 1.0, 'delay_months': late}})}"]
        delays = {name: each.model_dump(mode="json")["delay_months"] for name, each in stated.scenarios.items()}
        return [
            f"uncertainty.scenarios.{name}.delay_months={json.dumps({**known, **late})}"
            for name, known in delays.items()
        ]

    def words(value: float) -> str:
        return f"a delay of {_months(value)}" if value else "no delay"

    return Range([float(value) for value in range(most + 1)], 0.0, "months", settings, words=words)


def _of_throughput(study: Study, target: Target) -> Range | None:
    """A factor on the speed of its accelerators, wherever they are."""
    mine = dict.fromkeys(pool.accelerator for pool in pools(study.instance) if pool.supply == target.offer)
    stated = study.instance.throughput.factor

    def settings(value: float) -> list[str]:
        factors = {**stated, **{name: value * stated.get(name, 1.0) for name in mine}}
        return [f"throughput.factor={json.dumps(factors)}"]

    def words(value: float) -> str:
        return f"{value:.4g} of the speed"

    return Range(_grid(0.5, 2.0, 150, 1.0), 1.0, "factor", settings, own=False, words=words)


def _months(value: float) -> str:
    return f"{value:.0f} month{'' if value == 1 else 's'}"


OVER: dict[str, Callable[[Study, Target], Range | None]] = {
    "term": _of_term,
    "start": _of_start,
    "prepay": _of_prepayment,
    "fee": _of_fee,
    "delay": _of_delay,
    "throughput": _of_throughput,
}
"""what may be moved, and the values that it may have"""
NAMES = {
    "term": "term",
    "start": "first month within the horizon",
    "prepay": "share paid ahead",
    "fee": "fee at signing",
    "delay": "delivery date",
    "throughput": "speed",
}
