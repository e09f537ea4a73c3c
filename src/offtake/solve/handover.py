"""A Pyomo model as arrays for HiGHS, and a vector of values back into the model.

Arrays are always those of a minimisation: the costs of a maximisation change sign here, once, on the way in, and
objective and bound change it back on the way out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import highspy
import numpy as np
from pyomo.common.errors import InfeasibleConstraintException, InvalidConstraintError, InvalidExpressionError
from pyomo.environ import ConcreteModel, Objective, Var, maximize
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csc_array, csr_array, vstack

from offtake_models import collector_paused

if TYPE_CHECKING:
    from pyomo.core.base.var import VarData

LARGEST_COST = 2.0**10
"""Costs are scaled by a power of two until the largest is about this: dollars would swamp HiGHS' tolerances."""
SMALLEST_COST = 1e-7
"""HiGHS' tolerance on reduced costs: what is scaled to less weighs nothing for the solver"""

ROUNDED = 1e-12
"""relative"""
TELLING = 1e-7
"""HiGHS' tolerance on rows"""


class ModelError(ValueError):
    """The model is not one that HiGHS can take. The message is a sentence."""


class NoPlanByArithmetic(Exception):
    """A constraint without variables is violated: there is no plan. The message says what would have to hold."""


@dataclass(frozen=True)
class Rows:
    """a x >= least."""

    a: csr_array
    least: np.ndarray

    def broken(self, x: np.ndarray) -> bool:
        """Whether the solver could tell that some row is not kept."""
        return bool((self.least - self.a @ x).max(initial=0.0) > TELLING)


@dataclass(frozen=True)
class Matrix:
    """minimise cost x + offset subject to row_lower <= a x <= row_upper, lower <= x <= upper, some x whole."""

    a: csc_array
    row_lower: np.ndarray
    row_upper: np.ndarray
    cost: np.ndarray
    offset: float
    lower: np.ndarray
    upper: np.ndarray
    integer: np.ndarray
    """bool by column"""

    def with_rows(self, rows: Rows) -> Matrix:
        """The same with more rows, which come last."""
        return replace(
            self,
            a=csc_array(vstack([self.a, rows.a], format="csc")),
            row_lower=np.concatenate([self.row_lower, rows.least]),
            row_upper=np.concatenate([self.row_upper, np.full(len(rows.least), np.inf)]),
        )

    def objective(self, x: np.ndarray) -> float:
        return float(self.cost @ x) + self.offset

    def rounding(self, x: np.ndarray) -> float:
        """What doubles may lose of the objective where its parts cancel."""
        return ROUNDED * (float(np.abs(self.cost) @ np.abs(x)) + abs(self.offset))

    @property
    def cost_scale(self) -> float:
        """Power of two by which costs are multiplied for the solver."""
        largest = float(np.abs(self.cost).max(initial=0.0))
        return 2.0 ** math.floor(math.log2(LARGEST_COST / largest)) if largest > 0 else 1.0

    @property
    def hides_costs(self) -> bool:
        """Whether a tenth of the costs or more weigh nothing beside the largest: then the solver proves nothing."""
        costs = np.abs(self.cost[self.cost != 0])
        return bool(costs.size) and float(np.quantile(costs, 0.1)) * self.cost_scale < SMALLEST_COST


@dataclass(frozen=True)
class Handover:
    """A compiled model with what is needed to write values back."""

    matrix: Matrix
    columns: list[VarData]
    """by column of the matrix, in the order in which the model declares them"""
    unused: list[VarData]
    """variables that no constraint and no objective mentions"""
    sign: float
    """1 for a minimisation, -1 for a maximisation: the model's objective is sign x that of the matrix"""

    def position(self) -> dict[int, int]:
        """id(variable) -> column."""
        return {id(variable): column for column, variable in enumerate(self.columns)}

    def load(self, x: np.ndarray) -> None:
        """Write values into the model. Unused variables get the value nearest to 0 that their bounds allow."""
        for variable, number in zip(self.columns, x.tolist(), strict=True):
            variable.set_value(number, skip_validation=True)
        for variable in self.unused:
            lower, upper = _bounds(variable)
            variable.set_value(float(min(max(0.0, lower), upper)), skip_validation=True)


def hand_over(model: ConcreteModel) -> Handover:
    """Compile a linear or mixed-integer linear model.

    Raises ModelError for anything else, and NoPlanByArithmetic for a constraint that no variable can mend.
    """
    objectives = list(model.component_data_objects(Objective, active=True, descend_into=True))
    if len(objectives) != 1:
        raise ModelError(f"the model must have exactly one active objective, it has {len(objectives)}")
    with collector_paused():
        form = _standard_form(model)
        used = {id(variable) for variable in form.columns}
        every = list(model.component_data_objects(Var, active=True, descend_into=True))
        unused = [variable for variable in every if not variable.fixed and id(variable) not in used]
        sign = -1.0 if objectives[0].sense == maximize else 1.0
        order = _order_of_declaration(form.columns, every)
        columns = [form.columns[column] for column in order]
        return Handover(_matrix(form, columns, order, sign), columns, unused, sign)


