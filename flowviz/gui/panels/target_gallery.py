"""The gallery of targets: one small live picture each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QGridLayout, QSizePolicy, QWidget

from flowviz.core.spec import Array
from flowviz.gui.theme.theme import current_tokens
from flowviz.gui.widgets.density_image import density_picture

_COLUMNS = 4
_RADIUS = 6.0
EVERY = 0
"""The dimension of a tile that is shown with those of every dimension."""


class Tile(QAbstractButton):
    """A picture of one target; checked when it is the chosen one."""

    def __init__(self, key: str, label: str, summary: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = key
        self._values: Array | None = None
        self._image = QImage()
        self._is_hovered = False
        self.setCheckable(True)
        self.setObjectName(f"tile_{key}")
        self.setAccessibleName(label)
        self.setAccessibleDescription(summary)
        self.setToolTip(f"<b>{label}</b><br>{summary}" if summary else label)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        return QSize(54, 54)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, 40)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return width

    @property
    def has_picture(self) -> bool:
        """Whether the live picture is there."""
        return not self._image.isNull()

    def set_picture(self, values: Array) -> None:
        """Show a grid (rows, columns) of values in [0, 1], row 0 at the bottom."""
        self._values, self._theme = values, current_tokens().name
        self._image = density_picture(values, current_tokens())
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        kinds = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)  # a change of theme sends many of both
        if event.type() in kinds and self._values is not None and self._theme != current_tokens().name:
            self.set_picture(self._values)
        super().changeEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._is_hovered = True
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._is_hovered = False
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        shape = QPainterPath()
        shape.addRoundedRect(area, _RADIUS, _RADIUS)
        painter.fillPath(shape, QColor(tokens.stage))
        if self.has_picture:
            painter.setClipPath(shape)
            painter.drawImage(area, self._image)
            painter.setClipping(False)
        if self.isChecked():
            pen = QPen(QColor(tokens.accent), 2)
        elif self.hasFocus() or self._is_hovered:
            pen = QPen(QColor(tokens.text if self.hasFocus() else tokens.muted), 1.2)
        else:
            pen = QPen(QColor(tokens.border), 1)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area, _RADIUS, _RADIUS)
        painter.end()


class Gallery(QWidget):
    """Tiles in four columns, those of one dimension at a time; `chosen(key)` when the person picks one.

    Args:
        fill: adds the tiles that are always there, when somebody first wants them.
    """

    chosen = Signal(str)

    def __init__(self, fill: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fill: Callable[[], None] | None = fill
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(6)
        for column in range(_COLUMNS):
            self._grid.setColumnStretch(column, 1)
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._clicked)
        self._tiles: dict[str, Tile] = {}
        self._dims: dict[str, int] = {}
        self._selected = ""
        self.dim = 2

    @property
    def tiles(self) -> Mapping[str, Tile]:
        """All tiles by their key."""
        if self._fill is not None:
            fill, self._fill = self._fill, None
            fill()
        return self._tiles

    def add(self, key: str, label: str, summary: str, dim: int = 2) -> Tile:
        """One more tile at the end of those of its dimension, or the one that is there already."""
        if key not in self.tiles:
            tile = Tile(key, label, summary)
            place = sum(other in (dim, EVERY) for other in self._dims.values())
            self._grid.addWidget(tile, place // _COLUMNS, place % _COLUMNS)
            self._group.addButton(tile)
            self._tiles[key], self._dims[key] = tile, dim
            tile.setChecked(key == self._selected)
            tile.setVisible(dim in (self.dim, EVERY))
        return self.tiles[key]

    def show_dim(self, dim: int) -> None:
        """Show the tiles of one dimension; the others wait behind them."""
        self.dim = dim
        shown = [tile for key, tile in self._tiles.items() if self._dims[key] in (dim, EVERY)]
        for tile in shown:
            tile.show()
        if shown and any(tile.hasFocus() for tile in self._tiles.values() if tile not in shown):
            shown[0].setFocus(Qt.FocusReason.OtherFocusReason)  # or Qt would give it to Run, and Space would train
        for tile in self._tiles.values():
            tile.setVisible(tile in shown)

    def select(self, key: str) -> None:
        """Outline one tile, without a signal; none when the key is unknown."""
        self._selected = key
        self._group.setExclusive(False)
        for name, tile in self._tiles.items():
            tile.setChecked(name == key)
        self._group.setExclusive(True)

    def _clicked(self, button: QAbstractButton) -> None:
        if isinstance(button, Tile):
            self.chosen.emit(button.key)
