"""Ports that may be made, and who needs them."""

from __future__ import annotations

from offtake_models.problem import Pair, Port

from ..instance.pools import pools
from ..instance.ports import family_of, open_ports
from ..instance.schema import Instance


def ports_of(instance: Instance, pairs: list[Pair]) -> list[Port]:
    """Ports that are not done yet and that some eligible pair needs, in the order of the file."""
    family = {pool.id: family_of(instance, pool) for pool in pools(instance)}
    needed = {pair: (instance.workloads[pair[1]].model, family[pair[0]]) for pair in pairs}
    found = []
    for model, to, port in open_ports(instance):
        waiting = [pair for pair, needs in needed.items() if needs == (model, to)]
        if waiting:
            found.append(Port(model, to, port.usd, port.months, waiting))
    return found
