"""Who has how much of the portfolio: shares of megawatts, of spend and of what is served, and who is in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from offtake.instance.months import Month
from offtake.instance.schema import AtMostOfProviders, Batch, Interactive, ProvidersMin, Since

from .. import statements
from ..books import Books
from ..contracts import Contract
from ..ledger import Ledger
from ..numbers import ZERO, exact, figure, usd
from ..report import Check
from ..spend import NOT_SPENT

Amounts = dict[str, Decimal]
"""by group of providers, or by accelerator family"""


def power_shared(check: Check, books: Books, money: Ledger) -> None:
    """No group of providers, and no accelerator family, has more than its share of the megawatts in service."""
    groups, families = books.instance.policy.provider_share_max, books.instance.policy.family_share_max
    if groups is not None and groups.mw is not None:
        for month in months_from(books, groups):
            _within(check, power_by_group(books, month), exact(groups.mw), f"MW in service in {month}")
    if families is not None:
        for month in months_from(books, families):
            drawn = power_by_family(books, month)
            for family, most in families.shares.items():
                _one_within(check, drawn, family, exact(most), f"MW in service in {month}")


def spend_shared(check: Check, books: Books, money: Ledger) -> None:
    """No group of providers has more than its share of what sellers are paid for good inside the horizon."""
    rule = books.instance.policy.provider_share_max
    if rule is not None and rule.spend is not None and months_from(books, rule):
        paid = spend_by_group(books, money, months_from(books, rule))
        most, total = exact(rule.spend), sum(paid.values(), ZERO)
        for group, part in paid.items():
            if check.exceeds(part, most * total):
                check.find(f"{group} is paid {usd(part)} of {usd(total)}; at most {_percent(most)} may be")


def served_shared(check: Check, books: Books, money: Ledger) -> None:
    """No group of providers serves more than its share of the requests of a period, on the mean."""
    rule = books.instance.policy.provider_share_max
    if rule is not None and rule.served is not None:
        counted = months_from(books, rule)
        for period, months in enumerate(books.calendar.periods):
            if months[-1] in counted:
                where = f"requests/s served in {books.calendar.name(period)}"
                _within(check, served_by_group(books, period), exact(rule.served), where)


def enough_providers(check: Check, books: Books, money: Ledger) -> None:
    """So many groups of providers have capacity in service in every month as the policy asks for."""
    rule = books.instance.policy.providers_min
    least = rule.at_least if isinstance(rule, ProvidersMin) else rule
    for month in months_of_least(books):
        there = in_service(books, month)
        if check.fails(len(there) >= least):
            who = f" ({', '.join(there)})" if there else ""
            check.find(
                f"{len(there)} groups of providers{who} have capacity in service in {month}; at least {least} must"
            )


def providers_kept_apart(check: Check, books: Books, money: Ledger) -> None:
    """Of providers that may not all be there, no more than allowed have a deal, a contract in force or a commitment."""
    instance, months = books.instance, books.calendar.months
    in_force = [each for each in books.register.in_force.values() if any(map(each.serves, months))]
    there = {contract.supply.provider for contract in [*books.roots.values(), *in_force]}
    there |= {promise.stated.provider for promise in books.promises.values()}
    for group in instance.groups:
        if isinstance(group, AtMostOfProviders):
            found = [name for name in group.providers if name in there]
            if check.fails(len(found) <= group.at_most):
                check.find(
                    f"{len(found)} of the providers {', '.join(group.providers)} are there ({', '.join(found)}); "
                    f"at most {group.at_most} may be"
                )


def months_from(books: Books, rule: Since) -> list[Month]:
    """Months of the horizon in which a rule holds."""
    return [month for month in books.calendar.months if rule.since is None or month >= rule.since]


def months_of_least(books: Books) -> list[Month]:
    """Months in which the policy asks for a number of groups in service."""
    rule = books.instance.policy.providers_min
    if rule is None:
        return []
    return months_from(books, rule) if isinstance(rule, ProvidersMin) else books.calendar.months


def in_service(books: Books, month: Month) -> list[str]:
    """Groups with megawatts in service."""
    return [group for group, mw in power_by_group(books, month).items() if mw > 0]


def power_by_group(books: Books, month: Month) -> Amounts:
    """MW of deals and contracts in force in service."""
    found: Amounts = defaultdict(lambda: ZERO)
    for leg in books.all_legs:
        found[statements.group(books, leg.supply_id)] += leg.drawn_mw(month)
    return found


def power_by_family(books: Books, month: Month) -> Amounts:
    """The same by family of the accelerators, by their number and all-in power."""
    found: Amounts = defaultdict(lambda: ZERO)
    for leg in books.all_legs:
        for family, part in _families(books, leg):
            found[family] += part * leg.drawn_mw(month)
    return found


def _families(books: Books, leg: Contract) -> Iterator[tuple[str, Decimal]]:
    kinds = {name: books.instance.accelerators[name] for name in leg.counts}
    kw = {name: count * exact(kinds[name].all_in_kw) for name, count in leg.counts.items()}
    for name, each in kw.items():
        yield kinds[name].family, each / sum(kw.values(), ZERO)


def spend_by_group(books: Books, money: Ledger, months: list[Month]) -> Amounts:
    """USD paid for good in the months, undiscounted: not deposits, banks, utilities, and what subletting brings."""
    sellers = {**books.instance.offers, **books.instance.signed, **books.instance.commitments}
    found: Amounts = defaultdict(lambda: ZERO)
    for (month, line, payee), paid in money.cash.items():
        if month in months and payee in sellers and line not in (*NOT_SPENT, "in_force", "sublease"):
            found[statements.group(books, payee)] += paid
    for key, contract in books.register.in_force.items():
        spent = (entry.usd for entry in contract.due if entry.month in months and entry.line not in NOT_SPENT)
        found[statements.group(books, key)] += sum(spent, ZERO)
    return found


def served_by_group(books: Books, period: int) -> Amounts:
    """Mean requests/s of all workloads that the pools of a group serve."""
    found: Amounts = defaultdict(lambda: ZERO)
    for (pool, workload, t), use in books.mean_use.items():
        if t == period and isinstance(books.instance.workloads[workload], Interactive | Batch):
            found[statements.group(books, books.pools[pool].supply)] += use * books.rate(pool, workload, period)
    return found


def _within(check: Check, amounts: Amounts, most: Decimal, what: str) -> None:
    for name in list(amounts):
        _one_within(check, amounts, name, most, what)


def _one_within(check: Check, amounts: Amounts, name: str, most: Decimal, what: str) -> None:
    part, total = amounts.get(name, ZERO), sum(amounts.values(), ZERO)
    if check.exceeds(part, most * total):
        check.find(f"{name} has {figure(part)} of {figure(total)} {what}; at most {_percent(most)} may be")


def _percent(share: Decimal) -> str:
    return f"{figure(100 * share)} %"
