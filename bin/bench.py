"""Measures instances: size of the model, CPU seconds of every step, and of the solve to each gap asked for.

    bin/bench [--gaps 1e-2,1e-3] [--time-limit 600] [INSTANCE ...]

Prints a Markdown table; by default of every instance of this checkout. CPU seconds are those of the whole
process, so a solve on several threads counts all of them. Each step runs once: expect a tenth of noise.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

INSTANCES = Path(__file__).resolve().parent.parent / "instances"
T = TypeVar("T")


def timed(step: Callable[[], T]) -> tuple[T, float]:
    """What a step returns, and the CPU seconds it took."""
    before = time.process_time()
    return step(), time.process_time() - before


def measure(path: Path, gaps: list[float], time_limit_s: float) -> list[str]:
    """One row of the table."""
    from offtake_models import build

    import offtake
    from offtake.compile import compile_instance, model_size

    instance, load_s = timed(lambda: offtake.load(path))
    compiled, compile_s = timed(lambda: compile_instance(instance))
    model, build_s = timed(lambda: build(compiled.problem))
    size = model_size(instance)
    row = [path.stem, *(f"{size[key]:,}" for key in ("rows", "columns", "nonzeros"))]
    row += [f"{seconds:.2f}" for seconds in (load_s, compile_s, build_s)]
    row.append(f"{hand_over(model):.2f}")
    return row + [solved(instance, gap, time_limit_s) for gap in gaps]
