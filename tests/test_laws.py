"""Laws on random instances that are feasible by construction: on-demand chips can always serve everything."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import offtake
import toys
from offtake.instance import from_document

LAW = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def leases(draw):
    """A lease with whole numbers: a block size, a fee near the on-demand price, a term and a window."""
    chips = draw(st.integers(1, 12))
    fee = chips * draw(st.integers(200, 900))
    return toys.lease(
        float(chips),
        float(fee),
        months=draw(st.integers(1, 6)),
        blocks={"min": draw(st.integers(1, 2)), "max": draw(st.integers(2, 4))},
        repeat=draw(st.sampled_from(["once", "one_at_a_time", "stack"])),
        prepay=draw(st.sampled_from([0.0, 0.5])),
        signing_fee_usd=float(draw(st.sampled_from([0, 300]))),
        start={"lead_months": draw(st.integers(0, 1))},
    )


@st.composite
def documents(draw):
    """Three or four months, one or two workloads, one to three leases beside on-demand chips."""
    offers = {f"lease-{i}": draw(leases()) for i in range(draw(st.integers(1, 3)))}
    workloads = {"chat": toys.chat(float(draw(st.integers(3, 15))), growth_per_year=draw(st.sampled_from([1.0, 3.0])))}
    if draw(st.booleans()):
        workloads["evals"] = toys.batch(float(draw(st.integers(1, 8))))
    rates = [{"accelerator": "chip", "workload": w, "requests_per_s_per_accelerator": 1.0} for w in workloads]
    return toys.problem(
        months=draw(st.integers(2, 4)),
        offers=offers,
        workloads=workloads,
        day={"blocks": 2},
        throughput={"rates": rates},
        finance={"discounting": {"rate": draw(st.sampled_from([0.0, 0.1]))}},
    )


def least_cost(document) -> float:
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan.objective_usd


@LAW
@given(documents())
def test_more_choice_never_costs_more(document):
    fewer = {**document, "offers": {"on-demand": document["offers"]["on-demand"]}}
    assert least_cost(document) <= least_cost(fewer) * (1 + 1e-9)


@LAW
@given(documents())
def test_a_tighter_limit_never_costs_less(document):
    first = document["horizon"]["start"]
    # 16 chips and more on demand, for the most that the month can need
    tight = {**document, "finance": {**document["finance"], "budget_usd": {first: 744.0 * 26}}}
    assert least_cost(tight) >= least_cost(document) * (1 - 1e-9)


@LAW
@given(documents(), st.sampled_from([0.5, 3.0]))
def test_prices_times_k_is_cost_times_k(document, k):
    scaled = copy.deepcopy(document)
    scaled["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] *= k
    for offer in scaled["offers"].values():
        for term in offer.get("terms", []):
            term["usd_per_month"] *= k
            term["signing_fee_usd"] *= k
    assert least_cost(scaled) == pytest.approx(k * least_cost(document), rel=1e-9)


@LAW
@given(documents())
def test_the_order_of_the_file_is_no_decision(document):
    turned = {**document, "offers": dict(reversed(document["offers"].items()))}
    turned["workloads"] = dict(reversed(document["workloads"].items()))
    assert least_cost(turned) == pytest.approx(least_cost(document), rel=1e-9)


@LAW
@given(documents())
def test_rate_zero_is_the_plain_sum_of_the_cash(document):
    plain = {**document, "finance": {"discounting": {"rate": 0.0}, "terminal": "none"}}
    plan = offtake.solve(from_document(plain), gap=0.0)
    assert plan.objective_usd == pytest.approx(plan.cash["usd"].sum(), rel=1e-9)


@LAW
@given(documents())
def test_coarser_periods_never_cost_less(document):
    """A period's delivery is its smallest month's and its demand its largest month's: coarser is dearer or equal."""
    flat = copy.deepcopy(document)
    months = flat["horizon"]["months"]
    flat["workloads"]["chat"]["demand"]["growth_per_year"] = 1.0
    coarse = copy.deepcopy(flat)
    coarse["horizon"]["steps"] = [{"count": 1, "months": months}]
    assert least_cost(coarse) >= least_cost(flat) * (1 - 1e-9)
