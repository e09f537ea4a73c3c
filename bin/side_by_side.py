"""The ladder, and other ways to solve it beside the engine: one after the other, each in a process of its own.

    bin/bench --ladder s,m [--seeds 1,2,3] [--rivals] [--gaps 5e-2,1e-2,1e-3] [--time-limit CPU_SECONDS]

For each rung and seed a table: the best plan and the bound, CPU seconds (children included) to the first plan, to one
within 10 % of the best that anybody found, and to each proven gap; nodes, the most memory, and the integral of the gap
between plan and bound over the CPU seconds (1 while there is no plan; to the time limit). With `--rivals`:

    textbook Pyomo       rule functions, all deals, one row for all that a pool serves (textbook.py), by `appsi_highs`
    HiGHS, SCIP, CBC     the engine's own matrix, with their defaults, on one thread

and a second table with how long it takes to write the problem down and hand it over, against linopy and against arrays
passed to highspy, for a million nonzeros each. The clock of the engine begins with the file and ends with the audited
plan; that of the rivals is theirs alone. No plan may be better than another's bound: if one is, that is said, and
the exit status is 1. Nobody gets more than MEMORY_GIB.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contenders import CONTENDERS

from offtake.ladder import RUNGS, instance_text

HERE = Path(__file__).resolve().parent
ENGINE = "offtake"
ON_MATRIX = ["HiGHS", "SCIP", "CBC"]
WRITERS = [name for name in CONTENDERS if name.startswith("write: ")]
SOLVERS = [name for name in CONTENDERS if name not in WRITERS]
MEMORY_GIB = 8
PATIENCE = 4
"""wall seconds for each CPU second, and as many minutes more, after which a contender that does not stop is stopped"""
NEAR = 0.1
"""of a plan to the best of all"""
AGREES = 1e-5
"""relative, of a bound above a plan: CBC's log has six digits"""


@dataclass(frozen=True)
class Ran:
    """What a contender told, and what it took."""

    told: list[dict[str, Any]]
    cpu_s: float
    peak_mb: float
    trouble: str
    """why it ended early; empty if it did not"""

    @property
    def events(self) -> list[dict[str, Any]]:
        return [line for line in self.told if "cpu_s" in line]

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1] if self.events else {"plan": None, "bound": None, "nodes": 0}

    def seconds_to(self, gap: float) -> float | None:
        return next((at["cpu_s"] for at in self.events if distance(at) <= gap), None)

    def seconds_to_plan(self, usd: float) -> float | None:
        """To a plan that costs no more."""
        return next((at["cpu_s"] for at in self.events if at["plan"] is not None and at["plan"] <= usd), None)

    def integral(self, limit_s: float) -> float:
        """Primal-dual integral (Berthold 2013, with the gap of the bench), in CPU seconds."""
        times = [0.0, *(min(at["cpu_s"], limit_s) for at in self.events), limit_s]
        gaps = [1.0, *(min(distance(at), 1.0) for at in self.events)]
        return sum(gap * (end - begin) for gap, begin, end in zip(gaps, times, times[1:], strict=False))


def distance(at: dict[str, Any]) -> float:
    """Relative gap; 1 while a plan or a bound is missing."""
    plan, bound = at["plan"], at["bound"]
    if plan is None or bound is None:
        return 1.0
    return max(plan - bound, 0.0) / abs(plan) if plan else float(bound < plan)


def run(name: str, path: Path, gap: float, limit_s: float) -> Ran:
    """One contender to its end, alone. What it finds past the limit does not count: some are slow to stop."""
    command = [sys.executable, str(HERE / "contenders.py"), name, str(path), str(gap), str(limit_s)]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
            preexec_fn=limit_memory,
        )
        alarm = threading.Timer(PATIENCE * (limit_s + 60), os.killpg, (process.pid, signal.SIGKILL))
        alarm.start()
        told = [json.loads(line) for line in process.stdout if line.startswith("{")]
        told = [line for line in told if line.get("cpu_s", 0) <= limit_s]
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        alarm.cancel()
        errors.seek(0)
        said = errors.read().strip().splitlines()
    cpu_s, peak_mb = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    return Ran(told, cpu_s, peak_mb, trouble(process.returncode, told, said))


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_GIB * 2**30, MEMORY_GIB * 2**30))


def trouble(status: int, told: list[dict[str, Any]], said: list[str]) -> str:
    missing = [line["missing"] for line in told if "missing" in line]
    if missing:
        return f"the package {missing[0]} is missing: pip install 'offtake[bench]'"
    if status == -signal.SIGKILL:
        return "did not stop in time"
    if status and any("MemoryError" in line or "bad_alloc" in line or "allocate" in line for line in said):
        return f"needs more than {MEMORY_GIB} GiB"
    return f"failed: {said[-1] if said else f'exit status {status}'}" if status else ""


