"""The plan: tables and key figures that add up to what was derived by hand, reasons that hold, a file that is safe."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import toys
from offtake.compile import compile_instance
from offtake.instance import from_document
from offtake.plan import KPI_DEFINITIONS, Decisions, Plan, PlanError, load, make_plan, read
from offtake.plan import document as documents
from offtake.solve import Limits, Outcome

OUTCOME = Outcome(
    status="optimal", objective=0.0, bound=0.0, gap=0.0, seconds=0.25, nodes=1, solver_version="1.2.3", message="proven"
)


def planned(document: dict, blocks: dict | None = None, serve: dict | None = None, **more: Any) -> Plan:
    """The plan of decisions made by hand: blocks by deal, amounts by (pool, workload, period, block)."""
    compiled = compile_instance(from_document(document))
    decisions = Decisions(
        blocks={(d, 0): count for d, count in (blocks or {}).items()},
        serve={(*key, 0): amount for key, amount in (serve or {}).items()},
        unserved={(*key, 0): amount for key, amount in more.get("unserved", {}).items()},
        beyond={(*key, 0): hours for key, hours in more.get("beyond", {}).items()},
    )
    return make_plan(compiled, decisions, more.get("outcome", OUTCOME), Limits())


def two_months(rate: float = 0.0, **lease: object) -> Plan:
    """Ten chips: a lease of six from June for two months, four on demand at 1 USD an hour."""
    offers = {"lease": toys.lease(6.0, 1000.0, months=2, start={"latest": "2026-06"}, **lease)}
    document = toys.problem(months=2, offers=offers, finance={"discounting": {"rate": rate, "basis": "nominal"}})
    amounts = {"lease/chip": 6.0, "on-demand/chip": 4.0}
    serve = {(pool, "chat", t, 0): amount for pool, amount in amounts.items() for t in (0, 1)}
    return planned(document, {0: 1}, serve)


def lines(plan: Plan) -> dict[str, float]:
    return {row["line"]: row["usd"] for row in plan.to_document()["cost"]}


def cash(plan: Plan) -> dict[tuple[str, str, str], float]:
    return {(row["month"], row["line"], row["offer"]): row["usd"] for row in plan.to_document()["cash"]}


def reasons(plan: Plan) -> dict[str, str]:
    return dict(zip(plan.offers["offer"], plan.offers["reason"], strict=True))


def test_cash_by_month_line_and_offer():
    """1,000 a month for the lease; four chips on demand: 4 x 720 in June and 4 x 744 in July."""
    plan = two_months()
    assert cash(plan) == {
        ("2026-06", "fees", "lease"): 1000.0,
        ("2026-06", "elastic", "on-demand"): 2880.0,
        ("2026-07", "fees", "lease"): 1000.0,
        ("2026-07", "elastic", "on-demand"): 2976.0,
    }
    assert plan.kpis["cash_in_horizon_usd"] == 7856.0
    assert lines(plan) == {
        "contracts": 2000.0,
        "tail_value": 0.0,
        "use_beyond": 0.0,
        "elastic": 5856.0,
        "tokens": 0.0,
        "egress": 0.0,
        "commitments": 0.0,
        "shortfall": 0.0,
        "ports": 0.0,
        "sublease": 0.0,
        "unserved": 0.0,
        "lateness": 0.0,
        "value": 0.0,
        "carbon": 0.0,
        "changes": 0.0,
    }


def test_prepayment_and_signing_fee_fall_in_the_signing_month():
    """A quarter of 2,000 is prepaid, and 300 for signing: June 500 + 300 + 750, July 750."""
    plan = two_months(prepay=0.25, signing_fee_usd=300.0)
    paid = {key[:2]: usd for key, usd in cash(plan).items() if key[2] == "lease"}
    assert paid == {
        ("2026-06", "prepayments"): 500.0,
        ("2026-06", "signing_fees"): 300.0,
        ("2026-06", "fees"): 750.0,
        ("2026-07", "fees"): 750.0,
    }
    assert plan.deals.loc[0, "cash_usd"] == 2300.0


def test_cost_is_discounted_by_month():
    """At 12 % nominal a dollar of July is worth 1 / 1.01: 1,000 + 1,000 / 1.01, and 2,880 + 2,976 / 1.01."""
    plan = two_months(rate=0.12)
    assert lines(plan)["contracts"] == pytest.approx(1000 + 1000 / 1.01)
    assert lines(plan)["elastic"] == pytest.approx(2880 + 2976 / 1.01)
    assert plan.kpis["cost_usd"] == pytest.approx(3880 + 3976 / 1.01)
    assert plan.kpis["npv_cash_usd"] == pytest.approx(3880 + 3976 / 1.01)


def test_what_is_owed_falls_as_it_is_paid():
    """After June one month is left, after July nothing."""
    assert two_months().obligations.to_dict("records") == [
        {"month": "2026-06", "usd": 1000.0},
        {"month": "2026-07", "usd": 0.0},
    ]


def test_a_term_that_outlives_the_horizon():
    """Four months in a horizon of two: half is charged, all of it is cash and owed: 3,000 after June."""
    offers = {"lease": toys.lease(10.0, 1000.0, months=4, start={"latest": "2026-06"})}
    serve = {("lease/chip", "chat", t, 0): 10.0 for t in (0, 1)}
    plan = planned(toys.problem(months=2, offers=offers), {0: 1}, serve)
    assert plan.kpis["cost_usd"] == 2000.0
    assert plan.kpis["npv_cash_usd"] == 4000.0
    assert plan.kpis["cash_in_horizon_usd"] == 2000.0
    assert plan.kpis["peak_obligations_usd"] == 3000.0
    assert plan.kpis["peak_obligations_month"] == "2026-06"
    assert list(plan.cash["month"]) == ["2026-06", "2026-07", "2026-08", "2026-09"]


def test_use_beyond_take_or_pay_is_charged_where_it_is_used():
    """Ten chips at 1 USD an hour, half of it owed: 3,600 fixed, and 1,800 for 2.5 chips beyond the five."""
    offers = {"lease": toys.lease(10.0, None, usd_per_accelerator_hour=1.0, take_or_pay=0.5)}
    plan = planned(
        toys.problem(demand={"requests_per_s": 7.5}, offers=offers),
        {0: 1},
        {("lease/chip", "chat", 0, 0): 7.5},
        beyond={(0, "lease/chip", 0): 1800.0},
    )
    assert lines(plan)["contracts"] == 3600.0
    assert lines(plan)["use_beyond"] == pytest.approx(1800.0)
    assert plan.to_document()["decisions"]["beyond"] == [[0, "lease/chip", 0, 0, 1800.0]]
    assert plan.kpis["utilisation"] == pytest.approx(0.75)


def test_burst_is_provisioned_but_not_worked():
    """Burst 2: twenty chips provisioned, ten at work; on demand bills ten: 7,200. Of 40 held a quarter works."""
    document = toys.problem(demand={"peak_to_mean": 2.0}, offers={"lease": toys.lease(40.0, 1.0)})
    rented = planned(document, {}, {("on-demand/chip", "chat", 0, 0): 20.0})
    assert lines(rented)["elastic"] == 7200.0
    row = rented.capacity.iloc[0]
    assert (row["held"], row["used_mean"], row["used_peak"]) == (0.0, 10.0, 20.0)
    held = planned(document, {0: 1}, {("lease/chip", "chat", 0, 0): 20.0})
    assert held.kpis["utilisation"] == pytest.approx(0.25)
    assert held.kpis["utilisation_at_peak"] == pytest.approx(0.5)
    assert held.kpis["safety_by_workload"] == {"chat": 2.0}


def test_safety_is_the_product_of_its_three_places():
    """Burst 1.5, headroom 1.2, availability 0.9: 1.5 x 1.2 / 0.9 = 2."""
    document = toys.problem(
        demand={"peak_to_mean": 1.5, "headroom": 1.2}, offers={"lease": toys.lease(20.0, 1.0, availability=0.9)}
    )
    plan = planned(document, {0: 1}, {("lease/chip", "chat", 0, 0): 18.0})
    assert plan.kpis["safety_by_workload"]["chat"] == pytest.approx(2.0)


def test_what_is_left_unserved_is_a_penalty_and_not_cash():
    """Four of ten requests/s are given up at 0.001 USD: 4 x 720 x 3600 x 0.001 = 10,368; six on demand: 4,320."""
    plan = planned(
        toys.problem(demand={"unserved_usd_per_request": 0.001}),
        {},
        {("on-demand/chip", "chat", 0, 0): 6.0},
        unserved={("chat", 0, 0): 4.0},
    )
    assert lines(plan)["unserved"] == pytest.approx(10368.0)
    assert plan.kpis["cash_in_horizon_usd"] == pytest.approx(4320.0)
    assert plan.kpis["share_served"] == pytest.approx(0.6)
    assert plan.kpis["usd_per_million_tokens"] == pytest.approx(4320 / (6 * 2.592 * 1100))
    assert plan.service.loc[0, "served_share"] == pytest.approx(0.6)
    assert plan.service.loc[0, "by"] == {"on-demand/chip": 1.0}


def test_a_penalty_counts_the_mean_and_not_the_burst():
    """Burst 2: of twenty provisioned eight are given up, so of ten requests/s four: 10,368 as above."""
    document = toys.problem(demand={"peak_to_mean": 2.0, "unserved_usd_per_request": 0.001})
    plan = planned(document, {}, {("on-demand/chip", "chat", 0, 0): 12.0}, unserved={("chat", 0, 0): 8.0})
    assert lines(plan)["unserved"] == pytest.approx(10368.0)
    assert plan.kpis["share_served"] == pytest.approx(0.6)


def test_levelised_cost_is_cost_over_tokens():
    """7,200 USD for 10 requests/s x 720 h x 3600 s x 1,100 tokens = 28,512 million: 0.2525 USD a million."""
    plan = planned(toys.problem(), {}, {("on-demand/chip", "chat", 0, 0): 10.0})
    assert plan.kpis["usd_per_million_tokens"] == pytest.approx(7200 / 28512)
    assert plan.kpis["usd_per_million_tokens_by_workload"]["chat"] == pytest.approx(7200 / 28512)


def test_discounting_does_not_move_a_constant_price_per_token():
    """Dollars and tokens are discounted alike: 1 USD an hour is the same price per token at every rate."""
    plan = two_months(rate=0.12)
    elastic_only = lines(plan)["elastic"]
    june, july = 4 * 720, 4 * 744 / 1.01
    assert elastic_only == pytest.approx(june + july)
    tokens = 10 * 3600 * 1100 * (720 + 744 / 1.01) / 1e6
    assert plan.kpis["usd_per_million_tokens"] == pytest.approx((1000 + 1000 / 1.01 + june + july) / tokens)


def test_largest_provider_by_power_and_spend():
    """Ten chips of 1 kW and thirty, both at 1,000: three quarters of the power, half of the spend."""
    offers = {"left": toys.lease(10.0, 1000.0), "right": {**toys.lease(30.0, 1000.0), "provider": "other"}}
    document = toys.problem(offers=offers, providers={"cloud": {"kind": "neocloud"}, "other": {"kind": "neocloud"}})
    plan = planned(document, {0: 1, 1: 1}, {("left/chip", "chat", 0, 0): 10.0})
    assert plan.kpis["largest_provider_share_mw"] == pytest.approx(0.75)
    assert plan.kpis["largest_provider_mw"] == "other"
    assert plan.kpis["largest_provider_mw_month"] == "2026-06"
    assert plan.kpis["largest_provider_share_spend"] == pytest.approx(0.5)


def test_contract_in_force_is_cash_and_supply_but_not_cost():
    """Ten chips at 4,000 a month since May, three months in all: June and July are cash, nothing is charged."""
    contract = {
        "provider": "cloud",
        "region": "here",
        "accelerators": {"chip": 10.0},
        "start": "2026-05",
        "term": {"months": 3, "usd_per_month": 4000.0},
        "source": "toy",
    }
    serve = {("old/chip", "chat", t, 0): 10.0 for t in (0, 1)}
    plan = planned(toys.problem(months=2, signed={"old": contract}), {}, serve)
    assert plan.kpis["cost_usd"] == 0.0
    assert cash(plan) == {("2026-06", "in_force", "old"): 4000.0, ("2026-07", "in_force", "old"): 4000.0}
    assert plan.kpis["peak_obligations_usd"] == 4000.0
    assert plan.kpis["utilisation"] == 1.0
    assert plan.deals.empty


def test_use_beyond_of_a_contract_in_force_is_a_cost():
    """In force at 1 USD an hour with half of it fixed: 2.5 of ten chips cost 2.5 x 720, under its id."""
    contract = {
        "provider": "cloud",
        "region": "here",
        "accelerators": {"chip": 10.0},
        "source": "toy",
        "start": "2026-06",
        "term": {"months": 1, "usd_per_accelerator_hour": 1.0, "take_or_pay": 0.5},
    }
    plan = planned(
        toys.problem(demand={"requests_per_s": 7.5}, signed={"old": contract}),
        {},
        {("old/chip", "chat", 0, 0): 7.5},
        beyond={(0, "old/chip", 0): 1800.0},
    )
    assert plan.to_document()["decisions"]["beyond"] == [["old", "old/chip", 0, 0, 1800.0]]
    assert lines(plan)["use_beyond"] == pytest.approx(1800.0)
    assert cash(plan)[("2026-06", "in_force", "old")] == pytest.approx(3600.0)


def test_deals_stand_in_the_order_of_their_start():
    """July's deal comes first in the file; use beyond names the row of the table, not the deal of the problem."""
    leases = {
        name: toys.lease(5.0, None, usd_per_accelerator_hour=1.0, take_or_pay=0.5, start={"earliest": start})
        for name, start in (("july", "2026-07"), ("june", "2026-06"))
    }
    plan = planned(
        toys.problem(months=2, offers=leases),
        {0: 1, 1: 1},
        {("july/chip", "chat", 1, 0): 5.0},
        beyond={(0, "july/chip", 1): 5 * 372.0},
    )
    assert list(plan.deals["offer"]) == ["june", "july"]
    assert plan.to_document()["decisions"]["beyond"] == [[1, "july/chip", 1, 0, 1860.0]]


