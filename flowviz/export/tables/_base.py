"""A format for tables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from flowviz.core.registry import Registry
from flowviz.core.tables import Table


class TableWriter(ABC):
    """Writes one table. One file, one registered class.

    Class attributes:
        label: the format's name for people.
        summary: one sentence about when to use it.
    """

    label: ClassVar[str]
    summary: ClassVar[str]

    @abstractmethod
    def encode(self, table: Table) -> bytes:
        """The whole file.

        Raises:
            UserError: what the format needs is not installed.
        """


TABLES: Registry[TableWriter] = Registry("table format", "flowviz.export.tables")
"""Table writers by file suffix (".csv")."""
