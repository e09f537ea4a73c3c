"""One contender on one problem, in a process of its own: what side_by_side.py starts.

    contenders.py NAME FILE GAP CPU_SECONDS

Those that solve tell what they know as JSON lines, {"cpu_s": ..., "plan": ..., "bound": ..., "nodes": ...}: the best
plan and bound after so many CPU seconds. Everybody runs on one thread until the gap is proven or the CPU seconds are
spent. The clock of the engine begins with the file, that of the others with the compiled problem or with the file of a
matrix. Those that only write the problem down tell {"rows": ..., "columns": ..., "nonzeros": ..., "steps": {...}}: the
size of the matrix and the CPU seconds of each step. A package that is missing is told as {"missing": ...}.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import highspy
from textbook import arrays, linopy_model, pyomo_model, textbook

import offtake
from offtake import engine
from offtake.compile import compile_instance
from offtake.reductions import reduced
from offtake.solve.handover import hand_over, highs_lp
from offtake_models import build

TICK_S = 0.1
"""how often somebody looks at the CPU seconds of the engine"""
NOWHERE = 1e19
"""from where on solvers mean no plan, or no bound"""
INTERRUPTS = [
    highspy.cb.HighsCallbackType.kCallbackMipInterrupt,
    highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt,
    highspy.cb.HighsCallbackType.kCallbackIpmInterrupt,
]
FOUND = highspy.cb.HighsCallbackType.kCallbackMipImprovingSolution


def cpu_s() -> float:
    """Of this process, and of its children that have ended."""
    return sum(os.times()[:4])


def tell(**told: Any) -> None:
    print(json.dumps(told), flush=True)


class Diary:
    """Writes down what is new, and knows when the time is spent."""

    def __init__(self, gap: float, limit_s: float):
        self.gap, self.limit_s, self.known = gap, limit_s, (None, None)
        self.start()

    def start(self) -> None:
        self.began = cpu_s()

    @property
    def seconds(self) -> float:
        return cpu_s() - self.began

    @property
    def spent(self) -> bool:
        return self.seconds > self.limit_s

    def note(self, plan: float | None, bound: float | None, nodes: int, seconds: float | None = None) -> None:
        """What is known after so many CPU seconds (None: now); without a plan or a bound the last one stays."""
        told = zip((plan, bound), self.known, strict=True)
        known = tuple(new if new is not None and abs(new) < NOWHERE else old for new, old in told)
        if known != self.known:
            self.known = known
            self.end(nodes, seconds)

    def end(self, nodes: int, seconds: float | None = None) -> None:
        """What is known, also if it is not new."""
        plan, bound = self.known
        tell(cpu_s=self.seconds if seconds is None else seconds, plan=plan, bound=bound, nodes=nodes)


def solve_with_offtake(path: Path, diary: Diary) -> None:
    """The engine, from the file to the audited plan."""
    stop, ended = threading.Event(), threading.Event()

    def watch() -> None:
        while not ended.wait(TICK_S):
            if diary.spent:
                stop.set()

    threading.Thread(target=watch, daemon=True).start()
    try:
        instance = offtake.load(path)
        plan = engine.solve(
            instance, diary.gap, stop=stop, progress=lambda at: diary.note(at.incumbent, at.bound, at.nodes)
        )
        diary.known = plan.objective_usd, plan.bound_usd
        diary.end(plan.to_document()["solver"]["nodes"])
    except engine.NoPlan as none:
        diary.known = None, none.outcome.bound
        diary.end(none.outcome.nodes)
    finally:
        ended.set()


def solve_textbook(path: Path, diary: Diary) -> None:
    """Pyomo with rule functions, through `appsi_highs`."""
    text = textbook(compile_instance(offtake.load(path)).problem)
    diary.start()
    run_highs(appsi(pyomo_model(text)), diary)


def appsi(model) -> highspy.Highs:
    """What `appsi_highs` makes of a model."""
    from pyomo.contrib.appsi.solvers.highs import Highs

    interface = Highs()
    interface.set_instance(model)
    return interface._solver_model


def solve_with_highs(path: Path, diary: Diary) -> None:
    """Plain HiGHS on the engine's matrix."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.readModel(str(path))
    run_highs(solver, diary)


