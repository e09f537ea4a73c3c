"""InferenceX (formerly InferenceMAX) of SemiAnalysis: results of its runs, one object or a list of them.

Two layouts: what `utils/process_result.py` writes for a run (flat: hw, tp, conc, mean_ttft, ...), and the rows of the
app's database (hardware, decode_tp, conc, metrics: {mean_ttft, ...}). What is easily misread:

- Latencies are seconds; means are taken, as the targets here are means.
- tput_per_gpu counts input and output tokens over all accelerators. output_tput_per_gpu of a disaggregated run is
  per decode accelerator: not read. A tput_per_gpu that is not what its two parts sum to (some writers put output
  tokens there) is an error.
- isl and osl are nominal: requests are drawn evenly from 80 to 100 % of them, so that the mean is 0.9 x.
- num_decode_gpu of aggregated runs with expert parallelism is tp x ep in places, where tp is right. Of the counts
  that an entry states, the one is taken that Little's law gives: concurrency x mean tokens of a request / mean time
  of a request / tput_per_gpu (on published rows 0.97 to 1.1 of the truth). If none is near, the entry is not used.
- Agentic runs have no fixed lengths and count the first token into their interactivity: not used.
- Since 2026 the acceptance of drafted tokens is pinned in some runs: `speculative` tells these rows apart.
"""

from __future__ import annotations

import math
import re
from typing import Any

from .entries import Entry, Fault, Skip, finite, positive, text
from .names import Names

LENGTH_SHARE = 0.9
"""mean length of a request over the nominal one"""
_COUNT_TOLERANCE = 1.4
"""factor by which Little's law may miss the number of accelerators; wrong counts are off by 2 and more"""
_SUM_TOLERANCE = 0.02
_DATE = re.compile(r"20\d\d-(0[1-9]|1[0-2])-[0-3]\d")
_PRECISIONS = ("bf16", "fp8", "fp4", "int4", "int8")


def recognises(entries: list[Entry]) -> bool:
    """Whether these are its results: the first entry tells."""
    return bool(entries) and "tput_per_gpu" in _metrics(entries[0].facts)


def row(entry: Entry, names: Names) -> dict[str, Any]:
    """A measured row as a mapping. Raises Fault and Skip."""
    facts, metrics = entry.facts, _metrics(entry.facts)
    _usable(facts)
    input_tokens, output_tokens = (LENGTH_SHARE * positive(facts, key) for key in ("isl", "osl"))
    ttft_ms, tpot_ms = _milliseconds(metrics, "ttft"), _milliseconds(metrics, "tpot")
    rate, concurrency = positive(metrics, "tput_per_gpu"), positive(facts, "conc")
    _sums_up(facts, metrics, rate)
    request_s = (ttft_ms + tpot_ms * max(output_tokens - 1, 0)) / 1e3
    implied = finite(concurrency * (input_tokens + output_tokens) / request_s / rate, "the number of accelerators")
    return {
        "accelerator": names.accelerator(text(facts, "hardware") or text(facts, "hw") or _lacks("hardware")),
        "model": names.model(text(facts, "model") or _lacks("model")),
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "ttft_ms": ttft_ms,
        "tpot_ms": tpot_ms,
        "tokens_per_s_per_accelerator": rate,
        "precision": text(facts, "precision") if text(facts, "precision") in _PRECISIONS else None,
        "concurrency": concurrency,
        "accelerators": _accelerators(facts, implied),
        "parallelism": _parallelism(facts),
        "engine": _engine(facts),
        "date": found[0] if (found := _DATE.match(text(facts, "date"))) else None,
        "speculative": _speculative(facts),
    }


def _metrics(facts: dict[str, Any]) -> dict[str, Any]:
    metrics = facts.get("metrics")
    return metrics if isinstance(metrics, dict) else facts


def _lacks(key: str) -> str:
    raise Fault(f"{key} is missing", "it names what was measured", key)


def _usable(facts: dict[str, Any]) -> None:
    kind = text(facts, "benchmark_type") or text(facts, "scenario_type") or "single_turn"
    if kind not in ("single_turn", "fixed-seq-len"):
        raise Skip(f"a run of the kind {kind} has no fixed lengths", "only runs with isl and osl are read")
    if text(facts, "prefill_hw") != text(facts, "decode_hw"):
        raise Skip("prefill and decode stand on different accelerators", "a row is about one accelerator")


def _milliseconds(metrics: dict[str, Any], what: str) -> float:
    key = f"mean_{what}" if f"mean_{what}" in metrics else f"median_{what}"
    return 1e3 * positive(metrics, key)


def _sums_up(facts: dict[str, Any], metrics: dict[str, Any], rate: float) -> None:
    """Aggregated, input and output per accelerator sum to the whole; the parts of a disaggregated run cannot tell."""
    if facts.get("disagg") or facts.get("is_multinode") or "input_tput_per_gpu" not in metrics:
        return
    parts = positive(metrics, "input_tput_per_gpu") + positive(metrics, "output_tput_per_gpu")
    if abs(parts / rate - 1) > _SUM_TOLERANCE:
        message = f"tput_per_gpu is {rate:g}, but input and output sum to {parts:g}"
        raise Fault(message, "tput_per_gpu counts input and output tokens over all accelerators", "tput_per_gpu")


def _accelerators(facts: dict[str, Any], implied: float) -> float:
    """Of the numbers of accelerators that the entry may mean, the one that Little's law gives."""
    tp = facts.get("tp", facts.get("decode_tp"))
    prefill, decode = facts.get("num_prefill_gpu"), facts.get("num_decode_gpu")
    if facts.get("disagg"):
        stated = [positive(facts, "num_prefill_gpu") + positive(facts, "num_decode_gpu")]
    else:
        stated = [count for count in (tp, decode) if _is_count(count)]
        stated += [prefill + decode] if _is_count(prefill) and _is_count(decode) and facts.get("is_multinode") else []
    if not stated:
        raise Fault(
            "the number of accelerators is missing", "it stands in tp, or in num_prefill_gpu and num_decode_gpu"
        )
    best = min(stated, key=lambda count: abs(math.log(count / implied)))
    if abs(math.log(best / implied)) > math.log(_COUNT_TOLERANCE):
        raise Skip(
            "throughput and latency belong to another number of accelerators than the one stated",
            "concurrency x tokens of a request / time of a request / tput_per_gpu is that number",
        )
    return float(best)


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9


def _parallelism(facts: dict[str, Any]) -> str:
    """Tensor, expert and data-parallel attention of the workers, in short."""
    if not facts.get("disagg"):
        return _workers(facts, "" if "tp" in facts else "decode_")
    sides = ("prefill", "decode")
    return ", ".join(f"{side} {facts.get(f'{side}_num_workers', 1)} x {_workers(facts, f'{side}_')}" for side in sides)


def _workers(facts: dict[str, Any], side: str) -> str:
    words = [f"tp{facts.get(f'{side}tp')}"]
    words += [f"ep{facts[f'{side}ep']}"] if facts.get(f"{side}ep") not in (None, 0, 1) else []
    words += ["dp-attention"] if facts.get(f"{side}dp_attention") in (True, "true", "True") else []
    return " ".join(words)


def _engine(facts: dict[str, Any]) -> str | None:
    """The framework and the tag of its image."""
    image = text(facts, "image").replace("#", "/").rsplit("/", 1)[-1]
    return " ".join(word for word in (text(facts, "framework"), image.partition(":")[2]) if word) or None


def _speculative(facts: dict[str, Any]) -> bool:
    return any(text(facts, key) not in ("", "none", "off") for key in ("spec_method", "spec_decoding", "mtp"))
