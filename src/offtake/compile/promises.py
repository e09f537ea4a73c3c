"""Spend commitments on the ledger."""

from __future__ import annotations

from offtake_models.problem import Commitment, Part

from ..deals import commitments, finance
from ..instance.commitments import discounts, eligible, is_prepaid
from ..instance.pools import pools
from ..instance.schema import Instance
from .calendar import Calendar


def commitments_of(instance: Instance, calendar: Calendar) -> list[Commitment]:
    """Spend commitments on the ledger; those that can no longer or not yet be taken are left out."""
    keys = commitments.considered(instance)
    return [_commitment(instance, calendar, key, keys) for key in keys]


def _commitment(instance: Instance, calendar: Calendar, key: str, keys: list[str]) -> Commitment:
    stated, plan = instance.commitments[key], commitments.schedule(instance, key, calendar.ledger)
    counted, shares = eligible(instance, key), discounts(stated)
    prepaid, whole = is_prepaid(stated), instance.finance.terminal == "none"
    charged = slice(None) if whole else slice(calendar.months)
    by_use = [pool for pool in pools(instance) if pool.supply in (counted if prepaid else shares)]
    return Commitment(
        name=key,
        signing=plan.signing,
        mandatory=stated.mandatory,
        prepaid=prepaid,
        hourly=stated.usd_per_hour is not None,
        months=plan.months,
        parts=[
            Part(part.months, part.usd, part.due, float(calendar.discount[part.due]) if part.inside or whole else 0.0)
            for part in plan.parts
        ],
        paid=plan.paid,
        obligation=finance.outstanding(plan.paid, plan.signing),
        npv_usd=float(plan.paid[charged] @ calendar.discount[charged]),
        pools={pool.id: shares.get(pool.supply, 0.0) for pool in by_use},
        offers=[] if prepaid else [name for name in counted if name not in instance.commitments],
        counted_pools=[] if prepaid else [pool.id for pool in pools(instance) if pool.supply in counted],
        others=[] if prepaid else [k for k, name in enumerate(keys) if name in counted],
    )
