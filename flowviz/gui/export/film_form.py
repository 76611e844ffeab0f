"""What a film is like: clock, size, rate, length, look, layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QWidget,
)

from flowviz.core.film import FilmClock, FilmSpec
from flowviz.export import EXPORTERS
from flowviz.scene.resolve import layers
from flowviz.scene.tokens import ThemeName

SIZES: tuple[tuple[str, int, int], ...] = (
    ("Small, 854 × 480", 854, 480),
    ("HD, 1280 × 720", 1280, 720),
    ("Full HD, 1920 × 1080", 1920, 1080),
    ("2K, 2560 × 1440", 2560, 1440),
    ("4K, 3840 × 2160", 3840, 2160),
    ("Square, 720 × 720", 720, 720),
    ("Square, 1080 × 1080", 1080, 1080),
)
_WAYS = {"generate": "noise becomes data", "encode": "data become noise"}
_CLOCKS: tuple[tuple[str, FilmClock, str], ...] = (
    ("Flow time: {way}", "flow", "The flow at one moment of its training, t running from end to end"),
    ("Training: the flow learns", "training", "All that was recorded of the training, at one flow time t"),
    ("Camera: once around", "camera", "One turn around the flow at the shown moment; its end meets its beginning"),
)
_THEMES: tuple[tuple[str, ThemeName], ...] = (("Dark", "dark"), ("Light", "light"))


class FilmForm(QWidget):
    """Controls of a FilmSpec. `changed` follows every change; `spec()` reads them."""

    changed = Signal()

    def __init__(self, defaults: FilmSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._defaults = defaults
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(9)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        # a camera turns around space only
        clocks = [item for item in _CLOCKS if item[1] != "camera" or defaults.camera is not None]
        self._clock = _combo(
            "Clock", [(label.format(way=_WAYS[defaults.direction]), clock) for label, clock, _ in clocks]
        )
        for index, (_, _, tip) in enumerate(clocks):
            self._clock.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        form.addRow("Shows", self._clock)
        self._size = _combo("Size", [(label, (width, height)) for label, width, height in SIZES])
        self._size.addItem("Custom", None)
        self._width, self._height = _pixels("Width", 7680), _pixels("Height", 4320)
        self._custom = QWidget()
        form.addRow("Size", self._row(self._size))
        form.addRow("", self._custom)
        self._fill_custom()
        self._fps = QSpinBox()
        self._fps.setRange(1, 120)
        self._fps.setAccessibleName("Frames a second")
        self._fps.setObjectName("film_fps")
        self._fps.setToolTip("Pictures a second")
        self._seconds = QDoubleSpinBox()
        self._seconds.setRange(0.1, 3600.0)
        self._seconds.setDecimals(1)
        self._seconds.setSuffix(" s")
        self._seconds.setAccessibleName("Length in seconds")
        self._seconds.setObjectName("film_seconds")
        for box in (self._fps, self._seconds, self._width, self._height):
            box.lineEdit().setTextMargins(4, 0, 0, 0)
        form.addRow("Frames a second", self._fps)
        form.addRow("Length", self._seconds)
        self._theme = _combo("Theme", list(_THEMES))
        self._caption = QCheckBox("Title and clock below")
        self._caption.setObjectName("film_caption")
        form.addRow("Look", self._row(self._theme, self._caption))
        self._layers = self._make_layers()
        form.addRow("Layers", self._layers)
        self.show_spec(defaults)
        self._connect()

    def _row(self, *widgets: QWidget) -> QWidget:
        place = QWidget()
        row = QHBoxLayout(place)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        for widget in widgets:
            row.addWidget(widget)
        return place

    def _fill_custom(self) -> None:
        row = QHBoxLayout(self._custom)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._width)
        row.addWidget(QLabel("×"))
        row.addWidget(self._height)
        row.addStretch(1)

    def _make_layers(self) -> QWidget:
        place = QWidget()
        grid = QGridLayout(place)
        grid.setContentsMargins(0, 2, 0, 0)
        grid.setVerticalSpacing(6)
        grid.setHorizontalSpacing(20)
        grid.setColumnStretch(2, 1)
        self._boxes: dict[str, QCheckBox] = {}
        for index, (key, layer) in enumerate(layers()):
            box = QCheckBox(layer.label)
            box.setToolTip(layer.summary)
            box.setObjectName(f"film_layer_{key}")
            self._boxes[key] = box
            grid.addWidget(box, index // 2, index % 2)
        return place

    def _connect(self) -> None:
        for combo in (self._clock, self._size, self._theme):
            combo.currentIndexChanged.connect(self._tell)
        for spin in (self._width, self._height, self._fps):
            spin.valueChanged.connect(self._tell)
        self._seconds.valueChanged.connect(self._tell)
        for box in (self._caption, *self._boxes.values()):
            box.toggled.connect(self._tell)

    @Slot()
    def _tell(self) -> None:
        self._custom.setVisible(self._size.currentData() is None)
        self.changed.emit()

    def show_spec(self, film: FilmSpec) -> None:
        """Show a film's choices."""
        self._clock.setCurrentIndex(self._clock.findData(film.clock))
        known = [
            index for index, (_, width, height) in enumerate(SIZES) if (width, height) == (film.width, film.height)
        ]
        self._size.setCurrentIndex(known[0] if known else len(SIZES))
        self._width.setValue(film.width)
        self._height.setValue(film.height)
        self._custom.setVisible(not known)
        self._fps.setValue(film.fps)
        self._seconds.setValue(film.seconds)
        self._theme.setCurrentIndex(self._theme.findData(film.theme))
        self._caption.setChecked("title" in film.parts)
        for key, box in self._boxes.items():
            box.setChecked(key in film.layers)

    def set_suffix(self, suffix: str) -> None:
        """Keep within what a format can play (GIF: 50 pictures a second)."""
        self._fps.setMaximum(EXPORTERS.get(suffix).largest_fps if suffix in EXPORTERS else 120)

    def spec(self) -> FilmSpec:
        """The film as it stands.

        Raises:
            ParameterError: a size, rate or length that no film can have.
        """
        size: Sequence[int] = self._size.currentData() or (self._width.value(), self._height.value())
        return replace(
            self._defaults,
            clock=cast(FilmClock, self._clock.currentData()),
            width=int(size[0]),
            height=int(size[1]),
            fps=self._fps.value(),
            seconds=round(self._seconds.value(), 1),
            layers=tuple(key for key, box in self._boxes.items() if box.isChecked()),
            theme=cast(ThemeName, self._theme.currentData()),
            parts=("title", "clock", "scale") if self._caption.isChecked() else ("scale",),
        )


def _combo(name: str, items: list[tuple[str, object]] | Sequence[tuple[str, object]]) -> QComboBox:
    box = QComboBox()
    for label, data in items:
        box.addItem(label, data)
    box.setAccessibleName(name)
    box.setObjectName(f"film_{name.lower()}")
    return box


def _pixels(name: str, most: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(64, most)
    box.setSingleStep(2)
    box.setSuffix(" px")
    box.setAccessibleName(name)
    box.setObjectName(f"film_{name.lower()}")
    return box
