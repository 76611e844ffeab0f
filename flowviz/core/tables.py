"""Numbers on their way out: named arrays with units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flowviz.core.spec import Array


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of a table.

    Attributes:
        name: as it stands in the file ("x", "log_density").
        unit: of the values ("nats", "data units"), or "".
        values: (rows,).
    """

    name: str
    unit: str
    values: Array


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table, and the same numbers in their natural shape.

    Attributes:
        title: what it is, in a sentence.
        columns: one row an observation.
        arrays: the same in their natural shape, by name (paths (T, n, d)); for formats of arrays.
        units: of the arrays, by name.
        details: what else belongs to it (run, seed, version), as text.
    """

    title: str
    columns: tuple[Column, ...]
    arrays: Mapping[str, Array]
    units: Mapping[str, str]
    details: Mapping[str, str] = field(default_factory=dict)
