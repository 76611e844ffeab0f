"""What a benchmark says: a value against its bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Measurement:
    """One line of the table.

    Attributes:
        name: what was measured.
        value: the figure.
        unit: of value and bound.
        bound: what it must not pass, or None when it is printed for information.
        better: on which side of the bound it holds.
    """

    name: str
    value: float
    unit: str
    bound: float | None = None
    better: Literal["lower", "higher"] = "lower"

    @property
    def holds(self) -> bool:
        """Whether the value keeps its bound."""
        if self.bound is None:
            return True
        return self.value <= self.bound if self.better == "lower" else self.value >= self.bound
