"""Measures instances: the size of the model, and the CPU seconds of every step from the file to the proof.

    bin/bench [--gaps 1e-2,1e-3] [--time-limit 600] [INSTANCE ...]

Prints a Markdown table; by default of every instance of this checkout. Each step runs once, on one thread: expect a
tenth of noise. One solve runs to the smallest gap; the seconds to a larger one are those at which it was first
reported to be proven (reports come four times a second). The root gap is that of the bound before the search branches,
against the best plan at the end.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import offtake
from offtake.compile import compile_instance
from offtake.engine import neighbourhoods
from offtake.solve import Limits, Progress, solve_model
from offtake.solve.handover import hand_over
from offtake_models import build

INSTANCES = Path(__file__).resolve().parent.parent / "instances"
T = TypeVar("T")


def timed(step: Callable[[], T]) -> tuple[T, float]:
    """What a step returns, and the CPU seconds it took."""
    before = time.process_time()
    return step(), time.process_time() - before


class Search:
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


def measure(path: Path, gaps: list[float], time_limit_s: float) -> list[str]:
    """One row of the table."""
    instance, load_s = timed(lambda: offtake.load(path))
    compiled, compile_s = timed(lambda: compile_instance(instance))
    model, build_s = timed(lambda: build(compiled.problem))
    handed, hand_over_s = timed(lambda: hand_over(model))
    matrix = handed.matrix.a
    search = Search()
    limits = Limits(gap=min(gaps), time_limit_s=time_limit_s)
    outcome, solve_s = timed(lambda: solve_model(model, limits, neighbourhoods(compiled, model), search))
    reached = [solve_s if outcome.status == "optimal" and gap == min(gaps) else search.seconds_to(gap) for gap in gaps]
    return [
        path.stem, f"{matrix.shape[0]:,}", f"{matrix.shape[1]:,}", f"{matrix.nnz:,}",
        *(f"{seconds:.2f}" for seconds in (load_s, compile_s, build_s, hand_over_s)),
        *("-" if seconds is None else f"{seconds:.1f}" for seconds in reached),
        percent(outcome.gap), f"{outcome.nodes:,}", percent(root_gap(outcome.objective, search.root_bound())),
    ]  # fmt: skip


def root_gap(objective: float | None, bound: float | None) -> float | None:
    return None if not objective or bound is None else (objective - bound) / abs(objective)


def percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def line(cells: list[Any]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measure instances; prints a Markdown table.")
    parser.add_argument("instances", nargs="*", type=Path, default=sorted(INSTANCES.glob("*.yaml")))
    parser.add_argument("--gaps", default="1e-2,1e-3", help="proven gaps to time, e.g. 1e-2,1e-3")
    parser.add_argument("--time-limit", type=float, default=600.0, metavar="SECONDS", help="for each solve")
    asked = parser.parse_args()
    gaps = [float(gap) for gap in asked.gaps.split(",")]
    print(f"CPU seconds; Python {platform.python_version()}, Pyomo {version('pyomo')}, HiGHS {version('highspy')}\n")
    headers = ["instance", "rows", "columns", "nonzeros", "load", "compile", "build", "hand over"]
    headers += [*(f"to {gap:g}" for gap in gaps), "gap", "nodes", "root gap"]
    print(line(headers))
    print(line(["---", *["---:"] * (len(headers) - 1)]))
    for path in asked.instances:
        print(line(measure(path, gaps, asked.time_limit)), flush=True)


if __name__ == "__main__":
    main()
