"""What the studies of an instance cost: solves and CPU seconds, beside solving each of their points from scratch.

A study begins each solve with the plan of the one before. From scratch means that it may not: the same study, where
every solve seeks a starting plan of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench_measure import line, table, timed
from bench_rules import without

import offtake
import offtake.engine as engine
from offtake.instance import from_document
from offtake.instance.document import to_document
from offtake.study.alternatives import alternatives
from offtake.study.breakeven import breakeven
from offtake.study.frontier import frontier
from offtake.study.sensitivity import sensitivity

POINTS = 20
ALTERNATIVES = 5
STUDIES: dict[str, Callable[..., Any]] = {
    "frontier": lambda *a, **k: frontier(*a, over="provider-share", points=POINTS, **k),
    "sensitivity": sensitivity,
    "alternatives": lambda *a, **k: alternatives(*a, count=ALTERNATIVES, **k),
    "breakeven": breakeven,
}
"""20 points over the share of any provider; all swings, one at a time; 5 alternatives; all offers"""


def measure_studies(
    path: Path, names: str, settings: Sequence[str], left_out: Sequence[str], gap: float, time_limit_s: float
) -> None:
    """Print the table of one instance, whose rules `left_out` (keys, with * for any) are dropped. `names`: of STUDIES,
    with commas between them, or "all"."""
    instance = from_document(without(to_document(offtake.load(path, settings)), list(left_out)))
    print(f"\n### {instance.name}{''.join(f', without {keys}' for keys in left_out)}\n")
    table("study", ["solves", "at their limit", "CPU s", "from scratch", "ratio"])
    for name in STUDIES if names == "all" else names.split(","):
        try:
            solves, at_limit, spent = _measured(STUDIES[name], instance, gap, time_limit_s, begin=True)
            print(line([name, solves, at_limit, f"{spent:.0f}", "", ""]), flush=True)
            scratch = _measured(STUDIES[name], instance, gap, time_limit_s, begin=False)[2]
        except offtake.InstanceError as error:  # no instance can have such values of the rule
            print(line([name, "-", "-", "-", "-", str(error.diagnostics[0].message)]))
            continue
        print(line(["from scratch", "", "", "", f"{scratch:.0f}", f"{spent / scratch:.2f}"]), flush=True)


def _measured(
    study: Callable[..., Any], instance, gap: float, time_limit_s: float, begin: bool
) -> tuple[int, int, float]:
    with _counted(begin) as ended:
        _, spent = timed(lambda: study(instance, gap=gap, time_limit_s=time_limit_s))
    return len(ended), ended.count("time_limit"), spent


@contextmanager
def _counted(begin: bool) -> Iterator[list[str]]:
    """How every solve inside ended; those that may not `begin` with a plan seek their own."""
    ended: list[str] = []
    solve_model = engine.solve_model

    def solve(*given: Any, **named: Any) -> Any:
        outcome = solve_model(*(given if begin else given[:6]), **named)
        ended.append(outcome.status)
        return outcome

    engine.solve_model = solve
    try:
        yield ended
    finally:
        engine.solve_model = solve_model
