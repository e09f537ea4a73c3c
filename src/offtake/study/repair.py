"""How little has to give so that there is a plan: one rule of a clash alone, or several together.

Alone: the rows of one rule may be missed by an amount, the same for all of them and in its unit (`rules`); the least
amount is solved for, with every other rule as it stands. Together, where that does not do: the sum of what they give is
least, dollars as dollars, else each measured by its own limit (a rule without one counts as one if given up). What is
found is then granted in a model of its own, and the cheapest plan under it is solved: a repair that is told has a plan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .rules import MILLION, Rule, business_rules, moved, rows, switch
from .solves import Solved, solved
from .wording import usd

if TYPE_CHECKING:
    from ..compile import Compiled
    from ..solve import Limits

LEAST_GAP = 1e-4
"""of the least amount"""
MONEY = "million USD"
MARGIN = 1e-6
"""of the amount: granted on top of it, for the solver's tolerances"""


@dataclass(frozen=True)
class Repair:
    """What one rule, or several together, must give, and the cheapest plan then."""

    gives: dict[str, float]
    """rule -> amount in the unit of the rule; 1 if it is given up"""
    least: float | None
    """no less does, proven, of a single rule with a unit"""
    cost_usd: float | None
    """of the best plan found then; None if none was"""
    bound_usd: float | None
    """no plan costs less then"""
    sentence: str

    def to_document(self) -> dict[str, Any]:
        """Plain JSON types."""
        return dict(vars(self))


def repairs(compiled: Compiled, clash: list[Rule], limits: Limits) -> list[Repair]:
    """What each rule of a clash must give if it alone gives, the smallest share of its limit first.

    Where a budget does not do alone, all limits on money may give at once; where nothing does, all rules may. Raises
    KeyboardInterrupt.
    """
    found = {rule.sentence: _alone(compiled, rule, limits) for rule in clash}
    ways = [way for way in found.values() if way is not None]
    if any(found[rule.sentence] is None and rule.unit == MONEY for rule in clash):
        ways += _together(compiled, lambda rule: rule.unit == MONEY, limits)
    ways = ways or _together(compiled, lambda rule: True, limits)
    granted = [_granted(compiled, *way, limits) for way in sorted(ways, key=lambda way: _share(way[0]))]
    return [repair for repair in granted if repair.cost_usd is not None]


Gives = list[tuple[Rule, float]]
Way = tuple[Gives, float | None]
"""what rules give, and what a single one must give at least"""


def _share(gives: Gives) -> float:
    """How much of their limits the rules give; one that has no limit counts as one."""
    return sum(amount / rule.limit if rule.limit else amount if rule.unit == "share" else 1.0 for rule, amount in gives)


def _alone(compiled: Compiled, rule: Rule, limits: Limits) -> Way | None:
    """What one rule must give, and what it must at least; None if that does not help, or no answer was found."""
    if rule.without_rows:
        given_up = [(rule, 1.0)]
        return (given_up, None) if _granted(compiled, given_up, None, limits).cost_usd is not None else None
    found, _ = _least(compiled, lambda known: known.sentence == rule.sentence, lambda *_: 1.0, limits)
    if found.decisions is None:
        return None
    least = found.lower if rule.unit and math.isfinite(found.lower) else None
    return [(rule, 1.0 if not rule.unit else found.upper)], least


def _together(compiled: Compiled, chosen: Callable[[Rule], bool], limits: Limits) -> list[Way]:
    """What several rules must give at once; at most one way."""
    found, amounts = _least(compiled, chosen, _size, limits)
    gives = [(rule, given.value) for rule, given in amounts if found.decisions is not None and given.value > MARGIN]
    return [(gives, None)] if gives else []


def _least(
    compiled: Compiled, chosen: Callable[[Rule], bool], size: Callable[[Any, Rule], float], limits: Limits
) -> tuple[Solved, list[tuple[Rule, Any]]]:
    """Solve for the least that the chosen rules give, each measured by its size."""
    from pyomo.environ import Binary, ConstraintList, NonNegativeIntegers, NonNegativeReals, Objective, VarList

    amounts: list[tuple[Rule, Any]] = []

    def extend(model: Any) -> None:
        model.given_reals, model.given_steps = VarList(domain=NonNegativeReals), VarList(domain=NonNegativeIntegers)
        model.given_up, model.given_rows = VarList(domain=Binary), ConstraintList()
        measured = []
        for rule in business_rules(compiled.instance, compiled.problem, model):
            if chosen(rule):
                holder = model.given_reals if not rule.whole else model.given_steps if rule.unit else model.given_up
                amounts.append((rule, holder.add()))
                measured.append(amounts[-1][1] / size(model, rule))
                _relax(model, *amounts[-1])
        model.least_cost.deactivate()
        model.least_given = Objective(expr=sum(measured))

    return solved(compiled, replace(limits, gap=LEAST_GAP), extend, written_out=True), amounts


