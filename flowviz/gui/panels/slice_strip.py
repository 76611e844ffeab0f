"""Where space is cut: the axis that the slice stands across, and its place on it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from flowviz.core.camera import SLICE_AXES
from flowviz.scene.marks import Volume
from flowviz.scene.options import StageOptions

_STOPS = 200
LAYERS = frozenset({"slice", "field"})
"""Layers that show something on the slice."""


class SliceStrip(QFrame):
    """Three buttons and a slider; there is something to see of them only in space.

    Signals:
        options_chosen(object): a dict of StageOptions changes.
    """

    options_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._volume: Volume = ((-1.0,) * 3, (1.0,) * 3)  # type: ignore[assignment]
        self._options = StageOptions()
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 0, 0, 0)
        row.setSpacing(4)
        words = QLabel("Slice across")
        words.setProperty("role", "muted")
        row.addWidget(words)
        self._group = QButtonGroup(self)
        self.axes: dict[str, QToolButton] = {}
        for axis in SLICE_AXES:
            button = QToolButton()
            button.setProperty("chip", True)
            button.setText(axis)
            button.setCheckable(True)
            button.setAccessibleName(f"Slice across {axis}")
            button.setToolTip(f"Cut space where {axis} has one value")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(self._axis_clicked)
            self._group.addButton(button)
            self.axes[axis] = button
            row.addWidget(button)
        row.addSpacing(6)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STOPS)
        self.slider.setPageStep(_STOPS // 20)
        self.slider.setMinimumWidth(120)
        self.slider.setMaximumWidth(360)
        self.slider.setAccessibleName("Place of the slice")
        self.slider.setToolTip("Move the slice through space (PgUp, PgDown)")
        self.slider.valueChanged.connect(self._moved)
        row.addWidget(self.slider, 1)
        self.number = QLabel()
        self.number.setProperty("role", "muted")
        self.number.setMinimumWidth(64)
        row.addWidget(self.number)
        row.addStretch(0)
        self.hide()

    def show_options(self, options: StageOptions, volume: Volume | None) -> None:
        """Show where the slice is; hidden on a plane, and where no layer uses it."""
        self._options = options
        if volume is not None:
            self._volume = volume
        self.setVisible(volume is not None and bool(LAYERS & options.layers))
        self.axes[options.slice_axis].setChecked(True)
        low, high = self._ends()
        self.slider.blockSignals(True)
        self.slider.setValue(round((options.slice_place - low) / (high - low) * _STOPS))
        self.slider.blockSignals(False)
        place = min(max(options.slice_place, low), high)
        self.number.setText(f"{options.slice_axis} = {place:.2f}".replace("-", "\N{MINUS SIGN}"))

    def nudge(self, stops: int) -> None:
        """Move the slice by so many stops of its slider."""
        self.slider.setValue(self.slider.value() + stops)

    def _ends(self) -> tuple[float, float]:
        axis = SLICE_AXES.index(self._options.slice_axis)
        return self._volume[0][axis], self._volume[1][axis]

    @Slot()
    def _axis_clicked(self) -> None:
        axis = next(axis for axis, button in self.axes.items() if button.isChecked())
        self.options_chosen.emit({"slice_axis": axis})

    @Slot()
    def _moved(self) -> None:
        low, high = self._ends()
        place = low + (high - low) * self.slider.value() / _STOPS
        self.options_chosen.emit({"slice_place": round(place, 4)})