def test_power_counts_only_in_service():
    """Ten chips of `left` in June, thirty of `right` in July: each is alone in its month, June comes first."""
    offers = {
        "left": toys.lease(10.0, 1000.0, start={"latest": "2026-06"}),
        "right": {**toys.lease(30.0, 1000.0, start={"earliest": "2026-07"}), "provider": "other"},
    }
    document = toys.problem(
        months=2, offers=offers, providers={"cloud": {"kind": "neocloud"}, "other": {"kind": "neocloud"}}
    )
    plan = planned(document, {0: 1, 1: 1}, {})
    assert plan.kpis["largest_provider_share_mw"] == 1.0
    assert (plan.kpis["largest_provider_mw"], plan.kpis["largest_provider_mw_month"]) == ("cloud", "2026-06")


def two_blocks() -> Plan:
    """Twelve hours of 5 requests/s and twelve of 15; of 20 leased chips five work by night and fifteen by day."""
    document = toys.problem(
        demand={"shape": [1.0] * 12 + [3.0] * 12}, offers={"lease": toys.lease(20.0, 100.0)}, day={"blocks": 2}
    )
    return planned(document, {0: 1}, {("lease/chip", "chat", 0, 0): 5.0, ("lease/chip", "chat", 0, 1): 15.0})


def test_the_busiest_block_is_the_peak():
    """Mean of five and fifteen is ten; at peak fifteen of twenty."""
    plan = two_blocks()
    assert tuple(plan.capacity.iloc[0][["held", "used_mean", "used_peak"]]) == (20.0, 10.0, 15.0)
    assert plan.kpis["utilisation"] == pytest.approx(0.5)
    assert plan.kpis["utilisation_at_peak"] == pytest.approx(0.75)
    assert plan.service.loc[0, "mean_requests_per_s"] == pytest.approx(10.0)
    assert plan.service.loc[0, "provisioned_requests_per_s"] == pytest.approx(15.0)


