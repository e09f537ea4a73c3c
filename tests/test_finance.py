"""The money module: its doctests, and the laws that any discounting must obey."""

import doctest

import numpy as np
import numpy_financial
import pytest
import pyxirr
from hypothesis import given
from hypothesis import strategies as st

from offtake import dollars
from offtake.deals import finance, tiers
from offtake.instance import months, prices

rates = st.floats(0.0, 1.0)
bases = st.sampled_from(["effective", "nominal"])
timings = st.sampled_from(["start", "mid", "end"])


@pytest.mark.parametrize("module", [dollars, finance, months, prices, tiers])
def test_the_examples_in_the_docstrings_hold(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@given(bases, timings)
def test_at_rate_zero_a_dollar_is_a_dollar(basis, timing):
    assert np.all(finance.discount_factors(0.0, basis, timing, 60) == 1.0)


@given(rates, timings, st.integers(0, 30))
def test_a_shift_by_m_months_multiplies_by_the_rate_to_the_m_twelfths(rate, timing, shift):
    factors = finance.discount_factors(rate, "effective", timing, 61)
    assert factors[30 + shift] == pytest.approx(factors[30] * (1 + rate) ** (-shift / 12), rel=1e-12)


@given(rates, bases)
def test_later_in_the_month_is_worth_less(rate, basis):
    start, mid, end = (finance.discount_factors(rate, basis, timing, 12) for timing in ("start", "mid", "end"))
    assert np.all(start >= mid)
    assert np.all(mid >= end)


amounts = st.lists(st.floats(0, 1e9), min_size=1, max_size=40)
shares = st.floats(0, 1)


@given(rates, bases, timings, amounts)
def test_present_values_agree_with_two_libraries(rate, basis, timing, cash):
    """They know one rate per period and payments at its start; the middle of a month is an odd half-month."""
    ours = float(cash @ finance.discount_factors(rate, basis, timing, len(cash)))
    half_month = (1 + rate / 12) ** 0.5 - 1 if basis == "nominal" else (1 + rate) ** (1 / 24) - 1
    by_half_months = np.zeros(2 * len(cash) + 1)
    shift = {"start": 0, "mid": 1, "end": 2}[timing]
    by_half_months[shift : shift + 2 * len(cash) : 2] = cash
    assert numpy_financial.npv(half_month, by_half_months) == pytest.approx(ours, rel=1e-9, abs=1e-9)
    assert pyxirr.npv(half_month, by_half_months) == pytest.approx(ours, rel=1e-9, abs=1e-9)


@given(amounts, shares, st.sampled_from(["pro_rata", "first", "last"]))
def test_prepayment_and_monthly_fees_add_up_to_the_fixed_fees(fees, prepay, drawdown):
    fixed = np.array(fees)
    prepayment, monthly = finance.draw_down(fixed, prepay, drawdown)
    close = {"rel": 1e-9, "abs": 1e-5}
    assert prepayment + monthly.sum() == pytest.approx(fixed.sum(), **close)
    assert np.all(monthly >= -1e-5) and np.all(monthly <= fixed + 1e-5)


@given(amounts, shares)
def test_drawn_down_first_nothing_is_paid_sooner_and_drawn_down_last_nothing_later(fees, prepay):
    first, pro_rata, last = (
        finance.draw_down(np.array(fees), prepay, how)[1].cumsum() for how in ("first", "pro_rata", "last")
    )
    assert np.all(first <= pro_rata + 1e-5)
    assert np.all(pro_rata <= last + 1e-5)


@given(amounts, shares, st.floats(0, 1e9))
def test_full_use_costs_the_larger_of_fee_and_minimum(fees, take_or_pay, minimum):
    gross = np.array(fees)
    fixed = finance.fixed_fees(gross, take_or_pay, minimum)
    paid = finance.paid_share(gross, fixed, take_or_pay)
    full = fixed + (1 - paid) * gross
    assert full == pytest.approx(np.maximum(gross, minimum), rel=1e-9, abs=1e-5)
    assert np.all((paid >= take_or_pay) & (paid <= 1))


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40), st.integers(0, 39))
def test_what_is_owed_falls_by_what_is_paid(cash, signing):
    signing = min(signing, len(cash) - 1)
    owed = finance.outstanding(np.array(cash, dtype=float), signing)
    later = np.arange(len(cash) - 1) >= signing
    assert np.all((owed[:-1] - owed[1:])[later] == np.array(cash[1:])[later])
    assert owed[-1] == 0
