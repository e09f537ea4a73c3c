"""Signing: which deals are taken, in how many blocks, and which exclude or need each other.

    min_d z[d,nu] <= n[d,nu]                                                  enough_blocks           [blocks]
    n[d,nu] <= max_d z[d,nu]                                                  not_too_many_blocks     [blocks]
    once:            sum_{d in D_o} z[d,nu(s,tau_d)] <= 1                     one_deal_of_the_offer   [deals]
    one_at_a_time:   sum_{d in D_o in service in m} z[d,nu(s,tau_d)] <= 1     one_deal_at_a_time      [deals]
    stack:           sum_{d in D_o in service in m} n[d,nu(s,tau_d)] <= max   blocks_in_stock         [blocks]
    at most k:       sum_{o in group} a[o,s] <= k                             at_most_of_group        [offers]
    at least k:      sum_{o in group} a[o,s] >= k                             at_least_of_group       [offers]
    o requires o':   a[o,s] <= a[o',s]                                        required_is_signed      [offers]
    z[d,nu(s,tau_d)] <= a[o,s]                                                marked_as_signed        [offers]
    a[o,s] <= sum_{d in D_o} z[d,nu(s,tau_d)]                                 marked_only_if_signed   [offers]
    d, d' in service in one month before the end of exclusivity:
                     z[d,nu(s,tau_d)] + z[d',nu(s,tau_d')] <= 1               exclusive_while_running [deals]

A deal of a single block needs no z: n is its own indicator. A contract in force has n fixed. Groups may name spend
commitments: m[k,nu], 1 if it is taken and fixed at 1 if it must be, then stands for its signing.
"""

from __future__ import annotations

from pyomo.environ import Binary, ConcreteModel, Constraint, NonNegativeIntegers, Var, quicksum

from .problem import Deal, Group, Problem


def add(model: ConcreteModel, problem: Problem) -> None:
    """Declare `blocks` (n) and `signed` (z), each indexed [deal, node], and every rule between deals."""
    _add_decisions(model, problem)
    _add_repeat_rules(model, problem)
    _add_groups(model, problem)
    _add_exclusivity(model, problem)


def copies(problem: Problem) -> list[tuple[int, int]]:
    """(deal, node) for each node in which the deal may be signed."""
    return [(d, node) for d, deal in enumerate(problem.deals) for node in problem.signing_nodes(deal)]


def indicator(model: ConcreteModel, d: int, node: int):
    """z: 1 if the deal is signed in the node."""
    return model.signed[d, node] if (d, node) in model.signed else model.blocks[d, node]


def deals_of(problem: Problem, offer: str) -> list[int]:
    """Deals of an offer that may still be signed, in order."""
    return [d for d, deal in enumerate(problem.deals) if deal.offer == offer and not deal.in_force]


def _add_decisions(model: ConcreteModel, problem: Problem) -> None:
    deals = problem.deals

    def bounds(_model, d, _node):
        return (deals[d].max_blocks if deals[d].in_force else 0, deals[d].max_blocks)

    takings = [(k, node) for k, each in enumerate(problem.commitments) for node in problem.nodes_in(each.signing)]
    model.committed = Var(takings, domain=Binary)
    for k, node in takings:
        if problem.commitments[k].mandatory:
            model.committed[k, node].setlb(1)
    model.blocks = Var(copies(problem), domain=NonNegativeIntegers, bounds=bounds)
    several = [(d, node) for d, node in copies(problem) if deals[d].max_blocks > 1 and not deals[d].in_force]
    model.signed = Var(several, domain=Binary)
    model.enough_blocks = Constraint(
        several,
        rule=lambda m, d, node: m.blocks[d, node] >= deals[d].min_blocks * m.signed[d, node],
        doc="deal {0} takes at least its least number of blocks",
    )
    model.not_too_many_blocks = Constraint(
        several,
        rule=lambda m, d, node: m.blocks[d, node] <= deals[d].max_blocks * m.signed[d, node],
        doc="deal {0} takes at most the blocks offered",
    )


def _add_repeat_rules(model: ConcreteModel, problem: Problem) -> None:
    rules = {"once": [], "one_at_a_time": [], "stack": []}
    for offer in problem.offers:
        members = deals_of(problem, offer)
        repeat = problem.repeat[offer]
        for s in problem.scenarios:
            rules[repeat].extend((offer, s, m) for m in _months_to_watch(problem, members, repeat))

    def together(offer, s, month):
        chosen = [d for d in deals_of(problem, offer) if month < 0 or in_service(problem.deals[d], month)]
        return [(d, problem.signed_at(problem.deals[d], s)) for d in chosen]

    model.one_deal_of_the_offer = Constraint(
        rules["once"],
        rule=lambda m, *key: quicksum(indicator(m, *copy) for copy in together(*key)) <= 1,
        doc="offer {0} is signed at most once",
    )
    model.one_deal_at_a_time = Constraint(
        rules["one_at_a_time"],
        rule=lambda m, *key: quicksum(indicator(m, *copy) for copy in together(*key)) <= 1,
        doc="offer {0} has at most one deal in service in month {2}",
    )
    model.blocks_in_stock = Constraint(
        rules["stack"],
        rule=lambda m, *key: quicksum(m.blocks[copy] for copy in together(*key)) <= stock(problem, key[0]),
        doc="offer {0} has at most its stock of blocks in service in month {2}",
    )


