"""What the plan prints along time: what is held, who is served and from where, and how far training runs are.

Each table is recomputed from the decisions, row by row; a row that is not printed says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from offtake.instance.demand import mean_requests_per_s

from ..books import SECONDS_PER_HOUR, Books
from ..ledger import Ledger
from ..numbers import ONE, ZERO, exact, figure
from ..reading import shown
from ..report import Check
from ..training import runs_of

Figures = dict[str, Decimal]
"""column -> what stands in it"""
NEGLIGIBLE = Decimal("1e-6")
"""accelerators that are what is left of blocks which are all broken off, and are not printed"""


def capacity_as_decided(check: Check, books: Books, money: Ledger) -> None:
    """The table of capacity holds what is held, at work on average and at peak, and let, by month and pool."""
    rows = books.claim.capacity
    if rows is None:
        return
    for row in rows:
        pool = books.pools.get(row.pool)
        if pool is not None and check.fails((row.offer, row.accelerator) == (pool.supply, pool.accelerator)):
            said = f"{shown(row.offer)} and {shown(row.accelerator)}"
            check.find(f"the table of capacity says that {row.pool} is of {said}; it is of {pool.supply}")
    columns = ("held", "used_mean", "used_peak", "let")
    printed = {(str(row.month), row.pool): {name: getattr(row, name) for name in columns} for row in rows}
    _compare(check, "capacity", printed, _capacity(books), len(rows))


def _capacity(books: Books) -> dict[tuple[str, str], Figures]:
    found = {}
    at_work: dict[tuple[str, int], Decimal] = {}
    for (pool, _, period), use in books.mean_use.items():
        at_work[pool, period] = at_work.get((pool, period), ZERO) + use
    for key, pool in books.pools.items():
        legs = [leg for each in books.pool_legs(key).values() for leg in each]
        for period, months in enumerate(books.calendar.periods):
            peak = max(books.used.get((key, period, block), ZERO) for block in range(books.calendar.blocks))
            for month in months:
                held = sum((leg.delivered(pool.accelerator, month) for leg in legs), ZERO)
                if held > NEGLIGIBLE or peak:
                    mean, let = at_work.get((key, period), ZERO), books.let.get((key, period), ZERO)
                    found[str(month), key] = {"held": held, "used_mean": mean, "used_peak": peak, "let": let}
    return found


def service_as_decided(check: Check, books: Books, money: Ledger) -> None:
    """The table of service holds what is asked for, what is served of it, and from which pools, by month and
    workload."""
    rows = books.claim.service
    if rows is None:
        return
    printed = {}
    for row in rows:
        figures = {"mean_requests_per_s": row.mean_requests_per_s, "served_share": row.served_share}
        figures["provisioned_requests_per_s"] = row.provisioned_requests_per_s
        printed[str(row.month), row.workload] = figures | {f"by {shown(pool)}": part for pool, part in row.by.items()}
    _compare(check, "service", printed, _service(books), len(rows))


def _service(books: Books) -> dict[tuple[str, str], Figures]:
    found = {}
    for workload, demand in books.demand.items():
        asked = [[exact(rate) for rate in row] for row in mean_requests_per_s(books.instance, workload).tolist()]
        for period, months in enumerate(books.calendar.periods):
            figures = _served(books, workload, period)
            figures["provisioned_requests_per_s"] = max(demand.provision[period])
            for month in months:
                rates = asked[month - books.calendar.start]
                mean = books.calendar.block_share * sum(rates, ZERO)
                found[str(month), workload] = {**figures, "mean_requests_per_s": mean}
    return found


def _served(books: Books, workload: str, period: int) -> Figures:
    """Share of what is asked for that is served, and of each pool in what is, on the mean."""
    demand = books.demand[workload]
    share = [demand.mean_share(period, block) for block in range(books.calendar.blocks)]
    mean = sum((part * rate for part, rate in zip(share, demand.provision[period], strict=True)), ZERO)
    refused = [part * books.refused.get((workload, period, block), ZERO) for block, part in enumerate(share)]
    found = {"served_share": 1 - sum(refused, ZERO) / mean if mean else ONE}
    rates = {
        pool: use * books.rate(pool, workload, period)
        for (pool, who, t), use in books.mean_use.items()
        if (who, t) == (workload, period) and use
    }
    total = sum(rates.values(), ZERO)
    return found | {f"by {shown(pool)}": rate / total for pool, rate in rates.items() if total}


def training_as_decided(check: Check, books: Books, money: Ledger) -> None:
    """The table of training holds where each run is in each month, how large, what it does, and how far it is."""
    rows = books.claim.training
    printed = {
        (str(row.month), row.workload, row.pool): {
            "accelerators": row.accelerators,
            "share of the work": row.flop / work,
            "done_share": row.done_share,
        }
        for row in rows
        if (work := _work(books).get(row.workload, ONE))
    }
    _compare(check, "training", printed, _training(books), len(rows))


def _work(books: Books) -> dict[str, Decimal]:
    """FLOP of each run in all."""
    return {run.key: run.flop for run in runs_of(books)}


def _training(books: Books) -> dict[tuple[str, str, str], Figures]:
    found = {}
    for run in runs_of(books):
        for period, pools in run.places.items():
            before, hours = run.done[period] - run.done_in(period), ZERO
            for month in books.calendar.periods[period]:
                part = run.done_in(period) * month.hours / books.calendar.hours(period)
                hours += month.hours
                done = before + run.done_in(period) * hours / books.calendar.hours(period)
                figures = {"share of the work": part / run.flop, "done_share": min(done / run.flop, ONE)}
                for pool, blocks in pools.items():
                    found[str(month), run.key, pool] = {**figures, "accelerators": blocks[0]}
    return found


def rollouts_as_decided(check: Check, books: Books, money: Ledger) -> None:
    """The table of rollouts holds where they are generated in each month, how many, and their tokens."""
    rows = books.claim.rollouts
    if rows is None:
        return
    printed = {
        (str(row.month), row.workload, row.pool): {
            "accelerators": row.accelerators,
            "rollouts": row.rollouts,
            "tokens": row.tokens,
        }
        for row in rows
    }
    _compare(check, "rollouts", printed, _rollouts(books), len(rows))


def _rollouts(books: Books) -> dict[tuple[str, str, str], Figures]:
    found = {}
    generated = {run.source: run for run in runs_of(books) if run.source is not None}
    for (pool, workload, period), use in books.mean_use.items():
        for month in books.calendar.periods[period] if workload in generated and use else ():
            count = use * books.rate(pool, workload, period) * month.hours * SECONDS_PER_HOUR
            tokens = count * generated[workload].tokens_per_rollout
            figures = {"accelerators": use, "rollouts": count, "tokens": tokens}
            found[str(month), workload, pool] = figures
    return found


def losses_as_stated(check: Check, books: Books, money: Ledger) -> None:
    """The table of losses names each of those that must be survived once, and nothing else."""
    printed = [row.lost for row in books.claim.contingencies]
    if check.fails(sorted(printed) == sorted(books.losses)):
        said, known = ", ".join(map(shown, printed)) or "none", ", ".join(books.losses) or "none"
        check.find(f"the table of losses names {said}; those that must be survived are {known}")


def _compare(
    check: Check, name: str, printed: Mapping[tuple, Figures], expected: Mapping[tuple, Figures], rows: int
) -> None:
    """Row by row, by their keys; then each figure."""
    if check.fails(rows == len(printed)):
        check.find(f"the table of {name} has {rows - len(printed)} rows about what another row is about")
    for key in sorted({*printed, *expected}):
        where = " of ".join(_plain(key[1:])) + f" in {key[0]}"
        if check.fails(key in printed and key in expected):
            missing = "lacks" if key in expected else "has, and should not, a row of"
            check.find(f"the table of {name} {missing} {where}")
            continue
        for column in dict.fromkeys([*expected[key], *printed[key]]):
            said, due = printed[key].get(column, ZERO), expected[key].get(column, ZERO)
            if check.unequal(said, due):
                check.find(f"the table of {name} prints {figure(said)} as {column} of {where}; it is {figure(due)}")


def _plain(names: Iterable[str]) -> list[str]:
    return [name if name.isascii() and name.isprintable() and len(name) <= 80 else shown(name) for name in names]
