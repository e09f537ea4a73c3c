"""Rates by month and block of the day."""

import numpy as np
import pytest

from offtake.instance import catalogue
from offtake.instance.demand import daily_factors, mean_requests_per_s
from offtake.instance.schema import Demand, Instance


def instance(demand, *, months=2, blocks=1, longitude=0.0):
    return Instance.model_validate(
        {
            "format": "offtake/1",
            "name": "demand",
            "horizon": {"start": "2026-06", "months": months},
            "day": {"blocks": blocks},
            "regions": {"here": {"latitude": 0, "longitude": longitude}},
            "workloads": {
                "w": {
                    "kind": "batch",
                    "model": "m",
                    "region": "here",
                    "request": {"input_tokens": 1, "output_tokens": 1},
                    "demand": demand,
                }
            },
        }
    )


def test_growth_is_a_factor_per_year():
    """10/s growing by 4 a year: after 6 months 10 x 4^(1/2) = 20, after 12 months 40."""
    rates = mean_requests_per_s(instance({"requests_per_s": 10, "growth_per_year": 4}, months=13), "w")
    assert rates[[0, 6, 12], 0] == pytest.approx([10, 20, 40])


def test_a_month_table_is_taken_as_it_is():
    rates = mean_requests_per_s(instance({"requests_per_s": {"2026-06": 3, "2026-07": 0, "2026-08": 9}}), "w")
    assert rates.tolist() == [[3], [0]]


def test_explicit_factors_are_by_utc_hour_and_scaled_to_mean_one():
    """Factors 3 in hours 0 to 11 and 1 in 12 to 23: mean 2, so blocks of half a day get 1.5 and 0.5 of 10/s.
    The longitude does not matter."""
    shape = [3] * 12 + [1] * 12
    rates = mean_requests_per_s(instance({"requests_per_s": 10, "shape": shape}, blocks=2, longitude=139.7), "w")
    assert rates[0] == pytest.approx([15, 5])


@pytest.mark.parametrize(("longitude", "utc_hour"), [(0, 12), (-90, 18), (139.69, 3), (7.4, 12), (7.6, 11), (-180, 0)])
def test_named_shapes_follow_the_sun(longitude, utc_hour):
    """Local noon at 90 W is 18 h UTC; in Tokyo (139.69 E, round(9.31) = 9) it is 3 h UTC; zones meet at 7.5 E."""
    noon = catalogue.shapes()["code"]["factors"][12]
    factors = daily_factors(Demand(requests_per_s=1, shape="code"), longitude)
    assert factors[utc_hour] == pytest.approx(noon)
    assert factors.mean() == pytest.approx(1)


def test_two_regions_peak_at_different_hours():
    """What makes pooling across regions worth anything: the sum of two shifted days is flatter than either."""
    demand = Demand(requests_per_s=1, shape="code")
    here, there = daily_factors(demand, -75.0), daily_factors(demand, 105.0)
    assert (here + there).max() < here.max() + there.max() - 0.5
    assert np.argmax(there) == (np.argmax(here) + 12) % 24


@pytest.mark.parametrize("blocks", [1, 2, 3, 4, 6, 8, 12, 24])
def test_blocks_keep_the_mean_of_the_month(blocks):
    rates = mean_requests_per_s(instance({"requests_per_s": 7, "shape": "office"}, blocks=blocks, longitude=-77.5), "w")
    assert rates.shape == (2, blocks)
    assert rates.mean(axis=1) == pytest.approx([7, 7])


def test_a_missing_month_is_an_error():
    with pytest.raises(KeyError):
        mean_requests_per_s(instance({"requests_per_s": {"2026-06": 3}}), "w")


def test_a_doubling_time():
    """10/s doubling every 6 months: 20 after 6, 40 after 12."""
    rates = mean_requests_per_s(instance({"requests_per_s": 10, "doubling_months": 6}, months=13), "w")
    assert rates[[0, 6, 12], 0] == pytest.approx([10, 20, 40])


def test_growth_by_year_is_from_january_to_january():
    """From June 2026 seven months at 4 a year, then twelve at 9: January 2027 has 10 x 4^(7/12), a year later 9 times
    that; the last year holds on."""
    table = {"2026": 4, "2027": 9}
    rates = mean_requests_per_s(instance({"requests_per_s": 10, "growth_per_year": table}, months=32), "w")[:, 0]
    january = 10 * 4 ** (7 / 12)
    assert rates[[0, 7, 19, 31]] == pytest.approx([10, january, 9 * january, 81 * january])


def test_a_month_table_by_hour():
    """24 rates by UTC hour, and a month with one rate for all of them: blocks of half a day take the mean of theirs."""
    table = {"2026-06": [2] * 12 + [4] * 6 + [8] * 6, "2026-07": 5}
    rates = mean_requests_per_s(instance({"requests_per_s": table}, blocks=2, longitude=139.7), "w")
    assert rates.tolist() == [[2, 6], [5, 5]]