def run_highs(solver: highspy.Highs, diary: Diary) -> None:
    def hear(kind: int, _message: str, out: Any, answer: Any, _data: Any) -> None:
        if kind in (FOUND, INTERRUPTS[0]):
            diary.note(out.mip_primal_bound, out.mip_dual_bound, out.mip_node_count)
        if answer is not None and diary.spent:
            answer.user_interrupt = True

    for option, setting in {"output_flag": False, "threads": 1, "mip_rel_gap": diary.gap, "mip_abs_gap": 0.0}.items():
        solver.setOptionValue(option, setting)
    solver.setCallback(hear, None)
    for kind in [FOUND, *INTERRUPTS]:
        solver.startCallback(kind)
    solver.run()
    info = solver.getInfo()
    diary.note(info.objective_function_value, info.mip_dual_bound, info.mip_node_count)
    diary.end(info.mip_node_count)


SCIP_PROVEN = ("optimal", "gaplimit")
"""states in which its bound may be its plan"""


def solve_with_scip(path: Path, diary: Diary) -> None:
    """SCIP on the engine's matrix."""
    from pyscipopt import SCIP_EVENTTYPE, Eventhdlr, Model

    class Listener(Eventhdlr):
        def eventinit(self) -> None:
            for kind in (SCIP_EVENTTYPE.BESTSOLFOUND, SCIP_EVENTTYPE.DUALBOUNDIMPROVED, SCIP_EVENTTYPE.NODEFOCUSED):
                self.model.catchEvent(kind, self)

        def eventexec(self, _event: Any) -> None:
            note()

    def note() -> None:
        """Stopped before the root is solved, SCIP has no node left, and calls any plan its bound."""
        plan, bound, proven = model.getPrimalbound(), model.getDualbound(), model.getStatus() in SCIP_PROVEN
        diary.note(plan, bound if bound < plan or proven else None, model.getNTotalNodes())

    model = Model()
    model.hideOutput()
    model.readProblem(str(path))
    model.setParams({"timing/clocktype": 1, "limits/time": diary.limit_s, "limits/gap": diary.gap})
    model.includeEventhdlr(Listener(), "diary", "")
    model.optimize()
    note()
    diary.end(model.getNTotalNodes())


CBC_PLAN = re.compile(r"★.*\s(\S+)\s+\S+$")
"""a heuristic has found one"""
CBC_ROOT = re.compile(r"✔ (?:LP Optimal .*Obj: (\S+)|Cut generation complete .*→ (\S+))")
"""bounds before the search branches"""
CBC_NODE = re.compile(r"\W*(\d\S*)\s+\d+\s+\d+\s+(\S+)\s.*?(\S+)\s+\S+%\s+\S+$")
"""nodes, plan and bound of the search"""
CBC_VERDICT = re.compile(r".* Obj: (\S+)\s+Bound: (\S+) .*Nodes: (\S+)")
CBC_END = re.compile(r"(Objective value|Lower bound|Enumerated nodes):\s+(\S+)")
"""the plan once more, with all its digits"""