def compare(rungs: list[str], seeds: list[int], rivals: bool, gaps: list[float], limit_s: float) -> int:
    """Print the tables of each rung and seed; returns the exit status."""
    unknown = [rung for rung in rungs if rung not in RUNGS]
    if unknown:
        raise SystemExit(f"the ladder has no rung {unknown[0]}; it has {', '.join(RUNGS)}")
    disagree = 0
    with tempfile.TemporaryDirectory() as folder:
        for rung in rungs:
            for seed in seeds:
                path = Path(folder) / f"ladder-{rung}-{seed}.yaml"
                path.write_text(instance_text(rung, seed), encoding="utf-8")
                print(f"{path.stem}: {limit_s:g} CPU seconds each\n", flush=True)
                if rivals:
                    written(path, gaps, limit_s)
                ran = solved(path, rivals, gaps, limit_s)
                disagree += not agreed(ran)
    return 1 if disagree else 0


def solved(path: Path, rivals: bool, gaps: list[float], limit_s: float) -> dict[str, Ran]:
    """The table of those that solve. It is printed at the end, since it names the best of all plans."""
    ran = {}
    matrix = path.with_suffix(".mps")
    for name in SOLVERS if rivals else [ENGINE]:
        if name in ON_MATRIX and not matrix.exists():
            ran[name] = Ran([], 0.0, 0.0, "has no matrix to begin with")
            continue
        ran[name] = run(name, matrix if name in ON_MATRIX else path, min(gaps), limit_s)
        print(f"{name}: {ran[name].cpu_s:.0f} CPU seconds", file=sys.stderr, flush=True)
    plans = [each.last["plan"] for each in ran.values() if each.last["plan"] is not None]
    near = None if not plans else min(plans) + NEAR * abs(min(plans))
    heads = ["plan", "bound", "gap", "first plan", f"within {NEAR:.0%}", *(f"to {gap:g}" for gap in gaps)]
    table("solved by", [*heads, "nodes", "MB", "integral", "CPU s", ""])
    for name, each in ran.items():
        last, reached = each.last, [each.seconds_to_plan(float("inf")), near and each.seconds_to_plan(near)]
        reached += [each.seconds_to(gap) for gap in gaps]
        figures = [usd(last["plan"]), usd(last["bound"]), f"{distance(last):.2%}", *map(seconds, reached)]
        spent = [f"{each.peak_mb:,.0f}", f"{each.integral(limit_s):.1f}", f"{each.cpu_s:.1f}", each.trouble]
        print(line([name, *figures, f"{last['nodes']:,}", *spent]))
    print(flush=True)
    return ran


def written(path: Path, gaps: list[float], limit_s: float) -> None:
    """The table of those that write the problem down; the engine leaves its matrix for the others."""
    table("written by", ["rows", "columns", "nonzeros", "compile", "build", "hand over", "s for a million", "MB", ""])
    for name in WRITERS:
        each = run(name, path, min(gaps), limit_s)
        told = next((line for line in each.told if "steps" in line), None)
        cells = [""] * 7
        if told:
            steps = told["steps"]
            million = (steps["build"] + steps["hand over"]) / told["nonzeros"] * 1e6
            cells = [f"{told[key]:,}" for key in ("rows", "columns", "nonzeros")]
            cells += [seconds(steps.get(key)) for key in ("compile", "build", "hand over")] + [f"{million:.2f}"]
        print(line([name.removeprefix("write: "), *cells, f"{each.peak_mb:,.0f}", each.trouble]), flush=True)
    print()


def agreed(ran: dict[str, Ran]) -> bool:
    """Whether all speak of one problem."""
    plans = {name: each.last["plan"] for name, each in ran.items() if each.last["plan"] is not None}
    bounds = {name: each.last["bound"] for name, each in ran.items() if each.last["bound"] is not None}
    against = [
        f"{whose} proves that no plan is below {bound:,.0f}, {who} has one of {plan:,.0f}"
        for whose, bound in bounds.items()
        for who, plan in plans.items()
        if bound > plan + AGREES * abs(plan)
    ]
    for sentence in against:
        print(f"**{sentence}**\n")
    return not against


def usd(value: float | None) -> str:
    return "-" if value is None else f"{value / 1e6:,.3f} m"


def seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def line(cells: list[Any]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def table(first: str, others: list[str]) -> None:
    """The head of a table."""
    print(line([first, *others]))
    print(line(["---", *["---:"] * len(others)]))
