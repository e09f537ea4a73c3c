"""Running HiGHS so that nothing is lost: live progress, time limits, Ctrl-C, and the best plan kept in our own hands."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import highspy
import numpy as np

from .handover import Arrays
from .limits import Limits, Progress, relative_gap

SECONDS_BETWEEN_REPORTS = 0.25


class Watch:
    """What is known so far over all runs of one solve, in scaled minimisation: best plan, bound, time, and whether to stop."""

    def __init__(self, arrays: Arrays, limits: Limits, progress: Callable[[Progress], None] | None):
        self.arrays = arrays
        self.limits = limits
        self.best: np.ndarray | None = None
        self.best_cost = np.inf
        self.bound = -np.inf
        self.nodes = 0
        self.stopped = False
        self._progress = progress
        self._began = time.monotonic()
        self._stop = threading.Event()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def seconds_left(self) -> float:
        limit = self.limits.time_limit_s
        return np.inf if limit is None else max(limit - self.seconds, 0.0)

    @property
    def gap(self) -> float | None:
        """Proven relative gap of the best plan so far."""
        known = self.best is not None and np.isfinite(self.bound)
        return relative_gap(self.best_cost, self.bound) if known else None

    def stop(self) -> None:
        """Ask the running solver to end; the best plan so far stays."""
        self.stopped = True
        self._stop.set()

    def offer(self, cost: float, values: np.ndarray) -> None:
        """Keep a plan if it is the best so far."""
        if cost < self.best_cost:
            self.best_cost, self.best = float(cost), np.array(values, dtype=float)

    def raise_bound(self, bound: float) -> None:
        """Only for bounds on the whole problem, never for those of a restricted one."""
        if np.isfinite(bound):
            self.bound = max(self.bound, float(bound))

    def should_stop(self) -> bool:
        return self._stop.is_set()

    def report(self, phase: str) -> None:
        if self._progress is None:
            return
        to_user = self.arrays.objective
        self._progress(
            Progress(
                phase=phase,
                seconds=self.seconds,
                incumbent=None if self.best is None else to_user(self.best_cost),
                bound=to_user(self.bound) if np.isfinite(self.bound) else None,
                gap=self.gap,
                nodes=self.nodes,
            )
        )


def new_solver(lp: highspy.HighsLp, watch: Watch, **options: object) -> highspy.Highs:
    """A quiet HiGHS with the program, the seed, the threads and the time that is left."""
    highs = highspy.Highs()
    settings = {"output_flag": False, "random_seed": watch.limits.seed, "threads": watch.limits.threads}
    if np.isfinite(watch.seconds_left):
        settings["time_limit"] = watch.seconds_left
    for name, value in {**settings, **options}.items():
        highs.setOptionValue(name, value)
    highs.passModel(lp)
    return highs


def run(highs: highspy.Highs, watch: Watch, phase: str, whole: bool) -> highspy.HighsModelStatus:
    """Run to the end, a limit or an interrupt, in a thread of its own, and report from this one.

    `whole` says that the program is the whole problem: only then do its bounds count. Plans always count, since
    a restriction's plan is a plan.
    """
    _subscribe(highs, watch, whole)
    failure: list[BaseException] = []
    worker = threading.Thread(target=_guarded, args=(highs, failure), daemon=True)
    worker.start()
    while worker.is_alive():
        try:
            worker.join(SECONDS_BETWEEN_REPORTS)
            watch.report(phase)
        except KeyboardInterrupt:
            watch.stop()
    if failure:
        raise failure[0]
    _collect(highs, watch, whole)
    return highs.getModelStatus()


def _guarded(highs: highspy.Highs, failure: list[BaseException]) -> None:
    try:
        highs.run()
    except BaseException as error:
        failure.append(error)


def _subscribe(highs: highspy.Highs, watch: Watch, whole: bool) -> None:
    def interrupted(event) -> None:
        if watch.should_stop():
            event.interrupt()

    def improved(event) -> None:
        watch.offer(event.data_out.objective_function_value, event.data_out.mip_solution)

    def logged(event) -> None:
        if whole:
            watch.raise_bound(event.data_out.mip_dual_bound)
            watch.nodes = int(event.data_out.mip_node_count)

    highs.cbSimplexInterrupt += interrupted
    highs.cbIpmInterrupt += interrupted
    highs.cbMipInterrupt += interrupted
    highs.cbMipInterrupt += logged
    highs.cbMipImprovingSolution += improved


def _collect(highs: highspy.Highs, watch: Watch, whole: bool) -> None:
    """What the run knows at its end."""
    info = highs.getInfo()
    is_mip = any(watch.arrays.integer)
    if is_mip and highs.getLp().integrality_:
        if whole:
            watch.raise_bound(info.mip_dual_bound)
            watch.nodes = int(info.mip_node_count)
        if info.primal_solution_status == highspy.kSolutionStatusFeasible and np.isfinite(info.objective_function_value):
            watch.offer(info.objective_function_value, highs.getSolution().col_value)
    elif whole and highs.getModelStatus() == highspy.HighsModelStatus.kOptimal:
        watch.raise_bound(info.objective_function_value)
        if not is_mip:
            watch.offer(info.objective_function_value, highs.getSolution().col_value)
