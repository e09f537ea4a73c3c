"""Rules on ports: what they cost, and whether anything waits for them."""

from __future__ import annotations

from collections.abc import Iterator

from . import catalogue
from .checks_terms import supplies, unread
from .parts import models_of
from .schema import Horizon, Port
from .sentences import Finding, Path
from .structure import Draft

Findings = Iterator[Finding]


def _each(draft: Draft) -> Iterator[tuple[Path, str, str, Port]]:
    for model, families in draft.instance.ports.items():
        for family, port in families.items():
            yield ("ports", model, family), model, family, port


def costs(draft: Draft) -> Findings:
    """What is done costs nothing more; what is not says what it costs, how long it takes, and who says so."""
    for path, model, family, port in _each(draft):
        said = [key for key in ("usd", "months") if getattr(port, key) is not None]
        if port.done:
            for key in said:
                help = "it is paid and over; leave it out"
                yield Finding("E021", (*path, key), f"{key} has no meaning beside done: true", help, "", "key")
        elif len(said) < 2:
            lacks = " and ".join(key for key in ("usd", "months") if key not in said)
            help = "usd: in all, months: until it may serve; or done: true if it runs there already"
            yield Finding("E021", path, f"the port of {model} to {family} needs {lacks}", help, "", "key")
        elif not port.source and "usd" not in port.assumed:
            help = "source: where the estimate comes from, with its date; or assumed: [usd, months]"
            yield Finding("W001", path, f"the cost of the port of {model} to {family} has no source", help, "", "key")


def unused(draft: Draft) -> Findings:
    """A port to be made of a model that serves nothing, or to a family that nothing offered belongs to."""
    instance = draft.instance
    if unread(draft) or len(instance.workloads) != len(draft.written("workloads")):
        return
    served = {model for workload in instance.workloads.values() for model in models_of(workload)}
    offered = {family_of(draft, name) for _, supply in supplies(draft) for name in supply.accelerators}
    offered |= {family_of(draft, supply.accelerator) for _, supply in supplies(draft) if supply.accelerator}
    known = {*draft.written("models"), *catalogue.models()}
    for path, model, family, port in _each(draft):
        why = None
        if model in known - served:
            why = f"no workload is served by {model}"
        elif family not in offered and None not in offered:
            why = f"nothing offered or in force is of the family {family}"
        if why is not None and not port.done:
            yield Finding("W009", path, f"{why}: this port has no effect", "leave it out", "", "key")


def family_of(draft: Draft, accelerator: str) -> str | None:
    """The software family of an accelerator of the file or the catalogue; None if that cannot be read."""
    if accelerator in draft.instance.accelerators:
        return draft.instance.accelerators[accelerator].family
    written = accelerator in draft.written("accelerators")
    return None if written else catalogue.accelerators().get(accelerator, {}).get("family")


def too_long(draft: Draft, horizon: Horizon) -> Findings:
    """A port that can never be done in the horizon."""
    last = horizon.start + (horizon.months - 1)
    for path, model, family, port in _each(draft):
        if port.months is not None and not port.done and horizon.start + port.months > last:
            message = f"the port of {model} to {family} is never done in the horizon: nothing serves by it"
            help = (
                f"begun in {horizon.start} it would be done in {horizon.start + port.months}; the last month is {last}"
            )
            yield Finding("W005", (*path, "months"), message, help)


CHECKS = (costs, unused)
DATE_CHECKS = (too_long,)
