"""Contingencies: whether a plan survives what may be lost, and the search for one that does.

Rows of all contingencies at once would be most of a model, and few of them ask for anything. So a plan is sought
without them. Given the signings, what each contingency lacks is a small linear program for each period, block and
node; its prices make one row in the signings alone that rules out all that lacks as much (`survives` in
`offtake_models.resilience`), and the search goes on with it. The dispatch of each contingency becomes part of the plan.
"""

from __future__ import annotations

from .survival import Survival

__all__ = ["Survival"]
