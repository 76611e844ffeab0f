"""Pointing at the stage: hovering, pinning, and drawing a loop."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPolygonF

from flowviz.core.camera import Camera
from flowviz.core.probes import Loop, Pin
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.options import OptionsState
from flowviz.gui.state.probes import ProbeState
from flowviz.gui.state.run import RunState
from flowviz.gui.views._stage_axes import Spot
from flowviz.gui.views.stage import StageView
from flowviz.scene._picking import pointed_at

FLAT_ONLY = (
    "A loop is drawn where the plane is seen: in Flow, Four-up or Compare.",
    "Journey and Strip then show where the flow carries it.",
)
_STEADY = 4.0
"""Points that the hand may tremble in a click."""
_CORNERS = 160
NO_LOOP = (
    "In space a loop encloses no mass, so none is carried there.",
    "Click particles to pin their paths; a loop is drawn on flows in the plane.",
)


class ProbeController(QObject):
    """Watches the pointer over the stage's planes and spaces.

    Moving shows the path through the place, a click pins it, Ctrl+click adds a pin, a drag with Shift (or while
    `draws_loop`) draws a loop, Esc clears all. All else stays the stage's: a drag moves the plane, a double click fits.
    In space the depth of the place is that of the slice, or of the nearest particle; there no loop is drawn.

    Signals:
        loop_mode_changed(bool): whether the next drag draws a loop.
        refused(str message, str hint): why no loop can be drawn here.
    """

    loop_mode_changed = Signal(bool)
    refused = Signal(str, str)

    def __init__(
        self,
        stage: StageView,
        probes: ProbeState,
        seen: tuple[RunState, CursorState, OptionsState],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._stage, self._probes = stage, probes
        self._run, self._cursor, self._options = seen
        self._pressed: QPointF | None = None
        self._sketch: list[QPointF] = []
        self._before: tuple[Pin, ...] = ()
        self.draws_loop = False
        stage.installEventFilter(self)

    @Slot()
    def toggle_loop(self) -> None:
        """Whether the next drag draws a loop."""
        why = self._why_no_loop()
        if not self.draws_loop and why:
            self.refused.emit(*why)
            self.loop_mode_changed.emit(False)
            return
        self.draws_loop = not self.draws_loop
        self._stage.setCursor(Qt.CursorShape.CrossCursor)
        self.loop_mode_changed.emit(self.draws_loop)

    def _why_no_loop(self) -> tuple[str, ...]:
        """Why no loop can be drawn on what the stage shows; () where one can."""
        picture = self._stage.picture
        if picture is None:
            return ()
        if picture.volume is not None:
            return NO_LOOP
        return () if any(panel.link == "plane" for panel in picture.scene.panels) else FLAT_ONLY

    @Slot()
    def clear(self) -> None:
        """Forget pins and loop, and draw none."""
        self._probes.clear()
        self._before = ()
        if self.draws_loop:
            self.toggle_loop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """True for what draws a loop; everything else goes on to the stage."""
        match event.type():
            case QEvent.Type.Leave:
                self._probes.hover(None)
            case QEvent.Type.MouseMove if isinstance(event, QMouseEvent):
                return self._moved(event)
            case QEvent.Type.MouseButtonPress if isinstance(event, QMouseEvent):
                return self._press(event)
            case QEvent.Type.MouseButtonRelease if isinstance(event, QMouseEvent):
                return self._release(event)
            case QEvent.Type.KeyPress if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
                self.clear()
                return True
            case QEvent.Type.MouseButtonDblClick:
                self._probes.restore(self._before)  # its first click was none
        return False

    def _pin_at(self, place: QPointF) -> Pin | None:
        """The place of the plane under the pointer now; None where there is none, or nothing has been trained."""
        spot = self._stage.spot_at(place)
        if not (len(self._run.timeline) and spot.plot.contains(place.toPoint()) and spot.panel.is_probed):
            return None
        if isinstance(spot.view, Camera):
            return self._pin_in_space(spot, place)
        if spot.panel.link != "plane":
            return None
        at = self._stage.to_world(place)
        return Pin(at.x(), at.y(), self._cursor.t)

    def _pin_in_space(self, spot: Spot, place: QPointF) -> Pin | None:
        if not isinstance(spot.view, Camera) or self._stage.is_over_triad(place):
            return None
        inside = place - QPointF(spot.plot.topLeft())
        size = (spot.plot.width(), spot.plot.height())
        at = pointed_at(spot.panel, spot.view, size, (inside.x(), inside.y()), self._options.value)
        return None if at is None else Pin(float(at[0]), float(at[1]), self._cursor.t, float(at[2]))

    def _moved(self, event: QMouseEvent) -> bool:
        if self._sketch:
            self._sketch.append(event.position())
            self._stage.show_sketch(QPolygonF(self._sketch))
            return True
        self._probes.hover(self._pin_at(event.position()) if not event.buttons() else None)
        return False

    def _press(self, event: QMouseEvent) -> bool:
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        wants_loop = self.draws_loop or event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        pin = self._pin_at(event.position()) if wants_loop else None
        if pin is not None and pin.z is None:
            self._sketch = [event.position()]
            self._probes.hover(None)
            return True
        self._pressed, self._before = event.position(), self._probes.value.pins
        return False

    def _release(self, event: QMouseEvent) -> bool:
        if self._sketch:
            self._finish_loop()
            return True
        pressed, self._pressed = self._pressed, None
        if event.button() != Qt.MouseButton.LeftButton or pressed is None:
            return False
        if (event.position() - pressed).manhattanLength() > _STEADY:
            return False
        pin = self._pin_at(event.position())
        if pin is not None:
            self._probes.pin(pin, bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
        return False

    def _finish_loop(self) -> None:
        places = [self._stage.to_world(place) for place in self._sketch]
        self._sketch = []
        self._stage.show_sketch(QPolygonF())
        corners = even_polygon(np.array([(place.x(), place.y()) for place in places]), _CORNERS)
        if corners is not None:
            points = tuple((float(x), float(y)) for x, y in corners)
            self._probes.draw_loop(Loop(points, self._cursor.t))
        if self.draws_loop:
            self.toggle_loop()


def even_polygon(points: np.ndarray, corners: int) -> np.ndarray | None:
    """A closed line (k, 2) as that many corners at even distances; None where it has no length."""
    closed = np.concatenate([points, points[:1]])
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    if len(points) < 3 or way[-1] <= 0:
        return None
    at = np.linspace(0.0, way[-1], corners, endpoint=False)
    return np.stack([np.interp(at, way, closed[:, axis]) for axis in (0, 1)], axis=1)
