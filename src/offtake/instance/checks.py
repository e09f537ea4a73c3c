"""Rules that need more than one key: each check yields a finding for every place that breaks it.

The checks run on what could be read (see `structure.Draft`), so a file with one broken offer still learns what is
wrong with the others. Checks of dates are left out while the horizon itself is broken.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import (
    catalogue,
    checks_commitments,
    checks_concentration,
    checks_dates,
    checks_demand,
    checks_forward,
    checks_options,
    checks_policy,
    checks_ports,
    checks_reinforcement,
    checks_resilience,
    checks_stability,
    checks_supply,
    checks_terms,
    checks_training,
    checks_uncertainty,
)
from .diagnostics import listed
from .references import unknown_ids, unused_rows
from .schema import Sourced
from .sentences import Finding, Path, place, suggestion
from .structure import Draft

Findings = Iterator[Finding]

_MODULES = (
    checks_demand,
    checks_supply,
    checks_terms,
    checks_options,
    checks_forward,
    checks_commitments,
    checks_policy,
    checks_concentration,
    checks_stability,
    checks_training,
    checks_reinforcement,
    checks_ports,
    checks_resilience,
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
    entries += [(("ports", model, to), port) for model, ports in instance.ports.items() for to, port in ports.items()]
    entries += [(("throughput", "rates", i), rate) for i, rate in enumerate(instance.throughput.rates)]
    for path, entry in entries:
        keys = [key for key in type(entry).model_fields if key not in Sourced.model_fields]
        for i, name in enumerate(entry.assumed):
            if name.split(".")[0] not in keys:
                message = f"assumed names {name}, which is no key of {place(path)}"
                yield Finding("E010", (*path, "assumed", i), message, suggestion(name, keys, "keys"), "")


def _funding(draft: Draft) -> Findings:
    """The balance is only defined where the money that comes in is."""
    finance = draft.instance.finance
    for key in ("cash_min_usd", "other_cash_usd"):
        if getattr(finance, key) and not finance.funding_usd:
            help = "funding_usd: {2026-06: 1.0e9}, or leave it out"
            yield Finding("E021", ("finance", key), f"{key} has no meaning without funding_usd", help, "", "key")


_CHECKS = (_shared_ids, _models, _layers, _sparse_figures, _assumed, _funding)
