"""One run of HiGHS, watched: every plan is copied out as it is found, and the run can be stopped at any moment.

HiGHS runs in a thread of its own. Its scheduler belongs to the thread, so runs with different numbers of threads
do not disturb each other, and the caller's thread stays free to hear Ctrl-C and to tell progress. Within a sub-MIP
HiGHS asks nobody whether to go on, for many seconds at times; a plan that is known is not kept waiting for that.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
from highspy import HighsStatus, cb

from .handover import Matrix, highs_lp
from .limits import Clock
from .outcome import ENDED, Ended, relative_gap

TICK_S = 0.05
"""how often the caller's thread looks"""
SECONDS_BETWEEN_REPORTS = 0.25
GRACE_S = 2.0
"""how long a known plan waits for HiGHS to heed the end of the time or an interrupt"""
INTERRUPTIBLE = [
    cb.HighsCallbackType.kCallbackMipInterrupt,
    cb.HighsCallbackType.kCallbackSimplexInterrupt,
    cb.HighsCallbackType.kCallbackIpmInterrupt,
]
FOUND = cb.HighsCallbackType.kCallbackMipImprovingSolution


@dataclass(frozen=True)
class Progress:
    """The state of a search. Money is in the unit of the model's objective."""

    seconds: float
    incumbent: float | None
    """objective of the best plan so far"""
    bound: float | None
    gap: float | None
    nodes: int
    phase: str
    """compiling, starting plan, proving, confirming or finishing"""


@dataclass
class Ran:
    """What a run knows, while it runs and after. Objectives are those of the matrix: less is better."""

    x: np.ndarray | None = None
    """the best plan found"""
    objective: float = math.inf
    bound: float = -math.inf
    nodes: int = 0
    ended: Ended = Ended.FAILED
    message: str = ""

    @property
    def gap(self) -> float:
        return relative_gap(self.objective, self.bound) if self.x is not None else math.inf


@dataclass
class Watch:
    """What all runs of one solve share: the clock, the wish to stop, and who is told of progress."""

    clock: Clock
    stop: threading.Event = field(default_factory=threading.Event)
    tell: Callable[[Ran, str], None] = lambda ran, phase: None
    """called with the state of the run and the phase"""

    def quiet(self, known: Callable[[], Ran] = Ran) -> Watch:
        """For runs on parts of the problem, whose bounds and values are none of the whole: tells that they run, and
        what is `known` of the whole."""
        return Watch(self.clock, self.stop, lambda ran, phase: self.tell(known(), phase))


def run(
    matrix: Matrix,
    watch: Watch,
    phase: str,
    options: dict[str, Any],
    start: np.ndarray | None = None,
    enough: Callable[[Ran], bool] = lambda ran: False,
) -> Ran:
    """Run HiGHS on the arrays. `options` are HiGHS options; the time left on the clock is the time limit.

    `start` is a plan to begin with: values of all columns. `enough` ends the run early when it says so of what is
    known. Raises what the listener raises, after HiGHS has stopped.
    """
    return watched(prepared(matrix, options, start), matrix, watch, phase, enough, known=start is not None)


def watched(
    solver: highspy.Highs,
    matrix: Matrix,
    watch: Watch,
    phase: str,
    enough: Callable[[Ran], bool] = lambda ran: False,
    known: bool = False,
) -> Ran:
    """Run a solver that holds the arrays. It may be run again afterwards, unless it ended early.

    `known`: there is a plan already, so that nothing is lost when a solver that does not heed the end is left behind.
    """
    ran = Ran()
    halt = threading.Event()
    solver.setOptionValue("time_limit", solver.getRunTime() + watch.clock.left)  # its clock goes on from run to run
    _listen(solver, matrix, ran, lambda: halt.is_set() or watch.stop.is_set())
    thread = threading.Thread(target=_run, args=(solver, matrix, ran), name="HiGHS")
    thread.start()
    try:
        _wait(thread, watch, phase, ran, lambda: enough(ran) and halt.set(), known)
    except BaseException:
        halt.set()
        raise
    if thread.is_alive():
        halt.set()
        ran = Ran(ran.x, ran.objective, ran.bound, ran.nodes)
        stopped = watch.stop.is_set()
        status = highspy.HighsModelStatus
        ran.ended, ran.message = ENDED[status.kInterrupt if stopped else status.kTimeLimit]
    return ran


