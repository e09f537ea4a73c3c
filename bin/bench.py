"""Measures instances: the size of the model, and the CPU seconds of every step from the file to the proof.

    bin/bench [--gaps 1e-2,1e-3] [--time-limit 600] [--set KEY=VALUE] [--deals | --rules] [INSTANCE ...]
    bin/bench --studies NAMES [--without KEYS] INSTANCE ...    bench_studies.py
    bin/bench --ladder s,m [--seeds 1,2,3] [--rivals]    side_by_side.py
    bin/bench --doubling [--seeds 1,2,3]                 bench_doubling.py
    bin/bench --quick                                    quick.py

Prints a Markdown table; by default of every instance of this checkout. Each step runs once, on one thread: expect a
tenth of noise. One solve runs to the smallest gap; the seconds to a larger one are those at which it was first
reported to be proven (reports come four times a second). The root gap is that of the bound before the search branches,
against the best plan at the end. With `--deals`, instead: how many deals each offer compiles to and how many of them
are searched, and the same problem solved with all of them and with those. With `--rules`, instead: the instance solved
to the smallest gap with each of its rules left out in turn, and what the rule costs; lines come as they are measured.
"""

from __future__ import annotations

import argparse
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import quick
import side_by_side
from bench_doubling import measure_doubling
from bench_measure import line, percent, seconds, solved, table, timed
from bench_rules import measure_rules
from bench_studies import STUDIES, measure_studies

import offtake
from offtake.compile import Compiled, compile_instance
from offtake.reductions import reduced

INSTANCES = Path(__file__).resolve().parent.parent / "instances"


def measure(path: Path, settings: list[str], gaps: list[float], time_limit_s: float) -> list[str]:
    """One row of the table."""
    instance, load_s = timed(lambda: offtake.load(path, settings))
    compiled, compile_s = timed(lambda: reduced(compile_instance(instance)))
    return [path.stem, *cells(compiled, [load_s, compile_s], gaps, time_limit_s)]


def cells(compiled: Compiled, seconds_before: list[float], gaps: list[float], time_limit_s: float) -> list[str]:
    """Of one row, from the size of the model on."""
    run = solved(compiled, min(gaps), time_limit_s)
    return [
        f"{run.rows:,}", f"{run.columns:,}", f"{run.nonzeros:,}",
        *(f"{spent:.2f}" for spent in (*seconds_before, run.build_s, run.hand_over_s)),
        *(seconds(run.seconds_to(gap, min(gaps))) for gap in gaps),
        percent(run.outcome.gap), f"{run.outcome.nodes:,}", percent(run.root_gap),
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
    for deals, each, spent in problems if fewer.dropped else problems[:1]:
        print(line([deals, *cells(each, [load_s, spent], gaps, time_limit_s)]), flush=True)


def headers(gaps: list[float]) -> list[str]:
    sizes = ["rows", "columns", "nonzeros", "load", "compile", "build", "hand over"]
    return [*sizes, *(f"to {gap:g}" for gap in gaps), "gap", "nodes", "root gap"]


def main() -> int | None:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measure instances; prints a Markdown table.")
    parser.add_argument("instances", nargs="*", type=Path, default=sorted(INSTANCES.glob("*.yaml")))
    parser.add_argument("--gaps", help="proven gaps to time; default: 1e-2,1e-3, of the ladder 5e-2,1e-2,1e-3")
    parser.add_argument("--time-limit", type=float, default=600.0, metavar="SECONDS", help="for each solve")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as in `offtake solve`")
    parser.add_argument("--deals", action="store_true", help="compare all deals with those that are searched")
    parser.add_argument("--rules", action="store_true", help="leave out each rule in turn, and say what it costs")
    parser.add_argument("--studies", metavar="NAMES", help=f"solves and seconds of {', '.join(STUDIES)}, or of all")
    parser.add_argument("--without", action="append", default=[], metavar="KEYS", help="of studies: leave out a rule")
    parser.add_argument("--ladder", metavar="RUNGS", help="measure s, m, l, xl of `offtake new --template ladder-...`")
    parser.add_argument("--seeds", default="1,2,3", help="of the ladder")
    parser.add_argument("--rivals", action="store_true", help="other solvers and modelling libraries on the ladder too")
    parser.add_argument("--doubling", action="store_true", help="the smallest rung with each dimension doubled")
    parser.add_argument("--quick", action="store_true", help="ratios against stored ones, to see what became slower")
    asked = parser.parse_args()
    if asked.quick:
        return quick.main()
    gaps = [
        float(gap)
        for gap in (asked.gaps or ("5e-2,1e-2,1e-3" if asked.ladder or asked.doubling else "1e-2,1e-3")).split(",")
    ]
    if asked.ladder:
        rungs, seeds = asked.ladder.split(","), [int(seed) for seed in asked.seeds.split(",")]
        return side_by_side.compare(rungs, seeds, asked.rivals, gaps, asked.time_limit)
    if asked.doubling:
        return measure_doubling([int(seed) for seed in asked.seeds.split(",")], min(gaps), asked.time_limit)
    print(f"CPU seconds; Python {platform.python_version()}, Pyomo {version('pyomo')}, HiGHS {version('highspy')}\n")
    if asked.deals:
        for path in asked.instances:
            measure_deals(path, asked.set, gaps, asked.time_limit)
        return
    if asked.rules:
        for path in asked.instances:
            measure_rules(path, asked.set, min(gaps), asked.time_limit)
        return
    if asked.studies:
        for path in asked.instances:
            measure_studies(path, asked.studies, asked.set, asked.without, min(gaps), asked.time_limit)
        return
    table("instance", headers(gaps))
    for path in asked.instances:
        print(line(measure(path, asked.set, gaps, asked.time_limit)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
