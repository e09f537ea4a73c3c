"""Plans side by side: differing questions are said first, deals are matched, and no more is claimed than is proven."""

import copy
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

import toys
from offtake.cli import main
from offtake.engine import solve
from offtake.instance import Instance, from_document
from offtake.plan import Plan
from offtake.study.compare import compare
from offtake.study.held import NotHeld, hold
from test_plan import planned
from toys import lease, problem


def rented() -> Plan:
    """Ten chips on demand for June: 7,200 USD."""
    return _priced(planned(problem(), {}, {("on-demand/chip", "chat", 0, 0): 10.0}), 7200.0)


def leased(usd_per_month: float = 5000.0, blocks: int = 1, **keys: object) -> Plan:
    """Ten chips on a lease for June."""
    document = problem(offers={"lease": lease(10.0, usd_per_month, blocks={"min": 1, "max": 9})}, **keys)
    plan = planned(document, {0: blocks}, {("lease/chip", "chat", 0, 0): 10.0})
    return _priced(plan, usd_per_month * blocks)


def _priced(plan: Plan, usd: float, bound: float | None = None) -> Plan:
    return Plan({**plan.to_document(), "objective_usd": usd, "bound_usd": usd if bound is None else bound})


def test_the_same_plan_differs_in_nothing():
    found = compare(leased(), leased())
    assert found.labels == ["toy (1)", "toy (2)"]
    assert found.comparable
    assert (found.questions, found.input_rows) == ([], [])
    assert found.money == ["toy (1) and toy (2) cost the same: $5,000."]
    assert list(found.deals["change"]) == ["same"]


def test_deals_that_come_and_go():
    """The second plan leases instead of renting; seen from the other side the deal is dropped."""
    forth, back = compare(rented(), leased(), labels=["a", "b"]), compare(leased(), rented(), labels=["a", "b"])
    assert forth.deals.to_dict("records") == [
        {"decision": "lease", "a": "", "b": "1 block, 1 month from 2026-06", "change": "added"}
    ]
    assert list(back.deals["change"]) == ["dropped"]


def test_a_deal_of_another_size_is_changed():
    found = compare(leased(blocks=1), leased(blocks=2), labels=["a", "b"])
    assert list(found.deals["change"]) == ["changed: size"]
    assert list(found.deals["b"]) == ["2 blocks, 1 month from 2026-06"]


def _signed(*deals: dict) -> Plan:
    base = leased().to_document()
    return Plan({**base, "deals": [{**base["deals"][0], **deal} for deal in deals]})


def test_deals_of_one_offer_pair_by_their_dates_first():
    """June and July against July and August: July is the same, June has become August."""
    june, july, august = ({"start": f"2026-0{k}", "signing": f"2026-0{k}"} for k in (6, 7, 8))
    rows = compare(_signed(june, july), _signed(july, august), labels=["a", "b"]).deals
    assert [(row.a[-7:], row.b[-7:], row.change) for row in rows.itertuples()] == [
        ("2026-06", "2026-08", "changed: start"),
        ("2026-07", "2026-07", "same"),
    ]


def test_start_and_term_may_change_together():
    found = compare(leased(), _signed({"start": "2026-07", "months": 12, "term": 1}), labels=["a", "b"])
    assert list(found.deals["change"]) == ["changed: start and term"]


def test_a_term_is_told_apart_by_what_it_states():
    """Two terms of one month, the second prepaid by half: the words say so, not the number of the term."""
    term = {"months": 1, "usd_per_month": 5000.0}
    offers = {"lease": {**lease(10.0), "terms": [term, {**term, "prepay": 0.5}]}}
    plans = [planned(problem(offers=offers), {d: 1}, {("lease/chip", "chat", 0, 0): 10.0}) for d in (0, 1)]
    row = compare(*plans, labels=["a", "b"]).deals.iloc[0].to_dict()
    assert row["a"] == "1 block, 1 month from 2026-06 (prepay not stated)"
    assert row["b"] == "1 block, 1 month from 2026-06 (prepay 0.5)"
    assert row["change"] == "changed: term"


def test_a_commitment_that_is_taken_is_a_decision():
    """A year from June, in an interval inside the horizon and one beyond it: 12 months and 30,000 USD in all."""
    parts = [
        {"commitment": "edp", "start": start, "months": months, "committed_usd": usd}
        for start, months, usd in (("2026-06", 1, 2500.0), ("2026-07", 11, 27500.0))
    ]
    taken = Plan({**leased().to_document(), "commitments": parts})
    rows = compare(leased(), taken, labels=["a", "b"]).deals.set_index("decision")
    assert tuple(rows.loc["edp"]) == ("", "$30,000, 12 months from 2026-06", "added")