def prepared(matrix: Matrix, options: dict[str, Any], start: np.ndarray | None = None) -> highspy.Highs:
    """A solver that holds the arrays, and a plan to begin with if there is one."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    for name, setting in options.items():
        if solver.setOptionValue(name, setting) != HighsStatus.kOk:
            raise ValueError(f"HiGHS does not take {setting!r} for its option {name}")
    if solver.passModel(highs_lp(matrix)) == HighsStatus.kError:
        raise ValueError(_out_of_range(matrix))
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = start
        solver.setSolution(solution)
    return solver


def _out_of_range(matrix: Matrix) -> str:
    largest = float(np.abs(matrix.a.data).max(initial=0.0))
    return (
        f"the numbers of the model are too far apart for the solver: the largest coefficient is {largest:.1e}, and it "
        "takes up to 1e15; look for a demand, a price or a size that is a slip"
    )


def _listen(solver: highspy.Highs, matrix: Matrix, ran: Ran, wanted: Callable[[], bool]) -> None:
    """Copy plans and bounds out as they come, and pass the wish to stop in."""
    scale = matrix.cost_scale

    def hear(kind: int, _message: str, out: Any, answer: Any, _data: Any) -> None:
        if kind == FOUND and out.objective_function_value / scale < ran.objective:
            ran.x = np.array(out.mip_solution, dtype=float)
            ran.objective = out.objective_function_value / scale
        if kind == FOUND or kind == INTERRUPTIBLE[0]:
            ran.nodes = max(ran.nodes, out.mip_node_count)
            if math.isfinite(out.mip_dual_bound):
                ran.bound = max(ran.bound, out.mip_dual_bound / scale)
        if answer is not None and wanted():
            answer.user_interrupt = True

    solver.setCallback(hear, None)
    for kind in [FOUND, *INTERRUPTIBLE]:
        solver.startCallback(kind)


def _run(solver: highspy.Highs, matrix: Matrix, ran: Ran) -> None:
    try:
        solver.run()
    except Exception as error:  # whatever goes wrong in HiGHS, the plans found so far are kept
        ran.ended, ran.message = Ended.FAILED, f"the solver failed: {error}"
        return
    ran.ended, ran.message = ENDED[solver.getModelStatus()]
    _read(solver, matrix, ran)


def _read(solver: highspy.Highs, matrix: Matrix, ran: Ran) -> None:
    if not matrix.a.shape[1] and ran.ended is Ended.OPTIMAL:
        ran.x, ran.objective, ran.bound = np.zeros(0), matrix.offset, matrix.offset
        return
    info = solver.getInfo()
    scale = matrix.cost_scale
    whole = bool(matrix.integer.any())
    objective = float(info.objective_function_value) / scale
    if info.primal_solution_status == highspy.kSolutionStatusFeasible and objective < ran.objective:
        ran.x, ran.objective = np.array(solver.getSolution().col_value, dtype=float), objective
    if whole and math.isfinite(info.mip_dual_bound):
        ran.bound = max(ran.bound, float(info.mip_dual_bound) / scale)
    if not whole and ran.ended is Ended.OPTIMAL:
        ran.bound = ran.objective
    ran.nodes = max(ran.nodes, info.mip_node_count)


def _wait(thread: threading.Thread, watch: Watch, phase: str, ran: Ran, look: Callable[[], Any], known: bool) -> None:
    """Until HiGHS is done, or has ignored the end of the time or a wish to stop although a plan is known."""
    watch.tell(ran, phase)
    told, stopped = time.monotonic(), -math.inf
    while thread.is_alive():
        now = time.monotonic()
        if now - told >= SECONDS_BETWEEN_REPORTS:
            told = now
            watch.tell(ran, phase)
        look()
        thread.join(TICK_S)
        if not watch.stop.is_set() and watch.clock.left > 0:
            continue
        stopped = now if stopped == -math.inf else stopped
        if (known or ran.x is not None) and now - stopped > GRACE_S:
            return
