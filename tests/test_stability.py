"""Plans that keep to an earlier one: what counts as a change, where the earlier plan comes from, and what is said."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import offtake
import toys
from offtake.audit import audit
from offtake.compile import compile_instance
from offtake.instance import from_document, inspect, load, to_document
from offtake.reductions import superfluous, without
from offtake.solve import Limits, solve_model
from offtake_models import build

LAW = settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def solved(document: dict) -> offtake.Plan:
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan


def reason(plan: offtake.Plan, offer: str) -> str:
    return plan.offers.set_index("offer").loc[offer, "reason"]


def test_a_change_that_pays_is_made_and_told():
    """At 90 each, two changes cost 180 of the 200 that the other lease saves: 4,980. They are no cash."""
    document = toys.document("the_earlier_plan_is_kept")
    document["policy"]["keep_plan"]["usd_per_change"] = 90.0
    plan = solved(document)
    assert plan.objective_usd == pytest.approx(4980.0)
    assert plan.kpis["plan_changes"] == 2
    assert plan.cost.set_index("line").loc["changes", "usd"] == pytest.approx(180.0)
    assert plan.cash["usd"].sum() == pytest.approx(4800.0)
    assert reason(plan, "planned").endswith("The earlier plan signs 1 block from 2026-06 for 1 month, this one 0.")
    assert "costs 90 USD" in plan.to_document()["conventions"]["changes"]


def test_a_plan_that_is_kept_has_no_changes():
    plan = solved(toys.document("the_earlier_plan_is_kept"))
    assert plan.kpis["plan_changes"] == 0
    assert "changes" not in solved(toys.document("lease_beats_on_demand")).to_document()["conventions"]


def test_what_can_no_longer_be_signed_is_changed_and_what_is_history_is_not():
    """The offer that is gone costs 100 whatever happens; what was signed in May, or begins in July, is none."""
    document = toys.document("lease_beats_on_demand")
    gone = [("gone", "2026-06", 1, 1), ("lease", "2026-07", 1, 1), ("lease", "2026-06", 1, 1)]
    document["policy"] = toys.keeping(100.0, *gone)
    history = {"offer": "old", "start": "2026-06", "signing": "2026-05", "months": 1, "blocks": 1}
    document["policy"]["keep_plan"]["plan"].append(history)
    plan = solved(document)
    assert plan.objective_usd == pytest.approx(5100.0)
    assert plan.kpis["plan_changes"] == 1


def test_fewer_blocks_are_one_change():
    """Three blocks of five chips were planned, two are needed: the third costs 2,000, the change 500."""
    document = toys.document("one_block_more_is_a_change")
    document["offers"]["lease"]["blocks"] = {"max": 3}
    document["policy"] = toys.keeping(500.0, ("lease", "2026-06", 1, 3))
    assert solved(document).objective_usd == pytest.approx(4500.0)
    document["policy"] = toys.keeping(2500.0, ("lease", "2026-06", 1, 3))
    assert solved(document).objective_usd == pytest.approx(6000.0)


def test_volume_tiers_and_terms_of_one_length_are_one_deal():
    """Five blocks at the lower price of the tier; two terms of a month are the same to the earlier plan."""
    document = toys.document("five_blocks_are_cheaper_than_four")
    document["policy"] = toys.keeping(500.0, ("lease", "2026-06", 1, 5))
    assert solved(document).objective_usd == pytest.approx(9375.0)
    document["policy"] = toys.keeping(500.0, ("lease", "2026-06", 1, 4))
    assert solved(document).objective_usd == pytest.approx(9875.0)


def test_each_future_pays_for_its_own_changes():
    """Ten chips more in July only where it booms, which the earlier plan did not have: half of 100 is expected."""
    document = toys.document("what_can_wait_is_signed_in_the_future_that_needs_it")
    document["policy"] = toys.keeping(100.0, ("base", "2026-06", 2, 1))
    plan = solved(document)
    assert plan.objective_usd == pytest.approx(7500.0 + 50.0)
    assert [plan.futures[name].kpis["plan_changes"] for name in ("calm", "boom")] == [0, 1]


def test_the_audit_finds_a_change_that_is_not_paid_for():
    document = toys.document("the_earlier_plan_is_kept")
    plan = solved({**document, "policy": {}}).to_document()
    found = [finding.sentence for finding in audit(from_document(document), plan).findings]
    assert "the cost table prints 0.00 USD for changes; the decisions cost 300.00 USD" in found


# the earlier plan beside the instance


@pytest.fixture
def folder(tmp_path) -> Path:
    """An instance and its plan of the last quarter."""
    document = toys.document("the_earlier_plan_is_kept")
    del document["policy"]
    document["offers"]["other"]["terms"][0]["usd_per_month"] = 5200.0
    solved(document).save(tmp_path / "last.plan.json")
    document["offers"]["other"]["terms"][0]["usd_per_month"] = 4800.0
    document["policy"] = {"keep_plan": {"plan": "last.plan.json", "usd_per_change": 150.0}}
    (tmp_path / "now.yaml").write_text(yaml.safe_dump(document))
    return tmp_path


def test_the_deals_of_a_file_take_its_place(folder):
    instance = load(folder / "now.yaml")
    stored = to_document(instance)
    assert stored["policy"] == toys.document("the_earlier_plan_is_kept")["policy"]
    assert from_document(stored) == instance
    plan = offtake.solve(instance, gap=0.0)
    assert plan.objective_usd == pytest.approx(5000.0)
    assert plan.audit["passed"]


def test_of_a_plan_for_several_futures_what_all_of_them_sign_is_kept(folder):
    document = toys.document("what_can_wait_is_signed_in_the_future_that_needs_it")
    solved(document).save(folder / "last.plan.json")
    plan = load(folder / "now.yaml").policy.keep_plan.plan
    assert [(deal.offer, str(deal.start), deal.months, deal.blocks) for deal in plan] == [("base", "2026-06", 2, 1)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "last.plan.json is not a plan: it is not JSON"),
        ("[" * 40_000, "last.plan.json is not a plan: it is not JSON"),
        ("[]", "last.plan.json is not a plan: it does not have the format offtake.plan/1"),
        ('{"format": "offtake.plan/1"}', "last.plan.json is not a plan: it has no table of deals"),
        (
            '{"format": "offtake.plan/1", "deals": [{"offer": "x"}]}',
            "last.plan.json is not a plan: a deal of it lacks one of offer, start, signing, months, blocks",
        ),
    ],
)
def test_files_that_are_no_plan(folder, text, message):
    (folder / "last.plan.json").write_text(text)
    (error,) = inspect(folder / "now.yaml").errors
    assert (error.code, error.message) == ("E027", message)


def test_deals_that_make_no_sense_are_errors_of_the_line_that_names_the_file(folder):
    document = json.loads((folder / "last.plan.json").read_text())
    document["deals"][0] |= {"start": "June", "blocks": -1}
    (folder / "last.plan.json").write_text(json.dumps(document))
    errors = inspect(folder / "now.yaml").errors
    assert {error.code for error in errors} == {"E012", "E013"}
    line = next(
        i for i, text in enumerate((folder / "now.yaml").read_text().splitlines(), 1) if "last.plan.json" in text
    )
    assert {error.line for error in errors} == {line}


def test_a_stored_instance_names_no_file():
    document = toys.document("the_earlier_plan_is_kept")
    document["policy"]["keep_plan"]["plan"] = "last.plan.json"
    with pytest.raises(offtake.InstanceError, match="a stored instance cannot name a file"):
        from_document(document)


def test_a_kept_deal_that_can_no_longer_be_signed_is_a_warning(folder):
    document = yaml.safe_load((folder / "now.yaml").read_text())
    document["offers"]["fresh"] = document["offers"].pop("planned")
    (folder / "now.yaml").write_text(yaml.safe_dump(document))
    (warning,) = inspect(folder / "now.yaml").warnings
    said = (
        "the earlier plan signs planned from 2026-06 for 1 month, which can no longer be signed: a change in any case"
    )
    assert (warning.code, warning.message) == ("W012", said)


# laws


def test_a_deal_of_the_earlier_plan_stays():
    """Of one month for 4,000 and two for 3,000 the first goes, unless it was planned."""
    terms = [{"months": 1, "usd_per_month": 4000.0}, {"months": 2, "usd_per_month": 1500.0}]
    document = toys.problem(2, {"lease": toys.lease(terms=terms, start={"latest": "2026-06"})})

    def left_out(*deals) -> dict[int, int]:
        policy = toys.keeping(100.0, *deals)
        return superfluous(compile_instance(from_document({**document, "policy": policy})).problem)

    assert left_out() == left_out(("lease", "2026-06", 2, 1)) == {0: 1}
    assert left_out(("lease", "2026-06", 1, 1)) == {}


@LAW
@given(st.integers(1, 12), st.integers(0, 3), st.sampled_from([50.0, 1000.0]), st.sampled_from(["once", "stack"]))
def test_what_is_left_out_is_no_loss_and_a_dearer_change_never_costs_less(demand, blocks, usd, repeat):
    terms = [{"months": months, "usd_per_month": price} for months, price in ((1, 2000.0), (2, 1900.0), (2, 1950.0))]
    lease = toys.lease(4.0, terms=terms, blocks={"max": 3}, repeat=repeat)
    document = toys.problem(2, {"lease": lease}, {"requests_per_s": float(demand)})
    kept = [("lease", "2026-06", 2, blocks)] if blocks else []

    def least(change: float, reduced: bool) -> float:
        policy = toys.keeping(change, *kept)
        problem = compile_instance(from_document({**document, "policy": policy})).problem
        asked = without(problem, superfluous(problem)) if reduced else problem
        return solve_model(build(asked), Limits(gap=0.0)).objective

    assert least(usd, reduced=True) == pytest.approx(least(usd, reduced=False), rel=1e-7)
    assert least(usd, reduced=False) <= least(2 * usd, reduced=False) * (1 + 1e-7)