def test_cost_by_line_with_total_and_bound():
    """Lines of which neither plan has anything are left out."""
    found = compare(rented(), _priced(leased(), 5000.0, bound=4900.0), labels=["a", "b"])
    assert found.cost.values.tolist() == [
        ["contracts", 0.0, 5000.0],
        ["elastic", 7200.0, 0.0],
        ["total", 7200.0, 5000.0],
        ["proven bound", 7200.0, 4900.0],
    ]
    assert "b costs $2,200 less than a (30.56%)." in found.money


def test_cash_by_fiscal_year_and_what_is_owed_at_its_end():
    """Two months from June at 1,000 a month, fiscal years from July: 1,000 in each; after June one month is owed."""
    offers = {"lease": lease(10.0, 1000.0, months=2)}
    document = problem(months=2, offers=offers, finance={"fiscal_year_start": 7})
    plan = planned(document, {0: 1}, {("lease/chip", "chat", t, 0): 10.0 for t in (0, 1)})
    found = compare(plan, plan, labels=["a", "b"])
    assert found.cash.values.tolist() == [
        ["2025/26", "fees", 1000.0, 1000.0],
        ["2026/27", "fees", 1000.0, 1000.0],
    ]
    assert found.obligations.values.tolist() == [["2026-06", 1000.0, 1000.0]]
    assert found.risk.set_index("figure").loc["Share of the largest group in that", "a"] == 1.0


def test_tokens_per_dollar_and_shares_of_providers():
    """10 requests/s of 1,100 tokens for 2,592,000 s are 28.512e9 tokens: for 7,200 USD 3.96 million a dollar."""
    found = compare(rented(), leased(), labels=["a", "b"])
    assert found.throughput.values.tolist() == [["chat", pytest.approx(3.96e6), pytest.approx(28.512e9 / 5000)]]
    assert found.providers.values.tolist() == [["cloud", 1.0, 1.0]]


def test_service_is_weighted_over_the_horizon():
    """Half of 30 requests/s in June (720 h), all of 10 in July (744 h): (10,800 + 7,440) / (21,600 + 7,440) = 0.628."""
    rows = [
        {"month": "2026-06", "workload": "chat", "mean_requests_per_s": 30.0, "served_share": 0.5},
        {"month": "2026-07", "workload": "chat", "mean_requests_per_s": 10.0, "served_share": 1.0},
    ]
    plan = Plan({**leased().to_document(), "service": rows})
    assert compare(leased(), plan, labels=["a", "b"]).service.iloc[0].to_dict() == {
        "workload": "chat",
        "a": 1.0,
        "b": pytest.approx(18240 / 29040),
    }


@pytest.mark.parametrize(
    ("keys", "differ"),
    [
        ({"months": 2}, "the horizon"),
        ({"demand": {"requests_per_s": 8.0}}, "the demand"),
        ({"demand": {"value_usd_per_request": 0.1}}, "what a request is worth"),
        ({"finance": {"discounting": {"rate": 0.1}}}, "discounting"),
        (
            {"uncertainty": {"scenarios": {"this": {"probability": 1.0}}}, "months": 2},
            "the horizon and the scenarios",
        ),
        ({"finance": {"terminal": "none"}}, "the charge for terms that outlive the horizon"),
    ],
)
def test_plans_of_different_questions_are_not_comparable(keys, differ):
    found = compare(leased(), leased(**keys), labels=["a", "b"])
    assert not found.comparable
    assert found.questions == [
        f"a and b answer different questions: they differ in {differ}. The difference of their costs is no saving."
    ]


@pytest.mark.parametrize("keys", [{"slo": {"ttft_ms": 900.0, "tpot_ms": 500.0}}, {"headroom": 1.2}])
def test_another_target_or_margin_is_another_case_of_the_same_question(keys):
    found = compare(leased(), leased(demand=keys), labels=["a", "b"])
    assert found.comparable
    assert len(found.input_rows) == 1


def test_a_workload_that_only_one_has_is_another_demand():
    document = leased().to_document()
    stated = document["instance"]["document"]
    more = {**stated, "workloads": {**stated["workloads"], "code": stated["workloads"]["chat"]}}
    other = Plan({**document, "instance": {**document["instance"], "sha256": "other", "document": more}})
    assert "differ in the demand." in compare(leased(), other).questions[0]