def test_the_largest_month_counts_leased_and_elastic_accelerators():
    """Six leased and four on demand."""
    plan = two_months()
    assert (plan.kpis["accelerators_peak"], plan.kpis["accelerators_peak_month"]) == (10.0, "2026-06")
    assert list(plan.capacity["month"]) == ["2026-06", "2026-06", "2026-07", "2026-07"]
    assert list(plan.service["month"]) == ["2026-06", "2026-07"]


def test_a_charge_is_split_by_hours_at_work():
    """Ten chips for 1,000: six for chat, two for code; 750 and 250 USD. Tokens: 6 and 2 requests/s x 2,592,000 s, 1,100
    and (with 9 times the reasoning) 1,900 tokens each: 17,107 and 9,850 million."""
    document = toys.problem(demand={"requests_per_s": 6.0}, offers={"lease": toys.lease(10.0, 1000.0)})
    request = {"input_tokens": 1000.0, "output_tokens": 100.0, "reasoning_multiplier": 9.0}
    document["workloads"]["code"] = {**toys.chat(2.0), "request": request}
    document["throughput"]["rates"].append(
        {"accelerator": "chip", "workload": "code", "requests_per_s_per_accelerator": 1.0}
    )
    plan = planned(document, {0: 1}, {("lease/chip", "chat", 0, 0): 6.0, ("lease/chip", "code", 0, 0): 2.0})
    prices = plan.kpis["usd_per_million_tokens_by_workload"]
    assert prices["chat"] == pytest.approx(750 / (6 * 2.592 * 1100))
    assert prices["code"] == pytest.approx(250 / (2 * 2.592 * 1900))
    assert plan.kpis["usd_per_million_tokens"] == pytest.approx(1000 / (6 * 2.592 * 1100 + 2 * 2.592 * 1900))
    assert reasons(plan)["lease"].startswith(
        "1 block (10 chip) for 1 month from 2026-06: at work 80% of its hours, on chat (75%) and code (25%). "
        "It carries 100% of chat then."
    )


