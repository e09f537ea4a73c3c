"""What it costs to double a dimension: the smallest rung of the ladder with twice its offers, months, and so on."""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

from bench_measure import line, percent, seconds, solved, table

import offtake
from offtake import ladder
from offtake.compile import compile_instance
from offtake.reductions import reduced

BASE = ladder.RUNGS["s"]
DOUBLED = {
    "none": BASE,
    "offers": replace(BASE, offers=2 * BASE.offers),
    "months": replace(BASE, months=2 * BASE.months),
    "workloads": replace(BASE, workloads=2 * BASE.workloads),
    "blocks of the day": replace(BASE, blocks=2 * BASE.blocks),
}


def measure_doubling(seeds: list[int], gap: float, time_limit_s: float) -> None:
    """Print the table: medians over the seeds, of those that were not proven in time the limit."""
    table("doubled", ["deals", "nonzeros", f"CPU s to {gap:g}", "ratio", "not proven", "largest gap"])
    before = None
    for name, rung in DOUBLED.items():
        runs = [_run(rung, seed, gap, time_limit_s) for seed in seeds]
        spent = statistics.median(solve.solve_s for _, solve in runs)
        before = before or spent
        late = [solve for _, solve in runs if solve.outcome.status != "optimal"]
        worst = max((solve.outcome.gap or 0.0 for _, solve in runs), default=0.0)
        deals, nonzeros = (statistics.median(sizes) for sizes in zip(*((d, s.nonzeros) for d, s in runs), strict=True))
        cells = [
            f"{deals:,.0f}",
            f"{nonzeros:,.0f}",
            seconds(spent),
            f"{spent / before:.1f}",
            len(late),
            percent(worst),
        ]
        print(line([name, *cells]), flush=True)


def _run(rung: ladder.Rung, seed: int, gap: float, time_limit_s: float):
    """Deals that are searched, and the solve."""
    ladder.RUNGS["doubled"] = rung
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "instance.yaml"
        path.write_text(ladder.instance_text("doubled", seed), encoding="utf-8")
        compiled = reduced(compile_instance(offtake.load(path)))
    return len(compiled.columns), solved(compiled, gap, time_limit_s)
