"""Rows that the rules on shares of the portfolio add to a model, counted without building it."""

from __future__ import annotations

import numpy as np

from .instance.schema import Instance, ProvidersMin, Since
from .instance.sellers import groups_of


def of_shares(instance: Instance, period_of: np.ndarray, in_service: np.ndarray, dispatch: int) -> tuple[int, int, int]:
    """Rows, columns and nonzeros of shares of megawatts, spend and service, and of the least number of sellers.

    `in_service`: [period] deals; `dispatch`: columns of what serves. Rows and columns are those of one future.
    """
    groups = len(dict.fromkeys(groups_of(instance).values()))
    rows = columns = nonzeros = 0
    for rule, mw, others in _rules(instance, groups):
        months = _months(instance, rule, len(period_of))
        counted, periods = int(in_service[period_of[months]].sum()), len(np.unique(period_of[months]))
        if mw:
            rows, columns, nonzeros = rows + (mw + 1) * len(months), columns + len(months), nonzeros + 2 * counted
        if others == "spend" and len(months):
            rows, columns, nonzeros = rows + groups + 1, columns + 1, nonzeros + 2 * (dispatch + int(in_service.sum()))
        if others == "served":
            rows, columns, nonzeros = rows + (groups + 1) * periods, columns + periods, nonzeros + 2 * dispatch
        if others == "present":
            rows, columns = rows + (groups + 1) * len(months), columns + groups * len(months)
            nonzeros += counted + 2 * groups * len(months)
    return rows, columns, nonzeros


def _rules(instance: Instance, groups: int) -> list[tuple[Since, int, str]]:
    """Each rule with the number of shares of megawatts that it limits, or what else it is about."""
    policy, found = instance.policy, []
    if policy.provider_share_max is not None:
        shares = policy.provider_share_max
        found = [(shares, groups if shares.mw else 0, "")]
        found += [(shares, 0, name) for name in ("spend", "served") if getattr(shares, name)]
    if policy.family_share_max is not None:
        found.append((policy.family_share_max, len(policy.family_share_max.shares), ""))
    least = policy.providers_min
    if least is not None:
        found.append((least if isinstance(least, ProvidersMin) else ProvidersMin(at_least=least), 0, "present"))
    return found


def _months(instance: Instance, rule: Since, months: int) -> np.ndarray:
    """Months of the horizon that count."""
    first = 0 if rule.since is None else max(rule.since - instance.horizon.start, 0)
    return np.arange(min(first, months), months)