def test_a_plan_without_a_bound_claims_nothing():
    """Costs are never negative, so 0 is a bound and the gap is everything."""
    plan = planned(toys.problem(), {}, {}, outcome=replace(OUTCOME, status="time_limit", bound=None, gap=None))
    assert (plan.status, plan.bound_usd, plan.gap) == ("time_limit", 0.0, 1.0)


def _variables(values: dict) -> dict:
    return {key: SimpleNamespace(value=value) for key, value in values.items()}


def _solved(blocks: float | None = 2.0, unserved: float | None = 0.0, serve: float | None = 8.0) -> Decisions:
    document = toys.problem(offers={"lease": toys.lease(4.0, blocks={"max": 3})})
    problem = compile_instance(from_document(document)).problem
    return read(
        problem,
        SimpleNamespace(
            blocks=_variables({(0, 0): blocks}),
            serve=_variables({("lease/chip", "chat", 0, 0, 0): serve, ("on-demand/chip", "chat", 0, 0, 0): 1e-9}),
            unserved=_variables({("chat", 0, 0, 0): unserved}),
            beyond={},
            committed={},
            covered={},
            sublet={},
            late={},
            port_begun={},
        ),
    )


def test_reading_rounds_counts_and_drops_noise():
    """A billionth of the demand of ten requests/s is noise; a count within 1e-6 of two is two."""
    found = _solved(blocks=2.000001, unserved=-1e-12)
    assert found.blocks == {(0, 0): 2} and type(found.blocks[0, 0]) is int
    assert found.serve == {("lease/chip", "chat", 0, 0, 0): 8.0}
    assert found.unserved == {}
    assert _solved(unserved=5e-9).unserved == {}
    assert _solved(unserved=5e-7).unserved == {("chat", 0, 0, 0): 5e-7}


