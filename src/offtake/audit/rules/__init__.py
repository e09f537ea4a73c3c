"""The rules of the audit, in the order of the report.

A rule is one function `(check, books, money)`. Its name is a claim that reads as a sentence when it fails; its
docstring says the claim in full. A new rule is one function and one line here.
"""

from __future__ import annotations

from collections.abc import Callable

from ..books import Books
from ..ledger import Ledger
from ..report import Check
from .figures import key_figures_follow
from .money import balance_kept, obligations_capped, within_budget
from .printed import (
    bound_below_objective,
    cash_to_the_cent,
    cost_to_the_cent,
    deal_cash_to_the_cent,
    deal_npv_to_the_cent,
    deals_described,
    gap_follows,
    objective_is_the_cost,
    obligations_to_the_cent,
)
from .service import batch_done_after_arrival, batch_done_in_time, demand_met, unserved_is_priced
from .signing import (
    blocks_allowed,
    deals_on_offer,
    groups_respected,
    periods_of_instance,
    repeated_as_allowed,
    signed_in_time,
    started_in_window,
)
from .supply import (
    beyond_within_allowance,
    capacity_held,
    decisions_name_what_exists,
    elastic_within_limit,
    eligible_only,
    use_is_paid,
)

Rule = Callable[[Check, Books, Ledger], None]

RULES: tuple[Rule, ...] = (
    periods_of_instance,
    deals_on_offer,
    started_in_window,
    signed_in_time,
    blocks_allowed,
    repeated_as_allowed,
    groups_respected,
    decisions_name_what_exists,
    eligible_only,
    capacity_held,
    elastic_within_limit,
    use_is_paid,
    beyond_within_allowance,
    demand_met,
    unserved_is_priced,
    batch_done_after_arrival,
    batch_done_in_time,
    within_budget,
    balance_kept,
    obligations_capped,
    deals_described,
    deal_cash_to_the_cent,
    deal_npv_to_the_cent,
    cash_to_the_cent,
    obligations_to_the_cent,
    cost_to_the_cent,
    objective_is_the_cost,
    bound_below_objective,
    gap_follows,
    key_figures_follow,
)


def run(books: Books, money: Ledger) -> list[Check]:
    """Every rule, checked."""
    checks = []
    for rule in RULES:
        check = Check(rule.__name__)
        rule(check, books, money)
        checks.append(check)
    return checks
