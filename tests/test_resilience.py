"""Resilience: what a plan says of it, what the audit asks, laws, and a search that adds what a plan breaks."""

import copy
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import offtake
import toys
from offtake.audit import audit
from offtake.compile import compile_instance
from offtake.contingencies import search, survivors
from offtake.instance import from_document
from offtake.plan import read
from offtake.reductions import superfluous, without
from offtake.solve import Limits, solve_model
from offtake.study.infeasible import explain
from offtake_models import build

LAW = settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def planned(document) -> offtake.Plan:
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan


def least(problem) -> float | None:
    return solve_model(build(problem), Limits(gap=0.0)).objective


@st.composite
def documents(draw):
    """Leases of two sellers at two sites, elastic chips of a third, and a share to be kept of what grows."""
    sellers, sites = ["cloud", "other", "third"], ["here", "there"]
    offers = {
        f"lease-{i}": toys.lease(
            float(draw(st.integers(2, 8))),
            float(draw(st.integers(600, 4000))),
            months=draw(st.integers(1, 3)),
            provider=draw(st.sampled_from(sellers)),
            region=draw(st.sampled_from(sites)),
            blocks={"max": draw(st.integers(1, 3))},
            repeat=draw(st.sampled_from(["once", "stack"])),
        )
        for i in range(draw(st.integers(1, 3)))
    }
    elastic = {"usd_per_accelerator_hour": 1.5, "max_accelerators": 1000}
    spot = {"provider": "other", "region": "there", "accelerator": "chip", "elastic": elastic, "source": "toy"}
    document = toys.problem(draw(st.integers(1, 3)), {**offers, "dear": spot}, day={"blocks": 2})
    document["regions"]["there"] = {"latitude": 1.0, "longitude": 1.0}
    document["providers"] = {name: {"kind": "neocloud"} for name in sellers}
    document["offers"]["dear"]["elastic"]["max_accelerators"] = draw(st.sampled_from([5, 1000]))
    rule = {"lose_any": draw(st.sampled_from(["provider", "site"])), "keep": draw(st.sampled_from([0.3, 0.5]))}
    document["policy"] = {"resilience": {**rule, "workloads": ["chat"]}}
    return document


def kept(document, keep: float):
    changed = copy.deepcopy(document)
    changed["policy"]["resilience"]["keep"] = keep
    return changed


@LAW
@given(documents())
def test_the_search_that_adds_what_breaks_finds_the_least_cost_of_all_rows(document):
    assert planned(document).objective_usd == pytest.approx(
        least(compile_instance(from_document(document)).problem), rel=1e-7
    )


@LAW
@given(documents())
def test_to_keep_more_never_costs_less_and_to_keep_nearly_nothing_is_no_rule(document):
    free = copy.deepcopy(document)
    del free["policy"]
    cost = planned(document).objective_usd
    assert planned(kept(document, 0.2)).objective_usd <= cost * (1 + 1e-9)
    assert planned(free).objective_usd <= cost * (1 + 1e-9)


@LAW
@given(documents())
def test_reductions_keep_the_least_cost(document):
    problem = compile_instance(from_document(document)).problem
    assert least(without(problem, superfluous(problem))) == pytest.approx(least(problem), rel=1e-7)


# --- what the plan says


def test_the_losses_that_had_to_be_asked_for_are_named():
    plan = planned(toys.document("half_survives_the_loss_of_a_seller"))
    assert plan.contingencies.to_dict("records") == [
        {"lost": "cloud", "enforced": True},
        {"lost": "other", "enforced": False},
    ]
    reason = dict(plan.offers[["offer", "reason"]].values)["spare"]
    assert reason.endswith("It serves what must be kept without cloud.")
    rerouted = plan.to_document()["decisions"]["rerouted"]
    assert [row for row in rerouted if row[0] == "cloud"] == [["cloud", "spare/chip", "chat", 0, 0, 0, 5.0]]


def test_the_page_says_what_is_kept():
    from offtake.cli import contingencies

    assert contingencies.contingencies(planned(toys.document("lease_beats_on_demand")).to_document()) is None
    assert contingencies.contingencies(planned(toys.document("loss_of_a_family_needs_the_port")).to_document())


def test_each_future_survives():
    """Where July is busy it takes 20 chips: half survives with five of the other seller twice, where it is not once."""
    document = toys.two_sellers(keep=0.5)
    document["horizon"]["months"] = 2
    document["offers"]["spare"]["repeat"] = "stack"
    document["offers"]["spare"]["blocks"] = {"max": 4}
    document["uncertainty"] = toys.futures("2026-07", calm={}, busy={"demand": {"chat": 2.0}})
    plan = planned(document)
    deals = plan.deals[plan.deals["offer"] == "spare"]
    by_future = {row["start"]: (row["blocks"], row["scenarios"]) for row in deals.to_dict("records") if row["node"]}
    assert by_future == {"2026-07": (2, ["busy"])}
    assert plan.objective_usd == pytest.approx(least(compile_instance(from_document(document)).problem))


