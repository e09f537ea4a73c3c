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
    options, renewals, expansions and breaks d that follow p, along each path:
                     sum_d n[d,nu(s,tau_d)] <= rho n[p,nu(s,tau_p)]           follows_its_contract    [blocks]
                     (renewals: <= n[p] less the breaks of p)
    commitments that must be taken:  m[k,nu] >= 1                             taken_as_promised       [commitments]

A deal of a single block needs no z: n is its own indicator. A contract in force has n fixed, and so has an option that
came with it. A follow-on is no signing of the offer: of the rules of repetition only those on what is in service count
its renewals, and a stack is less its breaks. Groups may name spend commitments: m[k,nu], 1 if it is taken,
then stands for its signing. What a seller has lost or withdrawn by then is not signed.
"""

from __future__ import annotations

from pyomo.environ import Binary, ConcreteModel, Constraint, NonNegativeIntegers, Var, quicksum

from .problem import Deal, Group, Problem


def add(model: ConcreteModel, problem: Problem) -> None:
    """Declare `blocks` (n) and `signed` (z), each indexed [deal, node], and every rule between deals."""
    _add_decisions(model, problem)
    _add_repeat_rules(model, problem)
    _add_follow_ons(model, problem)
    _add_groups(model, problem)
    _add_exclusivity(model, problem)


def copies(problem: Problem) -> list[tuple[int, int]]:
    """(deal, node) for each node in which the deal may be signed."""
    return [(d, node) for d, deal in enumerate(problem.deals) for node in problem.signing_nodes(deal)]


def indicator(model: ConcreteModel, d: int, node: int):
    """z: 1 if the deal is signed in the node."""
    return model.signed[d, node] if (d, node) in model.signed else model.blocks[d, node]


def deals_of(problem: Problem, offer: str) -> list[int]:
    """Deals of an offer that may still be signed, in order; not what follows from them."""
    deals = enumerate(problem.deals)
    return [d for d, deal in deals if deal.offer == offer and not deal.in_force and not deal.right]


def _running(problem: Problem, offer: str) -> list[int]:
    """Deals of an offer that may be in service: those that may still be signed, and their renewals."""
    found, waiting = [], deals_of(problem, offer)
    while waiting:
        found += waiting
        waiting = [renewal for d in waiting for renewal in problem.followers.get((d, "renewal"), [])]
    return found


def _add_decisions(model: ConcreteModel, problem: Problem) -> None:
    deals = problem.deals

    def bounds(_model, d, node):
        if deals[d].in_force:
            return deals[d].max_blocks, deals[d].max_blocks
        through = problem.scenarios_through(node, deals[d].signing)
        return 0, deals[d].max_blocks if all(deals[d].open[s] for s in through) else 0

    takings = [(k, node) for k, each in enumerate(problem.commitments) for node in problem.nodes_in(each.signing)]
    model.committed = Var(takings, domain=Binary)
    model.taken_as_promised = Constraint(
        [(k, node) for k, node in takings if problem.commitments[k].mandatory],
        rule=lambda m, k, node: m.committed[k, node] >= 1,
        doc="commitment {0} is taken",
    )
    model.blocks = Var(copies(problem), domain=NonNegativeIntegers, bounds=bounds)
    several = [(d, node) for d, node in copies(problem) if _needs_indicator(deals[d])]
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


def _needs_indicator(deal: Deal) -> bool:
    return deal.max_blocks > 1 and deal.right in ("", "renewal", "expansion")


def _add_repeat_rules(model: ConcreteModel, problem: Problem) -> None:
    rules = {"once": [], "one_at_a_time": [], "stack": []}
    for offer in problem.offers:
        repeat = problem.repeat[offer]
        for s in problem.scenarios:
            rules[repeat].extend((offer, s, m) for m in _months_to_watch(problem, offer, repeat, s))

    def together(offer, s, month):
        if month < 0:
            chosen = deals_of(problem, offer)
        else:
            chosen = [d for d in _running(problem, offer) if problem.deals[d].in_service[s, month]]
        return [(d, problem.signed_at(problem.deals[d], s)) for d in chosen]

    def left(offer, s, month):
        cut = [b for d in _running(problem, offer) for b in problem.followers.get((d, "break"), [])]
        return [(b, problem.signed_at(problem.deals[b], s)) for b in cut if problem.deals[b].in_service[s, month]]

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
        rule=lambda m, *key: (
            quicksum(m.blocks[copy] for copy in together(*key)) - quicksum(m.blocks[copy] for copy in left(*key))
            <= stock(problem, key[0])
        ),
        doc="offer {0} has at most its stock of blocks in service in month {2}",
    )


def stock(problem: Problem, offer: str) -> int:
    """Blocks of an offer that can be in service in one month, over all of its deals."""
    return max(problem.deals[d].max_blocks for d in deals_of(problem, offer))


def _months_to_watch(problem: Problem, offer: str, repeat: str, s: int) -> list[int]:
    """-1 for the whole horizon; else the months in which some deal starts: those rows imply all others."""
    if repeat == "once":
        return [-1] if len(deals_of(problem, offer)) > 1 else []
    running = [problem.deals[d].in_service[s] for d in _running(problem, offer)]
    firsts = sorted({int(months.argmax()) for months in running if months.any()})
    return firsts if len(running) > 1 else []


def _add_follow_ons(model: ConcreteModel, problem: Problem) -> None:
    """One row for each parent, right and path; paths with the same copies share it."""

    def along(parent, right, s):
        return [(d, problem.signed_at(problem.deals[d], s)) for d in problem.followers.get((parent, right), [])]

    def own(parent, s):
        return parent, problem.signed_at(problem.deals[parent], s)

    rows = {}
    for parent, right in problem.followers:
        for s in problem.scenarios:
            cut = along(parent, "break", s) if right == "renewal" else []
            rows.setdefault((own(parent, s), right, *along(parent, right, s), *cut), (parent, right, s))

    def within(m, parent, right, s):
        most = problem.deals[problem.followers[parent, right][0]].per_parent * m.blocks[own(parent, s)]
        cut = along(parent, "break", s) if right == "renewal" else []
        taken = quicksum(m.blocks[copy] for copy in along(parent, right, s))
        return taken + quicksum(m.blocks[copy] for copy in cut) <= most

    model.follows_its_contract = Constraint(
        list(rows.values()), rule=within, doc="{1} of deal {0}: no more blocks than it has"
    )


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
            for s in problem.scenarios
            for pair in rivals(problem, group, s)
        ],
        rule=lambda m, g, s, alone, other: taken(m, alone, s) + taken(m, other, s) <= 1,
        doc="group {0}: deal {3} is not in service while deal {2} is",
    )


def rivals(problem: Problem, group: Group, s: int) -> list[tuple[int, int]]:
    """(deal of the offer that is to be alone, deal of another) that would share a month before the exclusivity ends.

    Two contracts in force are no decision.
    """
    if group.kind != "exclusive":
        return []
    deals = problem.deals
    serving = [d for d, deal in enumerate(deals) if deal.right not in ("option", "break")]
    alone = [d for d in serving if deals[d].offer == group.offers[0]]
    others = [d for d in serving if deals[d].offer in group.offers[1:]]
    return [
        (d, other)
        for d in alone
        for other in others
        if _share_a_month(deals[d], deals[other], s, group.until) and not (deals[d].in_force and deals[other].in_force)
    ]


def _share_a_month(first: Deal, second: Deal, s: int, until: int | None) -> bool:
    end = None if until is None else max(until, 0)
    return bool((first.in_service[s] & second.in_service[s])[:end].any())
