"""No use and no payment is made up for a share or a commitment: what the audit finds of plans that do, and a law."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import offtake
import toys
from offtake.audit import audit
from offtake.compile import compile_instance
from offtake.instance import from_document
from offtake.reductions import superfluous, without
from offtake.solve import Limits, solve_model
from offtake_models import build

LAW = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

MADE_UP = {
    "no_chips_are_held_to_raise_a_share": (
        "trained_as_asked",
        "run holds accelerators for 370.37037 % of its work on what a share is about; with a remainder at its smallest "
        "scale it needs 200 % at most",
    ),
    "no_hours_are_paid_beyond_use_to_raise_a_share": (
        "paid_up_before",
        "hourly/chip bills 92.3076923 accelerator-hours beyond take-or-pay in 2026-06 on what a share is about; 720 "
        "are used, of which 3,600 are paid anyhow",
    ),
    "no_more_is_paid_for_nothing_than_lacks": (
        "spent_before",
        "left is paid 4,000.00 USD of 7,000.00 USD; at most 52 % may be",
    ),
    "what_is_prepaid_is_drawn_before_list_is_paid": (
        "listed_if_drawn",
        "1,120.00 USD of on-demand/chip in 2026-06, block 0 are paid at list; 896.00 USD of the commitment plan are "
        "not drawn",
    ),
}
"""toy -> the row that forbids it, and what is said of a plan without that row"""


@pytest.mark.parametrize("name", list(MADE_UP))
def test_the_audit_finds_what_is_made_up(name):
    row, sentence = MADE_UP[name]
    instance = from_document(toys.document(name))
    model = offtake.build_model(instance)
    model.component(row).deactivate()
    plan = offtake.solve(instance, model=model, gap=0.0)
    assert plan.objective_usd < toys.TOYS[name] - 1
    assert sentence in [finding["sentence"] for finding in plan.audit["findings"]]


def test_chips_that_a_run_does_not_need_are_found():
    document = toys.document("no_chips_are_held_to_raise_a_share")
    instance = from_document(document)
    plan = copy.deepcopy(offtake.solve(instance, gap=0.0).to_document())
    row = next(row for row in plan["decisions"]["serve"] if row[1] == "run")
    row[-1] = 2.1
    assert "trained_as_asked" in {finding.rule for finding in audit(instance, plan).findings}


def test_a_remainder_may_take_the_smallest_scale():
    """1,000 chip-hours on two chips at least, in months of 720 and 744 hours: one month does them. At most three."""
    run = toys.training(1000.0, least=2.0, most=3.0)
    document = toys.to_train(2, run, policy={"provider_share_max": {"spend": 1.0}})
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"] and plan.objective_usd == pytest.approx(1440.0)


# laws


@st.composite
def portfolios(draw):
    """A lease of each of two sellers, one with use left open, a promise to a third, and a run beside chat."""
    leases = [toys.lease(float(draw(st.integers(3, 8))), float(draw(st.sampled_from([1500, 2500])))) for _ in range(2)]
    leases[1] = toys.lease(6.0, None, usd_per_accelerator_hour=0.9, take_or_pay=draw(st.sampled_from([0.3, 0.7])))
    run = toys.training(float(draw(st.integers(3, 20)) * 100), 1.0, 6.0)
    if draw(st.booleans()):
        run["goodput"] = [{"accelerators": 2.0, "factor": 0.9}, {"accelerators": 6.0, "factor": 0.8}]
    promised = toys.promise(months=draw(st.integers(1, 2)), usd=float(draw(st.sampled_from([1000, 6000]))))
    promised["mandatory"] = True
    document = toys.rivals(*leases, months=2, commitments={"agreement": promised})
    document["workloads"] = {"chat": toys.chat(float(draw(st.integers(3, 9)))), "run": run}
    return document


def least(problem) -> float:
    outcome = solve_model(build(problem), Limits(gap=0.0))
    return float("inf") if outcome.objective is None else outcome.objective


@LAW
@given(portfolios())
def test_it_costs_nothing_where_nothing_is_gained(document):
    """A share of all is no limit."""
    free = {**document, "commitments": {}}
    shared = {**free, "policy": {"provider_share_max": {"spend": 1.0}}}
    assert least(compile_instance(from_document(shared)).problem) == pytest.approx(
        least(compile_instance(from_document(free)).problem), rel=1e-7
    )


@LAW
@given(portfolios(), st.sampled_from([0.5, 0.6, 0.75]))
def test_plans_under_a_share_of_spend_pass_the_audit_and_nothing_is_lost_by_reduction(document, share):
    instance = from_document({**document, "policy": {"provider_share_max": {"spend": share}}})
    problem = compile_instance(instance).problem
    assert least(without(problem, superfluous(problem))) == pytest.approx(least(problem), rel=1e-7)
    try:
        plan = offtake.solve(instance, gap=0.0)
    except offtake.NoPlan:
        return
    assert plan.audit["passed"], plan.audit["findings"]
