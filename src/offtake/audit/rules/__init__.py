"""The rules of the audit, in the order of the report.

A rule is one function `(check, books, money)`, asked of each future; or `(check, tree)`, asked of all of them together.
Its name is a claim that reads as a sentence when it fails; its docstring says the claim in full. A new rule is one
function and one line here.
"""

from __future__ import annotations

from collections.abc import Callable

from ..books import Books
from ..futures import Tree
from ..ledger import Ledger
from ..report import Check
from .as_owed import beyond_as_used, drawn_before_list, served_as_asked, trained_as_asked
from .commitments import (
    commitments_to_the_cent,
    covered_is_paid_for,
    covered_is_used,
    covered_where_it_counts,
    mandatory_commitments_taken,
)
from .concentration import enough_providers, power_shared, providers_kept_apart, served_shared, spend_shared
from .figures import key_figures_follow
from .follow_ons import follow_ons_as_agreed, follow_ons_within_blocks
from .futures import (
    deals_expected,
    decided_at_nodes,
    expected_figures_follow,
    futures_as_stated,
    objective_is_expected,
    risk_follows,
    signed_at_nodes,
)
from .ledgers import (
    balance_to_the_cent,
    cash_is_cost,
    effective_to_the_cent,
    exposure_to_the_cent,
    lock_in_follows,
    obligations_by_year_to_the_cent,
    termination_to_the_cent,
)
from .money import balance_kept, obligations_capped, within_budget
from .offers import leases_flagged, taken_as_decided
from .ports import ported_before_use, ported_once, ports_to_the_cent
from .power import carbon_capped, power_capped
from .printed import (
    cash_to_the_cent,
    cost_to_the_cent,
    deal_cash_to_the_cent,
    deal_npv_to_the_cent,
    deals_described,
    objective_is_the_cost,
    obligations_to_the_cent,
)
from .proof import bound_below_objective, gap_follows
from .reinforcement import generated_in_all, generated_in_window
from .resilience import rerouted_to_what_is_left, survives_any_loss
from .service import batch_done_after_arrival, batch_done_in_time, demand_met, unserved_is_priced
from .shed import shed_as_decided
from .signing import (
    blocks_allowed,
    deals_on_offer,
    exclusive_while_running,
    groups_respected,
    periods_of_instance,
    repeated_as_allowed,
    signed_in_time,
    started_in_window,
)
from .sublease import sublet_where_allowed
from .supply import (
    beyond_within_allowance,
    capacity_held,
    decisions_name_what_exists,
    elastic_within_limit,
    eligible_only,
    use_is_paid,
)
from .tables import (
    capacity_as_decided,
    losses_as_stated,
    rollouts_as_decided,
    service_as_decided,
    training_as_decided,
)
from .training import (
    paused_as_allowed,
    trained_all_day,
    trained_at_scale,
    trained_in_one_place,
    trained_in_time,
    trained_in_window,
)

Rule = Callable[[Check, Books, Ledger], None]
WholeRule = Callable[[Check, Tree], None]

RULES: tuple[Rule, ...] = (
    periods_of_instance,
    deals_on_offer,
    started_in_window,
    signed_in_time,
    blocks_allowed,
    repeated_as_allowed,
    groups_respected,
    exclusive_while_running,
    providers_kept_apart,
    follow_ons_as_agreed,
    follow_ons_within_blocks,
    decisions_name_what_exists,
    eligible_only,
    ported_once,
    ported_before_use,
    capacity_held,
    elastic_within_limit,
    sublet_where_allowed,
    use_is_paid,
    beyond_within_allowance,
    mandatory_commitments_taken,
    covered_where_it_counts,
    covered_is_used,
    covered_is_paid_for,
    served_as_asked,
    trained_as_asked,
    beyond_as_used,
    drawn_before_list,
    demand_met,
    unserved_is_priced,
    batch_done_after_arrival,
    batch_done_in_time,
    trained_in_one_place,
    trained_at_scale,
    trained_all_day,
    trained_in_window,
    paused_as_allowed,
    trained_in_time,
    generated_in_window,
    generated_in_all,
    within_budget,
    balance_kept,
    obligations_capped,
    power_capped,
    carbon_capped,
    survives_any_loss,
    rerouted_to_what_is_left,
    power_shared,
    spend_shared,
    served_shared,
    enough_providers,
    deals_described,
    deal_cash_to_the_cent,
    deal_npv_to_the_cent,
    cash_to_the_cent,
    obligations_to_the_cent,
    cost_to_the_cent,
    capacity_as_decided,
    service_as_decided,
    training_as_decided,
    rollouts_as_decided,
    losses_as_stated,
    taken_as_decided,
    shed_as_decided,
    commitments_to_the_cent,
    ports_to_the_cent,
    objective_is_the_cost,
    key_figures_follow,
    obligations_by_year_to_the_cent,
    lock_in_follows,
    termination_to_the_cent,
    effective_to_the_cent,
    exposure_to_the_cent,
    balance_to_the_cent,
    leases_flagged,
    cash_is_cost,
)


WHOLE: tuple[WholeRule, ...] = (
    bound_below_objective,
    gap_follows,
    futures_as_stated,
    signed_at_nodes,
    decided_at_nodes,
    deals_expected,
    objective_is_expected,
    risk_follows,
    expected_figures_follow,
)
"""of the plan as a whole; but for the first two, of several futures only"""


def run(tree: Tree) -> list[Check]:
    """Every rule, checked in every future, then those of all futures together."""
    checks = []
    for rule in RULES:
        check = Check(rule.__name__)
        for each in tree.opened:
            check.future = each.name if tree.several else ""
            rule(check, each.books, each.money)
        checks.append(check)
    for whole in WHOLE:
        check = Check(whole.__name__)
        whole(check, tree)
        checks.append(check)
    return checks