def test_reading_refuses_what_is_no_solution():
    with pytest.raises(ValueError, match=r"left 1\.5 blocks of lease; counts are whole"):
        _solved(blocks=1.5)
    with pytest.raises(ValueError, match="holds no solution"):
        _solved(unserved=None)


def test_every_figure_has_a_definition_and_a_unit():
    plan = two_months()
    assert list(plan.kpis) == list(KPI_DEFINITIONS)
    assert plan.to_document()["kpi_definitions"]["utilisation"]["unit"] == "share"
    assert "<table>" in plan._repr_html_()
    assert repr(plan) == "<Plan 'toy': optimal, $0, gap 0.00%, 1 deal>"


def test_conventions_are_sentences():
    said = two_months(rate=0.12).to_document()["conventions"]
    assert said["discounting"] == (
        "Dollars are discounted to 2026-06 at 0.12 (nominal per year, compounded monthly), "
        "as if paid at the start of their month."
    )
    assert "with rates 2 given in the instance" in said["throughput"]


def test_reason_of_what_is_taken_names_its_work_and_its_rival():
    """Six leased chips serve 60 %. On demand, 1 USD an hour is 1 / (3,600 x 1,100 / 1e6) = 0.253 USD a million."""
    said = reasons(two_months())
    assert said["lease"].startswith(
        "1 block (6 chip) for 2 months from 2026-06: at work 100% of its hours, on chat. It carries 60% of chat then."
    )
    assert "the next dearer offer is on-demand, $0.253." in said["lease"]
    assert said["on-demand"].startswith(
        "Used from 2026-06 to 2026-07, at most 4 chip, on chat. It carries 40% of chat then."
    )


def test_reason_of_what_is_used_now_and_then():
    """On demand only in June and August, then all of it."""
    offers = {"lease": toys.lease(10.0, 9.0, start={"earliest": "2026-07"})}
    plan = planned(
        toys.problem(months=3, offers=offers),
        {0: 1},
        {
            ("on-demand/chip", "chat", 0, 0): 10.0,
            ("lease/chip", "chat", 1, 0): 10.0,
            ("on-demand/chip", "chat", 2, 0): 10.0,
        },
    )
    assert reasons(plan)["on-demand"].startswith(
        "Used in 2 months between 2026-06 and 2026-08, at most 10 chip, on chat. It carries 100% of chat then."
    )


def test_reason_of_what_is_dearer_compares_at_best_use():
    """Ten chips at 9,000 for June against 7,200 on demand: 9,000 / 28,512 = 0.316 USD a million against 0.253."""
    plan = planned(
        toys.problem(offers={"lease": toys.lease(10.0, 9000.0)}), {}, {("on-demand/chip", "chat", 0, 0): 10.0}
    )
    assert reasons(plan)["lease"] == (
        "Beside this plan, 1 block from 2026-06 for 1 month would cost $9,000 and replace use worth $7,200. At best "
        "use it costs $0.316 per million tokens of chat (from 2026-06 for 1 month, 100% of its hours at work), the "
        "plan $0.253 on average."
    )


