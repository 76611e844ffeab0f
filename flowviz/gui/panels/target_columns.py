"""Which columns of a table are taken: two or three of them, or their principal components, and maybe weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFormLayout, QWidget

if TYPE_CHECKING:
    from flowviz.targets._columns import Picked

_WAYS = (("2 columns", 2, 0), ("3 columns", 3, 0), ("2 principal components", 2, 2), ("3 principal components", 3, 3))
"""What it is called, how many columns of numbers it needs, and how many components it makes (0: none)."""
_NO_COLUMN = -1


class ColumnChooser(QWidget):
    """A way of choosing, and a combo box for each axis and for the weights; `chosen` when the person picks.

    Signals:
        chosen(LoadOptions): columns by number counted from 1, or ("pca2",) or ("pca3",), and the weights' column.
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
        self._weights = _box("Column that says how much each point counts", "column_weights")
        self._weights.setToolTip("How much each point counts; without it, all count the same")
        self._form.addRow("Weights", self._weights)
        for box in (self._way, *self._boxes, self._weights):
            box.activated.connect(self._activated)

    def show_columns(self, names: Sequence[str], numeric: Sequence[bool], used: Picked) -> None:
        """Offer the columns that hold numbers. No signal.

        Args:
            names: of all columns.
            numeric: which of them hold numbers.
            used: those in use.
        """
        columns, components = used.columns, used.components
        usable = [index for index, is_number in enumerate(numeric) if is_number]
        with QSignalBlocker(self._way):
            self._way.clear()
            for label, needed, made in _WAYS:
                if len(usable) >= needed:
                    self._way.addItem(label, (needed, made))
            self._way.setCurrentIndex(self._way.findText(_label(components or len(columns), bool(components))))
        shown = list(columns) if not components else []
        shown += [index for index in usable if index not in shown]
        offered = [(names[index], index) for index in usable]
        for box, column in zip(self._boxes, shown[:3], strict=False):
            _fill(box, offered, column)
        _fill(self._weights, [("none", _NO_COLUMN), *offered], _NO_COLUMN if used.weight is None else used.weight)
        self._show_boxes()

    def _show_boxes(self) -> None:
        needed, made = self._way.currentData()
        for place, box in enumerate(self._boxes):
            self._form.setRowVisible(box, not made and place < needed)

    @Slot()
    def _activated(self) -> None:
        from flowviz.targets.loading import LoadOptions  # known by now: a file was read

        self._show_boxes()
        needed, made = self._way.currentData()
        numbers = tuple(int(box.currentData()) + 1 for box in self._boxes[:needed])
        weight = int(self._weights.currentData())
        columns: tuple[str | int, ...] = (f"pca{made}",) if made else numbers
        self.chosen.emit(LoadOptions(columns, "" if weight == _NO_COLUMN else weight + 1))


def _label(count: int, are_components: bool) -> str:
    return next(label for label, needed, made in _WAYS if needed == count and bool(made) == are_components)


def _fill(box: QComboBox, items: Sequence[tuple[str, int]], chosen: int) -> None:
    with QSignalBlocker(box):
        box.clear()
        for text, data in items:
            box.addItem(text, data)
        box.setCurrentIndex(box.findData(chosen))


def _box(name: str, key: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setObjectName(key)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    return box
