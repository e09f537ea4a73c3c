"""What no plan can do, seen without a search: numbers of one month that do not add up.

Reach is the most that can be held of a pool in a period by all that may be signed, what is in force and what is bought
by use: of an offer its largest deal (`stack`: its stock), and all that may follow. It ignores money and all rules, so a
demand beyond it is beyond every plan. The converse does not hold: where nothing is found, rules may still clash.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog

from ..instance.pools import Pool, pools
from ..instance.schema import Instance
from .wording import listed, plural, usd

if TYPE_CHECKING:
    from offtake_models.problem import Problem

    from ..compile import Compiled

NOISE = 1e-6
SECONDS_PER_HOUR = 3600.0
MOST_LISTED = 4
SERVING = ("", "renewal", "expansion")

Reach = dict[str, np.ndarray]
"""pool -> [period] accelerators, requests/s of a token API"""


def shortages(compiled: Compiled) -> list[str]:
    """Sentences with numbers, one for each demand or sum of money that cannot be; of several futures, of the first in
    which it cannot."""
    found: dict[str, str] = {}
    for s, name in enumerate(compiled.futures or [""]):
        where = f"In {name}: " if name else ""
        for subject, sentence in _of_scenario(compiled, s):
            found.setdefault(subject, where + sentence)
    return list(found.values())


def _of_scenario(compiled: Compiled, s: int) -> Iterator[tuple[str, str]]:
    problem, reach = compiled.problem, reachable(compiled.problem, s)
    must = [w for w, workload in problem.workloads.items() if workload.refused_usd is None or workload.run is not None]
    alone = {w: _alone(compiled, reach, w, s) for w in must}
    yield from ((w, sentence) for w, sentence in alone.items() if sentence)
    interactive = [w for w in must if problem.workloads[w].kind == "interactive" and not alone[w]]
    together = _together(compiled, reach, interactive, s)
    if together:
        yield "together", together
    yield from _in_force(compiled, s)


def reachable(problem: Problem, s: int) -> Reach:
    """The most that can be held of each pool in a scenario."""
    reach = {pool: limit[s].astype(float) for pool, limit in problem.elastic_limit.items()}
    supplies: dict[str, list[int]] = {}
    for d, deal in enumerate(problem.deals):
        if deal.right in SERVING and deal.open[s]:
            supplies.setdefault(deal.offer, []).append(d)
    for mine in supplies.values():
        for pool in dict.fromkeys(pool for d in mine for pool in problem.deals[d].delivery):
            reach[pool] = reach.get(pool, 0.0) + _held(problem, mine, pool, s)
    return reach


def _held(problem: Problem, mine: list[int], pool: str, s: int) -> np.ndarray:
    """[period] of one offer or contract: its own deals and their renewals, then what may be added to them."""
    own = [
        problem.deals[d] for d in mine if problem.deals[d].right != "expansion" and pool in problem.deals[d].delivery
    ]
    added = [
        problem.deals[d] for d in mine if problem.deals[d].right == "expansion" and pool in problem.deals[d].delivery
    ]
    most = np.zeros(len(problem.hours))
    if own:
        repeat = problem.repeat.get(own[0].offer, "once")
        stock = max(deal.max_blocks for deal in own)
        counts = [stock if repeat == "stack" else deal.max_blocks for deal in own]
        most = np.max([count * deal.delivery[pool][s] for count, deal in zip(counts, own, strict=True)], axis=0)
    more = [deal.max_blocks * np.maximum(deal.delivery[pool][s], 0.0) for deal in added]
    return np.maximum(most, 0.0) + sum(more, np.zeros_like(most))


def _alone(compiled: Compiled, reach: Reach, w: str, s: int) -> str:
    """Why a workload cannot be served even if everything were its own; empty if it can."""
    kind = compiled.problem.workloads[w].kind
    if not any(pair[1] == w for pair in compiled.problem.rate) and _asks(compiled, w):
        return f"{w} can be served by nothing that is on offer. {_unable(compiled, w, [])}".rstrip()
    asked = {"interactive": _interactive, "batch": _batch, "training": _training, "rollouts": _rollouts}
    return asked[kind](compiled, reach, w, s)


def _asks(compiled: Compiled, w: str) -> bool:
    workload = compiled.problem.workloads[w]
    return workload.run is not None or bool(workload.provision.any())


def _interactive(compiled: Compiled, reach: Reach, w: str, s: int) -> str:
    problem = compiled.problem
    asked = problem.workloads[w].provision[s]
    served = _served(problem, reach, w, s)[:, None]
    lacking = np.divide(asked - served, asked, out=np.zeros_like(asked), where=asked > 0)
    t, b = np.unravel_index(int(lacking.argmax()), lacking.shape)
    if lacking[t, b] <= NOISE:
        return ""
    need, can = float(asked[t, b]), float(served[t, 0])
    return (
        f"{w} in {_month(compiled, t)} needs {_in_accelerators(compiled, reach, w, s, t, need)} "
        f"{_target(compiled, w)}; all that can be had then reaches "
        f"{_in_accelerators(compiled, reach, w, s, t, can, bare=True)}. "
        f"{_unable(compiled, w, [t])}"
    ).rstrip()


def _served(problem: Problem, reach: Reach, w: str, s: int) -> np.ndarray:
    """[period] requests/s (FLOP/s) if everything served this workload."""
    able = [pair for pair in problem.rate if pair[1] == w and pair[0] in reach]
    return sum((problem.rate[pair][s] * reach[pair[0]] for pair in able), np.zeros(len(problem.hours)))


def _in_accelerators(
    compiled: Compiled, reach: Reach, w: str, s: int, t: int, requests: float, bare: bool = False
) -> str:
    """Requests/s as accelerators of the kind that could serve most of them then."""
    rate = {pool: float(compiled.problem.rate[pool, w][s, t]) for pool, name in compiled.problem.rate if name == w}
    there = [pool for pool in pools(compiled.instance) if pool.accelerator and rate.get(pool.id, 0.0) > 0]
    if not there:
        return f"{requests:,.4g} requests/s"
    likely = max(there, key=lambda pool: (rate[pool.id] * float(reach.get(pool.id, np.zeros(t + 1))[t]), rate[pool.id]))
    count = requests / rate[likely.id]
    if bare:
        return f"{count:,.0f}" if count >= 10 or count == 0 else f"{count:,.3g}"
    return f"{count:,.0f} {likely.accelerator}, or as much of others, for {requests:,.4g} requests/s"


def _target(compiled: Compiled, w: str) -> str:
    slo = compiled.instance.workloads[w].slo
    return f"within {slo.ttft_ms:g} ms to the first token and {slo.tpot_ms:g} ms a token"


def _unable(compiled: Compiled, w: str, at: list[int]) -> str:
    """Who is late and who is too slow, with the reason of the first."""
    instance, problem = compiled.instance, compiled.problem
    every = pools(instance)
    slow = [pool for pool in every if not compiled.rates[pool.id, w].eligible]
    late = [pool for pool in every if pool not in slow and at and not _begun(problem, pool, at[0])]
    said = []
    if late:
        said.append(f"Not there by then: {_named(late)}.")
    if slow:
        said.append(f"Cannot serve it: {_named(slow)} ({compiled.rates[slow[0].id, w].reason.rstrip('.')}).")
    return " ".join(said)


def _begun(problem: Problem, pool: Pool, t: int) -> bool:
    """Whether something can be had of a pool in a period."""
    held = [deal.delivery[pool.id][:, t].max() for deal in problem.deals if pool.id in deal.delivery]
    by_use = problem.elastic_limit.get(pool.id)
    return max(held, default=0.0) > 0 or (by_use is not None and by_use[:, t].max() > 0)


def _named(some: list[Pool]) -> str:
    names = list(dict.fromkeys(pool.supply for pool in some))
    more = len(names) - MOST_LISTED
    return listed([*names[:MOST_LISTED], f"{more} more"] if more > 0 else names)


def _batch(compiled: Compiled, reach: Reach, w: str, s: int) -> str:
    """Work that is due by a period against all that can be done until then."""
    problem = compiled.problem
    workload = problem.workloads[w]
    arrived = np.cumsum(problem.hours * (workload.provision[s] @ problem.block_share)) * SECONDS_PER_HOUR
    done = np.cumsum(problem.hours * _served(problem, reach, w, s)) * SECONDS_PER_HOUR
    wait = workload.waiting_periods
    due = np.concatenate([np.zeros(min(wait, len(arrived))), arrived[: max(len(arrived) - wait, 0)]])
    due[-1] = arrived[-1]
    lacking = np.divide(due - done, due, out=np.zeros_like(due), where=due > 0)
    t = int(lacking.argmax())
    if lacking[t] <= NOISE:
        return ""
    return (
        f"{w} must have done {due[t] / 1e6:,.4g} million requests by the end of {_month(compiled, t, last=True)}; all "
        f"that can be had until then does {done[t] / 1e6:,.4g} million. {_unable(compiled, w, [t])}"
    ).rstrip()


def _training(compiled: Compiled, reach: Reach, w: str, s: int) -> str:
    """The work of a run against the best place in each period of its window."""
    problem = compiled.problem
    run = problem.workloads[w].run
    places = {pair[0]: reach.get(pair[0], np.zeros(len(problem.hours))) for pair in problem.rate if pair[1] == w}
    if max((held[run.periods].max() for held in places.values()), default=0.0) < run.least_accelerators * (1 - NOISE):
        largest = max((held[run.periods].max() for held in places.values()), default=0.0)
        return (
            f"{w} trains on at least {run.least_accelerators:,.6g} accelerators of one offer; the most that can be had "
            f"of one is {largest:,.6g}."
        )
    speed = [np.minimum(held, run.most_accelerators) * problem.rate[pool, w][s] for pool, held in places.items()]
    work = float((np.max(speed, axis=0) * problem.hours)[run.periods].sum()) * SECONDS_PER_HOUR
    if work >= run.flop * (1 - NOISE):
        return ""
    return (
        f"{w} asks for {run.flop:.4g} FLOP by the end of {_month(compiled, run.periods[-1], last=True)}; the best "
        f"place in every month does {work:.4g} at most."
    )


def _rollouts(compiled: Compiled, reach: Reach, w: str, s: int) -> str:
    """All rollouts that a run learns from against what everything could generate in its window."""
    problem = compiled.problem
    rollouts = problem.workloads[w].rollouts
    made = float((problem.hours * _served(problem, reach, w, s))[rollouts.periods].sum()) * SECONDS_PER_HOUR
    if made >= rollouts.most * (1 - NOISE):
        return ""
    return (
        f"{w} asks for {rollouts.most / 1e6:,.4g} million rollouts by the end of "
        f"{_month(compiled, rollouts.periods[-1], last=True)}; all that can be had until then generates "
        f"{made / 1e6:,.4g} million."
    )


def _together(compiled: Compiled, reach: Reach, workloads: list[str], s: int) -> str:
    """The period and block in which workloads that could be served one by one cannot be all at once."""
    problem, worst = compiled.problem, (NOISE, "")
    for t in problem.periods if len(workloads) > 1 else []:
        for b in problem.blocks:
            share = _lack(problem, reach, workloads, s, t, b)
            if share > worst[0]:
                sentence = (
                    f"In {_month(compiled, t)} {listed(workloads)} cannot all be served, though each alone could: what "
                    f"can be had then leaves {share:.1%} of one of them unserved."
                )
                worst = share, sentence
    return worst[1]


def _lack(problem: Problem, reach: Reach, workloads: list[str], s: int, t: int, b: int) -> float:
    """The least sum of the shares that are left unserved."""
    asked = {w: float(problem.workloads[w].provision[s, t, b]) for w in workloads}
    active = [w for w in workloads if asked[w] > 0]
    able = [pair for pair in problem.rate if pair[1] in active and reach.get(pair[0], np.zeros(t + 1))[t] > 0]
    places = list(dict.fromkeys(pool for pool, _ in able))
    if not active or not able:
        return 0.0
    columns = len(able) + len(active)
    held, met = np.zeros((len(places), columns)), np.zeros((len(active), columns))
    for k, pair in enumerate(able):
        held[places.index(pair[0]), k] = 1.0 / reach[pair[0]][t]
        met[active.index(pair[1]), k] = problem.rate[pair][s, t] / asked[pair[1]]
    met[:, len(able) :] = np.eye(len(active))
    cost = np.concatenate([np.zeros(len(able)), np.ones(len(active))])
    solved = linprog(cost, np.vstack([held, -met]), np.concatenate([np.ones(len(places)), -np.ones(len(active))]))
    return float(solved.fun) if solved.status == 0 else 0.0


def _in_force(compiled: Compiled, s: int) -> Iterator[tuple[str, str]]:
    """Limits that what is signed already exceeds."""
    problem = compiled.problem
    held = [deal for deal in problem.deals if deal.in_force]
    for limit in problem.cash_limits:
        paid = sum(float((d.max_blocks * d.cash + d.cash_once)[s, limit.months].sum()) for d in held)
        if paid > limit.usd + 0.5:
            yield limit.name, f"The contracts in force pay {usd(paid)} in {limit.name}; the budget is {usd(limit.usd)}."
    cap = problem.obligations_max_usd
    owed = sum((d.max_blocks * d.obligation[s] + d.obligation_once[s] for d in held), np.zeros(len(problem.discount)))
    if cap is not None and held and owed.max() > cap + 0.5:
        yield "obligations", f"The contracts in force still owe {usd(float(owed.max()))}; the cap is {usd(cap)}."
    for power in problem.power_limits:
        drawn = sum((d.max_blocks * d.power_mw[s] for d in held if d.offer in power.offers), np.zeros(1))
        if drawn.max() > power.mw * (1 + NOISE):
            where = power.site or "service"
            yield (
                f"power {where}",
                f"The contracts in force draw {drawn.max():,.4g} MW in {where}; the cap is {power.mw:,.4g} MW.",
            )
    yield from _groups(compiled.instance, problem, s)


def _groups(instance: Instance, problem: Problem, s: int) -> Iterator[tuple[str, str]]:
    """Numbers of offers that must be signed and cannot be."""
    open_now = {deal.offer for deal in problem.deals if deal.open[s] and not deal.right and not deal.in_force}
    for group in problem.groups:
        there = [key for key in group.offers if key in open_now or key in instance.commitments]
        if group.kind == "at_least" and len(there) < group.count:
            gone = [key for key in group.offers if key not in there]
            said = plural(group.count, "offer")
            yield f"{group}", f"At least {said} of {listed(group.offers)} must be signed; {listed(gone)} cannot be."


def _month(compiled: Compiled, t: int, last: bool = False) -> str:
    months = compiled.problem.months_of[t]
    return str(compiled.instance.horizon.start + months[-1 if last else 0])
