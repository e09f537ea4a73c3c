"""Is it slower than it was? Ratios against those that are stored in quick.json.

    bin/bench --quick

A small mixed-integer program that never changes, solved by plain HiGHS, is the yardstick: CPU seconds over its CPU
seconds depend little on the machine. Measured on the ladder are those to a proven gap of 0.1 % at S (mean of three
seeds), those to compile, build and hand over M, and the integral of the gap between plan and bound at M over LIMIT_M
yardsticks. Expect a tenth of noise, in a search more. After a change that is meant to stay, write the
new ratios into quick.json.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import highspy
import numpy as np
from scipy.sparse import coo_array, eye_array, hstack, kron, vstack
from side_by_side import ENGINE, Ran, distance, line, run, table

from offtake.ladder import instance_text

REFERENCE = Path(__file__).with_name("quick.json")
GAP = 1e-3
SEEDS = (1, 2, 3)
LIMIT_S, LIMIT_M = 20, 40
"""yardsticks for each solve of S and of M"""


def main() -> None:
    stored = json.loads(REFERENCE.read_text(encoding="utf-8"))
    yardstick = min(yardstick_s() for _ in range(3))
    print(f"yardstick: {yardstick:.2f} CPU seconds; HiGHS {highspy.Highs().version()}, stored with {stored['highs']}\n")
    table("measure", ["CPU s", "ratio", "stored", "change", ""])
    with tempfile.TemporaryDirectory() as folder:
        for measure, seconds, remark in measured(Path(folder), yardstick):
            ratio, before = seconds / yardstick, stored["ratios"][measure]
            cells = [f"{seconds:.1f}", f"{ratio:.2f}", f"{before:.2f}", f"{ratio / before - 1:+.0%}", remark]
            print(line([measure, *cells]), flush=True)


def measured(folder: Path, yardstick: float) -> Iterator[tuple[str, float, str]]:
    """What is measured, its CPU seconds, and what else is to be said."""
    limit_s, limit_m = LIMIT_S * yardstick, LIMIT_M * yardstick
    small = [told_by(ENGINE, drawn(folder, "s", seed), limit_s) for seed in SEEDS]
    reached = [each.seconds_to(GAP) for each in small]
    late = f"{reached.count(None)} not proven in time" if None in reached else ""
    yield "s to 0.1 %", float(np.mean([limit_s if each is None else each for each in reached])), late
    steps = told_by(f"write: {ENGINE}", drawn(folder, "m", 1), limit_s).told[0]["steps"]
    yield "m written down", sum(steps.values()), ""
    solved = told_by(ENGINE, drawn(folder, "m", 1), limit_m)
    yield "m integral of the gap", solved.integral(limit_m), f"{distance(solved.last):.1%} at the end"


def told_by(name: str, path: Path, limit_s: float) -> Ran:
    ran = run(name, path, GAP, limit_s)
    if ran.trouble:
        raise SystemExit(f"{path.stem}, {name}: {ran.trouble}")
    return ran


def drawn(folder: Path, rung: str, seed: int) -> Path:
    path = folder / f"ladder-{rung}-{seed}.yaml"
    path.write_text(instance_text(rung, seed), encoding="utf-8")
    return path


def yardstick_s() -> float:
    """CPU seconds of plain HiGHS for a problem of facility location."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.passModel(facility_location(30, 60))
    began = time.process_time()
    solver.run()
    return time.process_time() - began


def facility_location(sites: int, customers: int) -> highspy.HighsLp:
    """Costs and demands are drawn, always the same. Columns: share of a customer by site, then whether a site opens."""
    dice = random.Random(1)
    asked = np.array([1 + dice.random() for _ in range(customers)])
    ways = sites * customers
    share_usd = np.array([dice.random() for _ in range(ways)]) * np.tile(asked, sites)
    open_usd = np.array([sites / 8 * (1 + dice.random()) for _ in range(sites)])
    capacity = 3.6 * asked.sum() / sites
    served = hstack([kron(np.ones((1, sites)), eye_array(customers)), coo_array((customers, sites))])
    linked = hstack([eye_array(ways), kron(-eye_array(sites), np.ones((customers, 1)))])
    held = hstack([kron(eye_array(sites), asked[None]), -capacity * eye_array(sites)])
    a = vstack([served, linked, held]).tocsc()
    rows, columns = a.shape
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = rows, columns
    lp.col_cost_ = np.concatenate([share_usd, open_usd])
    lp.col_lower_, lp.col_upper_ = np.zeros(columns), np.ones(columns)
    lp.row_lower_ = np.concatenate([np.ones(customers), np.full(rows - customers, -np.inf)])
    lp.row_upper_ = np.concatenate([np.ones(customers), np.zeros(rows - customers)])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = rows, columns
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = a.indptr, a.indices, a.data
    kinds = highspy.HighsVarType
    lp.integrality_ = [kinds.kContinuous] * ways + [kinds.kInteger] * sites
    return lp
