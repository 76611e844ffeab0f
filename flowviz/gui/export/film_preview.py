"""The film at a glance: one picture, and a slider that scrubs through all of them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from flowviz.core.film import FilmPreview, FilmSpec, PreviewPicture
from flowviz.gui.theme.theme import zoomed

_LOOK_MS = 40
_WAIT_MS = 150
"""A choice that changes again within this time is not painted."""
_STEPS = 1000
_CHECK = 8


class PictureView(QWidget):
    """A picture in the middle of its room, on a checked ground where it is transparent."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self.setAccessibleName("Preview of the film")

    def sizeHint(self) -> QSize:
        return QSize(440, 250)

    def minimumSizeHint(self) -> QSize:
        return QSize(zoomed(200), zoomed(112))

    def show_pixels(self, image: QImage) -> None:
        """Show another picture."""
        self._image = image
        self.update()

    @property
    def has_picture(self) -> bool:
        """Whether one is shown."""
        return not self._image.isNull()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._image.isNull():
            painter.setPen(self.palette().placeholderText().color())
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Painting a preview…")
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        ratio = self.devicePixelRatioF()
        whole = (self.size() * ratio).boundedTo(self._image.size())
        size = self._image.size().scaled(whole, Qt.AspectRatioMode.KeepAspectRatio) / ratio
        left, top = (self.width() - size.width()) // 2, (self.height() - size.height()) // 2
        if self._image.hasAlphaChannel():
            painter.drawTiledPixmap(left, top, size.width(), size.height(), _checks())
        painter.drawImage(QRect(QPoint(left, top), size), self._image)


class PreviewPane(QWidget):
    """Picture, slider, and the number of the picture.

    Args:
        begin: starts the preview of the run on the stage; called when the pane is first needed.

    Signals:
        measured(int): bytes of the drawing that the newest choices make.
    """

    measured = Signal(int)

    def __init__(self, begin: Callable[[], FilmPreview | None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._begin = begin
        self._source: FilmPreview | None = None
        self._film: FilmSpec | None = None
        self._count = 1
        self._suffix = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.picture = PictureView()
        self.words = QLabel()
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setValue(_STEPS)
        self.slider.setAccessibleName("Picture of the film")
        self.slider.setObjectName("film_scrub")
        line = QHBoxLayout()
        line.addWidget(self.slider, 1)
        column.addWidget(self.picture, 1)
        column.addLayout(line)
        column.addWidget(self.words)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(_WAIT_MS)
        self._late.timeout.connect(self._ask)
        self.slider.valueChanged.connect(self._ask)

    def show_film(self, film: FilmSpec, count: int, suffix: str = "") -> None:
        """Another film of so many pictures, or other choices of the same.

        With the suffix of a drawing its size is measured as well.
        """
        self._film, self._count, self._suffix = film, count, suffix
        self.slider.setVisible(count > 1)
        self._late.start()

    @Slot()
    def _ask(self) -> None:
        if self._film is None:
            return
        if self._source is None:
            self._source = self._begin()
            self._timer.start()
        if self._source is not None:
            share = self.slider.value() / _STEPS
            self._source.show(self._film, share, self._suffix)
            place = f"Picture {1 + round(share * (self._count - 1))} of {self._count}"
            self.words.setText(place if self._count > 1 else "")

    @Slot()
    def _look(self) -> None:
        found: PreviewPicture | None = self._source.drain() if self._source is not None else None
        if found is None:
            return
        if found.nbytes:
            self.measured.emit(found.nbytes)
        if found.pixels is None:
            if found.words:
                self.words.setText(found.words)
            return
        height, width, channels = found.pixels.shape
        kind = QImage.Format.Format_RGBA8888 if channels == 4 else QImage.Format.Format_RGB888
        data = found.pixels.tobytes()
        self.picture.show_pixels(QImage(data, width, height, channels * width, kind).copy())

    def shut_down(self) -> None:
        """End the preview; another choice begins a new one."""
        self._timer.stop()
        self._late.stop()
        if self._source is not None:
            self._source.close()
            self._source = None


def _checks() -> QPixmap:
    """A tile of the ground that stands for nothing."""
    tile = QPixmap(2 * _CHECK, 2 * _CHECK)
    tile.fill(Qt.GlobalColor.lightGray)
    painter = QPainter(tile)
    for x, y in ((0, 0), (_CHECK, _CHECK)):
        painter.fillRect(x, y, _CHECK, _CHECK, Qt.GlobalColor.white)
    painter.end()
    return tile
