"""What is left out changes no least cost, and nothing is left out that some rule could need."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import offtake
import toys
from offtake.compile import compile_instance
from offtake.instance import from_document
from offtake.reductions import reduced, superfluous, without
from offtake.solve import Limits, solve_model
from offtake_models import FAMILIES, build
from offtake_models.problem import Deal

LAW = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
JUNE = {"latest": "2026-06"}
CURRENT_FAMILIES = ["signing", "supply", "serving", "training", "reinforcement", "value", "sublease", "porting"]
CURRENT_FAMILIES += ["commitments", "as_owed", "money", "power", "concentration", "stability", "resilience"]
CURRENT_FAMILIES += ["risk"]


def term(months: int, usd_per_month: float | None, **keys):
    return {"months": months, **({} if usd_per_month is None else {"usd_per_month": usd_per_month}), **keys}


def offer(*terms, **keys):
    """Ten chips from June, signed once."""
    return {**toys.lease(start=JUNE), "terms": list(terms), **keys}


def compiled(*terms, months=2, keys=None, **offers_keys):
    """A toy of the offer `lease`; `keys` of the document."""
    return compile_instance(
        from_document(toys.problem(months, {"lease": offer(*terms, **offers_keys)}, **(keys or {})))
    )


def left_out(*terms, **keys) -> dict[int, int]:
    """Deals of the toy that go, by position, and the ones in their places."""
    return superfluous(compiled(*terms, **keys).problem)


# the laws


@st.composite
def terms(draw):
    kept = {
        "months": draw(st.integers(1, 5)),
        "usd_per_month": float(draw(st.sampled_from([1500, 2000, 2500, 3000]))),
        "prepay": draw(st.sampled_from([0.0, 0.0, 1.0])),
        "signing_fee_usd": float(draw(st.sampled_from([0, 0, 200]))),
        "signing_credit_usd": float(draw(st.sampled_from([0, 0, 300]))),
    }
    if draw(st.booleans()):
        factor = draw(st.sampled_from([0.8, 1.0, 1.1]))
        steps = [{"from_blocks": 1, "factor": 1.0}, {"from_blocks": 2, "factor": factor}]
        kept["tiers"] = {"kind": draw(st.sampled_from(["all_units", "incremental"])), "steps": steps}
    elif draw(st.booleans()):
        del kept["usd_per_month"], kept["prepay"]
        kept["usd_per_accelerator_hour"] = draw(st.sampled_from([0.6, 0.9]))
        kept["take_or_pay"] = draw(st.sampled_from([0.5, 0.9, 1.0]))
    return kept


@st.composite
def documents(draw):
    """Months or coarse periods, one or two offers of several terms, and some of the rules that could need a deal."""
    months = draw(st.sampled_from([3, 4]))
    horizon = {"start": "2026-06", "months": months}
    if draw(st.booleans()):
        horizon["steps"] = [{"count": 1, "months": 1}, {"count": 1, "months": months - 1}]
    offers = {
        f"lease-{i}": offer(
            *draw(st.lists(terms(), min_size=2, max_size=3)),
            accelerators={"chip": float(draw(st.integers(3, 6)))},
            blocks={"min": 1, "max": draw(st.integers(1, 3))},
            repeat=draw(st.sampled_from(["once", "one_at_a_time", "stack"])),
            start=draw(st.sampled_from([JUNE, {}, {"lead_months": 1}])),
        )
        for i in range(draw(st.integers(1, 2)))
    }
    document = toys.problem(months, offers, {"requests_per_s": float(draw(st.integers(5, 15)))}, horizon=horizon)
    finance = {"discounting": {"rate": draw(st.sampled_from([0.0, 0.1]))}}
    finance["terminal"] = draw(st.sampled_from(["pro_rata", "none"]))
    if draw(st.booleans()):
        finance["obligations_max_usd"] = float(draw(st.sampled_from([4000, 9000])))
    if draw(st.booleans()):
        finance["budget_usd"] = {draw(st.sampled_from(["2026-06", 2026])): 12000.0 * months}
    if draw(st.booleans()):
        document["groups"] = [{"exclusive": "lease-0", "offers": ["rival"]}]
        document["offers"]["rival"] = toys.lease(6.0, 2400.0, months=2)
    if draw(st.booleans()):
        july = {"calm": {}, "boom": {"demand": {"chat": 2.0}, "price": {"lease-0": 0.7}}}
        document["uncertainty"] = toys.futures("2026-07", **july)
    return {**document, "finance": finance}


def least(problem) -> float:
    outcome = solve_model(build(problem), Limits(gap=0.0))
    return math.inf if outcome.status == "infeasible" else outcome.objective


@LAW
@given(documents())
def test_without_them_the_least_cost_is_the_same(document):
    problem = compile_instance(from_document(document)).problem
    assert least(without(problem, superfluous(problem))) == pytest.approx(least(problem), rel=1e-7)


@LAW
@given(documents())
def test_every_place_is_taken_by_a_deal_of_the_same_offer_that_stays(document):
    problem = compile_instance(from_document(document)).problem
    places = superfluous(problem)
    assert not set(places) & set(places.values())
    assert all(problem.deals[a].offer == problem.deals[b].offer for a, b in places.items())
    assert superfluous(without(problem, places)) == {}


def test_the_proof_covers_all_that_a_deal_has_and_every_family_of_rows():
    """Whoever adds a field or a family decides what it asks of a deal that takes the place of another."""
    own = ["offer", "start", "min_blocks", "max_blocks", "signing", "in_service", "open", "in_force"]
    follows = ["right", "parent", "per_parent", "months"]
    money = ["cash", "obligation", "spent"]
    charged = ["npv_usd", "npv_once_usd", "carbon_usd", "tail_usd"]
    held = ["delivery", "delivered_hours", "take_or_pay", "beyond_usd_per_hour", "power_mw", "carbon_tonnes"]
    known = [*own, *follows, *money, *(f"{name}_once" for name in money), *charged, *held]
    assert sorted(field.name for field in fields(Deal)) == sorted(known)
    assert [family.__name__.rpartition(".")[2] for family in FAMILIES] == CURRENT_FAMILIES


# what goes


def test_the_dearer_of_two_goes_and_of_equal_ones_the_later():
    assert left_out(term(2, 5000.0), term(2, 4000.0)) == {0: 1}
    assert left_out(term(2, 4000.0), term(2, 4000.0), term(2, 4000.0)) == {1: 0, 2: 0}


def test_a_chain_ends_at_a_deal_that_stays():
    assert left_out(term(2, 6000.0), term(2, 5000.0), term(2, 4000.0)) == {0: 2, 1: 2}
    assert left_out(term(2, 5000.0), term(2, 4000.0), term(2, 6000.0)) == {0: 1, 2: 1}


@pytest.mark.parametrize("repeat", ["once", "one_at_a_time", "stack"])
def test_a_longer_term_that_charges_less_goes_before_a_shorter_one(repeat):
    """Both serve the two months of the horizon, which charges four months at 4,000 for two of them: 8,000."""
    assert left_out(term(2, 5000.0), term(4, 4000.0), repeat=repeat) == {0: 1}


def test_the_cost_of_a_plan_stays_and_the_plan_says_what_went():
    instance = from_document(toys.problem(2, {"lease": offer(term(2, 5000.0), term(2, 4000.0))}))
    plan = offtake.solve(instance, gap=0.0)
    assert plan.objective_usd == pytest.approx(8000)
    assert plan.audit["passed"]
    said = plan.to_document()["offers"][1]["reason"]
    assert "left out 1 of its 2 ways to sign" in said
    assert "2 months from 2026-06 on other terms instead of 2 months from 2026-06" in said


def test_a_model_that_is_extended_has_all_deals():
    instance = from_document(toys.problem(2, {"lease": offer(term(2, 5000.0), term(2, 4000.0))}))
    model = offtake.build_model(instance)
    model.blocks[0, 0].fix(1)
    plan = offtake.solve(instance, gap=0.0, model=model)
    assert plan.objective_usd == pytest.approx(10000)


def test_columns_futures_and_parents_keep_their_order():
    """A renewal of the second offer follows the third deal, which becomes the second."""
    offers = {
        "lease": offer(term(2, 5000.0), term(2, 4000.0)),
        "renewed": toys.lease(start=JUNE, renewal={"months": 1, "factor": 0.8}),
    }
    several = {"scenarios": {"a": {"probability": 0.5}, "b": {"probability": 0.5}}}
    before = compile_instance(from_document(toys.problem(2, offers, uncertainty=several)))
    after = reduced(before)
    for each in (after, *after.futures.values()):
        assert [column.offer for column in each.columns] == ["lease", "renewed", "renewed"]
        assert [deal.offer for deal in each.problem.deals] == ["lease", "renewed", "renewed"]
        assert each.columns[2].parent == each.problem.deals[2].parent == 1
        assert len(each.charged) == 3
        assert [(column.term, place) for column, place in each.dropped] == [(0, 0)]
    assert len(before.columns) == 4 and before.dropped == []


# what stays, guard by guard: without the rule the first deal would go


def test_one_that_holds_less_in_some_month_takes_no_place():
    """July alone costs less than June and July; and June is not July."""
    assert left_out(term(2, 5000.0), term(1, 4000.0)) == {}
    assert left_out(term(1, {"2026-06": 5000.0, "2026-07": 4000.0}), start={}) == {}


def test_one_that_costs_more_for_one_block_or_for_all_takes_no_place():
    """4,900 and once 150: one block costs 5,050 a month more than 5,000, four 19,750 less than 20,000."""
    dear_start = term(1, 4900.0, signing_fee_usd=150.0)
    assert left_out(term(1, 5000.0), dear_start, months=1, blocks={"min": 1, "max": 4}) == {}
    assert left_out(term(1, 5000.0), dear_start, months=1, blocks={"min": 2, "max": 4}) == {0: 1}
    assert left_out(dear_start, term(1, 5000.0), months=1, blocks={"min": 2, "max": 4}) == {1: 0}
    assert left_out(dear_start, term(1, 5000.0), months=1, blocks={"min": 1, "max": 1}) == {0: 1}


def test_a_budget_that_a_prepayment_could_break_keeps_the_dearer_one():
    """8,000 in June for two months, or 5,000 in each. A budget of the year sees 8,000 and 10,000."""
    ways = term(2, 5000.0), term(2, 4000.0, prepay=1.0)
    assert left_out(*ways) == {0: 1}
    assert left_out(*ways, keys={"finance": {"budget_usd": {"2026-06": 9000.0}}}) == {}
    assert left_out(*ways, keys={"finance": {"budget_usd": {2026: 9000.0}}}) == {0: 1}


def test_a_balance_that_a_prepayment_could_break_keeps_the_dearer_one():
    ways = term(2, 5000.0), term(2, 4000.0, prepay=1.0)
    assert left_out(*ways, keys={"finance": {"funding_usd": {"2026-06": 9000.0}}}) == {}


def test_a_cap_on_obligations_keeps_the_shorter_term():
    """After June 5,000 are owed of two months, 12,000 of four."""
    ways = term(2, 5000.0), term(4, 4000.0)
    assert left_out(*ways) == {0: 1}
    assert left_out(*ways, keys={"finance": {"obligations_max_usd": 1e6}}) == {}


def test_a_step_of_a_ladder_takes_no_place_of_numbers_that_it_does_not_sell():
    """4,000 for one or two blocks, 6,000 for three or four; without a ladder one to four at 5,000."""
    steps = [{"from_blocks": 1, "factor": 1.0}, {"from_blocks": 3, "factor": 1.5}]
    ladder = term(1, 4000.0, tiers={"kind": "all_units", "steps": steps})
    assert left_out(term(1, 5000.0), ladder, months=1, blocks={"min": 1, "max": 4}) == {2: 0}


def test_a_deal_with_a_larger_least_number_takes_no_place():
    """One or two blocks at 5,000, three or four at 4,000."""
    steps = [{"from_blocks": 1, "factor": 1.0}, {"from_blocks": 3, "factor": 0.8}]
    ladder = term(1, 5000.0, tiers={"kind": "all_units", "steps": steps})
    assert left_out(ladder, months=1, blocks={"min": 1, "max": 4}) == {}


def test_stacked_blocks_go_only_to_a_deal_that_sells_the_whole_stock():
    """Ladders of one or two blocks at 5,000 and at 4,000: two of each may stand together, four of the cheaper not."""
    first = {"kind": "all_units", "steps": [{"from_blocks": 1, "factor": 1.0}, {"from_blocks": 3, "factor": 0.96}]}
    second = {"kind": "all_units", "steps": [{"from_blocks": 1, "factor": 1.0}, {"from_blocks": 3, "factor": 1.25}]}
    ways = term(1, 5000.0, tiers=first), term(1, 4000.0, tiers=second)
    keys = {"months": 1, "blocks": {"min": 1, "max": 4}}
    assert left_out(*ways, **keys) == {0: 2, 3: 1}
    assert left_out(*ways, repeat="stack", **keys) == {3: 1}


def test_what_a_seller_brings_once_comes_once_for_stacked_deals():
    """5,100 less 200 once is no dearer than 5,000 for one or two blocks, but one of each is had for 9,900, and two of
    the dearer for 10,000."""
    ways = term(1, 5000.0), term(1, 5100.0, signing_credit_usd=200.0)
    keys = {"months": 1, "blocks": {"min": 1, "max": 2}}
    assert left_out(*ways, **keys) == {0: 1}
    assert left_out(*ways, repeat="stack", **keys) == {}


@pytest.mark.parametrize("repeat", ["one_at_a_time", "stack"])
def test_a_deal_that_stays_longer_is_in_the_way_of_the_next(repeat):
    """June at 5,000, or June and July at 2,000 each: signed once, the second; else it fills July, where one begins."""
    ways, start = (term(1, 5000.0), term(2, 2000.0)), {"latest": "2026-07"}
    assert 0 in left_out(*ways, start=start)
    assert 0 not in left_out(*ways, start=start, repeat=repeat)
    assert 0 in left_out(*ways, repeat=repeat)


def test_a_deal_that_serves_only_past_the_horizon_is_in_the_way_of_itself_too():
    """A month late, both would serve in July, after the horizon, where only one of them may."""
    late = toys.futures("2026-06", late={"delay_months": {"lease": 1}})
    ways, keys = (term(1, 5000.0), term(1, 4000.0)), {"uncertainty": late, "finance": {"terminal": "none"}}
    assert left_out(*ways, months=1, repeat="one_at_a_time", keys=keys) == {0: 1}
    assert left_out(*ways, months=1, keys=keys) == {0: 1}


def test_a_rule_of_exclusivity_keeps_the_deal_that_ends_sooner():
    ways, rival = (term(1, 5000.0), term(2, 2000.0)), toys.lease(1.0, 100.0)
    document = toys.problem(2, {"lease": offer(*ways), "rival": rival})
    assert superfluous(compile_instance(from_document(document)).problem) == {0: 1}
    for alone, other in (("lease", "rival"), ("rival", "lease")):
        ruled = {**document, "groups": [{"exclusive": alone, "offers": [other]}]}
        assert superfluous(compile_instance(from_document(ruled)).problem) == {}


def test_rules_that_count_offers_keep_nothing():
    """At most one of them: the cheaper way to sign the lease counts as much as the dearer."""
    offers = {"lease": offer(term(2, 5000.0), term(2, 4000.0)), "rival": toys.lease(1.0, 100.0)}
    ruled = toys.problem(2, offers, groups=[{"at_most": 1, "offers": ["lease", "rival"]}])
    problem = compile_instance(from_document(ruled)).problem
    assert superfluous(problem) == {0: 1}
    assert least(without(problem, {0: 1})) == pytest.approx(least(problem)) == pytest.approx(8000)


def test_a_commitment_keeps_the_deal_that_spends_more():
    """20,000 are promised to the cloud: 4,000 less spent there may be 4,000 more for nothing."""
    ways = term(2, 5000.0), term(2, 4000.0)
    agreement = toys.promise(usd=20000.0, months=2, mandatory=True)
    assert left_out(*ways, keys={"commitments": {"agreement": agreement}}) == {}
    assert left_out(*ways, keys={"commitments": {"agreement": {**agreement, "eligible": ["on-demand"]}}}) == {0: 1}


def test_a_commitment_keeps_the_deal_that_leaves_use_open():
    """Use beyond take-or-pay counts: as much paid in fixed fees at full take-or-pay is not as much spent."""
    hourly = {"months": 1, "usd_per_accelerator_hour": 1.0}
    ways = {**hourly, "take_or_pay": 0.5}, {**hourly, "usd_per_accelerator_hour": 0.5}
    agreement = toys.promise(usd=20000.0, mandatory=True)
    assert left_out(*ways, months=1) == {0: 1}
    assert left_out(*ways, months=1, keys={"commitments": {"agreement": agreement}}) == {}


def test_a_commitment_keeps_the_deal_that_is_signed_sooner():
    """Both are paid 5,000 in July. Signed in June, that much less is left to spend after June."""
    ways = compiled(term(1, 5000.0), months=2, start={"earliest": "2026-07"}).problem
    agreement = toys.promise(usd=20000.0, months=2, mandatory=True)
    keys = {"commitments": {"agreement": agreement}}
    counted = compiled(term(1, 5000.0), months=2, start={"earliest": "2026-07"}, keys=keys).problem
    for problem, expected in ((ways, {0: 1}), (counted, {})):
        sooner = replace(problem.deals[0], signing=0)
        twice = replace(problem, deals=[replace(sooner, npv_usd=sooner.npv_usd + 1.0), problem.deals[0]])
        assert superfluous(twice) == expected


@pytest.mark.parametrize(
    "policy", [{"power_mw_max": 1.0}, {"site_power_mw_max": {"here": 1.0}}, {"carbon_tonnes_max": {2026: 100.0}}]
)
def test_caps_on_power_and_carbon_keep_the_deal_that_draws_less(policy):
    ways = term(1, 5000.0), term(2, 2000.0)
    regions = {"here": {"latitude": 0.0, "longitude": 0.0, "carbon_kg_per_kwh": 0.5}}
    assert left_out(*ways, keys={"regions": regions}) == {0: 1}
    assert left_out(*ways, keys={"regions": regions, "policy": policy}) == {}


def test_a_price_on_carbon_is_part_of_what_a_deal_costs():
    """July draws 10 kW x 744 h x 0.5 kg = 3.72 tonnes; at 400 USD they cost more than the 1,000 saved."""
    ways = term(1, 5000.0), term(2, 2000.0)
    regions = {"here": {"latitude": 0.0, "longitude": 0.0, "carbon_kg_per_kwh": 0.5}}
    assert left_out(*ways, keys={"regions": regions, "policy": {"carbon_usd_per_tonne": 200.0}}) == {0: 1}
    assert left_out(*ways, keys={"regions": regions, "policy": {"carbon_usd_per_tonne": 400.0}}) == {}


def test_less_that_is_paid_for_use_or_not_takes_no_place():
    """Half of the hours at 1 USD, or at 0.8 USD. A tenth of them: 0.08 USD of fixed fees cover less use than 0.5."""
    half = {"months": 1, "usd_per_accelerator_hour": 1.0, "take_or_pay": 0.5}
    cheap = {**half, "usd_per_accelerator_hour": 0.8}
    assert left_out(half, cheap, months=1) == {0: 1}
    assert left_out(half, {**cheap, "take_or_pay": 0.1}, months=1) == {}


def test_a_dearer_hour_of_use_takes_no_place():
    """A credit of 4,000 outweighs fixed fees of 3,960 instead of 3,600, not what use beyond them may cost."""
    half = {"months": 1, "usd_per_accelerator_hour": 1.0, "take_or_pay": 0.5}
    assert left_out(half, {**half, "usd_per_accelerator_hour": 1.1, "signing_credit_usd": 4000.0}, months=1) == {}
    assert left_out(half, {**half, "usd_per_accelerator_hour": 1.0, "signing_credit_usd": 1.0}, months=1) == {0: 1}


def test_fewer_hours_take_no_place_where_use_is_open():
    """Half of the hours are paid either way. Where that is all there is, what lies beyond cannot be had."""
    half = {"months": 1, "usd_per_accelerator_hour": 1.0, "take_or_pay": 0.5}
    problem = compiled(half, half, months=1).problem
    assert superfluous(problem) == {1: 0}
    short = replace(
        problem.deals[0],
        delivered_hours={pool: hours / 2 for pool, hours in problem.deals[0].delivered_hours.items()},
        take_or_pay=np.ones((1, 1)),
        npv_usd=problem.deals[0].npv_usd - 1.0,
    )
    assert superfluous(replace(problem, deals=[short, problem.deals[1]])) == {}


def test_what_is_signed_before_a_reveal_takes_no_place_of_what_may_wait_for_it():
    """July alone at 5,000, or June and July at 2,000 each. If futures part in July, the first may be signed in one."""
    parting = {"uncertainty": toys.futures("2026-07", calm={}, boom={"demand": {"chat": 2.0}})}
    for keys, expected in (({}, {0: 1}), (parting, {})):
        problem = compiled(term(1, 5000.0), term(2, 2000.0), start={}, keys=keys).problem
        july, both = problem.deals[1], problem.deals[2]
        assert (july.signing, both.signing) == (1, 0)
        assert superfluous(replace(problem, deals=[july, both])) == expected


def test_what_is_signed_after_a_reveal_takes_the_place_of_what_is_signed_before():
    """A period of June and July holds nothing of a single month: June at 5,000 and July at 4,000 are as good."""
    horizon = {"start": "2026-06", "months": 3, "steps": [{"count": 1, "months": 2}, {"count": 1, "months": 1}]}
    parting = toys.futures("2026-08", calm={}, boom={"demand": {"chat": 2.0}})
    price = {"2026-06": 5000.0, "2026-07": 4000.0, "2026-08": 3000.0}
    assert left_out(term(1, price), start={}, months=3, keys={"horizon": horizon, "uncertainty": parting}) == {
        0: 2,
        1: 2,
    }


def test_what_a_seller_no_longer_signs_takes_no_place():
    """From July on nothing can be signed: what costs nothing then is no way to sign."""
    keys = {"uncertainty": toys.futures("2026-06", fails={"lose": {"cloud": "2026-07"}})}
    problem = compiled(term(1, 5000.0), term(1, 4000.0), keys=keys).problem
    assert superfluous(problem) == {0: 1}
    shut = replace(problem.deals[1], open=~problem.deals[1].open)
    assert superfluous(replace(problem, deals=[problem.deals[0], shut])) == {}


def test_a_deal_that_is_worse_in_one_future_takes_no_place():
    """In one of two futures July alone is what a deal of June costs in both; expected it is cheaper."""
    problem = compiled(
        term(2, 5000.0), term(2, 4000.0), keys={"uncertainty": toys.futures("2026-07", a={}, b={})}
    ).problem
    assert superfluous(problem) == {0: 1}
    uneven = replace(problem.deals[1], npv_usd=problem.deals[1].npv_usd * [0.5, 1.5])
    assert superfluous(replace(problem, deals=[problem.deals[0], uneven])) == {}


def test_deals_that_something_follows_stay_and_take_no_place():
    """Breaks and renewals belong to one deal."""
    ways = term(2, 5000.0), term(2, 4000.0)
    assert left_out(*ways, renewal={"months": 1, "usd_per_month": 100.0}, months=3) == {}
    clause = {"by": "buyer", "notice_months": 1}
    assert left_out(term(2, 5000.0, cancel=clause), term(2, 4000.0)) == {}
    assert left_out(term(2, 5000.0), term(2, 4000.0, cancel=clause)) == {}
