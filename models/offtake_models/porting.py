"""Porting: accelerators of a software family serve a model only once it is ported to them.

    h[k,m-1,nu(s,m-1)] <= h[k,m,nu(s,m)]                                      port_goes_on         [ports]
    x[p,w,t,b,nu] <= cap[p,w,t,b] h[k,m-L,nu(s,m-L)], m the first month of t  served_once_ported   [accelerators]
    ports = sum_s pi_s sum_m df_m (usd / L) (h[k,m,nu(s,m)] - h[k,m-L,nu(s,m-L)])                  [USD, discounted]

h[k,m,nu] is 1 if port k has begun by month m, so it begins once on each path; L are its months, over which its dollars
are spread evenly, and from its start + L on it serves. cap is the most that w can use of p, and no more than can be
held there. It begins no later than can still serve, so all of it is paid inside the horizon; it is charged in full. Its
dollars are cash, and nothing that is owed: work can be stopped.
"""

from __future__ import annotations

from typing import Any

from pyomo.environ import Binary, ConcreteModel, Constraint, Expression, Var, quicksum

from .money import MILLION
from .problem import Pair, Port, Problem
from .supply import Source, sources_by_slot, useful_accelerators


def add(model: ConcreteModel, problem: Problem) -> None:
    """Declare `port_begun` (h, [port, month, node]), its rows, and what `money` adds to cash (`port_cash`,
    [scenario, month], million USD)."""
    last = [last_start(problem, port) for port in problem.ports]
    months = [(k, m) for k, _ in enumerate(problem.ports) for m in range(last[k] + 1)]
    model.port_begun = Var([(k, m, node) for k, m in months for node in problem.nodes_in(m)], domain=Binary)
    model.port_goes_on = Constraint(
        [(k, m, s) for k, m in months if m for s in _one_for_each_node(problem, m)],
        rule=lambda model, k, m, s: begun(model, problem, k, s, m - 1) <= begun(model, problem, k, s, m),
        doc="port {0} that has begun before month {1} goes on",
    )
    _add_serving(model, problem)
    paid = [(s, m) for s in problem.scenarios for m in range(len(problem.period_of))]
    model.port_cash = Expression(
        paid if problem.ports else [],
        rule=lambda model, s, m: quicksum(
            port.usd / MILLION / port.months * _at_work(model, problem, k, s, m) for k, port in enumerate(problem.ports)
        ),
    )


def costs(model: ConcreteModel, problem: Problem) -> dict[str, Any]:
    """Line -> expected, discounted USD."""
    paid = quicksum(
        MILLION * problem.probability[s] * float(problem.discount[m]) * model.port_cash[s, m]
        for s, m in model.port_cash
    )
    return {"ports": paid}


def last_start(problem: Problem, port: Port) -> int:
    """The last month in which the port can begin and still serve; negative if there is none."""
    return problem.months_of[problem.periods[-1]][0] - port.months


def begun(model: ConcreteModel, problem: Problem, k: int, s: int, month: int):
    """h on the path of a scenario: 0 before the horizon, and what it was once it is too late to begin."""
    month = min(month, last_start(problem, problem.ports[k]))
    return 0.0 if month < 0 else model.port_begun[k, month, problem.node_in(s, month)]


def ready(model: ConcreteModel, problem: Problem, pair: Pair, period: int, s: int):
    """1 if the port that a pair waits for is done when the period begins, on the path of a scenario; None if it waits
    for none."""
    k = problem.port_of.get(pair)
    if k is None:
        return None
    return begun(model, problem, k, s, problem.months_of[period][0] - problem.ports[k].months)


def _at_work(model: ConcreteModel, problem: Problem, k: int, s: int, month: int):
    """1 in the months in which the port is made."""
    before = month - problem.ports[k].months
    return begun(model, problem, k, s, month) - begun(model, problem, k, s, before)


def _one_for_each_node(problem: Problem, month: int) -> list[int]:
    """A scenario through each node of the month."""
    return [problem.scenarios_through(node, month)[0] for node in problem.nodes_in(month)]


def _add_serving(model: ConcreteModel, problem: Problem) -> None:
    sources = sources_by_slot(problem) if problem.port_of else {}
    held = {slot: most_held(problem, found) for slot, found in sources.items()}

    def ported(m, k, pool, w, t, b, node):
        s = problem.representative(t, node)
        limit = problem.elastic_limit.get(pool)
        most = held[pool, t, node] if limit is None else float(limit[s, t])
        cap = min(most, useful_accelerators(problem, pool, w, t, b, s))
        return m.serve[pool, w, t, b, node] <= cap * ready(m, problem, (pool, w), t, s)

    model.served_once_ported = Constraint(
        [(problem.port_of[slot[:2]], *slot) for slot in model.serve if slot[:2] in problem.port_of],
        rule=ported,
        doc="{1} serves {2} in period {3}, block {4} only if port {0} is done by then",
    )


def most_held(problem: Problem, sources: list[Source]) -> float:
    """What can be held of a pool: of an offer no more than its largest stock at once, beside what may follow."""
    held = [(source.held, problem.deals[source.deal]) for source in sources if source.held > 0]
    own = [deal.offer in problem.offers and deal.right in ("", "renewal") for _, deal in held]
    stocks = [(each, deal.max_blocks) for (each, deal), mine in zip(held, own, strict=True) if mine]
    others = sum(each * deal.max_blocks for (each, deal), mine in zip(held, own, strict=True) if not mine)
    stock = max((blocks for _, blocks in stocks), default=0)
    return others + stock * max((each for each, _ in stocks), default=0.0)
