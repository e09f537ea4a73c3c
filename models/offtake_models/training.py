"""Training: a run holds one pool at a time, as much of it all day long, and its work is done by the deadline.

    sum_p y[p,w,t,nu] <= 1                                                    one_place_at_a_time  [pools]
    least_w y[p,w,t,nu] <= x[p,w,t,b,nu]                                      large_enough         [accelerators]
    x[p,w,t,b,nu] <= most_w y[p,w,t,nu]                                       not_too_large        [accelerators]
    x[p,w,t,b,nu] = x[p,w,t,0,nu]                                             all_day_long         [accelerators]
    f[w,t,nu] <= H_t 3600 sum_p R[p,w,t,s] (a_pk x[p,w,t,0,nu] + c_pk y[p,w,t,nu])   for every k
                                                                              work_by_size         [W / 1000]
    f[w,0] + ... + f[w,T] >= W_w                                              trained_in_time      [W / 1000]
    f[w,0] + ... + f[w,t-1] >= W_w (1 - late[w,t,nu])    for t after the deadline    late_if_not_done    [W / 1000]
    g[w,t,nu] >= sum_p y[p,w,t,nu] - sum_p y[p,w,t-1,nu(t-1)]                 begins_or_goes_on    [starts]
    g[w,0] + ... + g[w,T] <= 1 + pauses_w                                     paused_as_allowed    [starts]

    lateness = sum_s pi_s sum_t usd[w,t] late[w,t,nu(s,t)]                                          [USD, discounted]

along each path nu(s,.). y is 1 where run w holds pool p, W its work, of which rows count thousandths. x is the same x
as in `supply` and `money`, with Dbar/D = 1: it takes what is held in every block of the day, and elastic pools are paid
for it. R is FLOP/s of one
accelerator at the largest scale; useful work is concave in x, the least of some lines k (utilisation and goodput by
scale: a = 1, c = 0 if nothing is lost with it). T is the period of the deadline, or the last one if lateness has a
price; a period that begins with work left is late as a whole. A run may move to another pool between two periods, which
is no pause. y and its rows ask nothing of deals: what a run takes of a pool is under `supply`.
"""

from __future__ import annotations

from typing import Any

from pyomo.environ import Binary, ConcreteModel, Constraint, NonNegativeReals, Var, quicksum

from .problem import Problem, Run

SECONDS_PER_HOUR = 3600.0
WORK = 1000.0
"""W of every run, in its own units of work: rows hold as closely for a small run as for a large one"""


def add(model: ConcreteModel, problem: Problem) -> None:
    """Declare `occupied` (y, [pool, workload, period, node]), `trained` (f) and `late`, both [workload, period, node],
    and the rows of training runs."""
    runs = {w: workload.run for w, workload in problem.workloads.items() if workload.run is not None}
    places = _add_places(model, problem, runs)
    _add_work(model, problem, runs, places)
    _add_deadlines(model, problem, runs)
    _add_pauses(model, problem, runs, places)


def costs(model: ConcreteModel, problem: Problem) -> dict[str, Any]:
    """Line -> expected, discounted USD."""
    return {"lateness": quicksum(_late_usd(problem, slot) * model.late[slot] for slot in model.late)}


def _add_places(model: ConcreteModel, problem: Problem, runs: dict[str, Run]) -> dict[tuple, list[str]]:
    """Where and how large a run works. Returns (workload, period, node) -> the pools that it can hold there."""
    slots = [slot for slot in model.serve if slot[1] in runs]
    held = list(dict.fromkeys((pool, w, t, node) for pool, w, t, _b, node in slots))
    model.occupied = Var(held, domain=Binary)
    places: dict[tuple, list[str]] = {}
    for pool, *place in held:
        places.setdefault(tuple(place), []).append(pool)
    model.one_place_at_a_time = Constraint(
        [place for place, able in places.items() if len(able) > 1],
        rule=lambda m, *place: quicksum(m.occupied[pool, *place] for pool in places[place]) <= 1,
        doc="{0} trains in one place at a time in period {1}",
    )
    model.large_enough = Constraint(
        held,
        rule=lambda m, pool, w, t, node: (
            m.serve[pool, w, t, 0, node] >= runs[w].least_accelerators * m.occupied[pool, w, t, node]
        ),
        doc="{1} takes enough of {0} in period {2} if it trains there",
    )
    model.not_too_large = Constraint(
        held,
        rule=lambda m, pool, w, t, node: (
            m.serve[pool, w, t, 0, node] <= runs[w].most_accelerators * m.occupied[pool, w, t, node]
        ),
        doc="{1} takes no more of {0} in period {2} than it can use, and nothing if it does not train there",
    )
    model.all_day_long = Constraint(
        [slot for slot in slots if slot[3] > 0],
        rule=lambda m, pool, w, t, b, node: m.serve[pool, w, t, b, node] == m.serve[pool, w, t, 0, node],
        doc="{1} takes as much of {0} in block {3} of period {2} as in the first",
    )
    return places


