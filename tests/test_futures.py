"""Laws of scenarios: what several futures cost follows from what each costs on its own, and from when they part."""

from __future__ import annotations

import copy

import pytest

import offtake
import toys
from offtake.compile import compile_instance
from offtake.instance import from_document, scenarios
from offtake.solve import Limits, solve_model
from offtake_models import build

CALM_AND_BOOM = "nothing_is_signed_on_a_future_not_known"


def least_cost(document) -> float:
    problem = compile_instance(from_document(document)).problem
    return solve_model(build(problem), Limits(gap=0.0)).objective


def alone(document, name) -> float:
    """The cost of one scenario if it were known from the start that it comes."""
    instance = from_document(document)
    future = next(each for each in scenarios.futures(instance) if each.name == name)
    return solve_model(build(compile_instance(future.instance).problem), Limits(gap=0.0)).objective


def parting_in(month: str):
    document = toys.document(CALM_AND_BOOM)
    document["uncertainty"]["reveal"] = {month: [["calm"], ["boom"]]}
    document["uncertainty"]["scenarios"]["boom"]["demand"] = {"chat": {"2026-07": 2.0}}
    return document


def test_futures_known_at_once_are_problems_of_their_own():
    """Parting in the first month: 5,000 calm; with the boom 5,000 and the lease of 5,000 signed in June: 7,500."""
    document = parting_in("2026-06")
    assert (alone(document, "calm"), alone(document, "boom")) == (pytest.approx(5000), pytest.approx(10000))
    assert least_cost(document) == pytest.approx(7500)


def test_to_know_later_is_never_cheaper():
    """8,720 if they part in July against 7,500 in June: what it is worth to know, 1,220."""
    assert least_cost(parting_in("2026-07")) - least_cost(parting_in("2026-06")) == pytest.approx(1220)


@pytest.mark.parametrize("name", ["half_of_the_term_is_charged", "savings_plan_is_too_large", "batch_does_its_month"])
def test_equal_futures_are_one(name):
    """Three of them, parting in the first month or never: the same cost as without any."""
    document = toys.document(name)
    document["uncertainty"] = {
        "scenarios": {"a": {"probability": 0.2}, "b": {"probability": 0.3}, "c": {"probability": 0.5}},
        "reveal": {"2026-06": [["a", "b"], ["c"]]},
    }
    assert least_cost(document) == pytest.approx(toys.TOYS[name])


def test_a_certain_scenario_is_what_it_says():
    """One scenario of probability 1 that doubles July's demand is the table of demands with July doubled."""
    stated = toys.document(CALM_AND_BOOM)
    stated["uncertainty"] = {"scenarios": {"boom": {"probability": 1.0, "demand": {"chat": {"2026-07": 2.0}}}}}
    typed = copy.deepcopy(toys.document(CALM_AND_BOOM))
    del typed["uncertainty"]
    typed["workloads"]["chat"]["demand"] = {"requests_per_s": {"2026-06": 10.0, "2026-07": 20.0}}
    assert least_cost(stated) == pytest.approx(least_cost(typed))


def test_nodes_are_the_first_of_those_that_share_them():
    """Three futures: one parts in July, the other two in August."""
    document = toys.problem(3, uncertainty=toys.futures("2026-07", a={}, b={"demand": {"chat": 2.0}}, c={}))
    document["uncertainty"]["reveal"] = {"2026-07": [["b"]], "2026-08": [["a"], ["c"]]}
    instance = from_document(document)
    assert scenarios.node_of(instance) == [[0, 0, 0], [0, 1, 1], [0, 0, 2]]


def test_an_effect_holds_from_the_month_in_which_everyone_left_has_it():
    """b and c double the demand, and are told from a in July; c alone loses its seller, told from b in August."""
    effects = {"b": {"demand": {"chat": 2.0}}, "c": {"demand": {"chat": 2.0}, "lose": {"cloud": "2026-08"}}}
    document = toys.problem(3, uncertainty=toys.futures("2026-07", a={}, **effects))
    document["uncertainty"]["reveal"] = {"2026-07": [["a"], ["b", "c"]], "2026-08": [["b"], ["c"]]}
    instance = from_document(document)
    classes = scenarios.partitions(instance)
    assert str(scenarios.known_from(instance, classes, "b", "demand", "chat")) == "2026-07"
    assert str(scenarios.known_from(instance, classes, "c", "lose", "cloud")) == "2026-08"
    doubled = {future.name: future.instance.uncertainty for future in scenarios.futures(instance)}
    assert {str(month): factor for month, factor in doubled["c"].scenarios["c"].demand["chat"].items()} == {
        "2026-07": 2.0
    }


def test_a_plan_holds_each_future_as_a_plan_of_its_own():
    """Calm 5,000; with the boom 5,000 + 5,000 for a lease signed in July only there. Each passes its own audit."""
    plan = offtake.solve(from_document(toys.document("what_can_wait_is_signed_in_the_future_that_needs_it")), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    assert {name: own.objective_usd for name, own in plan.futures.items()} == {"calm": 5000.0, "boom": 10000.0}
    signed = plan.deals.set_index("offer")
    assert dict(signed.scenarios) == {"base": ["calm", "boom"], "more": ["boom"]}
    assert list(plan.futures["calm"].deals.offer) == ["base"]
    assert plan.kpis["cost_usd"] == pytest.approx(7500.0)
    for own in plan.futures.values():
        report = offtake.audit(own.instance, own.to_document())
        assert report.passed, report.findings
