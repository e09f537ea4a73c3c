"""Ports: what a plan says of them, what the audit asks, and laws. Costs are derived in `toys`."""

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
from offtake.study.infeasible import explain
from offtake_models import build

LAW = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def planned(name: str) -> offtake.Plan:
    return offtake.solve(from_document(toys.document(name)), gap=0.0)


def cost(document) -> float:
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan.objective_usd


# --- what the plan says


def test_a_port_stands_in_its_table_in_cash_and_in_cost():
    """Two months of 2,000 from June on; the key figures of providers do not know it."""
    plan = planned("port_is_paid_month_by_month")
    row = {"model": "llm", "family": "neuron", "start": "2026-06", "ready": "2026-08", "usd": 4000.0}
    assert plan.ports.to_dict("records") == [row]
    cash = plan.cash[plan.cash["line"] == "ports"]
    assert cash[["month", "offer", "usd"]].values.tolist() == [
        ["2026-06", "llm/neuron", 2000.0],
        ["2026-07", "llm/neuron", 2000.0],
    ]
    assert dict(plan.cost.values)["ports"] == 4000.0
    assert plan.kpis["largest_provider_share_spend"] == plan.kpis["herfindahl_spend"] == 1.0
    assert plan.kpis["cash_in_horizon_usd"] == 25960.0


def test_reasons_name_the_port_that_is_made_and_the_one_that_is_missing():
    made = dict(planned("port_pays_off").offers[["offer", "reason"]].values)["cheap"]
    assert made.endswith("It can run llm from 2026-07 on, when the port to neuron is done.")
    missing = dict(planned("port_saves_less_than_it_costs").offers[["offer", "reason"]].values)["cheap"]
    assert missing.endswith(
        "Not ported to neuron in this plan, so that it cannot run them: llm ($4,000, done in 2026-07 at the "
        "earliest). Its cost at best use leaves ports out."
    )


def test_beside_the_plan_a_deal_replaces_nothing_that_it_is_not_ported_for():
    """Ten cheap chips for 3,600 in June could not serve: they would replace nothing, not 7,200."""
    document = toys.to_port(2, {"usd": 4000.0, "months": 1})
    june = {**toys.lease(10.0, 3600.0, start={"latest": "2026-06"}), "accelerators": {"trn": 10.0}}
    document["offers"]["june"] = june
    plan = offtake.solve(from_document(document), gap=0.0)
    reason = dict(plan.offers[["offer", "reason"]].values)["june"]
    assert "would cost $3,600 and replace use worth $0." in reason


def test_only_the_future_that_needs_it_has_the_port():
    plan = planned("port_waits_for_the_future_that_needs_it")
    assert plan.ports[["scenario", "start"]].values.tolist() == [["busy", "2026-07"]]
    assert plan.futures["calm"].ports.empty
    assert plan.futures["busy"].ports["ready"].tolist() == ["2026-08"]


def test_the_page_shows_ports_and_those_not_made():
    from offtake.cli import ports

    assert ports.ports(planned("lease_beats_on_demand").to_document()) is None
    assert "Not made: llm to neuron." in str(
        ports.ports(planned("port_saves_less_than_it_costs").to_document()).renderables
    )


# --- who needs a port


def test_token_services_and_other_models_need_none():
    document = toys.to_port(3, {"usd": 4000.0, "months": 1})
    assert [port.pairs for port in compile_instance(from_document(document)).problem.ports] == [[("cheap/trn", "chat")]]
    document["ports"]["llm"]["cuda"] = {"done": True}
    assert len(compile_instance(from_document(document)).problem.ports) == 1


def test_a_period_is_served_if_it_begins_when_the_port_is_done():
    """June and July are one period: begun in June for a month, the port is done within it and serves from August on."""
    document = toys.to_port(4, {"usd": 4000.0, "months": 1})
    document["horizon"]["steps"] = [{"count": 2, "months": 2}]
    assert cost(document) == pytest.approx(7200 + 7440 + 4000 + 3720 + 3600)


def test_a_port_that_cannot_be_done_in_time_is_never_begun():
    document = toys.to_port(3, {"usd": 1.0, "months": 3})
    assert cost(document) == pytest.approx(22080)


def test_a_port_clashes_with_a_demand_that_nothing_else_serves():
    document = toys.to_port(2, {"usd": 4000.0, "months": 1})
    del document["offers"]["on-demand"]
    assert explain(from_document(document)) == [
        "the port of llm to neuron, which takes 1 month",
        "the demand of chat, which must be served",
    ]


# --- laws


