"""Training runs, from the decisions alone: where and how large they run, and what they have done.

Useful work by cluster size follows straight lines from nothing through points of utilisation and goodput; the last one
goes on. A run of reinforcement learning learns in a period from no more than is generated in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from offtake.instance.reinforcement import Updates
from offtake.instance.schema import Training
from offtake.instance.workloads import deadline_month, earliest_month, runs
from offtake.throughput.training_rates import flop_per_token, useful_points

from .books import SECONDS_PER_HOUR, Books
from .numbers import ZERO, exact


@dataclass(frozen=True)
class Run:
    """One training run of a plan."""

    books: Books
    key: str
    stated: Training

    @cached_property
    def places(self) -> dict[int, dict[str, list[Decimal]]]:
        """Period -> pool -> accelerators by block; only where there are some."""
        found: dict[int, dict[str, list[Decimal]]] = defaultdict(dict)
        for pool, workload, period, block, _, amount in self.books.decisions.serve:
            if workload == self.key and amount:
                blocks = found[period].setdefault(pool, [ZERO] * self.books.calendar.blocks)
                blocks[block] = amount
        return dict(sorted(found.items()))

    @cached_property
    def flop(self) -> Decimal:
        """Of all its work."""
        if self.stated.flops is not None:
            return exact(self.stated.flops)
        return exact(self.stated.tokens) * self.flop_per_token

    @cached_property
    def flop_per_token(self) -> Decimal:
        """To learn from one token."""
        return exact(flop_per_token(self.books.instance, self.key))

    @property
    def source(self) -> str | None:
        """The rollouts that it learns from; None for a run that learns from data."""
        return self.stated.rollouts if isinstance(self.stated, Updates) else None

    @cached_property
    def rollouts_by_period(self) -> dict[int, Decimal]:
        """Rollouts generated for it, by period; only where there are some."""
        found: dict[int, Decimal] = defaultdict(lambda: ZERO)
        for pool, workload, period, _, _, amount in self.books.decisions.serve:
            if workload == self.source and amount:
                seconds = self.books.calendar.hours(period) * self.books.calendar.block_share * SECONDS_PER_HOUR
                found[period] += seconds * amount * self.books.rate(pool, workload, period)
        return dict(sorted(found.items()))

    @cached_property
    def window(self) -> tuple[int, int, int]:
        """The first period, that of the deadline, and the last in which it may work."""
        calendar = self.books.calendar
        first = calendar.period_of(earliest_month(self.books.instance, self.stated))
        due = calendar.period_of(deadline_month(self.books.instance, self.stated))
        return first, due, due if self.stated.lateness_usd_per_month is None else len(calendar.periods) - 1

    @cached_property
    def done(self) -> list[Decimal]:
        """Useful FLOP by the end of each period, of the smallest block of the day where they differ."""
        total, found = ZERO, []
        for period in range(len(self.books.calendar.periods)):
            total += self.done_in(period)
            found.append(total)
        return found

    def done_in(self, period: int) -> Decimal:
        """Useful FLOP of a period: what its accelerators can do, and its rollouts are good for."""
        seconds, done = self.books.calendar.hours(period) * SECONDS_PER_HOUR, ZERO
        for pool, blocks in self.places.get(period, {}).items():
            rate = self.books.rate(pool, self.key, period)
            done += seconds * rate * self.useful(pool, min(blocks)) if rate else ZERO
        return done if self.source is None else min(done, self.learnable(period))

    def learnable(self, period: int) -> Decimal:
        """Useful FLOP that the rollouts of a period are good for."""
        each = exact(self.stated.written.updates_per_rollout) * self.tokens_per_rollout * self.flop_per_token
        return self.rollouts_by_period.get(period, ZERO) * each

    @cached_property
    def tokens_per_rollout(self) -> Decimal:
        """Of a prompt and its answer."""
        request = self.stated.written.request
        return exact(request.input_tokens) + exact(request.output_tokens)

    def useful(self, pool: str, accelerators: Decimal) -> Decimal:
        """Accelerators at the speed of the largest scale that would do the same work if nothing were lost."""
        points = useful_points(self.books.instance, self.key, self.books.pools[pool].accelerator)
        line = [(exact(size), exact(useful)) for size, useful in points]
        after = next((i for i in range(1, len(line)) if accelerators <= line[i][0]), len(line) - 1)
        (left, low), (right, high) = line[after - 1], line[after]
        return low + (accelerators - left) * (high - low) / (right - left)

    @property
    def done_at_least(self) -> Decimal:
        """FLOP that all it holds could do, each accelerator no more useful than at the largest scale."""
        most, total = exact(self.stated.accelerators.max), ZERO
        for period, pools in self.places.items():
            seconds = self.books.calendar.hours(period) * SECONDS_PER_HOUR
            for pool, blocks in pools.items():
                rate = self.books.rate(pool, self.key, period)
                total += seconds * rate * self.useful(pool, most) / most * min(blocks) if rate else ZERO
        return total

    @property
    def remainder(self) -> Decimal:
        """FLOP of the smallest scale in a period, wherever that is most: the last one may need less; of a run that
        learns from rollouts, any of them."""
        least, first, last = exact(self.stated.accelerators.min), self.window[0], self.window[2]
        able = [pool for pool in self.books.pools if self.books.serving_rates[pool, self.key].eligible]
        fastest = {pool: max(self.books.serving_rates[pool, self.key].requests_per_s) for pool in able}
        speed = max((exact(fastest[pool]) * self.useful(pool, least) for pool in able), default=ZERO)
        hours = [self.books.calendar.hours(period) for period in range(first, last + 1)]
        return speed * SECONDS_PER_HOUR * (max(hours) if self.source is None else sum(hours, ZERO))

    @property
    def starts(self) -> list[int]:
        """Periods in which it begins, or goes on after a pause."""
        return [period for period in self.places if period - 1 not in self.places]

    @cached_property
    def late(self) -> list[int]:
        """Periods in which the plan says that it is late."""
        return [row.period for row in self.books.decisions.late if row.workload == self.key]


def runs_of(books: Books) -> list[Run]:
    """The training runs of a plan, in the order of the instance."""
    return [Run(books, key, stated) for key, stated in runs(books.instance).items()]


def penalties(books: Books) -> Iterator[Decimal]:
    """Discounted penalties: every month of a period in which a run is late."""
    for run in runs_of(books):
        price = exact(run.stated.lateness_usd_per_month or 0)
        for period in run.late:
            yield price * sum((books.calendar.discount(month) for month in books.calendar.periods[period]), ZERO)
