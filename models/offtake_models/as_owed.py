"""As owed: where use or payments decide more than they cost, none is made up.

    sum_p R[p,w,t,s] x[p,w,t,b,nu] + u[w,t,b,nu] <= D[w,t,b,s]                served_as_asked      [requests/s]
    sum_{p, t on the path} H_t 3600 R[p,w,t,s] a_w x[p,w,t,0,nu] <= W_w + one period at least_w
                                                                              trained_as_asked     [W / 1000]
    sum_d e[d,p,t,nu] <= E i[p,t,nu]                                          beyond_if_paid_up    [accelerator-hours]
    left of paid_for_use[p,t,nu] <= P (1 - i[p,t,nu])                         paid_up_before       [accelerator-hours]
    q[k,part,nu] <= Q j[k,part,nu]                                            short_if_spent       [million USD]
    left of commitment_met[k,part,nu] <= S (1 - j[k,part,nu])                 spent_before         [million USD]
    S[p,m,b,nu] - sum_k g[k,p,m,b,nu], k prepaid <= G (1 - m_k + l[k,.])      listed_if_drawn      [million USD]
    left of within_commitment[k,.] <= B (1 - l[k,.])                          drawn_before         [million USD]

Use counts for more than what it serves on pools that a spend commitment is about, or on all of them if shares of spend
or of service are limited: there, interactive workloads are served what they ask for (batch work always is), hours
beyond take-or-pay are paid when those inside are used up (i = 1), and a training run holds what its work takes, at the
useful share a_w of its largest scale, beside one period at its smallest for a remainder (or every period, if rollouts
limit what it learns). If shares of spend are limited, a shortfall is no more than what lacks (j = 1), and list prices
are paid when what is prepaid is drawn (l = 1). What is left of a row is how far it is from its limit; the capitals are
the most that the left side can be. All of it holds in some cheapest plan without such rules, and costs nothing there.
"""

from __future__ import annotations

from pyomo.environ import Binary, ConcreteModel, Constraint, Var, quicksum
from pyomo.repn import generate_standard_repn

from .commitments import held, most_spent, settled_in
from .problem import Problem, Run
from .supply import useful_accelerators
from .training import WORK, work_of_one


def add(model: ConcreteModel, problem: Problem) -> None:
    """Declare `paid_up` (i, [pool, period, node]), `short` (j, [commitment, part, node]) and `drawn_up` (l,
    [commitment, month or part, block, node]), and their rows; none where nothing is gained by making up."""
    about = {pool for commitment in problem.commitments for pool in (*commitment.pools, *commitment.counted_pools)}
    if problem.spend_share is not None or problem.served_share is not None:
        about = set(problem.pools)
    _add_served(model, problem, about)
    _add_trained(model, problem, about)
    _add_beyond(model, problem, about)
    _add_shortfall(model, problem)
    _add_drawn(model, problem)


def _add_served(model: ConcreteModel, problem: Problem, about: set[str]) -> None:
    served: dict[tuple, list[str]] = {}
    for pool, *slot in model.serve:
        served.setdefault(tuple(slot), []).append(pool)
    slots = [
        slot
        for slot, able in served.items()
        if problem.workloads[slot[0]].kind == "interactive" and not about.isdisjoint(able)
    ]

    def asked(m, w, t, b, node):
        s = problem.representative(t, node)
        able = served[w, t, b, node]
        rates = quicksum(float(problem.rate[pool, w][s, t]) * m.serve[pool, w, t, b, node] for pool in able)
        return rates + m.unserved[w, t, b, node] <= float(problem.workloads[w].provision[s, t, b])

    model.served_as_asked = Constraint(
        slots, rule=asked, doc="{0} is served no more than it asks for in period {1}, block {2}"
    )


def _add_trained(model: ConcreteModel, problem: Problem, about: set[str]) -> None:
    able = {w: [pool for pool, run in problem.rate if run == w] for w, each in problem.workloads.items() if each.run}
    watched = [w for w, pools in able.items() if not about.isdisjoint(pools)]

    def asked(m, w, last, node):
        run, s = problem.workloads[w].run, problem.representative(last, node)
        path = [(pool, w, t, 0, problem.node_at(s, t)) for t in run.periods for pool in able[w]]
        held = [slot for slot in path if slot in m.serve]
        done = quicksum(_work(problem, slot) * _share_at_most(run, slot[0]) * m.serve[slot] for slot in held)
        return done <= WORK + _rest(problem, w, held) if held else Constraint.Skip

    model.trained_as_asked = Constraint(
        [
            (w, run.periods[-1], node)
            for w in watched
            for run in [problem.workloads[w].run]
            for node in problem.nodes_at(run.periods[-1])
        ],
        rule=asked,
        doc="{0} holds no more on the way to period {1} than its work takes",
    )


def _work(problem: Problem, slot: tuple) -> float:
    """Work of one accelerator through the period, if nothing is lost."""
    pool, w, t, _b, node = slot
    return work_of_one(problem, pool, w, problem.representative(t, node), t)


def _share_at_most(run: Run, pool: str) -> float:
    """Useful share of an accelerator at the largest scale: of a smaller one it is no less."""
    return _useful(run, pool, run.most_accelerators) / run.most_accelerators


