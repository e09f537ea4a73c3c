"""Round trips and egress between where capacity is and where its users are."""

from __future__ import annotations

import math

from .schema import Instance, Region

EARTH_RADIUS_KM = 6371.0088
"""mean radius, IUGG"""
LIGHT_KM_PER_MS = 299.792458
FIBRE_INDEX = 1.468
"""group index of standard single-mode fibre at 1550 nm (Corning SMF-28 data sheet: 1.4682)"""


def great_circle_km(one: Region, other: Region) -> float:
    """Distance on the sphere (haversine formula)."""
    lat1, lat2 = math.radians(one.latitude), math.radians(other.latitude)
    half_lat = (lat2 - lat1) / 2
    half_lon = math.radians(other.longitude - one.longitude) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(chord, 1.0)))


def round_trip_ms(instance: Instance, supply_region: str, workload_region: str) -> float:
    """Network round trip in milliseconds between a pool's region and a workload's.

    A pair in `network.round_trip_ms` wins; written in one direction it holds in both, written in both
    each direction has its own. Otherwise 2 x great circle x path factor / (c / 1.468) + overhead, which is the overhead
    alone within a region. Against published round trips between regions (tests/test_network.py), the default factor 1.5
    and overhead 3 ms have a median error of 17 % on 25 of Azure, the worst 40 %, and of 7 % on 45 of IBM Cloud, the
    worst 42 % too short, where no cable follows the great circle: Europe to Japan, Australia to South America. Give
    such pairs.
    """
    network = instance.network
    for here, there in ((supply_region, workload_region), (workload_region, supply_region)):
        given = network.round_trip_ms.get(here, {}).get(there)
        if given is not None:
            return given
    km = great_circle_km(instance.regions[supply_region], instance.regions[workload_region])
    return 2 * km * network.path_factor * FIBRE_INDEX / LIGHT_KM_PER_MS + network.overhead_ms


def egress_usd_per_million_tokens(instance: Instance, supply_region: str, workload_region: str) -> float:
    """USD per million output tokens sent from the supply region to the workload's; 0 if not listed.

    Unlike round trips, egress is directed: the reverse direction is never read.
    """
    return instance.network.egress_usd_per_million_tokens.get(supply_region, {}).get(workload_region, 0.0)
