"""The tabs above the stage: ways to look at a flow."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QDoubleSpinBox, QFrame, QHBoxLayout, QLabel, QTabBar, QVBoxLayout, QWidget

from flowviz.gui.bridge.paint_thread import Picture
from flowviz.gui.state.options import OptionsState
from flowviz.scene.resolve import modes

_TIPS = (
    (
        "The marginal is that of x cos a + y sin a; 0° is x, 90° is y",
        "How far the direction of the marginal leans towards z; 90° is z",
    ),
    (
        "To the right is x cos a + y sin a: 0° is x, 90° is y",
        "How far the upright direction leans towards z: 0° lies flat, 90° is z",
    ),
)
"""Of the boxes for directions, in a strip and in a journey."""
_AROUND = 28
"""Margins, and the gap between tabs and tools."""


class ModeBar(QFrame):
    """One tab for each stage mode, the directions of strip and journey while they are in front, and tools of all modes.

    Signals:
        options_chosen(object): a dict of StageOptions changes.
    """

    options_chosen = Signal(object)

    def __init__(self, options: OptionsState, tools: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("modeBar")
        self._options, self._is_space = options, False
        rows = QVBoxLayout(self)
        rows.setContentsMargins(8, 2, 8, 0)
        rows.setSpacing(2)
        row, self._second = QHBoxLayout(), QHBoxLayout()
        for line in (row, self._second):
            line.setSpacing(6)
            rows.addLayout(line)
        self._first, self._tools = row, tools
        self.tabs = QTabBar()
        self.tabs.setAccessibleName("Stage mode")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._keys: list[str] = []
        for number, (key, mode) in enumerate(modes(), 1):
            index = self.tabs.addTab(mode.label)
            self.tabs.setTabToolTip(index, f"{mode.summary} (Ctrl+{number})")
            self._keys.append(key)
        self.tabs.currentChanged.connect(self._chosen)
        row.addWidget(self.tabs)
        row.addStretch(1)
        row.addWidget(tools)
        self.directions = QWidget()
        self._second.addWidget(self.directions)
        self._second.addStretch(1)
        row = QHBoxLayout(self.directions)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(6)
        self.caption = QLabel("Direction")
        self.caption.setProperty("role", "muted")
        row.addWidget(self.caption)
        self.angle = _degrees(0.0, 180.0, "Direction of the marginal in degrees", self._turned)
        self.angle.setWrapping(True)
        self.rise = _degrees(0.0, 90.0, "How far the direction leans towards z, in degrees", self._risen)
        for box in (self.angle, self.rise):
            row.addWidget(box)
        row.addStretch(1)
        options.changed.connect(self._show)
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The tools stand beside the tabs; below them where these would have to scroll."""
        super().resizeEvent(event)
        needed = self.tabs.sizeHint().width() + self._tools.sizeHint().width() + _AROUND
        line, other = (self._first, self._second) if needed <= self.width() else (self._second, self._first)
        if line.indexOf(self._tools) < 0:
            other.removeWidget(self._tools)
            line.addWidget(self._tools)

    def key_at(self, index: int) -> str:
        """The mode of a tab."""
        return self._keys[index]

    @Slot(int)
    def _chosen(self, index: int) -> None:
        self.options_chosen.emit({"mode": self._keys[index]})

    @Slot(float)
    def _turned(self, angle: float) -> None:
        self.options_chosen.emit({"angle": angle})

    @Slot(float)
    def _risen(self, rise: float) -> None:
        self.options_chosen.emit({"rise": rise})

    @Slot(object)
    def show_picture(self, picture: Picture) -> None:
        """The stage shows a plane or space: offer the directions that there are."""
        if (picture.volume is not None) != self._is_space:
            self._is_space = picture.volume is not None
            self._show()

    @Slot()
    def _show(self) -> None:
        value = self._options.value
        with QSignalBlocker(self.tabs), QSignalBlocker(self.angle), QSignalBlocker(self.rise):
            self.tabs.setCurrentIndex(self._keys.index(value.mode))
            self.angle.setValue(value.angle)
            self.rise.setValue(value.rise)
        turns = value.mode == "strip" or (value.mode == "journey" and self._is_space)
        self.directions.setVisible(turns)
        self.rise.setVisible(self._is_space)
        for box, tip in zip((self.angle, self.rise), _TIPS[value.mode == "journey"], strict=True):
            box.setToolTip(tip)


def _degrees(low: float, high: float, name: str, turned: Callable[[float], None]) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(low, high)
    box.setDecimals(0)
    box.setSingleStep(5.0)
    box.setSuffix("°")
    box.setFixedWidth(76)
    box.setAccessibleName(name)
    box.valueChanged.connect(turned)
    return box
