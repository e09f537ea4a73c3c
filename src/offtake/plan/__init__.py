"""The answer: decisions read from the solved model, tables and key figures made of them, and the plan file."""

from .assemble import make_plan
from .decisions import Decisions, read
from .document import PlanError
from .kpis import KPI_DEFINITIONS, KpiDefinition
from .plan import Plan

load = Plan.load
"""Read a saved plan. Raises PlanError, with a sentence, for anything that is not one."""

__all__ = ["KPI_DEFINITIONS", "Decisions", "KpiDefinition", "Plan", "PlanError", "load", "make_plan", "read"]