def stock(problem: Problem, offer: str) -> int:
    """Blocks of an offer that can be in service in one month, over all of its deals."""
    return max(problem.deals[d].max_blocks for d in deals_of(problem, offer))


def in_service(deal: Deal, month: int) -> bool:
    """Whether the deal's term covers a month of the horizon."""
    return deal.start <= month < deal.start + deal.term_months


def _months_to_watch(problem: Problem, members: list[int], repeat: str) -> list[int]:
    """-1 for the whole horizon; else the months in which some deal starts: those rows imply all others."""
    if len(members) < 2:
        return []
    return [-1] if repeat == "once" else sorted({problem.deals[d].start for d in members})


def _add_groups(model: ConcreteModel, problem: Problem) -> None:
    signing_rules = [group for group in problem.groups if group.kind != "exclusive"]
    grouped = list(dict.fromkeys(offer for group in signing_rules for offer in group.offers))
    marks = [(offer, s) for offer in grouped for s in problem.scenarios]
    model.offer_signed = Var(marks, domain=Binary)

    def signings(m, offer, s):
        deals = [indicator(m, d, problem.signed_at(problem.deals[d], s)) for d in deals_of(problem, offer)]
        promised = [k for k, each in enumerate(problem.commitments) if each.name == offer]
        return deals + [m.committed[k, problem.node_in(s, problem.commitments[k].signing)] for k in promised]

    every = [(offer, s, k) for offer, s in marks for k in range(len(signings(model, offer, s)))]
    model.marked_as_signed = Constraint(
        every,
        rule=lambda m, offer, s, k: signings(m, offer, s)[k] <= m.offer_signed[offer, s],
        doc="offer {0} counts as signed if one of its deals is",
    )
    model.marked_only_if_signed = Constraint(
        marks,
        rule=lambda m, offer, s: m.offer_signed[offer, s] <= quicksum(signings(m, offer, s)),
        doc="offer {0} counts as signed only if one of its deals is",
    )

    def numbered(kind):
        return [(g, s) for g, group in enumerate(problem.groups) if group.kind == kind for s in problem.scenarios]

    def count(m, g, s):
        return quicksum(m.offer_signed[offer, s] for offer in problem.groups[g].offers)

    model.at_most_of_group = Constraint(
        numbered("at_most"),
        rule=lambda m, g, s: count(m, g, s) <= problem.groups[g].count,
        doc="group {0}: no more than the stated number of its offers are signed",
    )
    model.at_least_of_group = Constraint(
        numbered("at_least"),
        rule=lambda m, g, s: count(m, g, s) >= problem.groups[g].count,
        doc="group {0}: at least the stated number of its offers are signed",
    )
    model.required_is_signed = Constraint(
        numbered("requires"),
        rule=lambda m, g, s: (
            m.offer_signed[problem.groups[g].offers[0], s] <= m.offer_signed[problem.groups[g].offers[1], s]
        ),
        doc="group {0}: the offer is signed only together with the one it requires",
    )


def _add_exclusivity(model: ConcreteModel, problem: Problem) -> None:
    def taken(m, d, s):
        deal = problem.deals[d]
        return 1 if deal.in_force else indicator(m, d, problem.signed_at(deal, s))

    model.exclusive_while_running = Constraint(
        [
            (g, s, *pair)
            for g, group in enumerate(problem.groups)
            for pair in rivals(problem, group)
            for s in problem.scenarios
        ],
        rule=lambda m, g, s, alone, other: taken(m, alone, s) + taken(m, other, s) <= 1,
        doc="group {0}: deal {3} is not in service while deal {2} is",
    )


def rivals(problem: Problem, group: Group) -> list[tuple[int, int]]:
    """(deal of the offer that is to be alone, deal of another) that would share a month before the exclusivity ends.

    Two contracts in force are no decision.
    """
    if group.kind != "exclusive":
        return []
    deals = problem.deals
    alone = [d for d, deal in enumerate(deals) if deal.offer == group.offers[0]]
    others = [d for d, deal in enumerate(deals) if deal.offer in group.offers[1:]]
    return [
        (d, other)
        for d in alone
        for other in others
        if _share_a_month(deals[d], deals[other], group.until) and not (deals[d].in_force and deals[other].in_force)
    ]


def _share_a_month(first: Deal, second: Deal, until: int | None) -> bool:
    begin = max(first.start, second.start, 0)
    end = min(first.start + first.term_months, second.start + second.term_months)
    return begin < (end if until is None else min(end, until))
