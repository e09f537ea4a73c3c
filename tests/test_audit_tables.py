"""Tables and figures that are changed in a plan file: what the audit says of each."""

import copy
import functools
from decimal import Decimal
from types import SimpleNamespace

import pytest

import offtake
import toys
from offtake.audit import PlanError, audit
from offtake.audit.rules import figures
from offtake.instance import from_document
from offtake.instance.months import Month
from offtake.plan import KPI_DEFINITIONS

TAMPERED = [
    (
        "training_moves_on_without_a_pause",
        "training.0.accelerators",
        20.0,
        "training_as_decided",
        "the table of training prints 20 as accelerators of run of june/chip in 2026-06; it is 10",
    ),
    (
        "training_moves_on_without_a_pause",
        "training.0.done_share",
        1.0,
        "training_as_decided",
        "the table of training prints 1 as done_share of run of june/chip in 2026-06; it is 0.5",
    ),
    (
        "training_moves_on_without_a_pause",
        "training.0.flop",
        2.592e22,
        "training_as_decided",
        "the table of training prints 1 as share of the work of run of june/chip in 2026-06; it is 0.5",
    ),
    (
        "training_moves_on_without_a_pause",
        "training.0.pool",
        "july/chip",
        "training_as_decided",
        "the table of training lacks run of june/chip in 2026-06",
    ),
    (
        "port_pays_off",
        "ports.0.ready",
        "2026-08",
        "ports_to_the_cent",
        "the table of ports prints llm/neuron from 2026-06, done in 2026-08; it is from 2026-06, done in 2026-07",
    ),
    ("what_is_worth_least_is_shed_first", "shed.0.requests", 1.0, "shed_as_decided", None),
    (
        "what_is_worth_least_is_shed_first",
        "service.0.served_share",
        0.5,
        "service_as_decided",
        "the table of service prints 0.5 as served_share of chat in 2026-06; it is 1",
    ),
    (
        "what_is_worth_least_is_shed_first",
        "service.1.by",
        {},
        "service_as_decided",
        "the table of service prints 0 as by 'on-demand/chip' of evals in 2026-06; it is 1",
    ),
    (
        "what_is_worth_least_is_shed_first",
        "capacity.0.used_peak",
        11.0,
        "capacity_as_decided",
        "the table of capacity prints 11 as used_peak of on-demand/chip in 2026-06; it is 10",
    ),
    (
        "lease_beats_on_demand",
        "capacity.0.accelerator",
        "tpu",
        "capacity_as_decided",
        "the table of capacity says that lease/chip is of 'lease' and 'tpu'; it is of lease",
    ),
    (
        "what_is_worth_least_is_shed_first",
        "kpis.effective_margin_by_workload.evals",
        0.9,
        "key_figures_follow",
        "the plan prints effective_margin_by_workload of evals as 0.9; it is 0.444444444",
    ),
    (
        "what_is_worth_least_is_shed_first",
        "kpis.usd_per_million_tokens_by_workload.chat",
        0.1,
        "key_figures_follow",
        "the plan prints usd_per_million_tokens_by_workload of chat as 0.1; it is 0.252525253",
    ),
    (
        "half_survives_the_loss_of_a_seller",
        "contingencies.0.lost",
        "nobody",
        "losses_as_stated",
        "the table of losses names 'nobody', 'other'; those that must be survived are cloud, other",
    ),
    (
        "lease_beats_on_demand",
        "kpis.utilisation_at_peak",
        0.5,
        "key_figures_follow",
        "the plan prints utilisation_at_peak as 0.5; it is 1",
    ),
    (
        "blocks_are_whole",
        "kpis.accelerators_peak",
        10.5,
        "key_figures_follow",
        "the plan prints accelerators_peak as 10.5; it is 12",
    ),
    (
        "lease_beats_on_demand",
        "kpis.accelerators_peak_month",
        "2026-07",
        "key_figures_follow",
        "the plan prints accelerators_peak_month as '2026-07'; it is 2026-06",
    ),
    (
        "half_of_the_power_is_with_another",
        "kpis.largest_provider_share_mw",
        0.4,
        "key_figures_follow",
        None,
    ),
    (
        "lease_beats_on_demand",
        "kpis.largest_provider_mw",
        "other",
        "key_figures_follow",
        "the plan prints largest_provider_mw as 'other'; it is cloud",
    ),
    ("lease_beats_on_demand", "kpis.largest_provider_mw_month", "2026-07", "key_figures_follow", None),
    (
        "lease_beats_on_demand",
        "kpis.largest_provider_share_spend",
        0.9,
        "key_figures_follow",
        "the plan prints largest_provider_share_spend as 0.9; it is 1",
    ),
    ("lease_beats_on_demand", "kpis.largest_provider_spend", None, "key_figures_follow", None),
    (
        "lease_beats_on_demand",
        "kpis.safety_by_workload.chat",
        2.0,
        "key_figures_follow",
        "the plan prints safety_by_workload of chat as 2; it is 1",
    ),
    (
        "lease_beats_on_demand",
        "kpis.safety_by_workload",
        {"chat": 1.0, "nobody": 1.0},
        "key_figures_follow",
        "the plan prints safety_by_workload of nobody as 1.0; it is null",
    ),
    (
        "lease_beats_on_demand",
        "offers.0.taken",
        True,
        "taken_as_decided",
        "the table of offers says that on-demand is taken; by the decisions it is not",
    ),
    (
        "lease_beats_on_demand",
        "ledgers.leases.0.flag",
        True,
        "leases_flagged",
        "the lease screen has a row too many with a flag about 'lease' from 2026-06",
    ),
    (
        "rollouts_are_generated_beside_updates",
        "rollouts.0.tokens",
        1.0,
        "rollouts_as_decided",
        None,
    ),
    ("training_waits_for_the_price", "training.1.done_share", 0.5, "training_as_decided", None),
    ("training_waits_for_the_price", "offers.1.taken", False, "taken_as_decided", None),
    (
        "the_earlier_plan_is_kept",
        "kpis.plan_changes",
        3,
        "key_figures_follow",
        "the plan prints plan_changes as 3; it is 0",
    ),
]
"""toy, place in the plan, what is written there; the rule that finds it, and its sentence"""