def test_an_input_that_differs_is_named_with_all_values():
    """A branch that only one plan has is one row, and an entry added to a list one row."""
    found = compare(leased(5000.0), leased(4000.0), leased(4500.0), labels=["a", "b", "c"])
    assert found.inputs.values.tolist() == [["offers.lease.terms[0].usd_per_month", 5000.0, 4000.0, 4500.0]]
    assert list(compare(leased(), rented(), labels=["a", "b"]).inputs["key"]) == ["offers.lease"]
    document = leased().to_document()
    terms = [*document["instance"]["document"]["offers"]["lease"]["terms"], {"months": 3}]
    other = copy.deepcopy(document)
    other["instance"]["document"]["offers"]["lease"]["terms"] = terms
    assert list(compare(leased(), Plan(other), labels=["a", "b"]).inputs["key"]) == ["offers.lease.terms[1]"]


def test_overlapping_bounds_prove_no_order():
    """Plans of 5,000 (bound 4,000) and 4,500 (bound 4,000): the best of b costs between 1,000 less and 500 more."""
    a, b = _priced(leased(5000.0), 5000.0, bound=4000.0), _priced(leased(4500.0), 4500.0, bound=4000.0)
    assert compare(a, b, labels=["a", "b"]).money[-1] == (
        "The gaps do not prove that the best plan of b costs less: the difference of the costs of the best plans lies "
        "between -$1,000 and $500."
    )


def test_a_margin_is_left_not_spent():
    """Value 10,000 less cost 7,200 or 5,000 leaves 2,800 or 5,000: the dearer objective leaves less."""

    def valued(plan: Plan, objective: float) -> Plan:
        document = plan.to_document()
        return _priced(Plan({**document, "kpis": {**document["kpis"], "value_usd": 10_000.0}}), objective)

    a, b = valued(rented(), -2800.0), valued(leased(), -5000.0)
    assert compare(a, b, labels=["a", "b"]).money == ["b leaves $2,200 more than a (78.57%), value less cost."]
    assert compare(b, a, labels=["b", "a"]).money == ["a leaves $2,200 less than b (44.00%), value less cost."]
    assert compare(a, a, labels=["a", "c"]).money == ["a and c leave the same, value less cost: $2,800."]


def test_three_plans_are_all_compared_with_the_first():
    found = compare(rented(), leased(), leased(blocks=2), labels=["a", "b", "c"])
    assert list(found.deals.columns) == ["decision", "a", "b", "c", "change"]
    assert list(found.deals["change"]) == ["added"]
    assert any(said.startswith("c costs $2,800 more than a") for said in found.money)
    other = compare(leased(), leased(), leased(blocks=2), labels=["a", "b", "c"])
    assert list(other.deals["change"]) == ["same in b; changed: size in c"]


def test_the_document_holds_everything_and_the_plans_stay_as_they_were():
    a, b = rented(), leased()
    before = copy.deepcopy((a.to_document(), b.to_document()))
    found = compare(a, b)
    assert list(found.to_document()) == [
        *("plans", "world", "comparable", "questions", "inputs", "decisions", "money", "cost", "cash", "obligations"),
        *("service", "throughput", "risk", "providers", "kpis"),
    ]
    assert json.loads(json.dumps(found.to_document())) == found.to_document()
    assert (a.to_document(), b.to_document()) == before


def test_a_comparison_prints_itself():
    console = Console(file=io.StringIO(), width=200)
    console.print(compare(rented(), leased(), labels=["a", "b"]))
    assert "1 block, 1 month from 2026-06" in console.file.getvalue()


def test_a_comparison_needs_two_plans_with_different_labels():
    with pytest.raises(ValueError, match="two plans or more"):
        compare(leased())
    for labels in (["a", "a"], ["a", "line"], ["a"]):
        with pytest.raises(ValueError, match="2 different labels"):
            compare(leased(), leased(), labels=labels)


# --- signings held in another world


def instance(requests_per_s: float = 10.0, usd_per_hour: float = 1.0, **keys: Any) -> Instance:
    """Ten chips on a lease at 5,000 USD a month or on demand, at most 12 of them."""
    offers = {"lease": lease(10.0, 5000.0)}
    document = problem(offers=offers, demand={"requests_per_s": requests_per_s}, **keys)
    document["offers"]["on-demand"]["elastic"] = {"usd_per_accelerator_hour": usd_per_hour, "max_accelerators": 12}
    return from_document(document)


