"""Infeasible instances: the rules that clash are named, and only those."""

import toys
from offtake.instance import from_document
from offtake.study.infeasible import explain


def test_a_budget_and_the_demand_clash():
    """On demand 7,200 is the least that serves June; the budget is 7,000. The 2027 budget has nothing to do with it."""
    document = toys.problem(finance={"budget_usd": {"2026-06": 7000.0}, "obligations_max_usd": 1e6})
    assert explain(from_document(document)) == [
        "the budget of 2026-06, 7,000 USD",
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
        "the budget of 2026-06, 2,500 USD",
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


def test_a_feasible_instance_has_nothing_to_explain():
    assert explain(from_document(toys.document("lease_beats_on_demand"))) == []
