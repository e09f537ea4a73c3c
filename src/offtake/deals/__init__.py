"""Offers compile to columns: delivery, cash and obligation vectors by month."""

from .column import Column
from .columns import columns, ledger_months, start_months, ways

__all__ = ["Column", "columns", "ledger_months", "start_months", "ways"]
