"""Which columns of a table are taken: two or three of them, or their principal components."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFormLayout, QWidget

_WAYS = (("2 columns", 2, 0), ("3 columns", 3, 0), ("2 principal components", 2, 2), ("3 principal components", 3, 3))
"""What it is called, how many columns of numbers it needs, and how many components it makes (0: none)."""


class ColumnChooser(QWidget):
    """A way of choosing, and a combo box for each axis; `chosen` when the person picks.

    Signals:
        chosen(tuple): columns by number counted from 1, or ("pca2",) or ("pca3",).
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._way = _box("Columns taken", "column_way")
        self._way.setToolTip("Principal components turn all columns so that the first ones keep the most variance")
        self._form.addRow("Take", self._way)
        self._boxes = tuple(_box(f"Column for {axis}", f"column_{axis}") for axis in "xyz")
        for axis, box in zip("xyz", self._boxes, strict=True):
            self._form.addRow(f"Column {axis}", box)
        for box in (self._way, *self._boxes):
            box.activated.connect(self._activated)

    def show_columns(
        self, names: Sequence[str], numeric: Sequence[bool], columns: Sequence[int], components: int
    ) -> None:
        """Offer the columns that hold numbers. No signal.

        Args:
            names: of all columns.
            numeric: which of them hold numbers.
            columns: indices of those in use.
            components: how many principal components are in use; 0 where the columns themselves are.
        """
        usable = [index for index, is_number in enumerate(numeric) if is_number]
        with QSignalBlocker(self._way):
            self._way.clear()
            for label, needed, made in _WAYS:
                if len(usable) >= needed:
                    self._way.addItem(label, (needed, made))
            self._way.setCurrentIndex(self._way.findText(_label(components or len(columns), bool(components))))
        shown = list(columns) if not components else []
        shown += [index for index in usable if index not in shown]
        for box, column in zip(self._boxes, shown[:3], strict=False):
            with QSignalBlocker(box):
                box.clear()
                for index in usable:
                    box.addItem(names[index], index)
                box.setCurrentIndex(box.findData(column))
        self._show_boxes()

    def _show_boxes(self) -> None:
        needed, made = self._way.currentData()
        for place, box in enumerate(self._boxes):
            self._form.setRowVisible(box, not made and place < needed)

    @Slot()
    def _activated(self) -> None:
        self._show_boxes()
        needed, made = self._way.currentData()
        numbers = tuple(int(box.currentData()) + 1 for box in self._boxes[:needed])
        self.chosen.emit((f"pca{made}",) if made else numbers)


def _label(count: int, are_components: bool) -> str:
    return next(label for label, needed, made in _WAYS if needed == count and bool(made) == are_components)


def _box(name: str, key: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setObjectName(key)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    return box