@functools.cache
def plan_of(toy: str) -> dict:
    plan = offtake.solve(from_document(toys.document(toy)), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan.to_document()


@pytest.mark.parametrize("case", TAMPERED, ids=[f"{toy} {place}" for toy, place, *_ in TAMPERED])
def test_a_changed_table_is_caught(case):
    toy, place, written, rule, sentence = case
    plan = copy.deepcopy(plan_of(toy))
    *path, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    holder = plan
    for step in path:
        holder = holder[step]
    assert last in holder
    holder[last] = written
    found = audit(from_document(toys.document(toy)), plan).findings
    assert rule in {finding.rule for finding in found}
    assert sentence is None or sentence in [finding.sentence for finding in found]


@pytest.mark.parametrize(
    ("toy", "table", "rule"),
    [
        ("training_fills_a_lease", "training", "training_as_decided"),
        ("lease_beats_on_demand", "capacity", "capacity_as_decided"),
        ("lease_beats_on_demand", "service", "service_as_decided"),
        ("half_survives_the_loss_of_a_seller", "contingencies", "losses_as_stated"),
    ],
)
def test_a_row_that_is_missing_or_written_twice_is_caught(toy, table, rule):
    plan = copy.deepcopy(plan_of(toy))
    row = plan[table].pop()
    assert rule in {finding.rule for finding in audit(from_document(toys.document(toy)), plan).findings}
    plan[table] += [row, row]
    assert rule in {finding.rule for finding in audit(from_document(toys.document(toy)), plan).findings}


def test_every_key_figure_is_recomputed():
    assert set(figures.KEY_FIGURES) == set(KPI_DEFINITIONS)


def test_whether_a_loss_had_to_be_asked_for_is_taken_as_printed():
    plan = copy.deepcopy(plan_of("half_survives_the_loss_of_a_seller"))
    for row in plan["contingencies"]:
        row["enforced"] = not row["enforced"]
    assert audit(from_document(toys.document("half_survives_the_loss_of_a_seller")), plan).passed
    plan["contingencies"][0]["enforced"] = "perhaps"
    with pytest.raises(PlanError, match="must be true or false"):
        audit(from_document(toys.document("half_survives_the_loss_of_a_seller")), plan)


def test_what_is_owed_to_less_than_a_cent_may_have_no_month():
    """Doubles leave dust that decimals do not."""
    money = SimpleNamespace(obligations={Month.parse("2026-06"): Decimal("1e-20")})
    assert figures.KEY_FIGURES["peak_obligations_month"](None, money) == ["2026-06", None]
    money.obligations = {Month.parse("2026-06"): Decimal(5)}
    assert figures.KEY_FIGURES["peak_obligations_month"](None, money) == ["2026-06"]