def _order_of_declaration(columns: Sequence[VarData], declared: list[VarData]) -> list[int]:
    """Not by the compiler's `column_order`, which counts a column twice if another of its variable is fixed
    (Pyomo 6.10.1)."""
    place = {id(variable): k for k, variable in enumerate(declared)}
    return sorted(range(len(columns)), key=lambda column: place.get(id(columns[column]), len(place)))


def _standard_form(model: ConcreteModel):
    try:
        return LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=None)
    except InfeasibleConstraintException as error:
        raise NoPlanByArithmetic(_said_of(model, str(error))) from error
    except (InvalidConstraintError, InvalidExpressionError) as error:
        raise ModelError(f"the model must be linear: {error}") from error
    except ValueError as error:
        raise ModelError(f"the model cannot be handed to the solver: {error}") from error


def _said_of(model: ConcreteModel, error: str) -> str:
    """What a constraint that Pyomo names between quotes says, in the words that it was declared with."""
    name = error.partition("'")[2].rpartition("'")[0]
    component = model.component(name.partition("[")[0])
    row = next((each for each in component.values() if each.name == name), None) if component is not None else None
    if row is None or not component.doc:
        return f"the constraint '{name}' holds"
    return component.doc.format(*(row.index() if isinstance(row.index(), tuple) else [row.index()]))


def _matrix(form, columns: list[VarData], order: list[int], sign: float) -> Matrix:
    bounds = [_bounds(variable) for variable in columns]
    keep, row_lower, row_upper = _rows(form)
    matrix = Matrix(
        a=csc_array(form.A.tocsr()[keep].tocsc()[:, order]),
        row_lower=row_lower,
        row_upper=row_upper,
        cost=sign * np.asarray(form.c.toarray(), dtype=float).reshape(-1)[order],
        offset=sign * float(form.c_offset[0]),
        lower=np.array([lower for lower, _ in bounds], dtype=float),
        upper=np.array([upper for _, upper in bounds], dtype=float),
        integer=np.array([_is_integer(variable) for variable in columns], dtype=bool),
    )
    for name in ("cost", "row_lower", "row_upper", "lower", "upper"):
        if np.isnan(getattr(matrix, name)).any():
            raise ModelError(f"the model has a {name.replace('_', ' ')} that is not a number")
    if not (np.isfinite(matrix.a.data).all() and np.isfinite(matrix.cost).all() and np.isfinite(matrix.offset)):
        raise ModelError("the model has a coefficient that is not a finite number")
    return matrix


def _rows(form) -> tuple[list[int], np.ndarray, np.ndarray]:
    """The compiler splits a range into two rows, upper then lower; here they are one again."""
    keep: list[int] = []
    lower: list[float] = []
    upper: list[float] = []
    for row, ((constraint, kind), right) in enumerate(zip(form.rows, form.rhs, strict=True)):
        if kind < 0 and keep and keep[-1] == row - 1 and form.rows[row - 1][0] is constraint:
            lower[-1] = right
            continue
        keep.append(row)
        lower.append(right if kind <= 0 else -np.inf)
        upper.append(right if kind >= 0 else np.inf)
    return keep, np.array(lower, dtype=float), np.array(upper, dtype=float)


def _bounds(variable: VarData) -> tuple[float, float]:
    lower, upper = variable.bounds
    return (-np.inf if lower is None else lower, np.inf if upper is None else upper)


def _is_integer(variable: VarData) -> bool:
    if variable.is_continuous():
        return False
    if variable.is_integer() or variable.is_binary():
        return True
    raise ModelError(f"{variable.name} must be continuous, integer or binary; its domain is {variable.domain}")


def highs_lp(matrix: Matrix) -> highspy.HighsLp:
    """The arrays as HiGHS takes them, costs and offset scaled by `matrix.cost_scale`."""
    lp = highspy.HighsLp()
    rows, columns = matrix.a.shape
    lp.num_row_, lp.num_col_ = rows, columns
    lp.col_cost_ = matrix.cost * matrix.cost_scale
    lp.offset_ = matrix.offset * matrix.cost_scale
    lp.col_lower_, lp.col_upper_ = matrix.lower, matrix.upper
    lp.row_lower_, lp.row_upper_ = matrix.row_lower, matrix.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = rows, columns
    lp.a_matrix_.start_ = matrix.a.indptr
    lp.a_matrix_.index_ = matrix.a.indices
    lp.a_matrix_.value_ = matrix.a.data
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    if matrix.integer.any():
        lp.integrality_ = [kinds[whole] for whole in matrix.integer.tolist()]
    return lp
