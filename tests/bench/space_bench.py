"""What a picture in space costs while its camera turns, against pyqtgraph's ScatterPlotItem on the same points.

The reference draws flat dots of one colour and size at places that are already projected; the painter projects,
sorts by depth and draws box, axes and triad besides. Both work offscreen on one thread and are measured in turn, so
that the machine's load meets both; both are timed by the time of their thread, in which a neighbour's work does not
count. "Pictures a second" are of that thread, and need one of the two cores.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np

from flowviz.core.camera import Camera
from flowviz.core.spec import Array
from flowviz.scene._lens import Lens
from flowviz.scene.marks import Mark, Points, Room, Volume
from flowviz.scene.painter import paint
from flowviz.scene.tokens import DARK
from tests.bench._measure import Measurement

WIDTH, HEIGHT = 900, 800
VOLUME: Volume = ((-3.4, -3.4, -3.4), (3.4, 3.4, 3.4))
DOTS = 20_000
_SIZE = 2.0
_TURNS = 24


def torus(n: int) -> Array:
    """(n, 3) float32 points of a torus."""
    rng = np.random.default_rng(0)
    around, within = rng.uniform(0, 2 * np.pi, (2, n))
    radius = 2.2 + 0.9 * np.cos(within)
    return np.stack([radius * np.cos(around), radius * np.sin(around), 0.9 * np.sin(within)], axis=1).astype(np.float32)


def in_turn(runs: dict[str, Callable[[int], object]]) -> dict[str, float]:
    """Milliseconds of thread time of each, the median over pictures of one turn, measured in turn."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for index in range(_TURNS):
        for name, run in runs.items():
            start = time.thread_time()
            run(index)
            times[name].append(time.thread_time() - start)
    return {name: float(np.median(spent)) * 1e3 for name, spent in times.items()}


def camera_at(index: int) -> Camera:
    """One picture of a turn."""
    return Camera().orbit(360.0 * index / _TURNS).fit(*VOLUME, WIDTH / HEIGHT, turning=True)


def painting(n: int) -> Callable[[int], object]:
    """The painter's picture of n dots."""
    marks: tuple[Mark, ...] = (Room(VOLUME), Points(torus(n), "particles", _SIZE, 0.8))
    out = np.empty((HEIGHT, WIDTH, 4), np.uint8)
    return lambda index: paint(marks, camera_at(index), WIDTH, HEIGHT, DARK, out=out)


def scattering(n: int) -> Callable[[int], object]:
    """pyqtgraph's picture of n dots at their projected places, offscreen."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import pyqtgraph as pg
    from PySide6.QtGui import QImage, QPainter

    pg.mkQApp()
    plot = pg.PlotWidget()
    plot.resize(WIDTH, HEIGHT)
    plot.setRange(xRange=(-1.1, 1.1), yRange=(-1, 1), padding=0)
    item = pg.ScatterPlotItem(size=3, pen=None, brush=(255, 179, 71, 200))
    plot.addItem(item)
    points, image = torus(n), QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)

    def run(index: int) -> None:
        places, _ = Lens(camera_at(index), WIDTH, HEIGHT, VOLUME).places(points)
        item.setData(places[:, 0], places[:, 1])
        painter = QPainter(image)
        plot.render(painter)
        painter.end()

    run(0)
    return run


def measure() -> list[Measurement]:
    """Times of a turning picture."""
    spent = in_turn(
        {
            "painter": painting(DOTS),
            "ScatterPlotItem": scattering(DOTS),
            "many": painting(5 * DOTS),
            "nothing": painting(1),
        }
    )
    ours = spent["painter"]
    return [
        Measurement(f"space: reference, ScatterPlotItem with {DOTS:,} dots", spent["ScatterPlotItem"], "ms"),
        Measurement(f"space: {DOTS:,} particles while the camera turns", ours, "ms", 33.0),
        Measurement("space: the same", 1e3 / ours, "pictures/s", 30.0, "higher"),
        Measurement("space: the same over ScatterPlotItem", ours / spent["ScatterPlotItem"], "times", 1.0),
        Measurement("space: box, axes and triad alone", spent["nothing"], "ms"),
        Measurement(f"space: {5 * DOTS:,} particles (the window would thin)", spent["many"], "ms"),
    ]