def _add_work(model: ConcreteModel, problem: Problem, runs: dict[str, Run], places: dict[tuple, list[str]]) -> None:
    slots = [(w, t, node) for w, run in runs.items() for t in run.periods for node in problem.nodes_at(t)]
    model.trained = Var(
        slots,
        domain=NonNegativeReals,
        bounds=(0.0, WORK),
        doc="useful work in the period, in thousandths of all of it",
    )

    def by_size(m, w, t, node, k):
        s, useful = problem.representative(t, node), runs[w].useful[k]
        return m.trained[w, t, node] <= quicksum(
            work_of_one(problem, pool, w, s, t)
            * (slope * m.serve[pool, w, t, 0, node] + (start * m.occupied[pool, w, t, node] if start else 0.0))
            for pool in places.get((w, t, node), [])
            for slope, start in [useful[pool]]
        )

    model.work_by_size = Constraint(
        [(*slot, k) for slot in slots for k in range(len(runs[slot[0]].useful))],
        rule=by_size,
        doc="{0} does no more in period {1} than what it holds can do",
    )


def _add_deadlines(model: ConcreteModel, problem: Problem, runs: dict[str, Run]) -> None:
    def done(m, w, t, node):
        """Up to the end of the period, on the way to the node."""
        s = problem.representative(t, node)
        slots = [(w, k, problem.node_at(s, k)) for k in range(t + 1)]
        return quicksum(m.trained[slot] for slot in slots if slot in m.trained)

    model.trained_in_time = Constraint(
        [(w, run.periods[-1], node) for w, run in runs.items() for node in problem.nodes_at(run.periods[-1])],
        rule=lambda m, w, t, node: done(m, w, t, node) >= WORK,
        doc="{0} has done its work by the end of period {1}",
    )
    model.late = Var(
        [
            (w, t, node)
            for w, run in runs.items()
            if run.late_usd is not None
            for t in range(run.due + 1, run.periods[-1] + 1)
            for node in problem.nodes_at(t)
        ],
        domain=Binary,
    )

    def in_time(m, w, t, node):
        before = t - 1, problem.node_at(problem.representative(t, node), t - 1)
        return done(m, w, *before) >= WORK * (1 - m.late[w, t, node])

    model.late_if_not_done = Constraint(
        list(model.late), rule=in_time, doc="{0} is late in period {1} if its work is not done when that begins"
    )


def _add_pauses(model: ConcreteModel, problem: Problem, runs: dict[str, Run], places: dict[tuple, list[str]]) -> None:
    slots = list(model.trained)
    model.started = Var(slots, domain=NonNegativeReals)

    def at_work(m, w, t, node):
        return quicksum(m.occupied[pool, w, t, node] for pool in places.get((w, t, node), []))

    def begins(m, w, t, node):
        before = t - 1, problem.node_at(problem.representative(t, node), max(t - 1, 0))
        return m.started[w, t, node] >= at_work(m, w, t, node) - at_work(m, w, *before)

    model.begins_or_goes_on = Constraint(
        slots, rule=begins, doc="{0} works in period {1} only if it did before, or begins then"
    )

    def starts(m, w, t, node):
        s = problem.representative(t, node)
        path = [(w, k, problem.node_at(s, k)) for k in runs[w].periods]
        return quicksum(m.started[slot] for slot in path) <= 1 + runs[w].pauses_max

    model.paused_as_allowed = Constraint(
        [(w, run.periods[-1], node) for w, run in runs.items() for node in problem.nodes_at(run.periods[-1])],
        rule=starts,
        doc="{0} stops no more often than it may on the way to period {1}",
    )


def work_of_one(problem: Problem, pool: str, w: str, s: int, t: int) -> float:
    """What one accelerator of a pool does of a run through a period if nothing is lost, in thousandths of all work."""
    flop = problem.rate[pool, w][s, t] * problem.hours[t] * SECONDS_PER_HOUR
    return float(WORK * flop / problem.workloads[w].run.flop)


def _late_usd(problem: Problem, slot: tuple[str, int, int]) -> float:
    """Expected, discounted USD of a period that begins with work left."""
    w, t, node = slot
    through = problem.scenarios_through(node, problem.months_of[t][0])
    return float(sum(problem.probability[s] for s in through) * problem.workloads[w].run.late_usd[t])
