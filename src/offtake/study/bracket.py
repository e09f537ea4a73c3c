"""What a few solves prove about the price at which an offer is worth taking.

Scale the prices of one offer by a factor f. V_in(f) is the least cost of the plans that sign at least one block of it,
V_out that of the plans that sign none. V_in rises with f, so the offer is worth taking up to the factor f*
with V_in(f*) = V_out, and not beyond. Nothing is known exactly: each solve gives a plan (an upper value) and a bound
(a lower value). What they prove, with C the charge of the offer at today's prices in a plan solved at f0:

    taken up to      f0 + (lower(V_out) - upper(V_in(f0))) / C          that plan, at another price, costs so much
    not taken from   f0 + (upper(V_out) - lower(V_in(f0))) / C_1        every plan pays for one block at least: C_1
    not taken from   the crossing of a chord with upper(V_out)          V_in is concave in f

The first line may look above f0, and the third holds, only if no rule caps cash: a dearer plan may break a budget.
Where the charge counts toward a commitment that is trued up, a dearer offer leaves less of it to be paid for nothing:
a plan grows dearer by anything between nothing and its charge. V_in still rises with f, so that a point proves its own
factor and what lies beyond it, and the next one halves what is open. The same is done where shares of spend are
limited, but a cheaper offer may break those, so there a point proves its own factor alone.
Where an offer may be signed for nothing and only its use is paid (C_1 = 0), signing it never costs more than leaving
it; then f* is the factor from which on it saves nothing, and it is proven not to be worth it from the first point on at
which it saves no more than a stated tolerance.
The next factor to solve is where the tangent meets V_out (Newton; Dinkelbach 1967 for this quotient).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

CLOSE = 0.005
"""of the price: a factor so near to one that was solved is not solved again"""


class Growth(Enum):
    """How the cost of a plan grows with the price of an offer in it."""

    CHARGED = auto()
    """by what it charges, and what is a plan at one price is one at any"""
    CAPPED = auto()
    """by what it charges, but a dearer plan may break a limit of cash"""
    SOLVED = auto()
    """in a way that only solves tell: a commitment counts what it charges, shares of spend are limited, or
    dear futures count for more"""


@dataclass(frozen=True)
class Point:
    """One solve with the offer forced in or out: what it found and what it proved."""

    factor: float
    upper: float
    """cost of the plan found; infinite if none was"""
    lower: float
    """no plan costs less; infinite if there is none"""
    charge: float = 0.0
    """C: what that plan pays for the offer at today's prices, discounted"""
    blocks: int = 0
    term: int = 0
    """index of the term that it pays most for"""
    cut_short: bool = False
    """by a time limit"""


def proven_low(points: Sequence[Point], out: Point, growth: Growth) -> float | None:
    """Factor up to which the offer is proven to be worth taking; None if there is no such factor above 0."""
    found = []
    if growth is Growth.SOLVED:
        found = [point.factor for point in points if point.upper <= out.lower and math.isfinite(point.upper)]
        return max(found, default=0.0) or None
    for point in points:
        if math.isfinite(point.upper) and (point.charge > 0 or point.upper < out.lower):
            free = out.lower == math.inf or point.charge <= 0
            reach = math.inf if free else point.factor + (out.lower - point.upper) / point.charge
            found.append(min(reach, point.factor) if growth is Growth.CAPPED else reach)
    best = max(found, default=0.0)
    return best if best > 0 else None


def proven_high(
    points: Sequence[Point], out: Point, least: float, growth: Growth, tolerance: float = 0.0
) -> float | None:
    """Factor from which on the offer is proven not to be worth taking; None if there is none. `tolerance`: USD that it
    may still save if it can be signed for nothing."""
    if not math.isfinite(out.upper):
        return None
    if least > 0 and growth is not Growth.SOLVED:
        found = [
            point.factor + max(out.upper - point.lower, 0.0) / least for point in points if point.lower > -math.inf
        ]
    else:
        found = [point.factor for point in points if point.lower >= out.upper - tolerance]
    if growth is Growth.CHARGED:
        found += [
            _chord(a, b, out.upper)
            for a in points
            for b in points
            if a.factor < b.factor and -math.inf < a.lower <= out.upper < b.lower < math.inf
        ]
    return min(found, default=None)


def _chord(a: Point, b: Point, level: float) -> float:
    """Where the line through two lower values reaches a level."""
    return a.factor + (level - a.lower) * (b.factor - a.factor) / (b.lower - a.lower)


def estimate(points: Sequence[Point], out: Point, growth: Growth) -> float | None:
    """Where the tangents at the plans found meet the cost without the offer, or halfway between the plans that do with
    it and without; None if there is nothing to go by."""
    if not math.isfinite(out.upper):
        return None
    taken, left = _sides(points, out)
    if growth is Growth.SOLVED and taken is not None:
        return taken if left is None else (taken + left) / 2
    roots = [p.factor + (out.upper - p.upper) / p.charge for p in points if math.isfinite(p.upper) and p.charge > 0]
    return max(0.0, *roots) if roots else None


def next_factor(
    points: Sequence[Point], out: Point, least: float, growth: Growth, tolerance: float = 0.0
) -> float | None:
    """The price factor to solve next; None when another solve is not expected to prove more."""
    if not math.isfinite(out.upper):
        return None
    if growth is Growth.SOLVED:
        return _halving(points, out)
    root = estimate(points, out, growth)
    if root is None:
        return 0.0 if points[-1].factor > 0 else None
    if not _near(root, points):
        return root
    low, high = proven_low(points, out, growth), proven_high(points, out, least, growth, tolerance)
    if low is None and any(point.upper < out.lower for point in points):
        low = 0.0  # a cap forbids what pays for itself at a lower price
    if low is None or high is None or high - low <= CLOSE * high:
        return None
    paying = (p for p in points if math.isfinite(p.upper) and p.charge > 0)
    nearest = min(paying, key=lambda p: abs(p.factor - root))
    doubt = (out.upper - out.lower + nearest.upper - nearest.lower) / nearest.charge
    beyond = root + 1.1 * doubt + CLOSE * root
    for factor in (beyond, (low + high) / 2):
        if low < factor < high and not _near(factor, points):
            return factor
    return None


def _halving(points: Sequence[Point], out: Point) -> float | None:
    """The factor in the middle of what is open; None if that is next to nothing."""
    taken, left = _sides(points, out)
    if taken is None:
        return 0.0 if left else None
    if left is None:
        return 2 * taken
    return (taken + left) / 2 if left - taken > CLOSE * left else None


def _sides(points: Sequence[Point], out: Point) -> tuple[float | None, float | None]:
    """The highest factor at which the plan found costs no more than the one without the offer, and the lowest at which
    it does; None where no such factor was solved."""
    taken = [point.factor for point in points if point.upper <= out.upper]
    left = [point.factor for point in points if point.upper > out.upper]
    return max(taken, default=None), min(left, default=None)


def _near(factor: float, points: Sequence[Point]) -> bool:
    return any(abs(factor - point.factor) <= CLOSE * factor for point in points)
