"""The page on which one draws in space: a plane, the whole volume beside it, and solids made of flat drawings."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QSlider, QVBoxLayout, QWidget

from flowviz.gui.canvas.canvas import DrawingPage
from flowviz.gui.canvas.plane_surface import PlaneSurface
from flowviz.gui.canvas.volume_preview import VolumePreview
from flowviz.gui.control.draw import DrawController
from flowviz.gui.control.sculpt import CELLS, Form, SculptController
from flowviz.gui.widgets.segments import Segments
from flowviz.targets._strokes_3d import IN_PLANE

_WIDTH = 214
_DEEPEST = 8.0
_STEPS = 80


class SculptCanvas(DrawingPage):
    """Draws on a plane across x, y or z that the wheel, a slider or Page up and down move through the cube.

    Args:
        end: whose drawing in space it is.
    """

    def __init__(self, end: DrawController) -> None:
        space = end.space
        self._space = space
        surface = PlaneSurface(space)
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 12, 0)
        row.setSpacing(4)
        row.addWidget(surface, 1)
        side = QWidget()
        side.setFixedWidth(_WIDTH)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 14, 0, 14)
        column.setSpacing(14)
        preview = VolumePreview(space)
        preview.setMaximumHeight(_WIDTH)
        for widget, stretch in ((preview, 100), (PlaneControls(space), 0), (FormMaker(space), 0)):
            column.addWidget(widget, stretch)
        column.addStretch(1)
        row.addWidget(side)
        super().__init__(space, surface, middle)
        end.target_changed.connect(self.show_start_from)
        space.plane_changed.connect(self._show_plane)

    def key_table(self) -> dict[str, Callable[[], object]]:
        across = {letter: (lambda axis=axis: self._space.set_plane(axis)) for axis, letter in enumerate("xyz")}
        return super().key_table() | across

    def action_of(self, event: QKeyEvent) -> Callable[[], object] | None:
        step = {Qt.Key.Key_PageUp: 1, Qt.Key.Key_PageDown: -1}.get(Qt.Key(event.key()), 0)
        if step:
            return lambda: self._space.set_plane(layer=self._space.layer + step)
        return super().action_of(event)

    def help_words(self) -> str:
        return f"Wheel moves the plane, X Y Z turn it · {super().help_words()}"

    def words_of_place(self, x: float, y: float) -> str:
        place = [0.0, 0.0, 0.0]
        right, up = IN_PLANE[self._space.axis]
        place[right], place[up], place[self._space.axis] = x, y, self._space.height
        return ", ".join(f"{letter} {value:.2f}" for letter, value in zip("xyz", place, strict=True))

    @Slot()
    def _show_plane(self) -> None:
        self.surface.update()
        self.show_place(*self.place)


class PlaneControls(QWidget):
    """Which way the plane lies, and where.

    Args:
        space: owns the plane.
    """

    def __init__(self, space: SculptController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._space = space
        heading = QLabel("Plane across")
        heading.setProperty("role", "heading")
        tips = (f"Draw on planes of {'xyz'[right]} and {'xyz'[up]}" for right, up in IN_PLANE)
        self.axis = Segments(
            tuple((str(axis), letter, f"{tip} ({letter.upper()})")
                  for axis, (letter, tip) in enumerate(zip("xyz", tips, strict=True))),
            "Plane across",
        )  # fmt: skip
        self.axis.chosen.connect(lambda key: space.set_plane(int(key)))
        self.layer = QSlider(Qt.Orientation.Horizontal)
        self.layer.setRange(0, CELLS - 1)
        self.layer.setAccessibleName("Place of the plane")
        self.layer.setToolTip("Where the plane cuts its axis: the wheel, Page up and Page down")
        self.layer.valueChanged.connect(lambda layer: space.set_plane(layer=layer))
        self._height = QLabel()
        self._height.setMinimumWidth(self._height.fontMetrics().horizontalAdvance("z = −0.00"))
        top = QHBoxLayout()
        top.addWidget(heading, 1)
        top.addWidget(self.axis)
        bottom = QHBoxLayout()
        bottom.addWidget(self.layer, 1)
        bottom.addWidget(self._height)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        ghosts = QLabel("Orange: above. Blue: below.")
        ghosts.setProperty("role", "muted")
        column.addLayout(top)
        column.addLayout(bottom)
        column.addWidget(ghosts)
        space.plane_changed.connect(self._show)
        self._show()

    @Slot()
    def _show(self) -> None:
        self.axis.show_key(str(self._space.axis))
        with QSignalBlocker(self.layer):
            self.layer.setValue(self._space.layer)
        height = f"{self._space.height:.2f}".replace("-", "−")
        self._height.setText(f"{'xyz'[self._space.axis]} = {height}")


class FormMaker(QWidget):
    """Makes solids of the drawing in the plane, or of text: drawn out along the plane's axis, or turned about it.

    Args:
        space: asked to make them.
    """

    def __init__(self, space: SculptController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._space = space
        heading = QLabel("Make a solid of")
        heading.setProperty("role", "heading")
        self.text = QLineEdit()
        self.text.setPlaceholderText("the 2D drawing, or type text")
        self.text.setAccessibleName("Text to make a solid of")
        self.depth_slider = QSlider(Qt.Orientation.Horizontal)
        self.depth_slider.setRange(1, _STEPS)
        self.depth_slider.setValue(round(1.5 / _DEEPEST * _STEPS))
        self.depth_slider.setAccessibleName("Depth of the extrusion")
        self._depth_text = QLabel()
        self._depth_text.setMinimumWidth(self._depth_text.fontMetrics().horizontalAdvance("0.0"))
        self.extrude, self.revolve = QPushButton("Extrude"), QPushButton("Revolve")
        for button, way in ((self.extrude, "extrude"), (self.revolve, "revolve")):
            button.setObjectName(way)
            button.setProperty("compact", True)
        self.extrude.clicked.connect(self._extrude)
        self.revolve.clicked.connect(self._revolve)
        self.depth_slider.valueChanged.connect(self._show)
        self._axis = QLabel()
        self._axis.setProperty("role", "muted")
        depth_row = QHBoxLayout()
        depth_label = QLabel("Depth")
        depth_label.setProperty("role", "muted")
        for widget, stretch in ((depth_label, 0), (self.depth_slider, 1), (self._depth_text, 0)):
            depth_row.addWidget(widget, stretch)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.extrude, 1)
        buttons.addWidget(self.revolve, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(heading)
        column.addWidget(self.text)
        column.addLayout(depth_row)
        column.addLayout(buttons)
        column.addWidget(self._axis)
        space.plane_changed.connect(self._show)
        self._show()

    def _depth(self) -> float:
        return self.depth_slider.value() / _STEPS * _DEEPEST

    @Slot()
    def _show(self) -> None:
        letter = "xyz"[self._space.axis]
        self._depth_text.setText(f"{self._depth():.1f}")
        self.extrude.setToolTip(f"Draw it out along {letter}; it takes the place of the drawing in space")
        self.revolve.setToolTip(f"Turn it about its upright middle line, which becomes {letter}")
        self._axis.setText(f"along {letter}, or about {letter}")

    @Slot()
    def _extrude(self) -> None:
        self._space.form_requested.emit(Form("extrude", self._space.axis, self._depth(), self.text.text().strip()))

    @Slot()
    def _revolve(self) -> None:
        self._space.form_requested.emit(Form("revolve", self._space.axis, self._depth(), self.text.text().strip()))
