"""Rules on keeping to an earlier plan."""

from __future__ import annotations

from collections.abc import Iterator

from .checks_dates import starts
from .diagnostics import listed
from .schema import Horizon, KeptDeal
from .sentences import Finding
from .structure import Draft

Findings = Iterator[Finding]

_SHOWN = 3
"""deals that are named"""


def still_on_offer(draft: Draft, horizon: Horizon) -> Findings:
    """A deal that can no longer be signed is a change whatever the plan does."""
    rule = draft.instance.policy.keep_plan
    if rule is None or isinstance(rule.plan, str):
        return
    last = horizon.start + (horizon.months - 1)
    due = [deal for deal in rule.plan if deal.signing >= horizon.start and deal.start <= last]
    gone = [deal for deal in due if not _on_offer(draft, horizon, deal)]
    if gone:
        said = [f"{deal.offer} from {deal.start} for {_months(deal.months)}" for deal in gone[:_SHOWN]]
        more = [f"{len(gone) - _SHOWN} more"] if len(gone) > _SHOWN else []
        message = (
            f"the earlier plan signs {listed([*said, *more])}, which can no longer be signed: a change in any case"
        )
        yield Finding("W012", ("policy", "keep_plan", "plan"), message, "it adds to the cost and decides nothing", "")


def _on_offer(draft: Draft, horizon: Horizon, deal: KeptDeal) -> bool:
    if deal.offer not in draft.instance.offers:
        return deal.offer in draft.written("offers")
    offer = draft.instance.offers[deal.offer]
    return deal.start in starts(offer, horizon) and any(term.months == deal.months for term in offer.terms)


def _months(count: int) -> str:
    return f"{count} month{'' if count == 1 else 's'}"


CHECKS = ()
DATE_CHECKS = (still_on_offer,)
