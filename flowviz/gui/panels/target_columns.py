"""Which two columns of a table are x and y."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFormLayout, QWidget


class ColumnChooser(QWidget):
    """Two combo boxes; `chosen(x column, y column)` when the person picks."""

    chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        self._boxes = (QComboBox(), QComboBox())
        for axis, box in zip("xy", self._boxes, strict=True):
            box.setAccessibleName(f"Column for {axis}")
            box.setObjectName(f"column_{axis}")
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
            box.activated.connect(self._activated)
            form.addRow(f"Column {axis}", box)

    def show_columns(self, names: Sequence[str], numeric: Sequence[bool], columns: tuple[int, int]) -> None:
        """Offer the columns that hold numbers; `columns` are the ones in use. No signal."""
        for box, column in zip(self._boxes, columns, strict=True):
            with QSignalBlocker(box):
                box.clear()
                for index, name in enumerate(names):
                    if numeric[index]:
                        box.addItem(name, index)
                box.setCurrentIndex(box.findData(column))

    @Slot()
    def _activated(self) -> None:
        self.chosen.emit(int(self._boxes[0].currentData()), int(self._boxes[1].currentData()))
