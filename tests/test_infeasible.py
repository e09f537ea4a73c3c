"""Infeasible instances: the rules that clash are named, and only those."""

import toys
from offtake.instance import from_document
from offtake.study.infeasible import explain


def test_a_budget_and_the_demand_clash():
    """On demand 7,200 is the least that serves June; the budget is 7,000. The 2027 budget has nothing to do with it."""
    document = toys.problem(finance={"budget_usd": {"2026-06": 7000.0}, "obligations_max_usd": 1e6})
    assert explain(from_document(document)) == [
        "the budget of 2026-06, $7,000",
        "the demand of chat, which must be served",
    ]


def test_integrality_alone_can_clash():
    """Blocks of 4 chips at 1,000, no other supply, budget 2,500: 2.5 blocks would do for 10 chips, but blocks are
    whole.
    """
    document = toys.problem(
        offers={"lease": toys.lease(4.0, 1000.0, blocks={"max": 10})}, finance={"budget_usd": {"2026-06": 2500.0}}
    )
    del document["offers"]["on-demand"]
    assert explain(from_document(document)) == [
        "the budget of 2026-06, $2,500",
        "the demand of chat, which must be served",
    ]


def test_a_demand_beyond_all_supply_clashes_with_nothing_but_itself():
    """1,000 chips on demand serve 1,000 requests/s; 1,001 are asked for."""
    document = toys.problem(demand={"requests_per_s": 1001.0})
    assert explain(from_document(document)) == ["the demand of chat, which must be served"]


def test_group_rules_can_clash():
    """At least one and at most none of the same offer."""
    groups = [{"at_most": 0, "offers": ["lease"]}, {"at_least": 1, "offers": ["lease"]}]
    document = toys.problem(offers={"lease": toys.lease()}, groups=groups)
    assert explain(from_document(document)) == [
        "the rule that at most 0 of lease may be signed",
        "the rule that at least 1 of lease must be signed",
    ]


def test_exclusivity_can_clash():
    """Both leases must be signed, for June, and one of them wants to be alone."""
    groups = [
        {"exclusive": "left", "offers": ["right"], "until": "2026-12"},
        {"at_least": 2, "offers": ["left", "right"]},
    ]
    document = toys.problem(offers={"left": toys.lease(), "right": toys.lease()}, groups=groups)
    assert explain(from_document(document)) == [
        "the rule that none of right may be in service while left is, before 2026-12",
        "the rule that at least 2 of left, right must be signed",
    ]


def test_a_power_cap_can_clash():
    """Ten chips of 1 kW are needed and only leased; 9 kW are allowed here, and 10 in all."""
    document = toys.problem(
        offers={"lease": toys.lease()}, policy={"power_mw_max": 0.01, "site_power_mw_max": {"here": 0.009}}
    )
    del document["offers"]["on-demand"]
    assert explain(from_document(document)) == [
        "power of at most 0.009 MW in here",
        "the demand of chat, which must be served",
    ]


def test_a_carbon_cap_can_clash():
    """Ten chips of 1 kW through June at 0.5 kg a kWh emit 3.6 tonnes; the cap of 2027 has nothing to do with it."""
    document = toys.problem(policy={"carbon_tonnes_max": {2026: 3.5, 2027: 0.0}})
    document["regions"]["here"]["carbon_kg_per_kwh"] = 0.5
    assert explain(from_document(document)) == [
        "emissions of at most 3.5 tonnes of CO2 in 2026",
        "the demand of chat, which must be served",
    ]


def test_a_feasible_instance_has_nothing_to_explain():
    assert explain(from_document(toys.document("lease_beats_on_demand"))) == []
