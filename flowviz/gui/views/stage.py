"""The stage: one painted picture under quiet axes, with pan, zoom and fit."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QStyleOptionGraphicsItem, QWidget

from flowviz.gui.bridge.paint_thread import Picture
from flowviz.gui.theme.theme import current_tokens, mix
from flowviz.scene.marks import Extent


class PictureItem(pg.GraphicsObject):
    """The newest picture: pixel for pixel in the view it was painted for, else stretched until a new one comes."""

    def __init__(self) -> None:
        super().__init__()
        self._picture: Picture | None = None

    def show_picture(self, picture: Picture) -> None:
        """Show another picture."""
        self._picture = picture
        self.update()

    def boundingRect(self) -> QRectF:
        """The world in view."""
        return QRectF(self.viewRect()) if self.getViewBox() is not None else QRectF()

    def viewRangeChanged(self) -> None:
        """The view moved: the bounds with it."""
        self.prepareGeometryChange()
        self.update()

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Draw the picture where its world lies."""
        picture = self._picture
        if picture is None:
            return
        x_low, x_high, y_low, y_high = picture.job.view
        transform = painter.transform()
        corner = transform.map(QPointF(x_low, y_high))
        other = transform.map(QPointF(x_high, y_low))
        painter.save()
        painter.resetTransform()
        ratio = picture.job.scale
        size = QSize(round((other.x() - corner.x()) * ratio), round((other.y() - corner.y()) * ratio))
        if abs(size.width() - picture.job.width) <= 1 and abs(size.height() - picture.job.height) <= 1:
            picture.image.setDevicePixelRatio(ratio)
            painter.drawImage(QPointF(round(corner.x()), round(corner.y())), picture.image)
        else:
            picture.image.setDevicePixelRatio(1.0)
            painter.drawImage(QRectF(corner, other), picture.image)
        painter.restore()


class StageBox(pg.ViewBox):
    """Left drag pans, the wheel zooms at the cursor, a double click fits."""

    def __init__(self) -> None:
        super().__init__(lockAspect=True, enableMenu=False, defaultPadding=0.0)
        self.setLimits(minXRange=0.02, maxXRange=200.0, minYRange=0.02, maxYRange=200.0)


class StageView(pg.PlotWidget):
    """The stage.

    Signals:
        view_changed(): another part of the world, or another size in pixels, is in view.
    """

    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        self._box = StageBox()
        super().__init__(parent, viewBox=self._box)
        self.setAccessibleName("Stage")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setMinimumSize(260, 220)
        self._world: Extent = (-4.0, 4.0, -4.0, 4.0)
        self._is_fitted = True
        self._picture_item = PictureItem()
        self._box.addItem(self._picture_item, ignoreBounds=True)
        self._box.sigRangeChangedManually.connect(self._moved_by_hand)
        self._box.sigRangeChanged.connect(self._range_changed)
        self._box.sigResized.connect(self._resized)
        self.plotItem.hideButtons()
        self.plotItem.setMenuEnabled(False)
        self._title = self._label("stageTitle")
        self._clock = self._label("stageClock")
        self._hint = self._label("hint")
        self.restyle()
        self.fit()

    def _label(self, role: str) -> QLabel:
        label = QLabel(self)
        label.setProperty("role", role)
        label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.hide()
        return label

    # -- what it shows --------------------------------------------------------------------------------------

    def show_picture(self, picture: Picture) -> None:
        """Show a painted picture with its title and clock."""
        if picture.world != self._world:
            self._world = picture.world
            if self._is_fitted:
                self.fit()
        self._picture_item.show_picture(picture)
        self._say(self._title, picture.scene.title)
        self._say(self._clock, picture.scene.clock)

    def show_hint(self, text: str) -> None:
        """A friendly line in the lower middle; "" hides it."""
        self._say(self._hint, text)

    @property
    def hint(self) -> str:
        """The line in the lower middle."""
        return self._hint.text() if self._hint.isVisibleTo(self) else ""

    def _say(self, label: QLabel, text: str) -> None:
        if label.text() != text or label.isVisibleTo(self) != bool(text):
            label.setText(text)
            label.setVisible(bool(text))
            label.adjustSize()
            self._place()

    def _place(self) -> None:
        margin = 14
        left = round(self._box.sceneBoundingRect().left()) + margin
        self._title.move(left, margin)
        self._clock.move(left, margin + (self._title.height() + 2 if self._title.text() else 0))
        self._hint.move((self.width() + left - self._hint.width()) // 2, self.height() - self._hint.height() - 60)

    # -- the view -------------------------------------------------------------------------------------------

    def view(self) -> Extent:
        """The world in view."""
        (x_low, x_high), (y_low, y_high) = self._box.viewRange()
        return (float(x_low), float(x_high), float(y_low), float(y_high))

    def pixel_size(self) -> tuple[int, int, float]:
        """Width and height of the view in device pixels, and device pixels per point."""
        ratio = self.devicePixelRatioF()
        return round(self._box.width() * ratio), round(self._box.height() * ratio), ratio

    @Slot()
    def fit(self) -> None:
        """Bring the whole world into view."""
        x_low, x_high, y_low, y_high = self._world
        self._box.setRange(QRectF(x_low, y_low, x_high - x_low, y_high - y_low), padding=0.0)
        self._is_fitted = True

    @Slot()
    def _moved_by_hand(self) -> None:
        self._is_fitted = False

    @Slot()
    def _range_changed(self) -> None:
        self.view_changed.emit()

    @Slot()
    def _resized(self) -> None:
        if self._is_fitted:
            self.fit()
        self._place()
        self.view_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the words in place."""
        super().resizeEvent(event)
        if hasattr(self, "_hint"):
            self._place()

    def showEvent(self, event: QShowEvent) -> None:
        """A hidden stage is not painted; now it is wanted again."""
        super().showEvent(event)
        self.view_changed.emit()

    def mouseDoubleClickEvent(self, event: object) -> None:
        """Fit."""
        self.fit()

    @Slot()
    def restyle(self) -> None:
        """Take on the theme's colours."""
        tokens = current_tokens()
        self.setBackground(QColor(tokens.stage))
        font = QFont(self.font())
        font.setPixelSize(11)
        for name in ("left", "bottom"):
            axis = self.plotItem.getAxis(name)
            axis.setPen(pg.mkPen(mix(tokens.stage, tokens.border, 0.7)))
            axis.setTextPen(pg.mkPen(tokens.muted))
            axis.setTickFont(font)
            axis.setStyle(tickLength=-4, maxTickLevel=0)
        self.plotItem.getAxis("left").setWidth(34)
        self.plotItem.getAxis("bottom").setHeight(22)
        self.view_changed.emit()
