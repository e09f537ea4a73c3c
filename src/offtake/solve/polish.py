"""From a plan within tolerances to a tidy one: whole numbers made whole, and everything else solved again exactly."""

from __future__ import annotations

import highspy
import numpy as np

from .handover import Arrays

TIGHT = 1e-9


def polish(arrays: Arrays, values: np.ndarray) -> tuple[float, np.ndarray]:
    """Scaled cost and values with the integers rounded and fixed and the linear rest re-solved to 1e-9.

    Where rounding makes the rest infeasible beyond the solver's default tolerance, the plan is returned as it came:
    the audit then judges it.
    """
    whole = np.where(arrays.integer, np.round(values), np.nan)
    for tolerance in (TIGHT, 1e-7):
        highs = highspy.Highs()
        for name in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            highs.setOptionValue(name, tolerance)
        highs.setOptionValue("output_flag", False)
        lp = arrays.lp()
        lp.integrality_ = []
        lp.col_lower_ = np.where(arrays.integer, whole, arrays.column_lower)
        lp.col_upper_ = np.where(arrays.integer, whole, arrays.column_upper)
        highs.passModel(lp)
        highs.run()
        if highs.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            tidy = np.array(highs.getSolution().col_value)
            tidy[arrays.integer] = whole[arrays.integer]
            tidy = np.clip(tidy, arrays.column_lower, arrays.column_upper)
            return float(arrays.cost @ tidy + arrays.offset), tidy
    return float(arrays.cost @ values + arrays.offset), values
