"""A Pyomo model to the arrays that HiGHS reads, and values back."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from pyomo.common.errors import InvalidExpressionError
from pyomo.environ import ConcreteModel, Objective, minimize
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csc_matrix

LARGEST_COST = 1e4
"""Objective coefficients are scaled by a power of ten until the largest is at most this: dollars come in billions."""


class ModelError(Exception):
    """The model cannot be handed to a linear solver; the text says why and what to change."""


@dataclass(frozen=True)
class Arrays:
    """One mixed-integer linear program: minimise scale * (sign * objective)."""

    columns: list
    """Pyomo variables in column order"""
    cost: np.ndarray
    offset: float
    scale: float
    """the model's objective = sign * (cost @ x + offset) / scale"""
    sign: float
    """1 to minimise, -1 to maximise"""
    matrix: csc_matrix
    column_lower: np.ndarray
    column_upper: np.ndarray
    row_lower: np.ndarray
    row_upper: np.ndarray
    integer: np.ndarray

    def objective(self, scaled: float) -> float:
        """The model's own objective from the solver's."""
        return self.sign * scaled / self.scale

    def lp(self) -> highspy.HighsLp:
        """The program as HiGHS takes it."""
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.matrix.shape[1], self.matrix.shape[0]
        lp.col_cost_, lp.offset_ = self.cost, self.offset
        lp.col_lower_, lp.col_upper_ = self.column_lower, self.column_upper
        lp.row_lower_, lp.row_upper_ = self.row_lower, self.row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = self.matrix.indptr, self.matrix.indices
        lp.a_matrix_.value_ = self.matrix.data
        if self.integer.any():
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            lp.integrality_ = [kinds[int(i)] for i in self.integer]
        return lp


def to_arrays(model: ConcreteModel) -> Arrays:
    """Compile a linear or mixed-integer linear model. Raises ModelError if it is neither."""
    objectives = list(model.component_data_objects(Objective, active=True))
    if len(objectives) != 1:
        raise ModelError(f"the model has {len(objectives)} active objectives; exactly one is needed")
    form = _standard_form(model)
    sign = 1.0 if objectives[0].sense == minimize else -1.0
    cost = np.asarray(form.c.todense(), dtype=float).ravel()
    largest = np.abs(cost).max(initial=0.0)
    scale = 10.0 ** -max(0, int(np.ceil(np.log10(largest / LARGEST_COST)))) if largest > 0 else 1.0
    lower, upper = _row_bounds(form)
    bounds = [variable.bounds for variable in form.columns]
    return Arrays(
        columns=list(form.columns),
        cost=cost * scale,
        offset=float(form.c_offset[0]) * scale,
        scale=scale,
        sign=sign,
        matrix=csc_matrix(form.A),
        column_lower=np.array([-np.inf if low is None else low for low, _ in bounds], dtype=float),
        column_upper=np.array([np.inf if high is None else high for _, high in bounds], dtype=float),
        row_lower=lower,
        row_upper=upper,
        integer=np.array([variable.is_integer() or variable.is_binary() for variable in form.columns], dtype=bool),
    )


def _standard_form(model: ConcreteModel):
    collecting = gc.isenabled()
    gc.disable()
    try:
        return LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=minimize)
    except (InvalidExpressionError, ValueError, NotImplementedError) as error:
        raise ModelError(f"the model is not linear with valid numbers: {error}") from error
    finally:
        if collecting:
            gc.enable()


def _row_bounds(form) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds of the rows; in mixed form bound_type is -1 for >=, 0 for = and 1 for <=."""
    kind = np.array([row.bound_type for row in form.rows], dtype=int)
    right = np.asarray(form.rhs, dtype=float)
    return np.where(kind <= 0, right, -np.inf), np.where(kind >= 0, right, np.inf)


def load_values(columns: Sequence, values: np.ndarray) -> None:
    """Put a solution into the Pyomo variables, whole numbers as whole numbers."""
    for variable, value in zip(columns, values, strict=True):
        variable.set_value(round(value) if variable.is_integer() else float(value), skip_validation=True)


__all__ = ["Arrays", "ModelError", "load_values", "to_arrays"]
