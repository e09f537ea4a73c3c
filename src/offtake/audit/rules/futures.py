"""The plan as a whole, if there are several futures: where decisions stand, and what is expected of them.

There is nothing to check of one future.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..futures import DECISIONS, SCENARIO_TABLES, Tree
from ..numbers import ZERO, exact, figure, usd
from ..reading import number, shown
from ..report import Check
from .figures import KEY_FIGURES


def futures_as_stated(check: Check, tree: Tree) -> None:
    """The futures of the plan are the scenarios of the instance, with their probabilities, and rows are about them."""
    if not tree.several:
        return
    printed = tree.claim.futures
    if check.fails(list(printed) == tree.names):
        said = ", ".join(shown(name) for name in printed)
        check.find(f"the plan has the futures {said}; the scenarios of the instance are {', '.join(tree.names)}")
    for each in tree.opened:
        own = printed.get(each.name)
        if own is not None and check.unequal(own.probability, each.probability):
            stated = figure(each.probability)
            check.find(f"the plan prints a probability of {figure(own.probability)} of {each.name}; it is {stated}")
    for where, name in _named(tree):
        if check.fails(name in tree.names):
            check.find(f"{where} is about the scenario {shown(name)}, which the instance does not have")


def _named(tree: Tree) -> Iterator[tuple[str, Any]]:
    """Where a row names a scenario, and which."""
    for key in SCENARIO_TABLES:
        for position, row in enumerate(getattr(tree.claim, key) or []):
            yield f"{key}[{position}]", row.scenario
    for ledger, rows in tree.claim.ledgers.items():
        for position, row in enumerate(rows if isinstance(rows, list) else []):
            if isinstance(row, Mapping):
                yield f"ledgers.{shown(ledger)[1:-1]}[{position}]", row.get("scenario")


def signed_at_nodes(check: Check, tree: Tree) -> None:
    """A deal stands at a node of the month in which it is signed, and lists the scenarios that pass through it."""
    for position, deal in tree.claim.deals.items() if tree.several else ():
        if check.fails(tree.inside(deal.signing)):
            check.find(f"deal {position} is signed in {deal.signing}, outside the horizon")
            continue
        through = tree.through(deal.signing, deal.node)
        if check.fails(bool(through)):
            check.find(f"deal {position} stands at node {shown(deal.node)}; {_nodes(tree, deal.signing)}")
        elif check.fails(deal.scenarios == through):
            said = ", ".join(map(shown, deal.scenarios)) or "none"
            check.find(
                f"deal {position} lists the scenarios {said}; through node {deal.node} pass {', '.join(through)} "
                f"in {deal.signing}"
            )


def decided_at_nodes(check: Check, tree: Tree) -> None:
    """Every decision stands at a node of its month: the same for all futures that nothing tells apart by then."""
    for kind in DECISIONS if tree.several else ():
        for position, row in getattr(tree.claim, kind).items():
            month = tree.decided_in(kind, row)
            if month is not None and check.fails(bool(tree.through(month, row.node))):
                check.find(f"decisions.{kind}[{position}] stands at node {shown(row.node)}; {_nodes(tree, month)}")


def _nodes(tree: Tree, month: Any) -> str:
    place = month - tree.calendar.start
    nodes = sorted({path[place] for path in tree.nodes})
    return f"in {month} there is node {nodes[0]}" if len(nodes) == 1 else f"in {month} there are {_listed(nodes)}"


def _listed(nodes: list[int]) -> str:
    return f"nodes {', '.join(map(str, nodes[:-1]))} and {nodes[-1]}"


def deals_expected(check: Check, tree: Tree) -> None:
    """A deal prints what it is paid in each of its scenarios, and what is expected of that, given its node."""
    chance = {each.name: each.probability for each in tree.opened}
    for position, deal in tree.claim.deals.items() if tree.several else ():
        through = tree.through(deal.signing, deal.node) if tree.inside(deal.signing) else []
        if check.fails(sorted(deal.by_scenario) == sorted(through)):
            check.find(f"deal {position} does not print what it is paid in {', '.join(through) or 'no scenario'}")
            continue
        total = sum((chance[name] for name in through), ZERO)
        for name, said in (("cash_usd", deal.cash_usd), ("npv_usd", deal.npv_usd)) if total else ():
            each = (chance[scenario] * getattr(paid, name) for scenario, paid in deal.by_scenario.items())
            expected = sum(each, ZERO) / total
            if check.misprints(said, expected):
                check.find(
                    f"deal {position} prints {usd(said)} as {name}; {usd(expected)} are expected of its scenarios"
                )


def objective_is_expected(check: Check, tree: Tree) -> None:
    """The objective is the cost of the futures, weighted by their probabilities, and what the dearest of them count
    besides, to 1e-6 relative."""
    if tree.several and check.unequal(tree.claim.objective_usd, tree.objective):
        said = usd(tree.claim.objective_usd)
        check.find(f"the plan prints an objective of {said}; its futures come to {usd(tree.objective)}")


def risk_follows(check: Check, tree: Tree) -> None:
    """What is expected, and what the dearest futures cost, as printed."""
    stated = tree.instance.policy.risk
    if stated is None or not tree.several:
        if check.fails(tree.claim.risk is None):
            check.find("the plan prints a risk measure; its instance has none")
        return
    if check.fails(tree.claim.risk is not None):
        check.find("the plan does not print what its risk measure weighs")
        return
    for key in ("mean_weight", "weight", "cvar_level"):
        printed, weighed = tree.claim.risk[key], exact(getattr(stated, key))
        if check.unequal(printed, weighed):
            check.find(f"the plan prints {figure(printed)} as {key} of its risk measure; it is {figure(weighed)}")
    for key, expected in (("expected_cost_usd", tree.expected), ("cvar_usd", tree.tail)):
        printed = tree.claim.risk[key]
        if check.misprints(printed, expected):
            check.find(f"the plan prints {usd(printed)} as {key}; its futures come to {usd(expected)}")


def expected_figures_follow(check: Check, tree: Tree) -> None:
    """Key figures of the plan as a whole are those of its futures, weighted by their probabilities."""
    if not tree.several:
        return
    for name, printed in tree.claim.kpis.items():
        if name not in KEY_FIGURES:
            continue
        expected = _expected(tree, name)
        if expected is None or not isinstance(printed, int | float):
            check.fails(False)
            check.find(f"the plan prints {name} as {shown(printed)}; it has no mean over the futures")
            continue
        value, dollars = number(printed, f"kpis.{name}"), name.endswith("_usd")
        if check.misprints(value, expected) if dollars else check.unequal(value, expected):
            write = usd if dollars else figure
            check.find(f"the plan prints {name} as {write(value)}; {write(expected)} is expected")


def _expected(tree: Tree, name: str) -> Decimal | None:
    values = [KEY_FIGURES[name](each.books, each.money) for each in tree.opened]
    if not all(isinstance(value, Decimal) for value in values):
        return None
    return sum((each.probability * value for each, value in zip(tree.opened, values, strict=True)), ZERO)
