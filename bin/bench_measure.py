"""One measured solve, from the size of the model to the proof, and the lines of a Markdown table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from offtake.compile import Compiled
from offtake.engine import build_without_contingencies, search
from offtake.solve import Limits, Outcome, Progress
from offtake.solve.handover import hand_over

T = TypeVar("T")


def timed(step: Callable[[], T]) -> tuple[T, float]:
    """What a step returns, and the CPU seconds it took."""
    before = time.process_time()
    return step(), time.process_time() - before


class Reports:
    """What the reports of one solve say: when each gap was proven, and the bound before branching."""

    def __init__(self) -> None:
        self.began = time.process_time()
        self.reports: list[tuple[float, Progress]] = []

    def __call__(self, progress: Progress) -> None:
        self.reports.append((time.process_time() - self.began, progress))

    def seconds_to(self, gap: float) -> float | None:
        return next((s for s, at in self.reports if at.gap is not None and at.gap <= gap), None)

    def root_bound(self) -> float | None:
        known = [at.bound for _, at in self.reports if at.nodes <= 1 and at.bound is not None]
        return known[-1] if known else None


@dataclass(frozen=True)
class Solved:
    """One solve. Seconds are of CPU. Rows that are added in the search are not counted."""

    rows: int
    columns: int
    nonzeros: int
    build_s: float
    hand_over_s: float
    solve_s: float
    outcome: Outcome
    reports: Reports

    def seconds_to(self, gap: float, least: float) -> float | None:
        """To a proven gap; `least` is that which was asked for."""
        done = self.outcome.status == "optimal" and gap == least
        return self.solve_s if done else self.reports.seconds_to(gap)

    @property
    def root_gap(self) -> float | None:
        """Of the bound before the search branched, against the best plan at the end."""
        objective, bound = self.outcome.objective, self.reports.root_bound()
        return None if not objective or bound is None else (objective - bound) / abs(objective)


def solved(compiled: Compiled, gap: float, time_limit_s: float) -> Solved:
    """Build, hand over and solve, as `offtake solve` does."""
    model, build_s = timed(lambda: build_without_contingencies(compiled))
    handed, hand_over_s = timed(lambda: hand_over(model))
    reports = Reports()
    limits = Limits(gap=gap, time_limit_s=time_limit_s)
    (outcome, _), solve_s = timed(lambda: search(compiled, model, limits, reports))
    a = handed.matrix.a
    return Solved(a.shape[0], a.shape[1], a.nnz, build_s, hand_over_s, solve_s, outcome, reports)


def percent(value: float | None) -> str:
    return "-" if value is None else f"{round(value, 4) + 0.0:.2%}"


def seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def line(cells: list[Any]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def table(first: str, others: list[str]) -> None:
    """The head of a table."""
    print(line([first, *others]))
    print(line(["---", *["---:"] * len(others)]), flush=True)
