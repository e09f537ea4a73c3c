"""Futures that were compiled one by one, side by side along the scenario axis."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from offtake_models.problem import Problem


def stack(futures: list[Problem], probability: list[float], node_of: np.ndarray) -> Problem:
    """Problems of the same shape side by side: arrays along the scenario axis, all else as in the first."""
    first = futures[0]
    deals = [_stacked([each.deals[d] for each in futures]) for d in range(len(first.deals))]
    workloads = {key: _stacked([each.workloads[key] for each in futures]) for key in first.workloads}
    tables = ("elastic_limit", "rate", "use_cash", "use_carbon", "list_cash", "sublet_usd")
    by_key = {name: _merged([getattr(each, name) for each in futures]) for name in tables}
    return replace(first, probability=probability, node_of=node_of, deals=deals, workloads=workloads, **by_key)


def _stacked(alike: list[Any]) -> Any:
    """Dataclasses whose arrays all have the scenario axis first."""
    first, merged = alike[0], {}
    for name, value in vars(first).items():
        if isinstance(value, np.ndarray):
            merged[name] = np.concatenate([getattr(each, name) for each in alike])
        elif isinstance(value, dict):
            merged[name] = _merged([getattr(each, name) for each in alike])
    return replace(first, **merged)


def _merged(tables: list[dict[Any, np.ndarray]]) -> dict[Any, np.ndarray]:
    """A future without an entry has zeros: what nobody may use beyond take-or-pay has no price there."""
    keys = dict.fromkeys(key for table in tables for key in table)
    shapes = {key: next(table[key] for table in tables if key in table) for key in keys}
    return {key: np.concatenate([table.get(key, np.zeros_like(shapes[key])) for table in tables]) for key in keys}
