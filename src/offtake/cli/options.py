"""Arguments and options that several commands share, and the numbers that they accept."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

import click


class Number(click.ParamType):
    """A finite number in a range; NaN and infinities are refused."""

    name = "number"

    def __init__(self, least: float, most: float = math.inf, above: bool = False, help: str = "") -> None:
        self.least, self.most, self.above, self.help = least, most, above, help

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number.{self.help}", param, ctx)
        fits = self.least <= number <= self.most and not (self.above and number == self.least)
        if not math.isfinite(number) or not fits:
            low = "above" if self.above else "at least"
            high = f" and at most {self.most:g}" if math.isfinite(self.most) else ""
            self.fail(f"{value} is not a finite number {low} {self.least:g}{high}.{self.help}", param, ctx)
        return number


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class PlanFile(click.Path):
    """The path of a plan, or the beginning of the id of a run that `offtake solve` has kept."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = super().convert(value, param, ctx)
        if not re.fullmatch("[0-9a-f]{4,8}", str(path)) or path.exists():
            return path
        from .history import plan_path

        return plan_path(str(path)) or path


PATH = click.Path(path_type=Path)
PLAN = PlanFile(path_type=Path)
GAP = Number(0, 1, help=" A gap is a share of the cost: 0.01 is one percent.")
SECONDS = Number(0, above=True, help=" A time limit is in seconds.")

instance_argument = click.argument("instance_path", metavar="INSTANCE", type=PATH)
plan_argument = click.argument("plan_path", metavar="PLAN", type=PLAN)
set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one value of the instance, by its dotted path; may be repeated.",
)
gap_option = click.option(
    "--gap", type=GAP, default=1e-2, show_default=True, help="Stop when proven within this share of the best plan."
)
time_limit_option = click.option(
    "--time-limit", "time_limit_s", type=SECONDS, metavar="SECONDS", help="Stop then, with the best plan so far."
)
