"""The register: each constraint of the mathematics, switched off, changes the least cost of some toy."""

import pytest
from pyomo.environ import Constraint, NonNegativeReals

import toys
from offtake.compile import compile_instance
from offtake.instance import from_document
from offtake.solve import Limits, solve_model
from offtake_models import build

REGISTER = {
    "enough_blocks": "least_number_of_blocks",
    "not_too_many_blocks": "signing_fee_is_paid_once",
    "one_deal_of_the_offer": "once_is_once",
    "one_deal_at_a_time": "one_deal_at_a_time",
    "blocks_in_stock": "stack_is_limited_by_stock",
    "marked_as_signed": "at_most_one_of_two",
    "marked_only_if_signed": "at_least_one_of_one",
    "at_most_of_group": "at_most_one_of_two",
    "at_least_of_group": "at_least_one_of_one",
    "required_is_signed": "one_offer_requires_another",
    "exclusive_while_running": "exclusive_until_july",
    "follows_its_contract": "option_is_bought_before_it_is_called",
    "capacity_held": "blocks_are_whole",
    "held_in_all": "blocks_are_whole",
    "elastic_limit": "on_demand_sells_out",
    "paid_for_use": "use_beyond_take_or_pay",
    "use_beyond_limit": "use_is_billed_by_its_own_deal",
    "demand_met": "lease_beats_on_demand",
    "work_done_in_period": "batch_does_its_month",
    "work_in_time": "batch_does_its_month",
    "left_when_lost": "half_survives_the_loss_of_a_seller",
    "kept_when_lost": "half_survives_the_loss_of_a_seller",
    "ported_when_lost": "loss_of_a_family_needs_the_port",
    "port_goes_on": "port_pays_off",
    "served_once_ported": "port_pays_off",
    "covered_is_used": "savings_plan_is_too_large",
    "served_as_asked": "no_use_is_made_up_to_spend_sooner",
    "trained_as_asked": "no_chips_are_held_to_raise_a_share",
    "beyond_if_paid_up": "no_hours_are_paid_beyond_use_to_raise_a_share",
    "paid_up_before": "no_hours_are_paid_beyond_use_to_raise_a_share",
    "short_if_spent": "no_more_is_paid_for_nothing_than_lacks",
    "spent_before": "no_more_is_paid_for_nothing_than_lacks",
    "listed_if_drawn": "what_is_prepaid_is_drawn_before_list_is_paid",
    "drawn_before": "what_is_prepaid_is_drawn_before_list_is_paid",
    "within_commitment": "savings_plan_covers_what_it_pays_for",
    "discounted_if_held": "discount_needs_its_commitment",
    "discounted_when_held": "discount_is_not_waived_to_spend_sooner",
    "commitment_met": "shortfall_is_paid",
    "taken_as_promised": "interval_beyond_the_horizon_counts_by_its_months",
    "unspent_is_owed": "what_is_left_to_spend_is_owed",
    "cash_paid": "budget_forbids_the_prepayment",
    "within_budget": "budget_forbids_the_prepayment",
    "balance_kept": "funding_arrives_in_rounds",
    "obligations_capped": "obligations_are_capped",
    "beyond_value_at_risk": "dear_futures_count_for_themselves",
    "more_is_a_change": "one_block_more_is_a_change",
    "fewer_is_a_change": "the_earlier_plan_is_kept",
    "power_in_all": "half_of_the_power_is_with_another",
    "power_shared": "half_of_the_power_is_of_another_family",
    "spend_in_all": "most_of_the_spend_is_with_others",
    "spend_shared": "most_of_the_spend_is_with_others",
    "served_in_all": "some_is_served_by_others",
    "served_shared": "some_is_served_by_others",
    "present_if_in_service": "two_sellers_from_july_on",
    "sellers_enough": "two_sellers_from_july_on",
    "provider_is_there": "two_who_may_not_both_be_there",
    "at_most_of_providers": "two_who_may_not_both_be_there",
    "power_capped": "power_is_capped",
    "carbon_capped": "carbon_is_capped",
    "one_place_at_a_time": "training_holds_one_place",
    "large_enough": "training_takes_enough_at_a_time",
    "not_too_large": "training_takes_no_more_than_it_can_use",
    "all_day_long": "training_takes_the_same_chips_all_day",
    "work_by_size": "goodput_falls_with_size",
    "trained_in_time": "training_fills_a_lease",
    "learnt_from_rollouts": "rollouts_are_generated_beside_updates",
    "generated_as_asked": "no_rollouts_are_made_up_to_spend_sooner",
    "late_if_not_done": "lateness_has_a_price",
    "begins_or_goes_on": "training_goes_on_without_a_pause",
    "paused_as_allowed": "training_goes_on_without_a_pause",
}
"""constraint -> a toy that needs it"""

IMPLIED = {"strong_link": "blocks_are_whole", "signed_in_all": "blocks_are_whole"}
"""constraint that follows from the others for whole blocks -> a toy whose linear relaxation needs it"""


def model_of(name: str):
    return build(compile_instance(from_document(toys.document(name))).problem)


def least_cost(model) -> float:
    return solve_model(model, Limits(gap=0.0)).objective


def test_every_constraint_is_in_the_register():
    models = [model_of(name) for name in ("lease_beats_on_demand", "dear_futures_count_for_themselves")]
    names = {component.local_name for model in models for component in model.component_objects(Constraint)}
    assert names == set(REGISTER) | set(IMPLIED)


@pytest.mark.parametrize("constraint", list(REGISTER))
def test_switched_off_it_changes_the_least_cost(constraint):
    model = model_of(REGISTER[constraint])
    model.component(constraint).deactivate()
    cost = least_cost(model)
    assert cost is None or cost < toys.TOYS[REGISTER[constraint]] - 1


@pytest.mark.parametrize("constraint", list(IMPLIED))
def test_an_implied_constraint_lifts_the_relaxation_and_only_that(constraint):
    """Blocks of 4 chips at 1,000 for 10 chips: relaxed, 2.5 blocks cost 2,500; x <= min(10, 40) z alone says nothing,
    since n <= 10 z allows z = 0.25; the strong row asks z = 1, which costs nothing here: the bound stays. With a
    signing fee of 500 it lifts the relaxation from 2,625 to 3,000."""
    document = toys.document(IMPLIED[constraint])
    document["offers"]["lease"]["terms"][0]["signing_fee_usd"] = 500.0
    problem = compile_instance(from_document(document)).problem

    def relaxed(strong: bool) -> float:
        model = build(problem)
        for variable in [*model.blocks.values(), *model.signed.values()]:
            variable.domain = NonNegativeReals
        if not strong:
            model.component(constraint).deactivate()
        return least_cost(model)

    assert relaxed(strong=False) == pytest.approx(2500 + 500 * 0.25)
    assert relaxed(strong=True) == pytest.approx(3000)