@LAW
@given(st.integers(0, 12000), st.integers(1, 4))
def test_a_cheaper_or_shorter_port_never_costs_more_and_none_is_cheapest(usd, months):
    """Between what the family costs without a port and what is paid without the family."""
    dear = cost(toys.to_port(5, {"usd": float(usd + 1), "months": months}))
    assert cost(toys.to_port(5, {"usd": (usd + 1) / 2, "months": months})) <= dear * (1 + 1e-9)
    if months > 1:
        assert cost(toys.to_port(5, {"usd": float(usd + 1), "months": months - 1})) <= dear * (1 + 1e-9)
    free, plain = toys.to_port(5, {"done": True}), toys.to_port(5, {"done": True})
    del free["ports"], plain["offers"]["cheap"]
    assert cost(free) == pytest.approx(cost(toys.to_port(5, {"done": True})), rel=1e-9)
    assert cost(free) <= dear <= cost(plain) * (1 + 1e-9)


@LAW
@given(st.integers(500, 3000), st.integers(1, 3), st.sampled_from(["once", "one_at_a_time", "stack"]))
def test_reductions_keep_the_least_cost_beside_ports(fee, months, repeat):
    """Leases of the family that needs a port, for one and two months, in blocks of four."""
    document = toys.to_port(4, {"usd": 2000.0, "months": months})
    terms = [{"months": term, "usd_per_month": fee * price} for term, price in ((1, 1.0), (2, 0.9), (2, 0.95))]
    offer = {**toys.lease(4.0, blocks={"max": 3}, repeat=repeat), "accelerators": {"trn": 4.0}, "terms": terms}
    document["offers"]["blocks"] = offer
    problem = compile_instance(from_document(document)).problem

    def least(each) -> float:
        return solve_model(build(each), Limits(gap=0.0)).objective

    assert superfluous(problem)
    assert least(without(problem, superfluous(problem))) == pytest.approx(least(problem), rel=1e-7)


# --- the audit


def findings(change, name: str = "port_pays_off") -> set[tuple[str, str]]:
    document = copy.deepcopy(planned(name).to_document())
    change(document)
    report = audit(from_document(toys.document(name)), document)
    return {(finding.rule, finding.sentence) for finding in report.findings}


def test_service_before_the_port_is_done_is_found():
    def later(document):
        document["decisions"]["ported"][0][2] = 1

    said = findings(later)
    assert (
        "ported_before_use",
        "chat runs on 10 of cheap/trn in 2026-07; the port of llm to neuron is done in 2026-08",
    ) in said
    assert (
        "ports_to_the_cent",
        "the table of ports prints llm/neuron from 2026-06, done in 2026-07; it is from 2026-07, done in 2026-08",
    ) in said


def test_a_port_that_is_left_out_is_missed_in_service_cash_and_cost():
    said = findings(lambda document: document["decisions"]["ported"].clear())
    assert (
        "ported_before_use",
        "chat runs on 10 of cheap/trn in 2026-08; the port of llm to neuron is not made",
    ) in said
    assert ("ports_to_the_cent", "the table of ports has 'llm/neuron'; the decisions make none") in said
    assert {"cash_to_the_cent", "cost_to_the_cent", "objective_is_the_cost"} <= {rule for rule, _ in said}


def test_a_port_begun_twice_is_found():
    said = findings(lambda document: document["decisions"]["ported"].append(["llm", "neuron", 1, 0]))
    assert ("ported_once", "the port of llm to neuron begins 2 times") in said


def test_a_port_that_nobody_asks_for_is_found():
    said = findings(lambda document: document["decisions"]["ported"].append(["llm", "cuda", 7, 0]))
    sentence = "decisions.ported[1] ports 'llm' to 'cuda', which the instance does not ask for"
    assert said == {("decisions_name_what_exists", sentence)}
    said = findings(lambda document: document["decisions"]["ported"].append(["llm", "neuron", 7, 0]))
    sentence = "decisions.ported[1] names month 7; they are numbered 0 to 2"
    assert said == {("decisions_name_what_exists", sentence)}


def test_a_misprinted_cost_is_found():
    def cheaper(document):
        document["ports"][0]["usd"] = 3999.0

    sentence = "the table of ports prints 3,999.00 USD for llm/neuron; it is 4,000.00 USD"
    assert findings(cheaper) == {("ports_to_the_cent", sentence)}


def test_a_port_stands_at_a_node_of_its_month():
    def elsewhere(document):
        document["decisions"]["ported"][0][3] = 5

    said = findings(elsewhere, "port_waits_for_the_future_that_needs_it")
    assert ("decided_at_nodes", "decisions.ported[0] stands at node 5; in 2026-07 there are nodes 0 and 1") in said
