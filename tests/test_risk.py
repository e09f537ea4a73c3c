"""The dearest futures count for themselves: CVaR by hand, by brute force, and as the audit recomputes it."""

from __future__ import annotations

import copy
import json

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import offtake
import toys
from offtake.audit import audit
from offtake.cli import main
from offtake.instance import InstanceError, from_document
from offtake.plan.futures import cvar
from offtake.study.breakeven import breakeven

TOY = "dear_futures_count_for_themselves"
QUICK = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def solved(document):
    return offtake.solve(from_document(document), gap=0.0)


def unweighed(document):
    """The same without the measure: its plan, whose lines are all of the cost."""
    return {**document, "policy": {}}


def test_the_dearest_futures_by_hand():
    """Costs 10, 20 and 40 at 0.5, 0.3 and 0.2. The dearest half: 0.2 of 40 and 0.3 of 20, 14 / 0.5 = 28. The dearest
    tenth: 40. Level 0 counts all: 5 + 6 + 8 = 19."""
    costs = [(0.5, 10.0), (0.2, 40.0), (0.3, 20.0)]
    assert [cvar(costs, level) for level in (0.5, 0.9, 0.0)] == pytest.approx([28.0, 40.0, 19.0])


def test_the_plan_prints_what_the_measure_weighs():
    plan = solved(toys.document(TOY))
    weighed = {"mean_weight": 1.0, "weight": 1.0, "cvar_level": 0.5, "expected_cost_usd": 10000.0, "cvar_usd": 10000.0}
    assert plan.to_document()["risk"] == pytest.approx(weighed)
    assert (plan.objective_usd, plan.expected_cost_usd, plan.cvar_usd) == pytest.approx((20000.0, 10000.0, 10000.0))
    assert plan.audit["passed"]
    assert "risk" not in plan.futures["calm"].to_document()
    assert audit(plan.futures["calm"].instance, plan.futures["calm"].to_document()).passed


@QUICK
@given(
    level=st.sampled_from([0.0, 0.3, 0.5, 0.75, 0.9]),
    weight=st.sampled_from([0.1, 1.0, 4.0]),
    mean_weight=st.sampled_from([0.2, 1.0]),
    chance=st.sampled_from([0.1, 0.5, 0.8]),
    fee=st.sampled_from([3000.0, 5000.0, 7000.0]),
)
def test_the_least_of_the_weighed_costs_is_found(level, weight, mean_weight, chance, fee):
    """The second lease is signed for both futures or for none: each is solved alone, without the measure."""
    document = toys.document(TOY)
    document["policy"] = {"risk": {"cvar_level": level, "weight": weight, "mean_weight": mean_weight}}
    scenarios = document["uncertainty"]["scenarios"]
    scenarios["calm"]["probability"], scenarios["boom"]["probability"] = 1 - chance, chance
    document["offers"]["more"]["terms"][0]["usd_per_month"] = fee
    forced = [[{"at_least": 1, "offers": ["more"]}], [{"at_most": 0, "offers": ["more"]}]]
    weighed = []
    for groups in forced:
        plan = solved({**unweighed(document), "groups": groups})
        costs = [(each.to_document()["objective_usd"], name) for name, each in plan.futures.items()]
        costs = [(scenarios[name]["probability"], usd) for usd, name in costs]
        weighed.append(mean_weight * plan.objective_usd + weight * cvar(costs, level))
    found = solved(document)
    assert found.objective_usd == pytest.approx(min(weighed), rel=1e-6)
    assert found.bound_usd == pytest.approx(found.objective_usd, rel=1e-6)
    assert found.audit["passed"]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("cvar_usd", r"prints 10,001.00 USD as cvar_usd; its futures come to 10,000.00 USD"),
        ("expected_cost_usd", r"prints 10,001.00 USD as expected_cost_usd"),
        ("weight", r"as weight of its risk measure; it is 1"),
    ],
)
def test_the_audit_recomputes_it(key, said):
    plan = solved(toys.document(TOY))
    document = copy.deepcopy(plan.to_document())
    document["risk"][key] += 1.0
    (finding,) = audit(plan.instance, document).findings
    assert said in finding.sentence


def test_the_audit_misses_a_measure_that_is_not_printed():
    plan = solved(toys.document(TOY))
    document = {key: value for key, value in plan.to_document().items() if key != "risk"}
    (finding,) = audit(plan.instance, document).findings
    assert finding.sentence == "the plan does not print what its risk measure weighs"


def test_the_audit_finds_a_measure_that_the_instance_does_not_have():
    weighed = solved(toys.document(TOY)).to_document()["risk"]
    plan = solved(unweighed(toys.document(TOY)))
    (finding,) = audit(plan.instance, {**plan.to_document(), "risk": weighed}).findings
    assert finding.sentence == "the plan prints a risk measure; its instance has none"


def test_one_future_has_none_that_is_dearer():
    document = toys.problem(policy={"risk": {"weight": 1.0}})
    with pytest.raises(InstanceError, match="this instance has one future"):
        from_document(document)


def test_break_even_prices_are_bracketed_where_dear_futures_count():
    """With the lease of July at p both futures cost 5,000 + p, twice that in all: worth it up to 5,580 = 11,160 / 2."""
    (found,) = breakeven(from_document(toys.document(TOY)), ["more"], gap=0.0)
    assert found.verdict == "proven"
    assert found.price_low <= 5580.0 <= found.price_high


def test_plans_of_other_weights_answer_other_questions():
    """The cost table sums to the objective: 10,000 of contracts, and 10,000 that the dearest half counts besides."""
    toy = toys.document(TOY)
    other = copy.deepcopy(toy)
    other["policy"]["risk"]["weight"] = 0.1
    compared = offtake.compare(solved(toy), solved(other))
    assert not compared.comparable and "the weight of dear futures" in compared.questions[0]
    cost = compared.cost.set_index("line").iloc[:, 0]
    assert (cost["risk"], cost["total"]) == pytest.approx((10000.0, 20000.0))


def test_it_is_shown(tmp_path):
    path = tmp_path / "toy.json"
    path.write_text(json.dumps(toys.document(TOY)), encoding="utf-8")
    shown = CliRunner().invoke(main, ["solve", str(path), "--gap", "0", "-o", str(tmp_path / "plan.json")])
    assert shown.exit_code == 0, shown.output
    assert "cost, weighed" in shown.output
    assert "dearest 50%" in shown.output
