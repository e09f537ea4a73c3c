"""Which compute contracts to sign, how much of each, from when and for how long.

    instance = offtake.load("instances/quickstart.yaml")
    plan = offtake.solve(instance, gap=1e-2)
    plan.deals

Names are imported on first use, so that `import offtake` costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine import NoPlan, build_model
    from .instance import Instance, InstanceError, load
    from .plan import Plan, PlanError
    from .study.alternatives import alternatives
    from .study.breakeven import breakeven
    from .study.compare import compare
    from .study.explain import explain
    from .study.explain_assumptions import explain_assumptions
    from .study.explain_offer import explain_offer
    from .study.flips import flips
    from .study.frontier import frontier
    from .study.sensitivity import sensitivity
    from .study.terminal_rule import other_rule
    from .study.waiting import waiting

__all__ = [
    "Instance",
    "InstanceError",
    "NoPlan",
    "Plan",
    "PlanError",
    "__version__",
    "alternatives",
    "audit",
    "breakeven",
    "build_model",
    "compare",
    "explain",
    "explain_assumptions",
    "explain_offer",
    "flips",
    "frontier",
    "load",
    "other_rule",
    "sensitivity",
    "solve",
    "waiting",
]

_HOMES = {
    "Instance": "instance",
    "InstanceError": "instance",
    "NoPlan": "engine",
    "Plan": "plan",
    "PlanError": "plan",
    "alternatives": "study.alternatives",
    "audit": "audit",
    "breakeven": "study.breakeven",
    "build_model": "engine",
    "compare": "study.compare",
    "explain": "study.explain",
    "explain_assumptions": "study.explain_assumptions",
    "explain_offer": "study.explain_offer",
    "flips": "study.flips",
    "frontier": "study.frontier",
    "load": "instance",
    "other_rule": "study.terminal_rule",
    "sensitivity": "study.sensitivity",
    "solve": "engine",
    "waiting": "study.waiting",
}
"""Public name -> the module that defines it."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("offtake")
    if name not in _HOMES:
        raise AttributeError(f"module 'offtake' has no attribute {name!r}")
    found = getattr(import_module(f"offtake.{_HOMES[name]}"), name)
    return globals().setdefault(name, found)


def __dir__() -> list[str]:
    return __all__


class _CallableFolder(ModuleType):
    """`solve` and `audit` are both a folder of the engine and a public function of the same name: calling the
    folder calls the function, and `offtake.solve` means the same whether or not the folder was imported."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = self.__name__.removeprefix("offtake.")
        return getattr(import_module(f"offtake.{_HOMES[name]}"), name)(*args, **kwargs)


class _Offtake(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("solve", "audit") and type(value) is ModuleType:
            value.__class__ = _CallableFolder
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Offtake
