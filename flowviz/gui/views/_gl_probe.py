"""Whether OpenGL draws here, and with what."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext, QPainter
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from flowviz.gui.views.gl_space import GLSpace

_GL_RENDERER = 0x1F01
_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software", "swiftshader", "basic render")


@lru_cache(maxsize=1)
def renderer_name() -> str:
    """What draws OpenGL on this machine ("NVIDIA GeForce ..."), or "" where nothing does.

    The platforms without a screen are not even asked: some of them crash on it.
    """
    if QGuiApplication.platformName() in ("offscreen", "minimal", "vnc", "linuxfb"):
        return ""
    context, surface = QOpenGLContext(), QOffscreenSurface()
    surface.create()
    if not context.create() or not surface.isValid() or not context.makeCurrent(surface):
        return ""
    try:
        return str(context.functions().glGetString(_GL_RENDERER) or "")
    finally:
        context.doneCurrent()


def is_hardware(name: str) -> bool:
    """Whether a renderer of that name is a graphics card rather than a program."""
    return bool(name) and not any(word in name.lower() for word in _SOFTWARE)


def new_space(parent: QWidget, overlay: Callable[[QPainter], None]) -> GLSpace:
    """A widget that draws space by OpenGL; what it needs is imported now.

    Raises:
        ImportError, RuntimeError: OpenGL is not to be had here after all.
    """
    import OpenGL

    OpenGL.ERROR_CHECKING = False  # else it finds errors that Qt has left behind, and stops on them
    from flowviz.gui.views.gl_space import GLSpace

    return GLSpace(parent, overlay)
