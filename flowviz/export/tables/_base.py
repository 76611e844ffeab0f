"""A format for tables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import BinaryIO, ClassVar

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
    def write(self, table: Table, file: BinaryIO) -> None:
        """The whole file, in pieces where that saves memory.

        Raises:
            UserError: what the format needs is not installed.
        """


TABLES: Registry[TableWriter] = Registry("table format", "flowviz.export.tables")
"""Table writers by file suffix (".csv")."""
