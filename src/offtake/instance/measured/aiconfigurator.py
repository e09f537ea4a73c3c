"""NVIDIA aiconfigurator: `best_config_topn.csv` and `pareto.csv` of a search, aggregated or disaggregated.

Columns of its sdk (`ColumnsAgg`, `ColumnsDisagg`, version 0.12, 2026). What is easily misread:

- These are estimates from a database of measured operators, not measurements of serving: `estimated` is set.
- tokens/s counts output tokens alone (requests/s x osl), of one replica of num_total_gpus accelerators, prefill and
  decode together; rows here count input and output. tokens/s/gpu_cluster also counts accelerators that no replica
  fills: not read. tokens/s/gpu and seq/s/gpu are rounded to three decimals: worked out anew from tokens/s.
- concurrency is that of one replica, as num_total_gpus is.
- prefix is the part of isl that is found in the cache. Rows are taken as measured without one: not used.
- ttft and tpot are milliseconds. Whether tokens were drafted is not said: `speculative` stays false.
- Prefill and decode may stand on different accelerators: such a row is about no single one, and not used.
"""

from __future__ import annotations

from typing import Any

from .. import catalogue, tables
from ..diagnostics import Source
from ..tables import Report
from .entries import Entry, Fault, Skip, finite, positive, text
from .names import Names

_COLUMNS = ["model", "isl", "osl", "concurrency", "ttft", "tpot", "tokens/s", "num_total_gpus"]
_TEXT = tuple(
    f"{side}{name}"
    for name in ("system", "backend", "version", "parallel", "gemm", "moe")
    for side in ("", "(p)", "(d)")
)
_PRECISIONS = {
    **dict.fromkeys(("bf", "float16", "fp16", "half"), "bf16"),
    **dict.fromkeys(("nvfp4", "w4a16_mxfp4", "w4a8_mxfp4"), "fp4"),
    **{"fp8": "fp8", "int8": "int8", "int4": "int4", "w4a": "int4"},
}
"""how a mode of quantisation begins -> precision of the weights; the first that fits"""


def recognises(header: list[str]) -> bool:
    """Whether a CSV with this header is one of its files."""
    return {"isl", "osl", "tokens/s"} <= set(header)


def entries(source: Source, report: Report) -> list[Entry]:
    """One entry for each line."""
    rows = tables.rows(source, _COLUMNS, report, optional=("prefix", *_TEXT), text=("model", *_TEXT))
    return [Entry(where, "", row) for row, where in zip(rows, rows.values_at, strict=True)]


def row(entry: Entry, names: Names) -> dict[str, Any]:
    """A measured row as a mapping. Raises Fault and Skip."""
    facts = entry.facts
    if facts.get("prefix", 0) != 0 and positive(facts, "prefix"):
        raise Skip("part of the prompt is found in a cache", "estimate it with prefix 0")
    side = "(d)" if "(d)system" in facts else ""
    system, name = text(facts, f"{side}system"), text(facts, "model")
    if not system:
        raise Fault("the line names no accelerator", "it stands in the column system, or (p)system and (d)system")
    if not name:
        raise Fault("the line names no model", "it stands in the column model", "model")
    if side and text(facts, "(p)system") not in ("", system):
        raise Skip("prefill and decode stand on different accelerators", "a row is about one accelerator")
    input_tokens, output_tokens = positive(facts, "isl"), positive(facts, "osl")
    accelerators = positive(facts, "num_total_gpus")
    rate = positive(facts, "tokens/s") / accelerators * (input_tokens + output_tokens) / output_tokens
    model = names.model(name)
    return {
        "accelerator": names.accelerator(system),
        "model": model,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "ttft_ms": positive(facts, "ttft"),
        "tpot_ms": positive(facts, "tpot"),
        "tokens_per_s_per_accelerator": finite(rate, "tokens/s per accelerator"),
        "precision": _precision(facts, side, model),
        "concurrency": positive(facts, "concurrency"),
        "accelerators": accelerators,
        "parallelism": _parallelism(facts),
        "engine": f"{text(facts, f'{side}backend')} {text(facts, f'{side}version')}".strip() or None,
        "estimated": True,
    }


def _precision(facts: dict[str, Any], side: str, model: str) -> str | None:
    """Of most weights: those of the experts, if the model is known to have some."""
    experts = catalogue.models().get(model, {}).get("experts")
    mode = text(facts, f"{side}{'moe' if experts else 'gemm'}").lower()
    return next((precision for begin, precision in _PRECISIONS.items() if mode.startswith(begin)), None)


def _parallelism(facts: dict[str, Any]) -> str | None:
    if "(d)parallel" in facts:
        return f"prefill {text(facts, '(p)parallel')}, decode {text(facts, '(d)parallel')}"
    return text(facts, "parallel") or None
