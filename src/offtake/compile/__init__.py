"""Instance -> Problem: the one place where the language of contracts becomes index lists and arrays.

Each future is compiled as an instance of its own; they are put side by side along the scenario axis.
"""

from .calendar import Calendar, make_calendar
from .compiled import Compiled, compile_instance

__all__ = ["Calendar", "Compiled", "compile_instance", "make_calendar"]