def test_signings_are_held_and_use_is_decided_anew():
    """Demand of 15: the lease and 5 chips on demand for 720 h, 5,000 + 3,600. At 0.5 USD per hour on demand alone
    would cost 5,400, but is limited to 12: it is 5,000 + 1,800, against 7,200 and 5,000 without the lease, which has
    no plan. So the best of that world is the same, and the plan of 10 costs 6,800 there and 5,000 at home."""
    found = compare(instance(), labels=["a", "b"], world=instance(15.0, 0.5), gap=0.0)
    assert (found.world, found.comparable, found.questions) == ("b", True, [])
    assert found.money == [
        "The signings of a cost $6,800 in the world of b, and $5,000 in their own.",
        "a and b cost the same: $6,800.",
    ]
    assert [row["key"] for row in found.input_rows] == [
        "workloads.chat.demand.requests_per_s",
        "offers.on-demand.elastic.usd_per_accelerator_hour",
    ]


def test_regret_is_what_the_best_of_the_world_saves():
    """At 0.5 USD per hour ten chips cost 3,600 on demand, and the lease of 5,000 is paid all the same."""
    found = compare(instance(), labels=["a", "b"], world=instance(usd_per_hour=0.5), gap=0.0)
    assert found.money[-1] == "b costs $1,400 less than a (28.00%)."
    assert list(found.deals["change"]) == ["dropped"]


def test_what_lacks_is_said():
    """The lease and 12 chips on demand serve 22 of 25 requests/s; nothing is signed at 0.1 USD an hour: 12 of 13."""
    with pytest.raises(NotHeld, match=r"chat lacks 3 of 25 requests/s in 2026-06, the worst of 1 month\."):
        hold(solve(instance()), instance(25.0))
    with pytest.raises(NotHeld, match=r"chat lacks 1 of 13 requests/s"):
        hold(solve(instance(usd_per_hour=0.1)), instance(13.0))


def test_rules_that_no_service_mends_are_said():
    """The lease is paid whatever is served, and the budget is below it."""
    with pytest.raises(NotHeld, match=r"there cannot hold the budget of 2026, \$100"):
        hold(solve(instance()), instance(finance={"budget_usd": {"2026": 100.0}}))


def test_a_budget_is_named_before_service():
    """The lease and 12 chips on demand would serve all 22, for 13,640: more than the budget of 13,000."""
    with pytest.raises(NotHeld, match=r"there cannot hold the budget of 2026, \$13,000"):
        hold(solve(instance()), instance(22.0, finance={"budget_usd": {"2026": 13000.0}}))


def test_deals_that_exclude_each_other_there_are_said():
    """A lease for June and one for July, where the offer may be signed once."""
    offer = lease(10.0, 3000.0, repeat="stack", blocks={"max": 2})
    plan = solve(from_document(problem(2, {"lease": offer})), gap=0.0)
    with pytest.raises(NotHeld, match=r"its deals cannot all be signed there\."):
        hold(plan, from_document(problem(2, {"lease": {**offer, "repeat": "once"}})))


def test_a_commitment_is_held_in_the_futures_that_take_it():
    """Taken in July if demand doubles, not if it falls to a tenth: in its own world the plan costs what it costs."""
    promised = {"plan": toys.promise(start="2026-07", usd=6000.0, discount=toys.off(0.2))}
    futures = toys.futures("2026-07", calm={"demand": {"chat": 0.1}}, boom={"demand": {"chat": 2.0}})
    world = from_document(problem(2, commitments=promised, uncertainty=futures))
    plan = solve(world, gap=0.0)
    assert len(plan.to_document()["decisions"]["committed"]) == 1
    assert hold(plan, world, gap=0.0).objective_usd == pytest.approx(plan.objective_usd)


def test_what_is_not_on_offer_there_is_said():
    with pytest.raises(NotHeld, match="the deal of lease from 2026-06 for 1 months is not on offer"):
        hold(solve(instance()), from_document(problem()))


def test_one_plan_is_held_in_every_future_of_a_world():
    """Demand of 10 or 15, half each: the lease in both, and 3,600 USD on demand in one of them, so 8,600 there."""
    futures = {"low": {"probability": 0.5}, "high": {"probability": 0.5, "demand": {"chat": {"2026-06": 1.5}}}}
    world = instance(uncertainty={"scenarios": futures, "reveal": {"2026-06": [["low"], ["high"]]}})
    found = compare(instance(), labels=["a", "b"], world=world, gap=0.0)
    assert found.money[-1] == "a and b cost the same: $6,800."
    risk = found.risk.set_index("figure")
    assert tuple(risk.loc["Cost of the dearest future"]) == ("USD", pytest.approx(8600.0), pytest.approx(8600.0))
    assert tuple(risk.loc["Which future that is"]) == ("name", "high", "high")
    assert list(found.deals["change"]) == ["same", "same"]


