"""Who draws space on the stage: the painter, or OpenGL where a graphics card draws it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from flowviz.core.camera import Camera
from flowviz.gui.theme.theme import current_tokens
from flowviz.gui.views._gl_probe import is_hardware, new_space, renderer_name
from flowviz.scene.panels import Panel

if TYPE_CHECKING:
    from flowviz.gui.views.gl_space import GLSpace

RendererChoice = Literal["auto", "painter", "opengl"]


class SpaceRenderer:
    """Chooses, and owns the widget that draws by OpenGL; a fault of OpenGL brings the painter back.

    Args:
        stage: the widget to draw on.
        overlay: paints the stage's words, in the stage's coordinates.

    Attributes:
        choice: "auto" takes OpenGL where a graphics card draws it; "painter" and "opengl" are a person's wish.
    """

    def __init__(self, stage: QWidget, overlay: Callable[[QPainter], None]) -> None:
        self._stage, self._overlay = stage, overlay
        self.choice: RendererChoice = "auto"
        self._space: GLSpace | None = None
        self._has_failed = False
        self._shown = 0

    @property
    def is_opengl(self) -> bool:
        """Whether OpenGL is to draw space now."""
        if self._has_failed or self.choice == "painter":
            return False
        name = renderer_name()
        return bool(name) if self.choice == "opengl" else is_hardware(name)

    @property
    def space(self) -> GLSpace | None:
        """The widget that draws, where it is on the stage."""
        return self._space if self._space is not None and not self._space.isHidden() else None

    def choose(self, choice: RendererChoice) -> None:
        """Another wish; it takes effect with the next picture."""
        self.choice, self._has_failed = choice, False

    def show(self, panel: Panel, camera: Camera, plot: QRect, emphasis: float) -> bool:
        """Draw a panel over that rectangle of the stage; False where OpenGL fails, and the painter must."""
        try:
            if self._space is None:
                self._space = new_space(self._stage, self._paint_overlay)
            self._space.setGeometry(plot)
            self._space.show_panel(panel, camera, current_tokens(), emphasis)
            self._space.show()
        except Exception:  # whatever a driver comes up with must not cost the picture
            logging.getLogger(__name__).exception("OpenGL failed; the painter draws space")
            self._give_up()
            return False
        self._shown += 1
        if self._shown > 3 and self._stage.isVisible() and not self._space.isValid():
            self._give_up()
            return False
        return True

    def look(self, camera: Camera, plot: QRect) -> None:
        """The same as another camera sees it, without asking anybody for a new picture."""
        if self.space is not None:
            self.space.setGeometry(plot)
            self.space.look(camera)

    def hide(self) -> None:
        """The painter draws."""
        if self._space is not None:
            self._space.hide()

    def _give_up(self) -> None:
        self._has_failed = True
        self.hide()

    def _paint_overlay(self, painter: QPainter) -> None:
        if self._space is not None:
            painter.translate(-self._space.geometry().topLeft())
            self._overlay(painter)