def test_a_rule_counts_from_its_month_on():
    """June 3,000 without a spare; July, where half must survive, 3,000 and 4,120."""
    document = toys.two_sellers(keep=0.5)
    document["horizon"]["months"] = 2
    document["offers"]["lease"]["repeat"] = "stack"
    document["policy"]["resilience"]["from"] = "2026-07"
    assert planned(document).objective_usd == 10120.0


def test_nothing_survives_a_loss_that_is_too_large():
    document = toys.two_sellers(keep=0.6)
    assert explain(from_document(document)) == [
        "the rule that 0.6 of chat is served without cloud",
    ]


def test_without_a_look_ahead_the_search_adds_what_its_plan_breaks():
    compiled = compile_instance(from_document(toys.document("half_survives_the_loss_of_a_seller")))
    model = build(replace(compiled.problem, contingencies=[]))
    costs = []

    def solve(limits):
        costs.append(solve_model(model, limits))
        return costs[-1]

    outcome, decisions = search(compiled.problem, model, Limits(gap=0.0), lambda limits: False, solve)
    assert [each.objective for each in costs] == [3000.0, 7120.0]
    assert outcome.objective == 7120.0 and decisions.enforced == [0]


def test_a_search_that_is_stopped_has_no_plan_that_breaks_the_rule():
    compiled = compile_instance(from_document(toys.document("half_survives_the_loss_of_a_seller")))
    model = build(replace(compiled.problem, contingencies=[]))

    def stopped(limits):
        return replace(solve_model(model, limits), status="time_limit")

    outcome, decisions = search(compiled.problem, model, Limits(gap=0.0), lambda limits: False, stopped)
    assert outcome.objective is None and decisions is None
    assert outcome.message == "stopped before a plan was found that survives the loss of any of cloud"
    assert outcome.bound == 3000.0


def test_what_is_let_is_not_left():
    """Without the seller of ten chips the five of the other are just enough; with one of them let they are not."""
    compiled = compile_instance(from_document(toys.document("half_survives_the_loss_of_a_seller")))
    model = build(compiled.problem)
    solve_model(model, Limits(gap=0.0))
    decisions = read(compiled.problem, model)
    assert survivors(compiled.problem, decisions, 0) == {("spare/chip", "chat", 0, 0, 0): 5.0}
    let = replace(decisions, sublet={("spare/chip", 0, 0): 1.0})
    assert survivors(compiled.problem, let, 0) is None


# --- the audit


def findings(change, name: str = "half_survives_the_loss_of_a_seller") -> set[tuple[str, str]]:
    document = copy.deepcopy(planned(toys.document(name)).to_document())
    change(document["decisions"])
    report = audit(from_document(toys.document(name)), document)
    return {(finding.rule, finding.sentence) for finding in report.findings}


def test_less_than_must_be_kept_is_found():
    def fewer(decisions):
        decisions["rerouted"][0][-1] = 4.0

    sentence = "without cloud, chat keeps 4 requests/s in 2026-06; 5 must be served"
    assert findings(fewer) == {("survives_any_loss", sentence)}


def test_what_is_lost_serves_nobody():
    def lost(decisions):
        decisions["rerouted"][0][1] = "lease/chip"

    sentence = "without cloud, chat keeps 0 requests/s in 2026-06; 5 must be served"
    assert findings(lost) == {("survives_any_loss", sentence)}


def test_more_than_is_left_is_found():
    def more(decisions):
        decisions["rerouted"][0][-1] = 6.0

    sentence = "without cloud, spare/chip serves with 6 in 2026-06; 5 are there"
    assert findings(more) == {("rerouted_to_what_is_left", sentence)}


def test_a_loss_that_nobody_asks_for_is_found():
    def other(decisions):
        decisions["rerouted"].append(["sun", "spare/chip", "chat", 0, 0, 0, 1.0])

    (finding,) = findings(other)
    assert finding[0] == "decisions_name_what_exists"
    assert finding[1].endswith("is about the loss of 'sun', which the instance does not ask for")


def test_what_waits_for_a_port_does_not_survive_by_it():
    def unported(decisions):
        decisions["ported"].clear()

    said = findings(unported, "loss_of_a_family_needs_the_port")
    assert ("survives_any_loss", "without cuda, chat keeps 0 requests/s in 2026-07; 5 must be served") in said