def solve_with_cbc(path: Path, diary: Diary) -> None:
    """CBC on the engine's matrix; what it knows is read off its log."""
    from cbcbox import cbc_bin_path

    options = {"timeMode": "cpu", "sec": diary.limit_s, "ratio": diary.gap, "threads": 1}
    words = [word for name, setting in options.items() for word in (f"-{name}", str(setting))]
    command = [cbc_bin_path(), str(path), *words, "-solve", "-quit"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        known: dict[str, float] = {}
        for line in running.stdout:
            known.update(read_cbc(line.rstrip()))
            seconds = diary.seconds + cpu_of(running.pid)
            diary.note(known.get("plan"), known.get("bound"), int(known.get("nodes", 0)), seconds)
    diary.end(int(known.get("nodes", 0)))


def read_cbc(line: str) -> dict[str, float]:
    """What a line of the log says of plan, bound and nodes."""
    names = {"Objective value": "plan", "Lower bound": "bound", "Enumerated nodes": "nodes"}
    if found := CBC_END.match(line):
        return numbers(**{names[found[1]]: found[2]})
    if found := CBC_VERDICT.match(line):
        return numbers(plan=found[1], bound=found[2], nodes=found[3])
    if found := CBC_PLAN.search(line):
        return numbers(plan=found[1])
    if found := CBC_ROOT.match(line):
        return numbers(bound=found[1] or found[2])
    if found := CBC_NODE.fullmatch(line):
        return numbers(nodes=found[1], plan=found[2], bound=found[3])
    return {}


def numbers(**texts: str) -> dict[str, float]:
    """Those of the texts that are numbers."""
    return {name: float(text) for name, text in texts.items() if re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", text)}


def cpu_of(pid: int) -> float:
    """CPU seconds of another process, as Linux tells them; 0 once it has ended."""
    try:
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    except (OSError, ValueError):
        return 0.0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Steps(dict):
    """CPU seconds by step."""

    def do(self, name: str, step: Callable[[], Any]) -> Any:
        began = cpu_s()
        result = step()
        self[name] = cpu_s() - began
        return result


def write_with_offtake(path: Path, diary: Diary) -> None:
    """The engine's matrix, and beside the instance a file with it for the other solvers."""
    steps = Steps()
    compiled = steps.do("compile", lambda: reduced(compile_instance(offtake.load(path))))
    model = steps.do("build", lambda: build(compiled.problem))
    matrix = steps.do("hand over", lambda: hand_over(model).matrix)
    lp = highs_lp(matrix)
    lp.col_cost_, lp.offset_ = matrix.cost, matrix.offset
    solver = steps.do("pass", lambda: passed(lp))
    steps["hand over"] += steps.pop("pass")
    tell(rows=lp.num_row_, columns=lp.num_col_, nonzeros=int(matrix.a.nnz), steps=steps)
    solver.writeModel(str(path.with_suffix(".mps")))


def write_textbook(path: Path, diary: Diary) -> None:
    text = textbook(compile_instance(offtake.load(path)).problem)
    steps = Steps()
    model = steps.do("build", lambda: pyomo_model(text))
    told_of(steps.do("hand over", lambda: appsi(model)), steps)


def write_with_linopy(path: Path, diary: Diary) -> None:
    text = textbook(compile_instance(offtake.load(path)).problem)
    import linopy  # noqa: F401  its import is no part of the building

    steps = Steps()
    model = steps.do("build", lambda: linopy_model(text))
    told_of(steps.do("hand over", lambda: model.to_highspy()), steps)


def write_with_highspy(path: Path, diary: Diary) -> None:
    text = textbook(compile_instance(offtake.load(path)).problem)
    steps = Steps()
    lp = steps.do("build", lambda: arrays(text))
    told_of(steps.do("hand over", lambda: passed(lp)), steps)


def passed(lp: highspy.HighsLp) -> highspy.Highs:
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.passModel(lp)
    return solver


def told_of(solver: highspy.Highs, steps: Steps) -> None:
    tell(rows=solver.getNumRow(), columns=solver.getNumCol(), nonzeros=solver.getNumNz(), steps=steps)


CONTENDERS = {
    "offtake": solve_with_offtake,
    "textbook Pyomo, appsi_highs": solve_textbook,
    "HiGHS": solve_with_highs,
    "SCIP": solve_with_scip,
    "CBC": solve_with_cbc,
    "write: offtake": write_with_offtake,
    "write: textbook Pyomo, appsi_highs": write_textbook,
    "write: linopy": write_with_linopy,
    "write: highspy": write_with_highspy,
}


def main(name: str, path: str, gap: str, limit_s: str) -> None:
    try:
        CONTENDERS[name](Path(path), Diary(float(gap), float(limit_s)))
    except ModuleNotFoundError as missing:
        tell(missing=missing.name)


if __name__ == "__main__":
    main(*sys.argv[1:])