# --- the command


def offtake(*words: object) -> Result:
    runner = CliRunner(env={"COLUMNS": "160"})
    return runner.invoke(main, [str(word) for word in words], prog_name="offtake")


@pytest.fixture
def saved(tmp_path) -> dict[str, Path]:
    """Plans and an instance as files: the instance is that of `busy`, whose demand is 15."""
    plans = {"calm": solve(instance()), "busy": solve(instance(15.0, 0.5)), "dear": solve(instance(usd_per_hour=2.0))}
    for name, plan in plans.items():
        plan.save(tmp_path / f"{name}.plan.json")
    (tmp_path / "busy.yaml").write_text(json.dumps(plans["busy"].to_document()["instance"]["document"]))
    return {path.name: path for path in tmp_path.iterdir()}


def test_the_page_says_inputs_then_decisions_then_money(saved):
    done = offtake("compare", saved["calm.plan.json"], saved["dear.plan.json"])
    assert done.exit_code == 0, done.stderr
    heads = ["Inputs", "Decisions", "Money", "Cost (USD, discounted)", "Service", "Risk", "Spend by provider"]
    assert [line for line in done.stdout.splitlines() if line in heads] == heads
    assert re.search(r"offers\.on-demand\.elastic\.usd_per_accelerator_hour +1 +2", done.stdout)
    assert "the same in all: 1 decision" in done.stdout
    assert "calm and dear cost the same: $5,000." in done.stdout
    assert "tail value" not in done.stdout
    assert done.stderr.splitlines()[-1] == f"next: offtake show {saved['dear.plan.json']}"


def test_another_question_needs_force(saved):
    asked = ("compare", saved["calm.plan.json"], saved["busy.plan.json"])
    done = offtake(*asked)
    assert done.exit_code == 3
    assert "they differ in the demand." in done.stdout
    assert "`--force` compares them all the same" in done.stderr
    assert offtake(*asked, "--force").exit_code == 0


def test_a_world_may_be_an_instance_and_needs_no_force(saved):
    """The next command after an instance is one that takes it."""
    done = offtake("compare", saved["calm.plan.json"], "--world", saved["busy.yaml"], "--gap", "0")
    assert done.exit_code == 0, done.stderr
    assert "The signings of calm cost $6,800 in the world of busy, and $5,000 in their own." in done.stdout
    assert "from here on all in the world of busy: signings are held, the rest is decided anew" in done.stdout
    assert done.stderr.splitlines()[-1] == f"next: offtake breakeven {saved['busy.yaml']}"


def test_a_plan_beside_its_instance_is_told_apart_by_the_whole_name(saved):
    found = json.loads(offtake("compare", saved["busy.plan.json"], saved["busy.yaml"], "--gap", "0", "--json").stdout)
    assert found["plans"] == ["busy.plan.json", "busy.yaml"]
    assert (found["inputs"], found["world"], found["comparable"]) == ([], None, True)
    assert [row["change"] for row in found["decisions"]] == ["same"]
    assert found["decisions"][0]["busy.yaml"]["blocks"] == 1


def test_signings_that_do_not_suffice_end_as_infeasible(saved, tmp_path):
    """Two blocks and 5 chips on demand would serve 25 requests/s; one block and 12 chips serve 22."""
    document = json.loads(saved["busy.yaml"].read_text())
    document["offers"]["lease"]["blocks"] = {"max": 2}
    document["workloads"]["chat"]["demand"]["requests_per_s"] = 25.0
    (tmp_path / "busier.yaml").write_text(json.dumps(document))
    asked = ("compare", saved["calm.plan.json"], "--world", tmp_path / "busier.yaml")
    done = offtake(*asked)
    assert done.exit_code == 11, done.stdout
    assert "lacks 3 of 25 requests/s in 2026-06" in done.stderr


def test_one_plan_alone_is_wrong_usage(saved, tmp_path):
    alone = offtake("compare", saved["calm.plan.json"])
    assert (alone.exit_code, "two plans or more, or one plan and --world" in alone.stderr) == (2, True)
    missing = offtake("compare", saved["calm.plan.json"], tmp_path / "none.plan.json")
    assert (missing.exit_code, "there is no file" in missing.stderr) == (3, True)