def test_one_more_deal_replaces_the_dearest_use_first():
    """Five chips on demand at 2 USD, five at 1 USD, burst 2, so 720 and 360 USD a chip of June. Six chips more replace
    all of the dear ones and one of the cheap: 5 x 720 + 360 = 3,960."""
    document = toys.problem(demand={"peak_to_mean": 2.0, "requests_per_s": 5.0}, offers={"lease": toys.lease(6.0, 9.0)})
    cheap = document["offers"]["on-demand"]
    dear = {**cheap, "elastic": {"usd_per_accelerator_hour": 2.0, "max_accelerators": 1000}}
    plan = planned(
        {**document, "offers": {**document["offers"], "dear": dear}},
        {},
        {("on-demand/chip", "chat", 0, 0): 5.0, ("dear/chip", "chat", 0, 0): 5.0},
    )
    assert "would cost $9 and replace use worth $3,960." in reasons(plan)["lease"]


def test_one_more_deal_replaces_what_is_left_unserved():
    """Ten requests/s are given up at 0.001 USD: four chips save 4 x 720 x 3600 x 0.001 = 10,368."""
    plan = planned(
        toys.problem(demand={"unserved_usd_per_request": 0.001}, offers={"lease": toys.lease(4.0, 20000.0)}),
        {},
        {},
        unserved={("chat", 0, 0): 10.0},
    )
    assert "would cost $20,000 and replace use worth $10,368." in reasons(plan)["lease"]


def test_at_best_use_the_signing_fee_is_spread_over_the_most_blocks():
    """Blocks of five chips at 1,000 and 500 for signing: one costs 300 USD a chip, two 250: 2,500 / 28,512 = 0.0877."""
    offers = {"lease": toys.lease(5.0, 1000.0, blocks={"max": 2}, signing_fee_usd=500.0)}
    plan = planned(toys.problem(offers=offers), {}, {("on-demand/chip", "chat", 0, 0): 10.0})
    assert "At best use it costs $0.0877 per million tokens" in reasons(plan)["lease"]


def test_at_best_use_no_more_blocks_are_taken_than_help():
    """Ten chips are wanted: one block of ten at 9,000 is 0.316 USD a million, two would be twice that."""
    offers = {"lease": toys.lease(10.0, 9000.0, blocks={"max": 2})}
    plan = planned(toys.problem(offers=offers), {}, {("on-demand/chip", "chat", 0, 0): 10.0})
    assert "At best use it costs $0.316 per million tokens" in reasons(plan)["lease"]


def test_at_best_use_what_is_beyond_take_or_pay_is_paid_too():
    """Ten chips at 1.5 USD an hour, half of it fixed, all of it used: 10,800 / 28,512 = 0.379. Beside the plan it
    costs 5,400 and 5,400 for use, and replaces 7,200."""
    offers = {"lease": toys.lease(10.0, None, usd_per_accelerator_hour=1.5, take_or_pay=0.5)}
    plan = planned(toys.problem(offers=offers), {}, {("on-demand/chip", "chat", 0, 0): 10.0})
    assert "would cost $10,800 and replace use worth $7,200." in reasons(plan)["lease"]
    assert "At best use it costs $0.379 per million tokens" in reasons(plan)["lease"]


def test_at_best_use_batch_work_is_spread_over_the_day():
    """Twenty requests/s of work arrive by day, none by night: ten chips do it all, 9,000 / 28,512 = 0.316."""
    document = toys.problem(offers={"lease": toys.lease(10.0, 9000.0)}, day={"blocks": 2})
    work = toys.batch(demand={"requests_per_s": 10.0, "shape": [0.0] * 12 + [2.0] * 12})
    plan = planned(
        {**document, "workloads": {"chat": work}}, {}, {("on-demand/chip", "chat", 0, b): 10.0 for b in (0, 1)}
    )
    assert "$0.316 per million tokens of chat" in reasons(plan)["lease"]


def test_egress_of_the_new_deal_is_not_saved():
    """Ten chips on demand at 1 USD an hour, at home; the lease is abroad and its egress costs 10 USD a million output
    tokens: 10 x 2.592e6 x 100 / 1e6 x 10 = 25,920, more than the 7,200 on demand. So it replaces nothing."""
    document = toys.problem(offers={"lease": {**toys.lease(10.0, 5000.0), "region": "abroad"}})
    document["regions"]["abroad"] = {"latitude": 0.0, "longitude": 1.0}
    document["network"] = {"egress_usd_per_million_tokens": {"abroad": {"here": 10.0}}}
    plan = planned(document, {}, {("on-demand/chip", "chat", 0, 0): 10.0})
    assert "would cost $5,000 and replace use worth $0." in reasons(plan)["lease"]


