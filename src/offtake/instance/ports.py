"""Ports: which model must be brought to which software family before its accelerators can serve it."""

from __future__ import annotations

from .pools import Pool
from .schema import Instance, Port


def open_ports(instance: Instance) -> list[tuple[str, str, Port]]:
    """(model, family, port) of what is not done yet, in the order of the file."""
    return [
        (model, family, port)
        for model, families in instance.ports.items()
        for family, port in families.items()
        if not port.done
    ]


def name_of(model: str, family: str) -> str:
    """What stands in place of an offer where a port is paid; offers have no slash in their ids."""
    return f"{model}/{family}"


def family_of(instance: Instance, pool: Pool) -> str | None:
    """The software family of a pool; None for a token API, which is somebody else's port."""
    return None if pool.accelerator is None else instance.accelerators[pool.accelerator].family
