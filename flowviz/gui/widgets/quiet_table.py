"""Set-up that tables of figures share: whole rows, one at a time, a header with tips, nothing to edit or to drag."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget


def make_quiet(table: QTableWidget, columns: Mapping[str, str]) -> None:
    """Give a table its columns, name by tip, all equally wide, and the manners of a list of facts."""
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.verticalHeader().hide()
    table.setColumnCount(len(columns))
    table.setHorizontalHeaderLabels(list(columns))
    for place, tip in enumerate(columns.values()):
        item = table.horizontalHeaderItem(place)
        if item is not None:
            item.setToolTip(f"<p>{tip}</p>")
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setMinimumSectionSize(24)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    header.setSectionsClickable(False)
