"""Offers compile to columns: delivery, cash and obligation vectors by month."""

from .columns import Column, columns, ledger_months, start_months

__all__ = ["Column", "columns", "ledger_months", "start_months"]
