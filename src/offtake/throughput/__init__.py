"""Accelerator x model x workload -> requests/s inside the latency target, and USD per million tokens. Plain NumPy."""

from .prices import TokenPrice, usd_per_million_tokens
from .rates import ServingRate
from .stages import rate_table
from .table import RateTable

__all__ = ["RateTable", "ServingRate", "TokenPrice", "rate_table", "usd_per_million_tokens"]
