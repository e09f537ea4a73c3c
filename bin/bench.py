"""Measures instances: the size of the model, and the CPU seconds of every step from the file to the proof.

    bin/bench [--gaps 1e-2,1e-3] [--time-limit 600] [--set KEY=VALUE] [--deals] [INSTANCE ...]
    bin/bench --ladder s,m [--seeds 1,2,3] [--rivals]    side_by_side.py
    bin/bench --quick                                    quick.py

Prints a Markdown table; by default of every instance of this checkout. Each step runs once, on one thread: expect a
tenth of noise. One solve runs to the smallest gap; the seconds to a larger one are those at which it was first
reported to be proven (reports come four times a second). The root gap is that of the bound before the search branches,
against the best plan at the end. With `--deals`, instead: how many deals each offer compiles to and how many of them
are searched, and the same problem solved with all of them and with those.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import quick
import side_by_side

import offtake
from offtake.compile import Compiled, compile_instance
from offtake.engine import neighbourhoods
from offtake.reductions import reduced
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


def measure(path: Path, settings: list[str], gaps: list[float], time_limit_s: float) -> list[str]:
    """One row of the table."""
    instance, load_s = timed(lambda: offtake.load(path, settings))
    compiled, compile_s = timed(lambda: reduced(compile_instance(instance)))
    return [path.stem, *solved(compiled, [load_s, compile_s], gaps, time_limit_s)]


def solved(compiled: Compiled, seconds_before: list[float], gaps: list[float], time_limit_s: float) -> list[str]:
    """The cells of one row, from the size of the model on."""
    model, build_s = timed(lambda: build(compiled.problem))
    handed, hand_over_s = timed(lambda: hand_over(model))
    matrix = handed.matrix.a
    search = Search()
    limits = Limits(gap=min(gaps), time_limit_s=time_limit_s)
    outcome, solve_s = timed(lambda: solve_model(model, limits, neighbourhoods(compiled, model), search))
    reached = [solve_s if outcome.status == "optimal" and gap == min(gaps) else search.seconds_to(gap) for gap in gaps]
    return [
        f"{matrix.shape[0]:,}", f"{matrix.shape[1]:,}", f"{matrix.nnz:,}",
        *(f"{seconds:.2f}" for seconds in (*seconds_before, build_s, hand_over_s)),
        *("-" if seconds is None else f"{seconds:.1f}" for seconds in reached),
        percent(outcome.gap), f"{outcome.nodes:,}", percent(root_gap(outcome.objective, search.root_bound())),
    ]  # fmt: skip


def measure_deals(path: Path, settings: list[str], gaps: list[float], time_limit_s: float) -> None:
    """Deals by offer, and the two problems side by side."""
    instance, load_s = timed(lambda: offtake.load(path, settings))
    whole, compile_s = timed(lambda: compile_instance(instance))
    fewer, reduce_s = timed(lambda: reduced(whole))
    print(f"{path.stem}: deals by offer\n")
    table("offer", ["compiled", "searched"])
    for offer in whole.problem.offers:
        print(line([offer, *(sum(column.offer == offer for column in each.columns) for each in (whole, fewer))]))
    print(f"{line(['all', len(whole.columns), len(fewer.columns)])}\n")
    table("deals", headers(gaps))
    problems = [("all", whole, compile_s), ("searched", fewer, compile_s + reduce_s)]
    for deals, each, seconds in problems if fewer.dropped else problems[:1]:
        print(line([deals, *solved(each, [load_s, seconds], gaps, time_limit_s)]), flush=True)


def root_gap(objective: float | None, bound: float | None) -> float | None:
    return None if not objective or bound is None else (objective - bound) / abs(objective)


def percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def line(cells: list[Any]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def headers(gaps: list[float]) -> list[str]:
    sizes = ["rows", "columns", "nonzeros", "load", "compile", "build", "hand over"]
    return [*sizes, *(f"to {gap:g}" for gap in gaps), "gap", "nodes", "root gap"]


def table(first: str, others: list[str]) -> None:
    """The head of a table."""
    print(line([first, *others]))
    print(line(["---", *["---:"] * len(others)]))


def main() -> int | None:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measure instances; prints a Markdown table.")
    parser.add_argument("instances", nargs="*", type=Path, default=sorted(INSTANCES.glob("*.yaml")))
    parser.add_argument("--gaps", help="proven gaps to time; default: 1e-2,1e-3, of the ladder 5e-2,1e-2,1e-3")
    parser.add_argument("--time-limit", type=float, default=600.0, metavar="SECONDS", help="for each solve")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as in `offtake solve`")
    parser.add_argument("--deals", action="store_true", help="compare all deals with those that are searched")
    parser.add_argument("--ladder", metavar="RUNGS", help="measure s, m, l, xl of `offtake new --template ladder-...`")
    parser.add_argument("--seeds", default="1,2,3", help="of the ladder")
    parser.add_argument("--rivals", action="store_true", help="other solvers and modelling libraries on the ladder too")
    parser.add_argument("--quick", action="store_true", help="ratios against stored ones, to see what became slower")
    asked = parser.parse_args()
    if asked.quick:
        return quick.main()
    gaps = [float(gap) for gap in (asked.gaps or ("5e-2,1e-2,1e-3" if asked.ladder else "1e-2,1e-3")).split(",")]
    if asked.ladder:
        rungs, seeds = asked.ladder.split(","), [int(seed) for seed in asked.seeds.split(",")]
        return side_by_side.compare(rungs, seeds, asked.rivals, gaps, asked.time_limit)
    print(f"CPU seconds; Python {platform.python_version()}, Pyomo {version('pyomo')}, HiGHS {version('highspy')}\n")
    if asked.deals:
        for path in asked.instances:
            measure_deals(path, asked.set, gaps, asked.time_limit)
        return
    table("instance", headers(gaps))
    for path in asked.instances:
        print(line(measure(path, asked.set, gaps, asked.time_limit)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
