"""The best plan of an instance that differs a little from another one, begun with what is known of that one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..instance.schema import Instance
from .signings import Row, Signings, signings

if TYPE_CHECKING:
    from ..compile import Compiled
    from ..plan import Plan
    from ..solve import Limits


def optimum(instance: Instance, limits: Limits, deals: Sequence[Row] | None = None) -> Plan:
    """The best plan of an instance, not audited. `deals` of a similar plan: the search begins with the plan that signs
    them, if there is one. Raises NoPlan, KeyboardInterrupt.
    """
    from ..compile import compile_instance
    from ..reductions import reduced

    whole = compile_instance(instance)
    smaller = reduced(whole)
    return _solved(smaller, limits, begin=None if deals is None else _in_place(whole, smaller, deals))


def with_signings(instance: Instance, limits: Limits, deals: Sequence[Row]) -> Plan | None:
    """The best plan of an instance among those that sign just these deals, with whatever commitments; None if it has
    none. Raises KeyboardInterrupt, NoPlan if that is not known. (`held.hold` holds the commitments too, and says why.)
    """
    from ..compile import compile_instance
    from ..engine import NoPlan
    from .held import fix_deals

    compiled = compile_instance(instance)
    try:
        return _solved(compiled, limits, lambda model: fix_deals(model, compiled, signings(compiled, list(deals))))
    except LookupError:  # one of them is not on offer there
        return None
    except NoPlan as error:
        if error.outcome.status == "infeasible":
            return None
        raise


def _solved(
    compiled: Compiled,
    limits: Limits,
    extend: Callable[[Any], None] = lambda model: None,
    begin: Signings | None = None,
) -> Plan:
    from offtake_models import build

    from ..engine import NoPlan, best_plan

    model, stop = build(replace(compiled.problem, contingencies=[])), threading.Event()
    extend(model)
    first = None if begin is None else values(compiled, model, begin)
    try:
        plan = best_plan(compiled, model, limits, stop=stop, begin=first)
    except NoPlan:
        if stop.is_set():
            raise KeyboardInterrupt from None
        raise
    if stop.is_set():
        raise KeyboardInterrupt
    return plan


def values(compiled: Compiled, model: Any, signed: Signings) -> Mapping[Any, float]:
    """Variable -> value of all numbers of blocks, where these are signed and no others."""
    from pyomo.common.collections import ComponentMap

    free = ((copy, v) for copy, v in model.blocks.items() if not compiled.problem.deals[copy[0]].in_force)
    return ComponentMap((variable, signed.get(copy, 0)) for copy, variable in free)


def _in_place(whole: Compiled, smaller: Compiled, deals: Sequence[Row]) -> Signings | None:
    """Deals of a plan among those of the reduced problem, where one that was left out gives way to what took its
    place; None if one is not on offer."""
    try:
        signed = signings(whole, list(deals))
    except LookupError:
        return None
    places = {id(column): place for column, place in smaller.dropped}
    kept = iter(range(len(smaller.columns)))
    position = [places[id(column)] if id(column) in places else next(kept) for column in whole.columns]
    found: Signings = {}
    for (d, node), blocks in signed.items():
        found[position[d], node] = found.get((position[d], node), 0) + blocks
    return found
