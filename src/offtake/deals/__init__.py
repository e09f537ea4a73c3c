"""Offers compile to columns: delivery, cash and obligation vectors by month."""

from .column import Column
from .columns import columns, ledger_months, start_months, ways
from .payments import PRICED_LINES

__all__ = ["PRICED_LINES", "Column", "columns", "ledger_months", "start_months", "ways"]
