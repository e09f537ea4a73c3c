"""Brute force on tiny instances: every way to sign, the shortage bought on demand, all by arithmetic written anew
here.
"""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import offtake
import toys
from offtake.instance import from_document

HOURS = [720, 744, 744]
"""June, July and August 2026"""


@st.composite
def small_leases(draw):
    """Plain facts of one lease; `document_of` and `brute_force` read them each in their own way."""
    return {
        "chips": draw(st.integers(2, 8)),
        "fee": draw(st.integers(500, 5000)),
        "months": draw(st.integers(1, 4)),
        "most": draw(st.integers(1, 2)),
        "repeat": draw(st.sampled_from(["once", "one_at_a_time"])),
        "lead": draw(st.integers(0, 1)),
        "signing_fee": draw(st.sampled_from([0, 700])),
    }


def document_of(leases, demand):
    offers = {
        f"lease-{i}": toys.lease(
            float(lease["chips"]),
            float(lease["fee"]),
            months=lease["months"],
            blocks={"min": 1, "max": lease["most"]},
            repeat=lease["repeat"],
            start={"lead_months": lease["lead"]},
            signing_fee_usd=float(lease["signing_fee"]),
        )
        for i, lease in enumerate(leases)
    }
    return toys.problem(months=len(HOURS), offers=offers, demand={"requests_per_s": float(demand)})


def schedules(lease):
    """Every set of (start, blocks) that the repeat rule allows for one lease, the empty one included."""
    signings = [(start, n) for start in range(lease["lead"], len(HOURS)) for n in range(1, lease["most"] + 1)]
    yield ()
    for size in range(1, 1 + (1 if lease["repeat"] == "once" else len(HOURS))):
        for chosen in itertools.combinations(signings, size):
            starts = sorted(start for start, _n in chosen)
            if all(later - earlier >= lease["months"] for earlier, later in itertools.pairwise(starts)):
                yield chosen


def cost_of(leases, plan, demand):
    """Pro rata at rate 0: only the months inside the horizon of a level fee are charged, and of the signing fee
    their share.
    """
    held = [0] * len(HOURS)
    cost = 0.0
    for lease, chosen in zip(leases, plan, strict=True):
        for start, n in chosen:
            inside = min(lease["months"], len(HOURS) - start)
            cost += inside * lease["fee"] * n + lease["signing_fee"] * inside / lease["months"]
            for month in range(start, start + inside):
                held[month] += n * lease["chips"]
    return cost + sum(max(demand - have, 0) * hours for have, hours in zip(held, HOURS, strict=True))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(small_leases(), min_size=1, max_size=2), st.integers(3, 14))
def test_no_way_to_sign_is_cheaper_than_the_plan(leases, demand):
    best = min(cost_of(leases, plan, demand) for plan in itertools.product(*(schedules(lease) for lease in leases)))
    plan = offtake.solve(from_document(document_of(leases, demand)), gap=0.0)
    assert math.isfinite(best)
    assert plan.objective_usd == pytest.approx(best, rel=1e-9)