def test_one_more_deal_of_two_pools_replaces_nothing_twice():
    """A block of eight chips and eight others (half a request/s each) where ten are on demand: eight and four of the
    others replace all ten, 7,200."""
    document = toys.problem(offers={"lease": toys.lease(8.0, 100.0)})
    document["accelerators"]["slow"] = toys.CHIP
    document["offers"]["lease"]["accelerators"] = {"chip": 8.0, "slow": 8.0}
    document["throughput"]["rates"].append(
        {"accelerator": "slow", "workload": "chat", "requests_per_s_per_accelerator": 0.5}
    )
    plan = planned(document, {}, {("on-demand/chip", "chat", 0, 0): 10.0})
    assert "would cost $100 and replace use worth $7,200." in reasons(plan)["lease"]
    assert "At best use it costs $0.00351 per million tokens" in reasons(plan)["lease"]


def test_reason_of_what_is_too_large_is_its_fill():
    """A block of 100 chips at 10,000 works a tenth of its hours for the whole demand: 10,000 / 28,512 = 0.351."""
    plan = planned(
        toys.problem(offers={"lease": toys.lease(100.0, 10000.0)}), {}, {("on-demand/chip", "chat", 0, 0): 10.0}
    )
    said = reasons(plan)["lease"]
    assert "$0.351 per million tokens of chat (from 2026-06 for 1 month, 10% of its hours at work)" in said


def test_reason_claims_no_more_than_the_gap():
    """A lease that is cheaper at best use, left out of a plan that is not proven to be the best."""
    plan = planned(
        toys.problem(offers={"lease": toys.lease(10.0, 5000.0)}), {}, {("on-demand/chip", "chat", 0, 0): 10.0}
    )
    assert "no better plan with it was found within the gap of 0.00%" in reasons(plan)["lease"]


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"sign_by": "2026-05"}, "The quote expired in 2026-05, before the horizon begins in 2026-06."),
        (
            {"start": {"earliest": "2027-01"}},
            "It starts in 2027-01 at the earliest, after the last month of the horizon, 2026-06.",
        ),
        (
            {"start": {"latest": "2026-03"}},
            "Its last start, 2026-03, lies before the horizon, which begins in 2026-06.",
        ),
        (
            {"start": {"latest": "2026-06", "lead_months": 0, "earliest": "2026-06"}, "sign_by": "2026-05"},
            "The quote expired in 2026-05, before the horizon begins in 2026-06.",
        ),
    ],
)
def test_reason_of_what_can_never_be_signed(keys, sentence):
    plan = planned(
        toys.problem(offers={"lease": toys.lease(10.0, 9000.0, **keys)}), {}, {("on-demand/chip", "chat", 0, 0): 10.0}
    )
    assert reasons(plan)["lease"] == sentence


def test_reason_of_what_can_serve_nothing():
    document = toys.problem(
        demand={"deny": {"providers": ["other"]}},
        offers={"lease": {**toys.lease(10.0, 1.0), "provider": "other"}},
        providers={"cloud": {"kind": "neocloud"}, "other": {"kind": "neocloud"}},
    )
    plan = planned(document, {}, {("on-demand/chip", "chat", 0, 0): 10.0})
    assert reasons(plan)["lease"].startswith("It can serve no workload. chat: ")


def test_reason_of_what_a_rule_excludes():
    offers = {"left": toys.lease(5.0, 2000.0), "right": toys.lease(5.0, 2100.0), "extra": toys.lease(1.0, 1.0)}
    groups = [{"at_most": 1, "offers": ["left", "right"]}, {"requires": "right", "offer": "extra"}]
    plan = planned(
        toys.problem(offers=offers, groups=groups),
        {0: 1},
        {("left/chip", "chat", 0, 0): 5.0, ("on-demand/chip", "chat", 0, 0): 5.0},
    )
    said = reasons(plan)
    assert said["right"].startswith("At most 1 of left and right may be signed, and left is. ")
    assert said["extra"].startswith("It requires right, which is not signed. ")


def test_a_saved_plan_reads_back_the_same(tmp_path):
    plan, path = two_months(rate=0.1), tmp_path / "plan.json"
    plan.save(path)
    again = load(path)
    assert again.to_document() == json.loads(json.dumps(plan.to_document()))
    assert again.instance == plan.instance
    assert again.deals.equals(plan.deals)
    again.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["again.json", "plan.json"]


