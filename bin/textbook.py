"""The problem of a ladder instance as a textbook writes it, for the contenders that run beside the engine.

    min  sum_d (c_d n_d + f_d z_d) + sum u x
    sum_p R[p,w,t] x[p,w,t,b]            >= D[w,t,b]                  demand      [requests/s]
    sum_{p,b} 3600 phi_b H_t R x         =  work[w,t]                 work        [million requests]
    sum_w x[p,w,t,b]                     <= sum_d A[d,p,t] n_d        capacity    [accelerators]
    sum_w x[p,w,t,b]                     <= limit[p,t]                elastic     [accelerators]
    n_d                                  <= max_d z_d                 signing     [blocks]
    sum_{d of o in service in m} z_d     <= 1                         repetition  [deals]
    sum_d P[d,m] n_d                     =  W_m                       power       [MW]
    sum_{d of g} P[d,m] n_d              <= share_g W_m               provider    [MW]

One row links all that a pool serves to all deals that feed it, and every deal is there. `families` makes rows and
coefficients of a compiled problem; `pyomo_model`, `linopy_model` and `arrays` write them down in three ways. What the
ladder does not have is refused.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import reduce

import highspy
import numpy as np
from pyomo.environ import ConcreteModel, Constraint, Integers, NonNegativeReals, Objective, Var
from scipy.sparse import coo_array

from offtake_models.problem import Problem
from offtake_models.signing import deals_of
from offtake_models.supply import sources_by_slot

MILLION_REQUESTS_PER_HOUR = 3600 / 1e6
"""of one request/s"""


@dataclass(frozen=True)
class Columns:
    """Variables of one kind."""

    cost: np.ndarray
    upper: np.ndarray
    whole: bool


@dataclass(frozen=True)
class Family:
    """Constraints of one kind: by kind of variable (row, column, coefficient), and a right side for each row."""

    terms: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
    sense: str
    """<=, >= or =="""
    right: np.ndarray


@dataclass(frozen=True)
class Textbook:
    columns: dict[str, Columns]
    families: dict[str, Family]


class _Rows:
    """Terms of one family as they come, by the key of their row."""

    def __init__(self) -> None:
        self.number: dict[Hashable, int] = {}
        self.terms: dict[str, list[tuple[int, int, float]]] = {}

    def add(self, key: Hashable, kind: str, column: int, coefficient: float) -> None:
        row = self.number.setdefault(key, len(self.number))
        self.terms.setdefault(kind, []).append((row, column, coefficient))

    def family(self, sense: str, right: Iterable[float] | float) -> Family:
        sides = np.broadcast_to(np.asarray(right, dtype=float), len(self.number))
        arrays = {kind: [np.array(each) for each in zip(*terms, strict=True)] for kind, terms in self.terms.items()}
        return Family({kind: tuple(each) for kind, each in arrays.items()}, sense, sides)


def textbook(problem: Problem) -> Textbook:
    """Raises ValueError, with a sentence, for a problem that has more than those of the ladder."""
    _refuse(problem)
    slots = _slots(problem)
    deals = problem.deals
    most = np.array([deal.max_blocks for deal in deals], dtype=float)
    columns = {
        "blocks": Columns(np.array([deal.npv_usd[0] for deal in deals]), most, True),
        "signed": Columns(np.array([deal.npv_once_usd[0] for deal in deals]), np.ones(len(deals)), True),
        "serve": Columns(_use_usd(problem, slots), np.full(len(slots), np.inf), False),
        "power": Columns(np.zeros(len(problem.period_of)), np.full(len(problem.period_of), np.inf), False),
    }
    families = {**_served(problem, slots), **_supplied(problem, slots), **_signed(problem, most), **_powered(problem)}
    return Textbook(columns, {name: family for name, family in families.items() if len(family.right)})


def _refuse(problem: Problem) -> None:
    foreign = {
        "several futures": len(problem.probability) > 1,
        "limits on cash, obligations, power or carbon": bool(
            problem.cash_limits or problem.balance_limits or problem.power_limits or problem.carbon_limits
        )
        or problem.obligations_max_usd is not None,
        "groups, commitments, subleases, ports or contingencies": bool(
            problem.groups or problem.commitments or problem.sublet_usd or problem.ports or problem.contingencies
        ),
        "rules on spend, service, sellers or an earlier plan": any(
            rule is not None
            for rule in (problem.spend_share, problem.served_share, problem.sellers_min, problem.change_usd)
        ),
        "use beyond take-or-pay, follow-ons or contracts in force": any(
            deal.right or deal.in_force or deal.min_blocks > 1 or (deal.take_or_pay < 1).any() for deal in problem.deals
        ),
        "repetition other than one_at_a_time": any(problem.repeat[o] != "one_at_a_time" for o in problem.offers),
        "demand that may be refused or wait beyond its period, or training": any(
            w.run is not None or w.refused_usd is not None or w.waiting_periods for w in problem.workloads.values()
        ),
    }
    found = [what for what, there in foreign.items() if there]
    if found:
        raise ValueError(f"the textbook form is that of the ladder: it does not know {'; '.join(found)}")


def _slots(problem: Problem) -> list[tuple[str, str, int, int]]:
    """(pool, workload, period, block) of each x."""
    sources = sources_by_slot(problem)
    return [
        (pool, w, t, b)
        for pool, w in problem.rate
        for t in problem.periods
        if pool in problem.elastic_limit or (pool, t, 0) in sources
        for b in problem.blocks
    ]


def _use_usd(problem: Problem, slots: list[tuple[str, str, int, int]]) -> np.ndarray:
    """[x] discounted USD of one accelerator provisioned."""
    months = len(problem.period_of)
    by_period = {
        pair: np.bincount(problem.period_of, usd[0] * problem.discount[:months])
        for pair, usd in problem.use_cash.items()
    }
    share = {w: workload.mean_share[0] * problem.block_share for w, workload in problem.workloads.items()}
    return np.array([by_period[p, w][t] * share[w][t, b] for p, w, t, b in slots])


def _served(problem: Problem, slots: list[tuple[str, str, int, int]]) -> dict[str, Family]:
    demand, work, workloads = _Rows(), _Rows(), problem.workloads
    hours = problem.hours[:, None] * problem.block_share * MILLION_REQUESTS_PER_HOUR
    for x, (pool, w, t, b) in enumerate(slots):
        rate = float(problem.rate[pool, w][0, t])
        if workloads[w].kind == "interactive":
            demand.add((w, t, b), "serve", x, rate)
        else:
            work.add((w, t), "serve", x, rate * float(hours[t, b]))
    asked = [workloads[w].provision[0, t, b] for w, t, b in demand.number]
    arrives = [hours[t] @ workloads[w].provision[0, t] for w, t in work.number]
    return {"demand": demand.family(">=", asked), "work": work.family("==", arrives)}


def _supplied(problem: Problem, slots: list[tuple[str, str, int, int]]) -> dict[str, Family]:
    capacity, elastic = _Rows(), _Rows()
    for x, (pool, _, t, b) in enumerate(slots):
        (elastic if pool in problem.elastic_limit else capacity).add((pool, t, b), "serve", x, 1.0)
    for (pool, t, _), sources in sources_by_slot(problem).items():
        for b in problem.blocks:
            for source in sources:
                capacity.add((pool, t, b), "blocks", source.deal, -source.held)
    limits = [problem.elastic_limit[pool][0, t] for pool, t, _ in elastic.number]
    return {"capacity": capacity.family("<=", 0.0), "elastic": elastic.family("<=", limits)}


def _signed(problem: Problem, most: np.ndarray) -> dict[str, Family]:
    signing, repetition = _Rows(), _Rows()
    for d in range(len(problem.deals)):
        signing.add(d, "blocks", d, 1.0)
        signing.add(d, "signed", d, -most[d])
    for offer in problem.offers:
        for d in deals_of(problem, offer):
            for month in np.flatnonzero(problem.deals[d].in_service[0, : len(problem.period_of)]):
                repetition.add((offer, int(month)), "signed", d, 1.0)
    return {"signing": signing.family("<=", 0.0), "repetition": repetition.family("<=", 1.0)}


def _powered(problem: Problem) -> dict[str, Family]:
    power, provider = _Rows(), _Rows()
    shares = problem.power_shares
    for month in range(len(problem.period_of)):
        power.add(month, "power", month, -1.0)
        for g, share in enumerate(shares):
            if month >= share.first:
                provider.add((g, month), "power", month, -share.most)
    for d, deal in enumerate(problem.deals):
        for month in np.flatnonzero(deal.power_mw[0]):
            drawn = float(deal.power_mw[0, month])
            power.add(int(month), "blocks", d, drawn)
            for g, share in enumerate(shares):
                if month >= share.first and deal.offer in share.of:
                    provider.add((g, int(month)), "blocks", d, share.of[deal.offer] * drawn)
    return {"power": power.family("==", 0.0), "provider": provider.family("<=", 0.0)}


def pyomo_model(text: Textbook) -> ConcreteModel:
    """With rule functions."""
    model = ConcreteModel()
    for kind, columns in text.columns.items():
        domain = Integers if columns.whole else NonNegativeReals
        bounds = [(0.0, float(upper) if np.isfinite(upper) else None) for upper in columns.upper]
        variables = Var(range(len(bounds)), domain=domain, bounds=lambda _, k, bounds=bounds: bounds[k])
        model.add_component(kind, variables)
    model.cost = Objective(
        expr=sum(
            usd * variable
            for kind, each in text.columns.items()
            for usd, variable in zip(each.cost.tolist(), model.component(kind).values(), strict=True)
        )
    )
    for name, family in text.families.items():
        model.add_component(f"{name}_row", Constraint(range(len(family.right)), rule=_rule(family)))
    return model


def _rule(family: Family):
    by_row: list[list[tuple[str, int, float]]] = [[] for _ in family.right]
    for kind, (rows, columns, coefficients) in family.terms.items():
        for row, column, coefficient in zip(rows.tolist(), columns.tolist(), coefficients.tolist(), strict=True):
            by_row[row].append((kind, column, coefficient))

    def rule(model, row):
        left = sum(coefficient * getattr(model, kind)[column] for kind, column, coefficient in by_row[row])
        right = float(family.right[row])
        return left <= right if family.sense == "<=" else left >= right if family.sense == ">=" else left == right

    return rule


def linopy_model(text: Textbook):
    """With whole arrays at a time."""
    import linopy
    import pandas as pd
    import xarray as xr

    def array(values, along):
        return xr.DataArray(values, coords=[pd.RangeIndex(len(values), name=along)])

    model = linopy.Model()
    variables = {
        kind: model.add_variables(lower=0, upper=array(each.upper, kind), integer=each.whole, name=kind)
        for kind, each in text.columns.items()
    }
    for name, family in text.families.items():
        sides = [
            (variables[kind].isel({kind: array(columns, "term")}) * array(coefficients, "term"))
            .groupby(xr.DataArray(rows, dims=["term"], name="row"))
            .sum()
            for kind, (rows, columns, coefficients) in family.terms.items()
        ]
        left = reduce(lambda one, other: one.add(other, join="outer"), sides)
        model.add_constraints(left, family.sense.replace("==", "="), array(family.right, "row"), name=name)
    model.add_objective(sum((variables[kind] * array(each.cost, kind)).sum() for kind, each in text.columns.items()))
    return model


def arrays(text: Textbook) -> highspy.HighsLp:
    """One matrix, as HiGHS takes it."""
    begins, columns = {}, 0
    for kind, each in text.columns.items():
        begins[kind], columns = columns, columns + len(each.cost)
    parts, lower, upper, rows = [], [], [], 0
    for family in text.families.values():
        parts += [(row + rows, column + begins[kind], value) for kind, (row, column, value) in family.terms.items()]
        lower.append(np.full(len(family.right), -np.inf) if family.sense == "<=" else family.right)
        upper.append(np.full(len(family.right), np.inf) if family.sense == ">=" else family.right)
        rows += len(family.right)
    row, column, value = (np.concatenate(each) for each in zip(*parts, strict=True))
    a = coo_array((value, (row, column)), shape=(rows, columns)).tocsc()
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = rows, columns
    lp.col_cost_ = np.concatenate([each.cost for each in text.columns.values()])
    lp.col_lower_ = np.zeros(columns)
    lp.col_upper_ = np.concatenate([each.upper for each in text.columns.values()])
    lp.row_lower_, lp.row_upper_ = np.concatenate(lower), np.concatenate(upper)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = rows, columns
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = a.indptr, a.indices, a.data
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[each.whole] for each in text.columns.values() for _ in each.cost]
    return lp