def _useful(run: Run, pool: str, accelerators: float) -> float:
    return min(line[pool][0] * accelerators + line[pool][1] for line in run.useful)


def _rest(problem: Problem, w: str, held: list[tuple]) -> float:
    """Work that the smallest scale may do beside the work: of the last period, or of any that lacks rollouts."""
    run = problem.workloads[w].run
    most = max((_work(problem, slot) * _useful(run, slot[0], run.least_accelerators) for slot in held), default=0.0)
    lacking = any(each.rollouts is not None and each.rollouts.learner == w for each in problem.workloads.values())
    return most * (len(run.periods) if lacking else 1)


def _add_beyond(model: ConcreteModel, problem: Problem, about: set[str]) -> None:
    hours: dict[tuple, list] = {slot: [] for slot in model.paid_for_use if slot[0] in about}
    for key, variable in model.beyond.items():
        if key[1:] in hours:
            hours[key[1:]].append(variable)
    model.paid_up = Var(list(hours), domain=Binary)
    model.beyond_if_paid_up = Constraint(
        list(hours),
        rule=lambda m, *slot: _at_most(m, problem, quicksum(hours[slot]), m.paid_up[slot]),
        doc="hours of {0} beyond take-or-pay are paid in period {1} only if those inside are used up",
    )
    model.paid_up_before = Constraint(
        list(hours),
        rule=lambda m, *slot: _at_most(m, problem, _left(m.paid_for_use[slot]), 1 - m.paid_up[slot]),
        doc="hours of {0} inside take-or-pay are used up in period {1} if some beyond are paid",
    )


def _add_shortfall(model: ConcreteModel, problem: Problem) -> None:
    slots = list(model.commitment_met) if problem.spend_share is not None else []
    lacks = {slot: model.shortfall[slot] - _left(model.commitment_met[slot]) for slot in slots}
    model.short = Var(slots, domain=Binary)
    model.short_if_spent = Constraint(
        slots,
        rule=lambda m, *slot: m.shortfall[slot] <= _most(m, problem, lacks[slot]) * m.short[slot],
        doc="commitment {0} is paid for nothing in part {1} only if all that was spent is not enough",
    )
    model.spent_before = Constraint(
        slots,
        rule=lambda m, *slot: m.shortfall[slot] - lacks[slot] <= _most(m, problem, -lacks[slot]) * (1 - m.short[slot]),
        doc="commitment {0} is paid no more for nothing in part {1} than what lacks",
    )


def _add_drawn(model: ConcreteModel, problem: Problem) -> None:
    slots = list(model.within_commitment) if problem.spend_share is not None else []
    model.drawn_up = Var(slots, domain=Binary)
    prepaid = [each for each, commitment in enumerate(problem.commitments) if commitment.prepaid]
    places = [(*s, *slot[1:]) for slot in (model.covered if slots else []) for s in settled_in(problem, slot)]

    def listed(m, k, j, block, last, pool, month, b, node):
        place = pool, month, b, node
        drawn = quicksum(m.covered[each, *place] for each in prepaid if (each, *place) in m.covered)
        taken = held(m, problem, k, problem.scenarios_through(node, month)[0])
        return m.list_spend[place] - drawn <= most_spent(problem, *place) * (1 - taken + m.drawn_up[k, j, block, last])

    model.listed_if_drawn = Constraint(
        places, rule=listed, doc="{4} is paid at list in month {5}, block {6}, only if commitment {0} is drawn up"
    )
    model.drawn_before = Constraint(
        slots,
        rule=lambda m, *slot: _at_most(m, problem, _left(m.within_commitment[slot]), 1 - m.drawn_up[slot]),
        doc="commitment {0} is drawn up in month or part {1} if list prices are paid",
    )


def _at_most(model: ConcreteModel, problem: Problem, amount, share):
    """amount <= share of the most that it can be."""
    return amount <= _most(model, problem, amount) * share


def _left(row) -> object:
    """How far a row is from its limit."""
    return row.upper - row.body if row.upper is not None else row.body - row.lower


def _most(model: ConcreteModel, problem: Problem, amount) -> float:
    """The most that a linear expression of decisions that are never negative can be."""
    found = generate_standard_repn(amount, compute_values=True)
    terms = zip(found.linear_coefs, found.linear_vars, strict=True)
    return found.constant + sum(c * _bound(problem, variable) for c, variable in terms if c > 0)


def _bound(problem: Problem, variable) -> float:
    """The most that a decision of another family can be."""
    if variable.ub is not None:
        return float(variable.ub)
    name, index = variable.parent_component().local_name, variable.index()
    if name == "serve":
        pool, w, t, b, node = index
        return useful_accelerators(problem, pool, w, t, b, problem.representative(t, node))
    if name == "beyond":
        deal, pool, t, node = index
        of = problem.deals[deal]
        return float(of.delivered_hours[pool][problem.representative(t, node), t]) * of.max_blocks
    if name == "covered":
        return most_spent(problem, *index[1:])
    raise ValueError(f"nothing is known of the most that {variable.name} can be")
