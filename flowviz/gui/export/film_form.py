"""What a film is like: what moves, size, rate, length, look, layers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import cast

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QLabel, QSpinBox, QWidget

from flowviz.core.film import FilmClock, FilmSpec, Repeat
from flowviz.export import EXPORTERS
from flowviz.gui.export.film_look import FilmLook
from flowviz.gui.export.rows import choice, quiet_set, row

SIZES: tuple[tuple[str, int, int], ...] = (
    ("Small, 640 × 360", 640, 360),
    ("854 × 480", 854, 480),
    ("HD, 1280 × 720", 1280, 720),
    ("Full HD, 1920 × 1080", 1920, 1080),
    ("2K, 2560 × 1440", 2560, 1440),
    ("4K, 3840 × 2160", 3840, 2160),
    ("Square, 720 × 720", 720, 720),
    ("Square, 1080 × 1080", 1080, 1080),
    ("Upright, 1080 × 1920", 1080, 1920),
)
_WAYS = {"generate": "noise becomes data", "encode": "data become noise"}
_CLOCKS: tuple[tuple[str, FilmClock, str], ...] = (
    ("Flow time: {way}", "flow", "The flow at one moment of its training, t running from end to end"),
    ("Training: the flow learns", "training", "All that was recorded of the training, at the flow time of the stage"),
    ("Training, then flow time", "both", "First the flow learns, then the learnt flow runs"),
    ("Camera: once around", "camera", "The camera goes around a scene that stands still"),
    ("Along {count} key frames", "keys", "From one captured moment to the next (Alt+F captures what is on the stage)"),
)
_REPEATS: tuple[tuple[str, Repeat, str], ...] = (
    ("Once", "once", "From beginning to end"),
    ("There and back", "ping-pong", "To the end and back again, resting at both ends"),
    ("Seamless loop", "loop", "There and back without a rest: the last picture leads into the first"),
)


class FilmForm(QWidget):
    """Controls of a FilmSpec. `changed` follows every change; `spec()` reads them.

    Args:
        defaults: what they show at first.
        offered: keys of the layers that can show something of the run.
    """

    changed = Signal()

    def __init__(self, defaults: FilmSpec, offered: Collection[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._defaults = defaults
        self._exact = defaults.frames
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setHorizontalSpacing(14)
        self.form.setVerticalSpacing(9)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._make_motion()
        self._make_size()
        self._make_length()
        self.look = FilmLook(self.form, offered)
        self.show_spec(defaults)
        self._connect()

    def _make_motion(self) -> None:
        words = {"way": _WAYS[self._defaults.direction], "count": len(self._defaults.keys)}
        clocks = [
            (label.format(**words), clock, tip)
            for label, clock, tip in _CLOCKS
            if (clock != "camera" or self._defaults.camera is not None)
            and (clock != "keys" or len(self._defaults.keys) > 1)
        ]
        self._clock = choice("Clock", clocks)
        self._repeat = choice("Repeat", _REPEATS)
        self._moment = QLabel()
        self._moment.setProperty("role", "muted")
        self._motion = row(self._clock, self._repeat)
        self.form.addRow("Shows", self._motion)
        self.form.addRow("Shows", self._moment)

    def _make_size(self) -> None:
        self._size = choice("Size", [*((label, (w, h), "") for label, w, h in SIZES), ("Custom", None, "")])
        self._width, self._height = _pixels("Width", 7680), _pixels("Height", 4320)
        self._scale = QDoubleSpinBox()
        self._scale.setRange(0.1, 10.0)
        self._scale.setSingleStep(0.25)
        self._scale.setPrefix("× ")
        self._scale.setAccessibleName("Scale factor")
        self._scale.setObjectName("film_scale")
        self._scale.setToolTip("Enlarges everything: pixels, dots and type")
        self._custom = row(self._width, QLabel("×"), self._height)
        self.form.addRow("Size", row(self._size, self._scale))
        self.form.addRow("", self._custom)

    def _make_length(self) -> None:
        self._fps, self._frames, self._seconds = QSpinBox(), QSpinBox(), QDoubleSpinBox()
        self._fps.setRange(1, 120)
        self._fps.setSuffix(" a second")
        self._frames.setRange(1, 432_000)
        self._frames.setSuffix(" frames")
        self._frames.setToolTip("Exact number of pictures")
        self._seconds.setRange(0.1, 3600.0)
        self._seconds.setDecimals(1)
        self._seconds.setSuffix(" s")
        for box, name, key in (
            (self._fps, "Frames a second", "film_fps"),
            (self._frames, "Number of frames", "film_frames"),
            (self._seconds, "Length in seconds", "film_seconds"),
        ):
            box.setAccessibleName(name)
            box.setObjectName(key)
        for box in (self._fps, self._frames, self._seconds, self._width, self._height, self._scale):
            box.lineEdit().setTextMargins(4, 0, 0, 0)
        self._length = row(self._seconds, self._fps, self._frames)
        self.form.addRow("Length", self._length)

    def _connect(self) -> None:
        for combo in (self._clock, self._repeat, self._size):
            combo.currentIndexChanged.connect(self._tell)
        for spin in (self._width, self._height):
            spin.valueChanged.connect(self._tell)
        self._scale.valueChanged.connect(self._tell)
        self._fps.valueChanged.connect(self._length_changed)
        self._seconds.valueChanged.connect(self._length_changed)
        self._frames.valueChanged.connect(self._frames_changed)
        self.look.changed.connect(self._tell)

    @Slot()
    def _length_changed(self) -> None:
        """Seconds or rate: the number of frames follows from them."""
        self._exact = None
        quiet_set(self._frames, max(1, round(self._fps.value() * self._seconds.value())))
        self._tell()

    @Slot()
    def _frames_changed(self) -> None:
        """A number of frames is kept exactly; the seconds follow."""
        self._exact = self._frames.value()
        quiet_set(self._seconds, self._frames.value() / self._fps.value())
        self._tell()

    @Slot()
    def _tell(self) -> None:
        self._custom.setVisible(self._size.currentData() is None)
        self._show_layers()
        self.changed.emit()

    def show_spec(self, film: FilmSpec) -> None:
        """Show a film's choices."""
        _show(self._clock, film.clock)
        _show(self._repeat, film.repeat)
        sizes = [(width, height) for _, width, height in SIZES]  # Qt does not find a tuple among its data
        known = (film.width, film.height) in sizes
        self._size.setCurrentIndex(sizes.index((film.width, film.height)) if known else len(SIZES))
        self._width.setValue(film.width)
        self._height.setValue(film.height)
        self._custom.setVisible(not known)
        self._scale.setValue(film.scale)
        self._fps.setValue(film.fps)
        self._seconds.setValue(film.seconds)
        self._frames.setValue(film.frame_count)
        step = "the last step" if film.step is None else f"step {film.step:,}"
        self._moment.setText(f"The moment on the stage: t = {film.t:.2f}, {step}")
        self.look.show_spec(film)

    def set_suffix(self, suffix: str) -> None:
        """Keep within what a format can do: a still does not move, a GIF has 50 pictures a second at most."""
        if suffix not in EXPORTERS:
            return
        exporter = EXPORTERS.get(suffix)
        self._fps.setMaximum(exporter.largest_fps)
        for widget in (self._motion, self._length):
            self.form.setRowVisible(widget, not exporter.is_still)
        self.form.setRowVisible(self._moment, exporter.is_still)
        self._show_layers()
        self.look.set_abilities(exporter.has_alpha, suffix == ".gif")

    def _show_layers(self) -> None:
        moves = self.form.isRowVisible(self._motion)
        self.look.show_layers(not (moves and self._clock.currentData() == "keys"))

    def spec(self) -> FilmSpec:
        """The film as it stands.

        Raises:
            ParameterError: a size, rate or length that no film can have.
        """
        size = self._size.currentData() or (self._width.value(), self._height.value())
        film = replace(
            self._defaults,
            clock=cast(FilmClock, self._clock.currentData()),
            repeat=cast(Repeat, self._repeat.currentData()),
            width=int(size[0]),
            height=int(size[1]),
            scale=round(self._scale.value(), 2),
            fps=self._fps.value(),
            seconds=max(0.1, round(self._seconds.value(), 1)),
            frames=self._exact,
        )
        return self.look.on(film)


def _show(combo: QComboBox, data: object) -> None:
    combo.setCurrentIndex(max(0, combo.findData(data)))


def _pixels(name: str, most: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(64, most)
    box.setSingleStep(2)
    box.setSuffix(" px")
    box.setAccessibleName(name)
    box.setObjectName(f"film_{name.lower()}")
    return box
