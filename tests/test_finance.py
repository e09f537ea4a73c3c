"""The money module: its doctests, and the laws that any discounting must obey."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offtake.deals import finance
from offtake.instance import months

rates = st.floats(0.0, 1.0)
bases = st.sampled_from(["effective", "nominal"])
timings = st.sampled_from(["start", "mid", "end"])


@pytest.mark.parametrize("module", [finance, months])
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


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=40), st.floats(0, 1), st.floats(0, 1))
def test_prepayment_and_monthly_fees_add_up_to_the_fixed_fees(gross, take_or_pay, prepay):
    prepayment, monthly = finance.split_fees(np.array(gross), take_or_pay, prepay)
    assert prepayment + monthly.sum() == pytest.approx(take_or_pay * sum(gross), rel=1e-9, abs=1e-6)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40), st.integers(0, 39))
def test_what_is_owed_falls_by_what_is_paid(cash, signing):
    signing = min(signing, len(cash) - 1)
    owed = finance.outstanding(np.array(cash, dtype=float), signing)
    later = np.arange(len(cash) - 1) >= signing
    assert np.all((owed[:-1] - owed[1:])[later] == np.array(cash[1:])[later])
    assert owed[-1] == 0
