"""Melange (Griggs et al., 2024): the input of its solver, whose gpu_info holds the profiled rate of each machine.

    {"gpu_info": {"A10G": {"cost": 1.01, "tputs": [[2, 1], [5, 2]]}}, "workload_distribution": ...}

`tputs[i][j]` is the most requests per second of lengths i (input) and j (output) that one machine serves inside the
latency for which it was profiled; older files have a list of machines with a `name`. What is easily misread:

- The lengths of the buckets, the model and the latency target are not in the file: the instance states them beside
  its name. The target stands in for the latencies: they were not recorded.
- A machine may hold several accelerators (`accelerators`), requests/s are of the whole machine.
- 0 says that the machine cannot serve such requests inside the target: no row.
- `cost` and `workload_distribution` are not read: prices and demand are the instance's own.
"""

from __future__ import annotations

from typing import Any

from ..diagnostics import at, listed, shorten
from .entries import Entry, Fault, Reading, finite, positive
from .names import Names

_NEEDED = ("model", "input_tokens", "output_tokens", "ttft_ms", "tpot_ms")


def recognises(entries: list[Entry]) -> bool:
    """Whether this is its input."""
    return len(entries) == 1 and "gpu_info" in entries[0].facts


def entries(found: list[Entry], file: Reading) -> list[Entry]:
    """One entry for each machine, input and output length that it can serve; faults of the whole are reported."""
    lacking = [key for key in _NEEDED if getattr(file.about, key) is None]
    if lacking:
        help = f"beside it: {{file: {shorten(file.about.file)}, {', '.join(f'{key}: ...' for key in lacking)}}}"
        message = f"a Melange profile does not say {listed(lacking, 'or')}"
        file.report(at(file.where, "E021", message, help))
        return []
    try:
        return [
            Entry(found[0].where, f"{name}, tputs[{i}][{j}]", _cell(file, name, i, j, rate))
            for name, machine in _machines(found[0].facts["gpu_info"])
            for i, rates in enumerate(_sized(machine.get("tputs"), len(file.about.input_tokens), f"{name}: tputs"))
            for j, rate in enumerate(_sized(rates, len(file.about.output_tokens), f"{name}: tputs[{i}]"))
            if rate != 0
        ]
    except Fault as fault:
        file.report(at(found[0].where, "E027", fault.message, fault.help))
        return []


def row(entry: Entry, names: Names) -> dict[str, Any]:
    """A measured row as a mapping. Raises Fault."""
    facts = entry.facts
    tokens = facts["input_tokens"] + facts["output_tokens"]
    rate = positive(facts, "requests/s") * tokens / facts["accelerators"]
    return {
        "accelerator": names.accelerator(facts["machine"]),
        **{key: facts[key] for key in _NEEDED},
        "tokens_per_s_per_accelerator": finite(rate, "tokens/s per accelerator"),
        "accelerators": facts["accelerators"],
    }


def _machines(gpu_info: Any) -> list[tuple[str, dict[str, Any]]]:
    """(name, its facts) of each machine."""
    machines = list(gpu_info.items()) if isinstance(gpu_info, dict) else []
    if isinstance(gpu_info, list):
        machines = [(entry.get("name") if isinstance(entry, dict) else None, entry) for entry in gpu_info]
    for name, machine in machines:
        if not isinstance(name, str) or not isinstance(machine, dict):
            raise Fault("a machine of gpu_info has no name or no facts", 'it is written "A10G": {"tputs": [[...]]}')
    if not machines:
        raise Fault("gpu_info names no machines", 'it is written {"A10G": {"tputs": [[...]]}}')
    return machines


def _sized(values: Any, size: int, what: str) -> list[Any]:
    if not isinstance(values, list) or len(values) != size:
        found = len(values) if isinstance(values, list) else "no list"
        message = f"{what} has {found} {'entry' if found == 1 else 'entries'}, the instance states {size} lengths"
        raise Fault(message, "rows are by input_tokens, columns by output_tokens")
    return values


def _cell(file: Reading, name: str, i: int, j: int, rate: Any) -> dict[str, Any]:
    about = file.about
    return {
        "machine": name,
        "model": about.model,
        "input_tokens": about.input_tokens[i],
        "output_tokens": about.output_tokens[j],
        "ttft_ms": about.ttft_ms,
        "tpot_ms": about.tpot_ms,
        "accelerators": float(about.accelerators or 1),
        "requests/s": rate,
    }
