"""Calendar months as integers, so that differences and sums are plain arithmetic."""

from __future__ import annotations

import calendar
import re
from functools import cache
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

_PATTERN = re.compile(r"(2[01]\d\d)-(0[1-9]|1[0-2])")


@cache
def _hours(year: int, number: int) -> int:
    return 24 * calendar.monthrange(year, number)[1]


class Month(int):
    """A calendar month, stored as 12 x year + (month - 1). Written and printed as `YYYY-MM`.

    >>> Month.parse("2026-06") + 9
    Month('2027-03')
    >>> Month.parse("2027-03") - Month.parse("2026-06")
    9
    >>> Month.parse("2028-02").hours
    696
    """

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read `YYYY-MM`, 2000 to 2199. Raises ValueError for anything else."""
        match = _PATTERN.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is not a month written YYYY-MM")
        return cls(12 * int(match[1]) + int(match[2]) - 1)

    @property
    def year(self) -> int:
        return int(self) // 12

    @property
    def number(self) -> int:
        """1 for January to 12 for December."""
        return int(self) % 12 + 1

    @property
    def hours(self) -> int:
        """Hours of this calendar month (UTC: no daylight saving)."""
        return _hours(self.year, self.number)

    def fiscal_year(self, first: int) -> int:
        """Calendar year in which the fiscal year of this month begins; `first` is its first month, 1 to 12.

        >>> Month.parse("2027-03").fiscal_year(first=7)
        2026
        """
        return (int(self) - (first - 1)) // 12

    def __add__(self, months: int) -> Month:
        return Month(int(self) + int(months))

    def __sub__(self, other: int) -> int:
        """Months between two months; a Month less a plain integer is a Month."""
        difference = int(self) - int(other)
        return difference if isinstance(other, Month) else Month(difference)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def __repr__(self) -> str:
        return f"Month('{self}')"

    @classmethod
    def _validate(cls, value: Any) -> Month:
        if isinstance(value, Month):
            return value
        if isinstance(value, str) and _PATTERN.fullmatch(value):
            return cls.parse(value)
        raise PydanticCustomError("month", "a month is written YYYY-MM")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_PATTERN.pattern}$"}
