"""Offers compile to columns: delivery, cash and obligation vectors by month."""

from .columns import Column, columns, ledger_months, start_months
from .payments import PRICED_LINES

__all__ = ["PRICED_LINES", "Column", "columns", "ledger_months", "start_months"]
