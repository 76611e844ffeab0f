"""The tabs above the stage: ways to look at a flow."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QFrame, QHBoxLayout, QLabel, QTabBar, QWidget

from flowviz.gui.state.options import OptionsState
from flowviz.scene.resolve import modes


class ModeBar(QFrame):
    """One tab for each stage mode, the direction of the strip while that is in front, and tools of all modes.

    Signals:
        options_chosen(object): a dict of StageOptions changes.
    """

    options_chosen = Signal(object)

    def __init__(self, options: OptionsState, tools: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("modeBar")
        self._options = options
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 8, 0)
        row.setSpacing(6)
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
        self.caption = QLabel("Direction")
        self.caption.setProperty("role", "muted")
        row.addWidget(self.caption)
        self.angle = QDoubleSpinBox()
        self.angle.setRange(0.0, 180.0)
        self.angle.setDecimals(0)
        self.angle.setSingleStep(5.0)
        self.angle.setWrapping(True)
        self.angle.setSuffix("°")
        self.angle.setFixedWidth(76)
        self.angle.setAccessibleName("Direction of the marginal in degrees")
        self.angle.setToolTip("The marginal is that of x cos a + y sin a; 0° is x, 90° is y")
        self.angle.valueChanged.connect(self._turned)
        row.addWidget(self.angle)
        row.addWidget(tools)
        options.changed.connect(self._show)
        self._show()

    def key_at(self, index: int) -> str:
        """The mode of a tab."""
        return self._keys[index]

    @Slot(int)
    def _chosen(self, index: int) -> None:
        self.options_chosen.emit({"mode": self._keys[index]})

    @Slot(float)
    def _turned(self, angle: float) -> None:
        self.options_chosen.emit({"angle": angle})

    @Slot()
    def _show(self) -> None:
        value = self._options.value
        with QSignalBlocker(self.tabs), QSignalBlocker(self.angle):
            self.tabs.setCurrentIndex(self._keys.index(value.mode))
            self.angle.setValue(value.angle)
        for widget in (self.caption, self.angle):
            widget.setVisible(value.mode == "strip")
