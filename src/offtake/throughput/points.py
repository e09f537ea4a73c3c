"""Measured rows -> the points of a calibration, and why others are none."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd

from ..instance.schema import Accelerator, LanguageModel, MeasuredRow
from .calibration import COLUMNS

_SHARED = re.compile(r"dp-attention|\b(?:a?dp|dpa|dp_attention)\s*=?\s*(?:[2-9]|\d\d)", re.IGNORECASE)
_SPREAD = re.compile(r"\b(?:m?oe_?ep|e?ep)\s*=?\s*(?:[2-9]|\d\d)", re.IGNORECASE)


def points(
    rows: list[MeasuredRow], accelerators: dict[str, Accelerator], models: dict[str, LanguageModel]
) -> tuple[pd.DataFrame, Counter[str]]:
    """The rows that the roofline can be fitted to, in the columns of a calibration; and how many are left out, by why.

    Data-parallel attention and spread experts are read from the words of `parallelism` (dp-attention, dp8, ep8). A row
    without a precision is of the precision that its model has.
    """
    found, left_out = [], Counter()
    for row in rows:
        reason = _unfit(row, accelerators, models)
        if reason:
            left_out[reason] += 1
        else:
            found.append(_point(row, models))
    return pd.DataFrame(found, columns=COLUMNS), left_out


def _unfit(row: MeasuredRow, accelerators: dict[str, Accelerator], models: dict[str, LanguageModel]) -> str:
    """Why a row cannot be fitted; empty if it can."""
    if row.accelerator not in accelerators:
        return f"of {row.accelerator}, which the catalogue does not have"
    if row.model not in models:
        return f"of {row.model}, which the catalogue does not have"
    if row.concurrency is None or row.accelerators is None:
        return "without concurrency or accelerators"
    if row.estimated:
        return "estimated, not measured"
    if row.speculative:
        return "with speculation"
    if row.parallelism and "prefill" in row.parallelism:
        return "with prompts and answers on separate engines"
    return "in a precision that the roofline does not know" if row.precision == "int8" else ""


def _point(row: MeasuredRow, models: dict[str, LanguageModel]) -> dict[str, object]:
    words = row.parallelism or ""
    known = {column: getattr(row, column, None) for column in COLUMNS}
    return known | {
        "precision": row.precision or models[row.model].precision,
        "engine": row.engine.split()[0].lower() if row.engine else None,
        "data_parallel": bool(_SHARED.search(words)),
        "expert_parallel": bool(_SPREAD.search(words)),
    }
