"""Resilience: what a plan says of it, what the audit asks, laws, and a search that adds what a plan breaks."""

import copy
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import offtake
import toys
from offtake.audit import audit
from offtake.compile import compile_instance
from offtake.contingencies import Survival
from offtake.contingencies.cuts import strengthened
from offtake.engine import build_without_contingencies
from offtake.instance import from_document
from offtake.plan import Decisions
from offtake.reductions import superfluous, without
from offtake.solve import Limits, Outcome, solve_model
from offtake.solve.handover import hand_over
from offtake.solve.lazy import search_lazily
from offtake.solve.limits import Clock
from offtake.solve.loop import Ran, Watch
from offtake.solve.outcome import Ended
from offtake.solve.proving import prove
from offtake.study.held import NotHeld, hold
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


# --- rows in the signings alone


def survival_of(name: str):
    """Of a toy: the model without rows of contingencies, and what asks whether they are survived."""
    compiled = compile_instance(from_document(toys.document(name)))
    model = build_without_contingencies(compiled)
    return model, Survival(compiled.problem, model)


def test_what_lacks_makes_a_row_in_the_signings():
    """Without the seller of ten chips half of ten requests must be kept: a block of the other's five chips, and two are
    no better than one. With nothing signed all of it lacks; rows are in tenths. On demand is what the first sells too.
    """
    _, survival = survival_of("half_survives_the_loss_of_a_seller")
    (row,) = survival.broken(np.zeros(2))
    assert row.a.toarray().tolist() == [[0.0, 10.0]] and row.least.tolist() == [10.0]
    assert survival.lacking == [0]
    assert survival.broken(np.ones(2)) == survival.lacking == []


def test_only_a_loss_that_takes_every_block_is_named():
    """With a second block of the other's five chips the first could go."""
    model, survival = survival_of("half_survives_the_loss_of_a_seller")
    survival.broken(np.zeros(2))
    found = []
    for blocks in (1, 2):
        for variable, number in zip(model.blocks.values(), (1, blocks), strict=True):
            variable.set_value(number, skip_validation=True)
        found.append(survival.completed(Decisions({}, {}, {}, {})).enforced)
    assert found == [[0], []]


def test_a_coefficient_is_no_larger_than_what_the_row_asks_for():
    """12 n0 - 12 n1 + 20 n2 - 3 n3 >= 5, where n1 ends n0 and n3 is 2 at most: one of n2 gives 5 + 6 whatever n3 is."""
    row, left = np.array([[12.0, -12.0, 20.0, -3.0]]), SimpleNamespace(breaks=[(1, 0)], most=np.array([2, 2, 4, 2]))
    capped = strengthened(row, np.array([5.0]), left)
    assert capped.tolist() == [[11.0, -11.0, 11.0, -3.0]]
    for n in product(range(3), range(3), range(5), range(3)):
        assert n[1] > n[0] or (row @ n >= 5) == (capped @ n >= 5)


@LAW
@given(documents())
def test_no_row_rules_out_the_best_plan(document):
    """What the search adds, from the relaxation on, is kept by the best plan of the model with every dispatch."""
    compiled = compile_instance(from_document(document))
    model, whole, rows = build_without_contingencies(compiled), build(compiled.problem), []

    def lazily(handed):
        ask = Survival(compiled.problem, model).lazily(handed)
        return lambda x: rows.append((handed.columns, ask(x))) or rows[-1][1]

    solve_model(model, Limits(gap=0.0), lazy=lazily)
    solve_model(whole, Limits(gap=0.0))
    for columns, added in rows:
        x = np.array([whole.find_component(variable.name).value for variable in columns])
        assert added is None or (added.a @ x >= added.least - 1e-6).all()


def test_contracts_with_an_exit_survive_as_long_as_they_are_kept():
    """Leases of four months that can be left, of either seller: as with the dispatch written out."""
    document = toys.two_sellers(keep=0.5)
    document["horizon"]["months"] = 4
    for offer in document["offers"].values():
        if "terms" in offer:
            offer["terms"][0] |= {"months": 4, "cancel": {"by": "buyer", "notice_months": 1}}
    problem = compile_instance(from_document(document)).problem
    assert any(deal.right == "break" for deal in problem.deals)
    assert planned(document).objective_usd == pytest.approx(least(problem), rel=1e-7)


