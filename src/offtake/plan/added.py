"""One more deal beside a plan: what it would cost, and what it would save at once.

The other signings stay as they are. In each period and block the accelerators of the deal take over what the plan
pays for by use, the dearest per accelerator first. That is one way to use it, so the best plan with it saves at
least as much, and more if it may drop other deals instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import economics, ports
from .decisions import Flows

if TYPE_CHECKING:
    from ..compile import Compiled

Paid = dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]
"""(pool or "" for what is left unserved, workload) -> requests/s, and discounted USD for one; both [period, block]"""


@dataclass(frozen=True)
class Added:
    """One more deal beside a plan whose other signings stay as they are."""

    deal: int
    blocks: int
    usd: float
    """what the objective would pay for it"""
    replaced_usd: float
    """elastic use, tokens, egress, penalties and value forgone that it would save, moved within each period and
    block: discounted"""


def added_deal(compiled: Compiled, flows: Flows, offer: str) -> Added | None:
    """The deal of an offer, in its fewest blocks, that comes closest to paying for itself; None if it has none."""
    found = [_added(compiled, flows, d) for d in economics.signable(compiled, offer)]
    return max(found, key=lambda added: added.replaced_usd / added.usd if added.usd > 0 else np.inf, default=None)


def _added(compiled: Compiled, flows: Flows, d: int) -> Added:
    """The dearest use per accelerator of the deal is replaced first."""
    problem = compiled.problem
    deal = problem.deals[d]
    usd = float(deal.charge_usd(deal.min_blocks)[0])
    left = _paid_by_use(compiled, flows)
    replaced = 0.0
    for pool, held in deal.delivery.items():
        keys = [key for key in left if (pool, key[1]) in problem.rate]
        if not keys:
            continue
        saving, amounts = _savings(compiled, pool, keys, left)
        amounts *= np.stack([ports.usable(flows, (pool, key[1])) for key in keys])[:, :, None]
        order = np.argsort(-saving, axis=0)
        wanted = np.take_along_axis(amounts, order, axis=0)
        before = np.cumsum(wanted, axis=0) - wanted
        given = np.clip(deal.min_blocks * held[0][:, None] - before, 0.0, wanted)
        replaced += float((given * np.take_along_axis(saving, order, axis=0)).sum())
        moved = np.empty_like(given)
        np.put_along_axis(moved, order, given, axis=0)
        for k, key in enumerate(keys):
            rate = problem.rate[pool, key[1]][0][:, None]
            left[key] = (left[key][0] - moved[k] * rate, left[key][1])
        use = sum(economics.mean_use(compiled, key[1], moved[k]) for k, key in enumerate(keys))
        usd += economics.beyond_usd(compiled, d, pool, deal.min_blocks, use)
    return Added(d, deal.min_blocks, usd, replaced)


def _paid_by_use(compiled: Compiled, flows: Flows) -> Paid:
    """What the plan pays for by use; not of training runs, which no part of leaves the place of the rest."""
    problem = compiled.problem
    found: Paid = {}
    for pair, amounts in flows.serve.items():
        if problem.workloads[pair[1]].run is not None:
            continue
        price = _usd_per_request_rate(compiled, pair)
        if price.any():
            found[pair] = (amounts * problem.rate[pair][0][:, None], price)
    for workload, refused in flows.unserved.items():
        price = problem.workloads[workload].refused_usd
        if price is not None and refused.any():
            seconds = (problem.hours * economics.SECONDS_PER_HOUR * price[0])[:, None] * problem.block_share
            found["", workload] = (refused, seconds * problem.workloads[workload].mean_share[0])
    return found


def _usd_per_request_rate(compiled: Compiled, pair: tuple[str, str]) -> np.ndarray:
    """Discounted USD for serving one request/s, provisioned, through a block of a period, [period, block]."""
    problem = compiled.problem
    months = len(problem.period_of)
    by_period = np.bincount(problem.period_of, weights=problem.use_charge(pair)[0] * problem.discount[:months])
    share = problem.workloads[pair[1]].mean_share[0] * problem.block_share
    return (by_period / problem.rate[pair][0])[:, None] * share


def _savings(compiled: Compiled, pool: str, keys: list[tuple[str, str]], left: Paid) -> tuple[np.ndarray, np.ndarray]:
    """USD saved by one accelerator of the pool on each use, and how many it would take, [use, period, block]."""
    saving, amounts = [], []
    for key in keys:
        rate = compiled.problem.rate[pool, key[1]][0][:, None]
        requests, price = left[key]
        saving.append(np.maximum(price - _usd_per_request_rate(compiled, (pool, key[1])), 0.0) * rate)
        amounts.append(requests / rate)
    return np.stack(saving), np.stack(amounts)
