"""Training runs, from the decisions alone: where and how large they run, and what they have done.

Useful work by cluster size follows straight lines from nothing through the points of goodput; the last one goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from offtake.instance.schema import Training
from offtake.instance.workloads import deadline_month, earliest_month, runs

from .books import SECONDS_PER_HOUR, Books
from .numbers import ZERO, exact

FLOP_PER_PARAMETER_AND_TOKEN = 6


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
        parameters = exact(self.books.instance.models[self.stated.model].active_parameters)
        return FLOP_PER_PARAMETER_AND_TOKEN * parameters * exact(self.stated.tokens)

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
            seconds = self.books.calendar.hours(period) * SECONDS_PER_HOUR
            for pool, blocks in self.places.get(period, {}).items():
                total += seconds * self.books.rate(pool, self.key, period) * self.useful(min(blocks))
            found.append(total)
        return found

    def useful(self, accelerators: Decimal) -> Decimal:
        """Accelerators that would do the same work if nothing were lost."""
        line = [(ZERO, ZERO)]
        line += [(exact(p.accelerators), exact(p.accelerators) * exact(p.factor)) for p in self.stated.goodput]
        if len(line) == 1:
            return accelerators
        after = next((i for i in range(1, len(line)) if accelerators <= line[i][0]), len(line) - 1)
        (left, low), (right, high) = line[after - 1], line[after]
        return low + (accelerators - left) * (high - low) / (right - left)

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
