"""How much of each layer is drawn, and where its density comes from: the menu behind the layers' chips."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QMenu, QSlider, QWidget, QWidgetAction

from flowviz.gui.state.options import OptionsState

_SLIDERS = (
    ("particles", "Particles", 1, 200, 100.0, "How many particles are drawn"),
    ("trails", "Trails", 1, 40, 25.0, "How many particles draw a trail"),
    ("trail_length", "Trail length", 1, 20, 0.05, "How much of the way a trail shows, as a share of flow time"),
    ("point_size", "Dot size", 2, 16, 0.5, "Diameter of a dot, in points"),
    ("inner_mass", "Inner surface", 1, 19, 0.05, "Share of the mass within the inner surface of the density"),
    ("outer_mass", "Outer surface", 1, 19, 0.05, "Share of the mass within the outer surface of the density"),
    ("false_alarm", "False alarms", 1, 50, 0.005, "Share of the model's own samples outside the anomaly level"),
)
"""The option, what it is called, the slider's range and its unit, and what it does."""
_COUNTS = ("particles", "trails")
_IN_SPACE = ("inner_mass", "outer_mass")


class DisplayMenu(QMenu):
    """A form of sliders in a menu, made when it is first opened: the window opens sooner without.

    Signals:
        options_chosen(object): a dict of StageOptions changes.
    """

    options_chosen = Signal(object)

    def __init__(self, options: OptionsState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = options
        self._dim = 2
        self._form: QFormLayout | None = None
        self._entry = QWidgetAction(self)
        self._sliders: dict[str, tuple[QSlider, float]] = {}
        self._values: dict[str, QLabel] = {}
        self._rows: dict[str, QHBoxLayout] = {}
        self.aboutToShow.connect(self._open)
        options.changed.connect(self.refresh)

    def offer_for(self, dim: int) -> None:
        """Offer what there is to choose in so many dimensions."""
        if dim != self._dim:
            self._dim = dim
            self.refresh()

    @Slot()
    def _open(self) -> None:
        if self._form is None:
            body = QWidget()
            self._form = self._make_form(body)
            self._entry.setDefaultWidget(body)
        self.refresh()
        self._form.activate()
        self.removeAction(self._entry)  # a menu measures what it is given, and then no more: there may be other rows
        self.addAction(self._entry)

    def _make_form(self, body: QWidget) -> QFormLayout:
        form = QFormLayout(body)
        form.setContentsMargins(14, 10, 14, 10)
        form.setVerticalSpacing(10)
        self.density = QComboBox()
        self.density.setAccessibleName("Source of the density")
        self.density.setToolTip("Exact: solved back from every point of a grid; takes a moment for each frame")
        self.density.addItem("Estimate from particles", "estimate")
        self.density.addItem("Exact model density", "exact")
        self.density.activated.connect(self._density_chosen)
        form.addRow("Density", self.density)
        for name, label, low, high, unit, tip in _SLIDERS:
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(low, high)
            slider.setMinimumWidth(150)
            slider.setAccessibleName(label)
            slider.setToolTip(tip)
            slider.setProperty("option", name)
            slider.valueChanged.connect(self._slider_moved)
            self._sliders[name] = (slider, unit)
            number = QLabel()
            number.setProperty("role", "muted")
            number.setMinimumWidth(44)
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._values[name] = number
            line = QHBoxLayout()
            line.addWidget(slider, 1)
            line.addWidget(number)
            form.addRow(label, line)
            self._rows[name] = line
        return form

    @Slot()
    def _density_chosen(self) -> None:
        self.options_chosen.emit({"density": self.density.currentData()})

    @Slot()
    def _slider_moved(self) -> None:
        name = str(self.sender().property("option"))
        slider, unit = self._sliders[name]
        value = slider.value() * unit
        self.options_chosen.emit({name: round(value) if name in _COUNTS else value})

    @Slot()
    def refresh(self) -> None:
        """Show the options as they are."""
        if self._form is None:
            return
        value = self._options.value
        self.density.setCurrentIndex(self.density.findData(value.density))
        for name in _IN_SPACE:
            self._form.setRowVisible(self._rows[name], self._dim == 3)
        for name, (slider, unit) in self._sliders.items():
            with QSignalBlocker(slider):
                slider.setValue(round(getattr(value, name) / unit))
            self._values[name].setText(f"{getattr(value, name):g}")