def test_every_row_has_its_own_line():
    text = documents.render(two_months().to_document())
    assert '\n{"month": "2026-06", "line": "fees", "offer": "lease", "usd": 1000.0},\n' in text
    assert '\n["lease/chip", "chat", 0, 0, 0, 6.0],\n' in text


def test_a_failed_write_leaves_the_old_plan(tmp_path, monkeypatch):
    path = tmp_path / "plan.json"
    two_months().save(path)
    before = path.read_bytes()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(documents.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        two_months(rate=0.1).save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["plan.json"]


def test_the_old_plan_is_replaced_and_never_rewritten(tmp_path):
    """Whoever has the old file open keeps reading the old plan, and a link is followed."""
    path, link = tmp_path / "plan.json", tmp_path / "link.json"
    link.symlink_to(path)
    two_months().save(path)
    before = path.read_bytes()
    with path.open("rb") as reader:
        two_months(rate=0.1).save(link)
        assert reader.read() == before
    assert path.read_bytes() != before
    assert link.is_symlink()


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    """As with `-o /dev/stdout`: what is no plain file must stay what it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        two_months().save(pipe)
        assert pipe.is_fifo()
        assert os.read(reader, 100).startswith(b'{\n"format": "offtake.plan/1"')
    finally:
        os.close(reader)


def test_a_number_that_is_not_finite_is_never_written(tmp_path):
    document = {**two_months().to_document(), "bound_usd": float("-inf")}
    with pytest.raises(PlanError, match="not finite"):
        Plan(document).save(tmp_path / "plan.json")
    assert list(tmp_path.iterdir()) == []


def _broken(document: dict, **keys: object) -> str:
    return json.dumps({**document, **keys})


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda d: "", "is empty"),
        (lambda d: "format: offtake/1\n", "is not JSON"),
        (lambda d: json.dumps(d)[:-40], "cut short"),
        (lambda d: json.dumps(d)[:300], "cut short"),
        (lambda d: "[" * 200_000, "nested too deeply"),
        (lambda d: "[1, 2]", "no key `format`"),
        (
            lambda d: _broken(d, format="offtake.plan/2"),
            "the format 'offtake.plan/2'; this version reads offtake.plan/1",
        ),
        (lambda d: _broken(d, objective_usd=float("nan")), "holds NaN"),
        (lambda d: json.dumps(d).replace('"usd": 1000.0', '"usd": 1e999'), "1e999, which is too large"),
        (lambda d: json.dumps(d).replace('"usd": 1000.0', '"usd": ' + "9" * 5000), "is not a plan"),
        (lambda d: json.dumps({key: d[key] for key in d if key != "cash"}), "the table `cash` is missing"),
        (lambda d: json.dumps({key: d[key] for key in d if key != "gap"}), "the key `gap` is missing"),
        (lambda d: _broken(d, gap="small"), "`gap` has the wrong type"),
        (lambda d: _broken(d, gap=True), "`gap` has the wrong type"),
        (lambda d: _broken(d, status="perfect"), "has the status 'perfect'"),
        (lambda d: _broken(d, cost=[{"line": "fees"}]), "a row in `cost` without all of its columns: line, usd"),
        (lambda d: _broken(d, decisions={"serve": [["pool"]], "unserved": [], "beyond": []}), "`decisions.serve`"),
        (lambda d: _broken(d, instance={"name": "x"}), "`instance.sha256` is missing"),
    ],
)
def test_a_file_that_is_no_plan_is_answered_with_a_sentence(tmp_path, spoil, sentence):
    path = tmp_path / "bad.json"
    path.write_text(spoil(two_months().to_document()))
    with pytest.raises(PlanError) as caught:
        load(path)
    assert sentence in str(caught.value)
    assert "bad.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_answered_with_a_sentence(tmp_path, monkeypatch):
    with pytest.raises(PlanError, match="there is no file"):
        load(tmp_path / "nothing.json")
    with pytest.raises(PlanError, match="is a folder"):
        load(tmp_path)
    (tmp_path / "instance.yaml").write_text("format: offtake/1\n")
    with pytest.raises(PlanError, match="is YAML, as instances are"):
        load(tmp_path / "instance.yaml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PlanError, match="not text in UTF-8"):
        load(tmp_path / "binary")
    monkeypatch.setattr(documents, "LARGEST_BYTES", 2)
    with pytest.raises(PlanError, match="is not read"):
        load(tmp_path / "binary")


def test_reading_a_plan_loads_no_solver():
    code = "import sys, offtake.plan; sys.exit(any(name in sys.modules for name in ('pyomo', 'highspy', 'pandas')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
