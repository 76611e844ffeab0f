"""What one can choose a distribution from: drawing, files, text, and the gallery of presets."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from flowviz.core.errors import UserError
from flowviz.core.spec import TargetSpec
from flowviz.gui.control.background import Background
from flowviz.gui.opening import PICTURE_MS, FirstPaint
from flowviz.gui.panels.target_gallery import EVERY, Gallery
from flowviz.gui.panels.target_work import NOISE, NOISE_LABEL, NOISE_SUMMARY, Prepared, noise_picture, prepare
from flowviz.gui.theme.icons import set_icon
from flowviz.gui.widgets.segments import Segments
from flowviz.targets import TARGETS


class TargetBrowser(QWidget):
    """Buttons for drawing, files and text above a gallery of one dimension at a time.

    Args:
        background: the thread that draws the presets' pictures.
        offers_noise: whether noise is the gallery's first picture.
    """

    dim_shown = Signal(int)
    """Another dimension is shown now."""
    failed = Signal(object)
    """UserError: a preset's picture cannot be drawn."""

    def __init__(self, background: Background, offers_noise: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(self._make_buttons())
        column.addLayout(self._make_heading())
        self._offers_noise = offers_noise
        self.gallery = Gallery(self._fill)
        column.addWidget(self.gallery)
        self.first_paint = FirstPaint(self, wait_ms=PICTURE_MS)
        self.first_paint.painted.connect(self._load_presets)  # so that the window stands sooner

    def _fill(self) -> None:
        if self._offers_noise:
            self.gallery.add(NOISE, NOISE_LABEL, NOISE_SUMMARY, EVERY)
        for key, cls in TARGETS.items():
            if cls.is_preset:
                self.gallery.add(key, cls.label, cls.summary, cls.dims[0])

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.draw_button = _button("Draw", "brush", "Draw a distribution by hand")
        self.draw_button.setCheckable(True)
        set_icon(self.draw_button, "brush")
        self.open_button = _button(
            "Open", "open", "An image, a table of points (CSV, NPY …), a point cloud or a mesh (PLY, OBJ, STL …)"
        )
        self.text_button = _button("Text", "text", "Typed text in any installed font")
        for button in (self.draw_button, self.open_button, self.text_button):
            row.addWidget(button, 1)
        return row

    def _make_heading(self) -> QHBoxLayout:
        heading = QLabel("Presets")
        heading.setProperty("role", "heading")
        self.dimension = Segments(
            (("2", "2D", "Distributions in the plane"), ("3", "3D", "Distributions in space")), "Dimension"
        )
        self.dimension.chosen.connect(self._dimension_chosen)
        row = QHBoxLayout()
        row.addWidget(heading, 1)
        row.addWidget(self.dimension)
        return row

    def show_dim(self, dim: int) -> None:
        """Show the presets of one dimension."""
        if self.gallery.dim != dim:
            self.dimension.show_key(str(dim))
            self.gallery.show_dim(dim)
            self.dim_shown.emit(dim)

    def fix_dim(self, dim: int) -> None:
        """Show the presets of one dimension, which is not the person's to choose."""
        self.dimension.hide()
        self.show_dim(dim)

    @Slot(str)
    def _dimension_chosen(self, key: str) -> None:
        self.show_dim(int(key))

    @Slot()
    def _load_presets(self) -> None:
        """Their files are read beside the window, which must not wait for thirty of them."""
        self._background.submit(TARGETS.items, lambda _all: self._draw_presets(), self._tell)

    def _draw_presets(self) -> None:
        keys = [key for key, tile in self.gallery.tiles.items() if not tile.has_picture]

        def work() -> None:
            for key in keys:  # each is shown as soon as it is there
                if not self._background.is_busy:
                    return  # the window is closing
                if key == NOISE:
                    self._background.post(partial(self.gallery.tiles[NOISE].set_picture, noise_picture()))
                else:
                    self._background.post(partial(self._first_picture, prepare(TargetSpec(key))))

        self._background.submit(work, lambda _nothing: None, self._tell)

    def _first_picture(self, prepared: Prepared) -> None:
        tile = self.gallery.tiles[prepared.spec.key]
        if not tile.has_picture:
            tile.set_picture(prepared.thumbnail)

    def _tell(self, error: UserError) -> None:
        self.failed.emit(error)


def _button(label: str, icon: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(label)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
    button.setIconSize(QSize(20, 20))
    button.setToolTip(tip)
    button.setAccessibleName(label)
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    set_icon(button, icon)
    return button