# --- searches that are stopped


def searched(*ends):
    """Search a toy whose relaxation is not asked; the runs of the whole end as told. 3,000 breaks the rule, 7,120 does
    not."""
    model, survival = survival_of("half_survives_the_loss_of_a_seller")
    handed, left, asked = hand_over(model), list(ends), []
    ask = survival.lazily(handed)

    def search(*given):
        return replace(prove(*given), **left.pop(0))

    def lazy(x):
        asked.append(x)
        return ask(x) if len(asked) > 1 else None

    watch = Watch(Clock(None))
    return search_lazily(handed.matrix, [], Limits(gap=0.0), watch, lazy, search)[0], survival


def test_a_search_adds_what_its_plan_breaks():
    ran, survival = searched({}, {})
    assert (ran.objective, ran.bound, survival.lacking) == (7120.0, 7120.0, [])


def test_a_search_that_is_stopped_has_no_plan_that_breaks_the_rule():
    ran, survival = searched({"ended": Ended.LIMIT})
    assert ran.x is None and ran.bound == 3000.0 and survival.lacking == [0]


def test_a_search_that_is_stopped_keeps_the_plan_that_was_mended():
    ran, _ = searched({}, {"ended": Ended.INTERRUPTED, "x": None, "bound": 3500.0})
    assert (ran.ended, ran.objective, ran.bound) == (Ended.INTERRUPTED, 7120.0, 3500.0)


def test_a_search_that_is_stopped_at_once_tells_the_bound_of_the_relaxation():
    """Five chips of the other seller for 4,120 keep half; in fractions the lease gives the other five for 1,500."""
    model, survival = survival_of("half_survives_the_loss_of_a_seller")
    handed = hand_over(model)

    def search(*_given):
        return Ran(ended=Ended.LIMIT)

    lazy = survival.lazily(handed)
    ran = search_lazily(handed.matrix, [], Limits(gap=0.0), Watch(Clock(None)), lazy, search)[0]
    assert ran.bound == pytest.approx(5620.0)


def test_no_plan_that_breaks_the_rule_is_told():
    told = []
    plan = offtake.solve(from_document(toys.document("half_survives_the_loss_of_a_seller")), progress=told.append)
    assert {each.incumbent for each in told} <= {None, plan.objective_usd}


def test_what_lacks_is_named_when_the_time_is_up():
    _, survival = survival_of("half_survives_the_loss_of_a_seller")
    survival.broken(np.array([1.0, 0.0]))
    stopped = Outcome("time_limit", None, 3000.0, None, 1.0, 0, "", "")
    assert survival.explained(stopped).message == (
        "stopped before a plan was found that survives the loss of any of cloud"
    )


def test_what_is_let_is_not_left():
    """Without the seller of ten chips the five of the other are just enough; with one of them let they are not."""
    document = toys.document("half_survives_the_loss_of_a_seller")
    document["offers"]["spare"]["sublease"] = {"fraction": 0.5, "max_accelerators": 5.0}
    document["forward"] = {"chip": [{"month": "2026-06", "usd_per_accelerator_hour": 1.0}]}
    compiled = compile_instance(from_document(document))
    survival = Survival(compiled.problem, build_without_contingencies(compiled))
    assert survival.broken(np.array([1.0, 1.0, 0.0])) == []
    (row,) = survival.broken(np.array([1.0, 1.0, 1.0]))
    assert row.a @ np.array([1.0, 1.0, 1.0]) == pytest.approx(row.least - 2.0)
    assert planned(document).objective_usd == pytest.approx(least(compiled.problem), rel=1e-7)


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


def test_signings_that_are_held_are_asked_too():
    """The lease for 3,000 serves all and leaves nothing without its seller; with five chips of another, 7,120."""
    world = from_document(toys.two_sellers(keep=0.5))
    assert hold(offtake.solve(world, gap=0.0), world).objective_usd == pytest.approx(7120.0)
    alone = toys.two_sellers(keep=0.5)
    del alone["policy"]
    with pytest.raises(NotHeld, match=r"there cannot hold the rule that .+ of chat is served without cloud"):
        hold(offtake.solve(from_document(alone), gap=0.0), world)
