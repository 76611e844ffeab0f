"""Draws the same scenes by OpenGL and by the painter, and prints how far apart the pictures are, as JSON."""

from __future__ import annotations

import json
import sys

import numpy as np
from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow

from flowviz.core.camera import Camera
from flowviz.core.spec import Array
from flowviz.gui.views._gl_probe import is_hardware, renderer_name
from flowviz.gui.views._stage_gl import SpaceRenderer
from flowviz.gui.views.gl_space import GLSpace
from flowviz.gui.views.stage import StageView
from flowviz.scene.marks import Arrows, Lines, Mark, Points, Sheet, Shell
from flowviz.scene.painter import paint
from flowviz.scene.panels import fit_room, space_panel
from flowviz.scene.tokens import DARK

VOLUME = ((-3.0, -3.0, -3.0), (3.0, 3.0, 3.0))
SIZE = (400, 340)


def scenes() -> dict[str, tuple[Mark, ...]]:
    """One of each kind of mark, off the middle, so that a mirrored picture is not the same."""
    turn = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    ring = np.stack([1.2 * np.cos(turn) + 0.8, 1.8 * np.sin(turn), 0.5 * np.cos(3 * turn) - 0.7], axis=1)
    z = 1 - (2 * np.arange(6000) + 1) / 6000
    angle = np.arange(6000) * np.pi * (3 - np.sqrt(5))
    flat = np.sqrt(1 - z**2)
    ball = np.stack([flat * np.cos(angle), flat * np.sin(angle), z], axis=1)
    values = np.zeros((24, 24), np.float32)
    values[14:20, 4:9] = 1.0
    up = np.tile([0.3, 0.2, 0.9], (500, 1))
    return {
        "points": (Points(ring.astype(np.float32), "particles", 5.0, 0.95),),
        "lines": (Lines(ring.astype(np.float32).reshape(50, 10, 3), "trails", 3.0, 0.95),),
        "arrows": (Arrows(ring[::8], up[::8], "field", 2.0, 0.95),),
        "shell": (Shell((1.4 * ball + [0.5, -0.6, 0.4]).astype(np.float32), ball.astype(np.float32), 0.16, "shell"),),
        "sheet": (Sheet(values, "y", 0.8, (-3.0, 3.0, -3.0, 3.0)),),
    }


def pixels(image: QImage) -> Array:
    """(height, width, 3) of a picture, at the size of the painter's."""
    image = image.convertToFormat(QImage.Format.Format_RGB32).scaled(QSize(*SIZE))
    return np.frombuffer(image.constBits(), np.uint8).reshape(SIZE[1], SIZE[0], 4)[..., :3].astype(int)


def silhouette(picture: Array, empty: Array) -> Array:
    """Where a picture differs from that of the empty room."""
    return np.abs(picture - empty).sum(axis=2) > 30


def compare(space: GLSpace, camera: Camera) -> dict[str, dict[str, float]]:
    """For each scene how much of either silhouette the other has, to two pixels; and how far their sides are apart."""

    def both(marks: tuple[Mark, ...]) -> tuple[Array, Array]:
        panel = space_panel("main", marks, VOLUME)
        view = fit_room(panel, camera, *SIZE)
        space.show_panel(panel, view, DARK, 1.0)
        QTest.qWait(30)
        return pixels(space.grabFramebuffer()), paint(panel.marks, view, *SIZE, DARK)[..., :3].astype(int)

    result, nothing = {}, both(())
    for name, marks in scenes().items():
        ours, theirs = (silhouette(a, b) for a, b in zip(both(marks), nothing, strict=True))
        corners = [np.array([seen.min(axis=0), seen.max(axis=0)]) for seen in map(np.argwhere, (ours, theirs))]
        result[name] = {
            "found": min(float(ours[near(theirs)].sum() / ours.sum()), float(theirs[near(ours)].sum() / theirs.sum())),
            "apart": float(np.abs(corners[0] - corners[1]).max()),
        }
    return result


def near(mask: Array) -> Array:
    """The pixels within two of a silhouette."""
    padded, (height, width) = np.pad(mask, 2), mask.shape
    shifts = [padded[row : row + height, column : column + width] for row in range(5) for column in range(5)]
    return np.asarray(np.any(shifts, axis=0))


def docked(stage: StageView, renderer: SpaceRenderer) -> list[float]:
    """Shares of changed pixels of a stage in a dock: docked, floating, and docked again."""
    window, dock = QMainWindow(), QDockWidget("Stage")
    dock.setWidget(stage)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    window.resize(600, 500)
    window.show()
    panel, shares = space_panel("main", scenes()["points"], VOLUME), []
    for floats in (False, True, False):
        dock.setFloating(floats)
        QTest.qWait(150)
        assert renderer.show(panel, fit_room(panel, Camera(), 400, 340), stage.rect(), 1.0)
        QTest.qWait(150)
        assert renderer.space is not None
        picture = pixels(renderer.space.grabFramebuffer())
        shares.append(float((np.abs(picture - picture[5, 5]).sum(axis=2) > 60).mean()))
    window.close()
    return shares


def main() -> None:
    """Compare, dock, print."""
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    QApplication(sys.argv[:1])
    host = StageView()
    host.resize(*SIZE)
    host.show()
    space = GLSpace(host, lambda painter: None)
    space.setGeometry(0, 0, *SIZE)
    space.show()
    QTest.qWait(100)
    stage = StageView()
    result = {
        "renderer": renderer_name(),
        "hardware": is_hardware(renderer_name()),
        "automatic": stage.renderer.is_opengl,
        "perspective": compare(space, Camera(azimuth=-50.0, elevation=25.0, roll=8.0)),
        "parallel": compare(space, Camera(azimuth=120.0, elevation=-15.0, projection="parallel")),
        "docked": docked(stage, stage.renderer),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