def _relax(model: Any, rule: Rule, given: Any) -> None:
    """Rows that may be missed by what is given take the place of those of the rule."""
    if rule.unit == "share":
        given.setub(1.0)
    for row in rows(model, rule):
        if rule.unit:
            model.given_rows.add(moved(row, rule, given))
        else:
            _let_go(model, row, given)
    switch(model, rule, on=False)


def _let_go(model: Any, row: Any, given: Any) -> None:
    """The row holds unless `given` is 1: by what its variables can miss it at most, if that is known."""
    from pyomo.contrib.fbbt.expression_bounds_walker import ExpressionBoundsVisitor

    least, most = ExpressionBoundsVisitor().walk_expression(row.body)
    if row.ub is not None and math.isfinite(most):
        model.given_rows.add(row.body - max(most - row.ub, 0.0) * given <= row.ub)
    if row.lb is not None and math.isfinite(least):
        model.given_rows.add(row.body + max(row.lb - least, 0.0) * given >= row.lb)


def _size(model: Any, rule: Rule) -> float:
    """What a rule is measured by: its limit, else its largest bound; a dollar is a dollar."""
    if rule.unit in ("", "share", MONEY):
        return 1.0
    if rule.limit:
        return rule.limit
    bounds = [abs(bound) for row in rows(model, rule) for bound in (row.lb, row.ub) if bound is not None]
    return max([bound for bound in bounds if bound > 0], default=1.0)


def _granted(compiled: Compiled, gives: Gives, least: float | None, limits: Limits) -> Repair:
    """The cheapest plan if the rules give so much."""
    problem = compiled.problem
    for rule, _ in gives:
        problem = rule.eased(problem, None) if rule.without_rows else problem
    eased = replace(compiled, problem=problem)
    found = solved(eased, limits, lambda model: grant(model, gives), written_out=True)
    known = found.decisions is not None
    return Repair(
        gives={rule.sentence: amount for rule, amount in gives},
        least=least,
        cost_usd=found.upper if known else None,
        bound_usd=found.lower if math.isfinite(found.lower) else None,
        sentence=_sentence(gives, found),
    )


def grant(model: Any, gives: Iterable[tuple[Rule, float]]) -> None:
    """Let rules give in a model: those with a unit by an amount and a little more, the others altogether."""
    for rule, amount in gives:
        if not rule.unit:
            switch(model, rule, on=False)
            continue
        step = amount if rule.whole else amount * (1 + MARGIN) + MARGIN * MARGIN
        for row in rows(model, rule):
            row.set_value(moved(row, rule, step))


def _sentence(gives: Gives, found: Solved) -> str:
    said = "; ".join(change(rule, amount) for rule, amount in gives)
    if found.decisions is None:
        return f"{said}."
    cost = f"{usd(found.upper)}" if found.upper >= 0 else f"minus {usd(-found.upper)}"
    return f"{said}. The best plan found then costs {cost}."


def change(rule: Rule, amount: float) -> str:
    """What a rule gives, in words.

    >>> change(Rule("the budget of 2026, 7,000 USD", [], MONEY, 0.007), 0.0002)
    'the budget of 2026, 7,000 USD: $200 more (2.86%)'
    """
    if not rule.unit:
        return f"{rule.sentence}: given up"
    share = f" ({_percent(amount / rule.limit)})" if rule.limit and not rule.whole and not _balance(rule) else ""
    return f"{rule.sentence}: {easing(rule, amount)}{share}"


def easing(rule: Rule, amount: float) -> str:
    """So much more of what a rule allows, or less of what it asks for."""
    word = "less" if rule.unit == "share" else "fewer" if _floors(rule) else "more"
    return f"{quantity(rule, amount)} {word}{' funding' if _balance(rule) else ''}"


def quantity(rule: Rule, amount: float) -> str:
    """An amount in the unit of a rule."""
    if rule.unit == MONEY:
        return usd(math.ceil(amount * MILLION - 1e-3))
    if rule.unit == "share":
        return _percent(amount)
    plural = "s" if rule.whole and amount != 1 else ""
    unit = rule.unit.removesuffix("s") if rule.unit in ("tonnes", "accelerators") and amount == 1 else rule.unit
    return f"{amount:,.4g} {unit}{plural}"


def _floors(rule: Rule) -> bool:
    """Whether the rule asks for a number at least."""
    return bool(rule.members) and rule.members[0][0] in ("at_least_of_group", "sellers_enough")


def _balance(rule: Rule) -> bool:
    return bool(rule.members) and rule.members[0][0] == "balance_kept"


def _percent(share: float) -> str:
    """Rounded up, so that it is enough."""
    return f"{math.ceil(share * 1e4 - 1e-3) / 100:g}%"
