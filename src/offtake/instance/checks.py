"""Rules that need more than one key: each check yields a finding for every place that breaks it.

The checks run on what could be read (see `structure.Draft`), so a file with one broken offer still learns what is
wrong with the others. Checks of dates are left out while the horizon itself is broken.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import (
    catalogue,
    checks_commitments,
    checks_dates,
    checks_forward,
    checks_options,
    checks_policy,
    checks_supply,
    checks_terms,
    checks_uncertainty,
)
from .diagnostics import listed
from .references import unknown_ids, unused_rows
from .schema import Sourced
from .sentences import Finding, Path, place, suggestion
from .structure import Draft

Findings = Iterator[Finding]

_MODULES = (
    checks_supply,
    checks_terms,
    checks_options,
    checks_forward,
    checks_commitments,
    checks_policy,
    checks_uncertainty,
)
"""rules by what they are about; those of `DATE_CHECKS` need the horizon"""


def check(draft: Draft) -> Findings:
    """All findings on what could be read."""
    of_modules = (rule for module in _MODULES for rule in module.CHECKS)
    for rule in (unknown_ids, unused_rows, *of_modules, *_CHECKS):
        yield from rule(draft)
    if draft.instance.horizon is not None:
        for rule in (rule for module in (checks_dates, *_MODULES) for rule in module.DATE_CHECKS):
            yield from rule(draft, draft.instance.horizon)


def _shared_ids(draft: Draft) -> Findings:
    offers = set(draft.written("offers"))
    for key in draft.written("signed"):
        if key in offers:
            also = ((("offers", key), "here an offer"),)
            help = "offers and contracts in force share one set of ids: rename one"
            yield Finding(
                "E028", ("signed", key), f"{key} is used twice", help, "here a contract in force", "key", also
            )


_LAYERS_NEED = {"window_layers": ("window_tokens", "window_bytes_per_token"), "linear_layers": ("state_bytes",)}
"""layers that are not full attention -> the keys without which their cache has no size"""


def _models(draft: Draft) -> Findings:
    for key, model in draft.instance.models.items():
        path = ("models", key)
        if model.experts_per_token > model.experts:
            message = "experts_per_token must not be above experts"
            yield Finding("E029", (*path, "experts_per_token"), message, f"experts is {model.experts}")
        if model.experts and not model.experts_per_token:
            help = "how many of them compute each token"
            yield Finding("E029", (*path, "experts"), "a model with experts needs experts_per_token", help)
        if model.active_parameters > model.parameters:
            message = "active_parameters must not be above parameters"
            yield Finding("E029", (*path, "active_parameters"), message, f"parameters is {model.parameters:g}")


def _layers(draft: Draft) -> Findings:
    for key, model in draft.instance.models.items():
        path = ("models", key)
        seeing = (model.attention_layers or 0) + model.window_layers + model.linear_layers
        if seeing > model.layers:
            message = "attention_layers, window_layers and linear_layers must not sum to more than layers"
            yield Finding("E029", path, message, f"they sum to {seeing}, layers is {model.layers}", "", "key")
        for layers, needed in _LAYERS_NEED.items():
            lacking = [key for key in needed if getattr(model, layers) and getattr(model, key) is None]
            if lacking:
                message = f"a model with {layers} needs {listed(lacking)}"
                yield Finding("E029", (*path, layers), message, "what such a layer sees and holds")


def _sparse_figures(draft: Draft) -> Findings:
    """Vendors headline peaks with 2:4 sparsity, twice the dense peak that the throughput core needs."""
    for key in draft.instance.accelerators:
        fact, written = catalogue.accelerators().get(key, {}), draft.document["accelerators"][key]
        for peak in ("bf16_tflops", "fp8_tflops", "fp4_tflops", "int8_tflops"):
            dense, given = fact.get(peak), written.get(peak)
            if dense and given and abs(given / dense - 2) < 0.02:
                message = f"{peak} is twice the dense peak of the catalogue: this looks like the figure with sparsity"
                yield Finding("W003", ("accelerators", key, peak), message, f"the dense figure is {dense:g}")


def _assumed(draft: Draft) -> Findings:
    """`assumed` names keys of its own entry."""
    instance = draft.instance
    entries: list[tuple[Path, Sourced]] = [
        ((section, key), entry)
        for section in ("regions", "accelerators", "models", "offers", "signed", "commitments")
        for key, entry in getattr(instance, section).items()
    ]
    entries += [(("throughput", "rates", i), rate) for i, rate in enumerate(instance.throughput.rates)]
    for path, entry in entries:
        keys = [key for key in type(entry).model_fields if key not in Sourced.model_fields]
        for i, name in enumerate(entry.assumed):
            if name.split(".")[0] not in keys:
                message = f"assumed names {name}, which is no key of {place(path)}"
                yield Finding("E010", (*path, "assumed", i), message, suggestion(name, keys, "keys"), "")


def _demand(draft: Draft) -> Findings:
    shapes = catalogue.shapes()
    for key, workload in draft.instance.workloads.items():
        path, demand = ("workloads", key, "demand"), workload.demand
        given = [name for name in ("requests_per_s", "file") if getattr(demand, name) is not None]
        if len(given) != 1:
            label = "has both" if given else "has none"
            message = f"the demand of {key} needs exactly one of requests_per_s or file"
            yield Finding("E021", path, message, "a rate, a table by month, or the name of a CSV file", label, "key")
        if isinstance(demand.requests_per_s, dict) and "growth_per_year" in demand.model_fields_set:
            help = "the table already says every month; leave growth_per_year out"
            yield Finding(
                "E021",
                (*path, "growth_per_year"),
                "growth_per_year has no meaning beside a table by month",
                help,
                "",
                "key",
            )
        if isinstance(demand.shape, str) and demand.shape not in shapes:
            help = suggestion(demand.shape, shapes, "shapes")
            yield Finding("E020", (*path, "shape"), f"there is no daily shape {demand.shape}", help, "")
        if isinstance(demand.shape, list) and not any(demand.shape):
            yield Finding(
                "E029", (*path, "shape"), "a shape must be above zero in some hour", "24 factors, scaled to mean 1"
            )


def _no_demand(draft: Draft) -> Findings:
    workloads = draft.instance.workloads
    rates = [workload.demand.requests_per_s for workload in workloads.values()]
    nothing = all(isinstance(rate, dict) and not any(rate.values()) for rate in rates)
    if "workloads" in draft.document and nothing and len(workloads) == len(draft.written("workloads")):
        help = "a plan for no demand is to buy nothing: write requests_per_s above zero"
        yield Finding("E025", ("workloads",), "the instance asks for no demand at all", help, "", "key")


def _funding(draft: Draft) -> Findings:
    """The balance is only defined where the money that comes in is."""
    finance = draft.instance.finance
    for key in ("cash_min_usd", "other_cash_usd"):
        if getattr(finance, key) and not finance.funding_usd:
            help = "funding_usd: {2026-06: 1.0e9}, or leave it out"
            yield Finding("E021", ("finance", key), f"{key} has no meaning without funding_usd", help, "", "key")


_CHECKS = (_shared_ids, _models, _layers, _sparse_figures, _assumed, _demand, _no_demand, _funding)
