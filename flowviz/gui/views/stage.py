"""The stage: painted panels between quiet axes, with pan, zoom and fit.

A plain widget and not a pyqtgraph plot: a plot calls back into Python some thirty times for each picture (bounds
and paint of every item), and each call may have to wait for the paint thread to let go of the interpreter; this
widget calls back once. It halves the work of the GUI thread for a picture and shortens the longest waits.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QFont,
    QHideEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPolygonF,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from flowviz.core.camera import Axis, Camera
from flowviz.gui.bridge.paint_thread import Picture
from flowviz.gui.theme.theme import current_zoom
from flowviz.gui.views import _stage_space as space
from flowviz.gui.views import _stage_words as words
from flowviz.gui.views._stage_axes import Axes, Spot, placing, world_at
from flowviz.gui.views._stage_gl import RendererChoice, SpaceRenderer
from flowviz.gui.views._stage_tiles import paint_ground, paint_tile, thinning_note, tiles_now
from flowviz.scene.marks import Extent
from flowviz.scene.panels import Gazes, Margins, Panel, boxes, fit_room, view_of
from flowviz.scene.view import Gaze, fit_extent

_MARGINS = (36, 24, 30)
_LETTERS, _LINES = 1.1, 2.0
"""How much larger than in the interface around it letters and lines are in a presentation."""
_REST_MS = 220
"""A camera that was not moved for so long rests."""
_BEFORE_THE_FIRST = Panel("main", (), (-4.0, 4.0, -4.0, 4.0))


class StageView(QWidget):
    """The stage.

    A plane is dragged and zoomed. In space a left drag turns, a middle drag or Ctrl+left drag moves, the wheel
    zooms, and a click on a ball of the axis triad looks from there.

    Signals:
        view_changed(): another part of the world, or another size in pixels, is in view.
    """

    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Stage")
        self.setObjectName("stage")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(260, 220)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.gazes: dict[str, Gaze | Camera] = {}
        self.is_presenting = False
        self._pointer: QPointF | None = None
        self._dragged: Spot | None = None
        self._dragged_from = QPointF()
        self._ball: Axis | None = None
        self.is_turning = False
        self.renderer = SpaceRenderer(self, self._paint_words)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._come_to_rest)
        self.setMouseTracking(True)
        self._hint = ""
        self._is_seen = False
        self.picture: Picture | None = None
        self._axes: dict[str, Axes] = {}
        self._sketch = QPolygonF()

    # -- what it shows --------------------------------------------------------------------------------------

    def show_picture(self, picture: Picture) -> None:
        """Show a painted picture with its title and clock."""
        self.picture = picture
        self._show_space()
        self.update()

    @property
    def draws_by_opengl(self) -> bool:
        """Whether OpenGL draws the next picture: space, alone on the stage. For a plane it is not even looked for."""
        spots = self.spots()
        return len(spots) == 1 and isinstance(spots[0].view, Camera) and self.renderer.is_opengl

    def _show_space(self) -> None:
        """Let OpenGL draw what the painter has left to it."""
        picture = self.picture
        if picture is None or not (len(picture.tiles) == 1 and picture.tiles[0].image.isNull()):
            self.renderer.hide()
            if picture is not None and picture.job.by_opengl is not self.draws_by_opengl:
                self.view_changed.emit()
            return
        spot = self.spots()[0]
        if isinstance(spot.view, Camera) and not self.renderer.show(spot.panel, spot.view, spot.plot, self.emphasis):
            self.view_changed.emit()  # the painter has to do it after all

    def show_hint(self, text: str) -> None:
        """A friendly line in the lower middle; "" hides it."""
        if text != self._hint:
            self._hint = text
            self.setAccessibleDescription(text)
            self.update()

    def show_sketch(self, sketch: QPolygonF) -> None:
        """A line that is being drawn, in points of the widget; an empty one hides it."""
        self._sketch = sketch
        self.update()

    @property
    def hint(self) -> str:
        """The line in the lower middle."""
        return self._hint

    # -- the view -------------------------------------------------------------------------------------------

    @property
    def margins(self) -> Margins:
        """Points that are left to numbers and words."""
        left, below, above = (round(margin * self._letters) for margin in _MARGINS)
        return left, below, above

    @property
    def _letters(self) -> float:
        """How many times larger than usual letters are."""
        return current_zoom() * (_LETTERS if self.is_presenting else 1.0)

    @property
    def emphasis(self) -> float:
        """How many times larger than usual dots and lines are."""
        return _LINES if self.is_presenting else 1.0

    def present(self, presenting: bool) -> None:
        """Large letters, thick lines, and a light around the pointer; or not."""
        self.is_presenting = presenting
        self._moved()

    def spots(self) -> list[Spot]:
        """The panels of the newest picture where they stand now."""
        panels = self.picture.scene.panels if self.picture is not None else (_BEFORE_THE_FIRST,)
        places = boxes(panels, self.width(), self.height(), self.margins)
        views = [view_of(panel, box[2], box[3], self.gazes) for panel, box in zip(panels, places, strict=True)]
        return [Spot(p, QRect(*box), view) for p, box, view in zip(panels, places, views, strict=True)]

    def spot_at(self, place: QPointF) -> Spot:
        """The panel under a point of the widget, or else the first one."""
        spots = self.spots()
        return next((spot for spot in spots if spot.plot.contains(place.toPoint())), spots[0])

    def is_over_triad(self, place: QPointF) -> bool:
        """Whether a ball of the axis triad is there."""
        return space.ball_at(self.spot_at(place), place, self.emphasis) is not None

    def view(self) -> Extent:
        """The world in view on the first panel that shows a plane."""
        return next((spot.view for spot in self.spots() if not isinstance(spot.view, Camera)), _BEFORE_THE_FIRST.view)  # type: ignore[return-value]

    def to_world(self, place: QPointF) -> QPointF:
        """The point of the plane under a point of the widget."""
        spot = self.spot_at(place)
        return world_at(spot, place)

    def to_widget(self, x: float, y: float) -> QPointF:
        """The point of the widget over a point of the first panel's plane."""
        spot = self.spots()[0]
        return placing(spot.plot, self.view())(x, y)

    @Slot()
    def fit(self) -> None:
        """Bring the whole world into view; in space from where one looks."""
        spots = self.spots()
        self.gazes = {
            spot.panel.link: fit_room(spot.panel, spot.view, spot.plot.width(), spot.plot.height())
            for spot in reversed(spots)
            if isinstance(spot.view, Camera)
        }
        self._moved()

    @Slot()
    def reset(self) -> None:
        """Everything in view, from the first direction."""
        self.gazes = {}
        self._moved()

    def look_as(self, gazes: Gazes) -> None:
        """Look as someone did before."""
        self.gazes = dict(gazes)
        self._moved()

    def choose_renderer(self, choice: RendererChoice) -> None:
        """Let the painter, OpenGL, or whichever is quicker here draw space."""
        self.renderer.choose(choice)
        self.view_changed.emit()

    def camera(self) -> Camera | None:
        """Where the first panel in space is seen from; None on a plane."""
        return next((spot.view for spot in self.spots() if isinstance(spot.view, Camera)), None)

    def look(self, camera: Camera) -> None:
        """Look at space from there."""
        spot = next((spot for spot in self.spots() if isinstance(spot.view, Camera)), None)
        if spot is not None:
            self._turn(spot, camera)

    def zoom(self, factor: float, place: QPointF) -> None:
        """Come nearer by a factor; what lies under that point of the widget stays there."""
        spot = self.spot_at(place)
        if not spot.panel.link:
            return
        if isinstance(spot.view, Camera):
            self._turn(spot, spot.view.zoom(factor))
            return
        fixed = world_at(spot, place)
        home = spot.panel.view
        assert not isinstance(home, Camera)
        if spot.panel.is_square:
            home = fit_extent(home, spot.plot.width(), spot.plot.height())
        self._look(spot, self._gaze(spot).nearer(factor, home, fixed.x(), fixed.y()))

    def _gaze(self, spot: Spot) -> Gaze:
        gaze = self.gazes.get(spot.panel.link)
        return gaze if isinstance(gaze, Gaze) else Gaze()

    def _look(self, spot: Spot, gaze: Gaze | Camera) -> None:
        self.gazes = {**self.gazes, spot.panel.link: gaze}
        self._moved()

    def _turn(self, spot: Spot, camera: Camera) -> None:
        """Look from there; until the camera rests, pictures must be quick."""
        self.is_turning = True
        self._rest.start()
        self._look(spot, camera)

    @Slot()
    def _come_to_rest(self) -> None:
        if self._dragged is not None:
            self._rest.start()
            return
        self.is_turning = False
        self.view_changed.emit()

    def _moved(self) -> None:
        if self.renderer.space is not None:
            spot = self.spots()[0]
            if isinstance(spot.view, Camera):
                self.renderer.look(spot.view, spot.plot)
        self.update()
        self.view_changed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the cursor."""
        self.zoom(1.0015 ** event.angleDelta().y(), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the world."""
        spot = self.spot_at(event.position())
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton) and spot.panel.link:
            self._dragged, self._dragged_from = spot, event.position()
            self._ball = space.ball_at(spot, event.position(), self.emphasis)
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the plane, or turn space."""
        self._point(event.position())
        if self._dragged is None:
            self._hover(event.position())
            return
        spot, step = self._dragged, event.position() - self._dragged_from  # as it stood when it was taken hold of
        if self._ball is not None and step.manhattanLength() < space.STEADY:
            return
        self._ball, self._dragged_from = None, event.position()
        if isinstance(spot.view, Camera):
            camera = self.gazes.get(spot.panel.link, spot.view)
            assert isinstance(camera, Camera)
            self._turn(spot, space.dragged(spot, camera, step, event.buttons(), event.modifiers()))
            return
        low_x, high_x, low_y, high_y = spot.view
        x = -step.x() * (high_x - low_x) / spot.plot.width()
        y = step.y() * (high_y - low_y) / spot.plot.height()
        self._look(spot, self._gaze(spot).moved(x, y))

    def _point(self, place: QPointF | None) -> None:
        self._pointer = place if self.is_presenting else None
        if self.is_presenting:
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """The light goes out with the pointer."""
        self._point(None)
        super().leaveEvent(event)

    def _hover(self, place: QPointF) -> None:
        axis = space.ball_at(self.spot_at(place), place, self.emphasis)
        self.setCursor(Qt.CursorShape.CrossCursor if axis is None else Qt.CursorShape.PointingHandCursor)
        self.setToolTip("" if axis is None else f"Look from {axis.upper()}")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of the world."""
        spot, self._dragged = self._dragged, None
        self.setCursor(Qt.CursorShape.CrossCursor)
        if spot is not None and self._ball is not None and isinstance(spot.view, Camera):
            self._turn(spot, spot.view.seen_from(self._ball))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit."""
        self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size, another picture."""
        super().resizeEvent(event)
        self._moved()

    def showEvent(self, event: QShowEvent) -> None:
        """A hidden stage gets no pictures; now it is wanted again."""
        super().showEvent(event)
        self._is_seen = False

    @property
    def is_seen(self) -> bool:
        """Whether it stands on the screen: the window comes first, and the pictures of it then."""
        return self._is_seen and self.isVisible()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody turns what cannot be seen."""
        super().hideEvent(event)
        self._rest.stop()
        self._dragged, self.is_turning = None, False

    @Slot()
    def restyle(self) -> None:
        """Take on the theme's colours, at once; a picture in the old ones is not shown any more."""
        self.renderer.hide()
        self._moved()

    # -- drawing --------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Panels, axes, words."""
        if not self._is_seen:
            self._is_seen = True
            QTimer.singleShot(0, self, self.view_changed.emit)
        painter = QPainter(self)
        spots = self.spots()
        tiles = tiles_now(self.picture)
        if len(spots) > 1:
            paint_ground(painter, spots, self.rect(), self.margins[2])
        for index, spot in enumerate(spots):
            ratio = self.picture.job.ratio if self.picture is not None else 1.0
            paint_tile(painter, spot, tiles[index] if tiles else None, ratio, self.devicePixelRatioF())
            if spot.panel.axes and not isinstance(spot.view, Camera):
                axes = self._axes.setdefault(spot.panel.key, Axes())
                axes.paint(painter, spot.plot, spot.view, self.margins, self._font(11), self.devicePixelRatioF())
        self._paint_words(painter, spots)
        painter.end()
        if self.renderer.space is not None:
            self.renderer.space.update()  # the words stand over its picture, too

    def _paint_words(self, painter: QPainter, spots: list[Spot] | None = None) -> None:
        """All that stands over the pictures; OpenGL's is a widget of its own, over which they are painted again."""
        spots = spots or self.spots()
        for spot in spots:
            words.paint_panel_words(painter, spot, self._font)
        if self.picture is not None:
            header = QRect(0, 0, self.width(), self.margins[2])
            words.paint_title(painter, spots, header, self.picture.scene, self._font)
            if note := thinning_note(self.picture):
                words.paint_note(painter, self.rect(), note, self._font)
        if self._pointer is not None:
            words.paint_pointer(painter, self._pointer, self._letters)
        if not self._sketch.isEmpty():
            words.paint_sketch(painter, self._sketch)
        if self._hint:
            words.paint_hint(painter, self.rect().adjusted(_MARGINS[0], 0, 0, 0), self._hint, self._font)

    def _font(self, size: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(round(size * self._letters))
        font.setWeight(weight)
        return font
