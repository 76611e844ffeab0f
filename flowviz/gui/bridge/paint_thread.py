"""The thread that turns a moment into pixels, so that the GUI thread never does."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PySide6.QtCore import QObject, QThread, Signal
from PySide6.QtGui import QImage

from flowviz.core.errors import UserError
from flowviz.core.frames import Frame
from flowviz.core.probes import Probes
from flowviz.core.queries import Query
from flowviz.core.spec import Array, TargetSpec
from flowviz.gui.bridge.pace import Pace
from flowviz.scene._layer import Companion, Moment
from flowviz.scene.marks import Extent, Points, Volume
from flowviz.scene.options import StageOptions
from flowviz.scene.panels import Box, Gazes, Margins, Panel, Scene, View, boxes, space_panel, view_of
from flowviz.scene.projection import thinned
from flowviz.scene.resolve import queries, resolve
from flowviz.scene.tokens import Tokens
from flowviz.scene.view import Corners, seen_box, world_extent, world_volume
from flowviz.targets import Target, build, build_source

_TARGET_POINTS = 2000
_BREATH_S = 2e-5


@dataclass(frozen=True, slots=True, eq=False)
class PaintJob:
    """Everything that one picture needs.

    Attributes:
        target: whose draws are shown.
        frame: the state of the flow, or None before any run.
        t: flow time.
        options: what to see.
        answers: answers of the engine by layer key.
        gazes: how the person looks, by the panels' link.
        size: width and height of the stage in points.
        margins: points of the stage that are left to numbers and words.
        ratio: device pixels per point.
        emphasis: how many times larger than usual dots and lines are.
        tokens: colours.
        title: of the picture before any run.
        source: where the flow begins, which has to be in view too; None is noise.
        is_turning: whether a camera is on its way, so that the picture must be quick rather than whole.
        by_opengl: whether a panel in space that is alone on the stage is not painted, since OpenGL will draw it.
        seed: of the run.
        probes: places that the person asks about.
        name: of the run among its companions.
        companions: runs that may be shown beside it.
    """

    target: TargetSpec
    frame: Frame | None
    t: float
    options: StageOptions
    answers: Mapping[str, Mapping[str, Array]]
    gazes: Gazes
    size: tuple[int, int]
    margins: Margins
    ratio: float
    emphasis: float
    tokens: Tokens
    title: str = ""
    source: TargetSpec | None = None
    is_turning: bool = False
    by_opengl: bool = False
    seed: int = 0
    probes: Probes = Probes()
    name: str = ""
    companions: tuple[Companion, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A painted panel.

    Attributes:
        panel: what was painted.
        view: of the world.
        image: the pixels, opaque; `buffer` owns them.
    """

    panel: Panel
    view: View
    image: QImage
    buffer: Array


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A painted job.

    Attributes:
        job: what was painted.
        scene: its panels and words.
        tiles: one for each panel.
        wanted: what should be asked of the engine, by layer key.
        dots: how many dots were drawn.
        all_dots: how many there are; more than drawn while the camera turns and drawing all would take too long.
        volume: the box around a flow in space, or None in the plane.
    """

    job: PaintJob
    scene: Scene
    tiles: tuple[Tile, ...]
    wanted: Mapping[str, Query] = field(default_factory=dict)
    dots: int = 0
    all_dots: int = 0
    volume: Volume | None = None


def _breathe() -> None:
    """Let the event loop have the interpreter."""
    time.sleep(_BREATH_S)


class _TargetDraws:
    """Draws of the newest target, and the extent around it and its source; building one may take a while."""

    def __init__(self) -> None:
        self._specs: tuple[TargetSpec | None, TargetSpec | None] = (None, None)
        self.points: Array = np.zeros((0, 2), dtype=np.float32)
        self.extent: Extent = (-4.0, 4.0, -4.0, 4.0)
        self.volume: Volume | None = None

    def update(self, spec: TargetSpec, source: TargetSpec | None) -> None:
        if self._specs == (spec, source):
            return
        self._specs = (spec, source)
        try:
            target = build(spec)
            self.points = target.sample(_TARGET_POINTS, np.random.default_rng(0)).astype(np.float32)
            self.points.flags.writeable = False  # the painter keeps the picture of points that stand still
            low, high = target.bounds()
        except UserError:
            self.points = np.zeros((0, 2), dtype=np.float32)
            return
        around = self._source_box(source, target)
        self.extent = world_extent(low, high, self.points, source=around)
        self.volume = world_volume(low, high, self.points, source=around)

    @staticmethod
    def _source_box(spec: TargetSpec | None, target: Target) -> Corners | None:
        if spec is None:
            return None
        try:
            source = build_source(spec, target)
        except UserError:
            return None
        return seen_box(*source.bounds(), source.sample(_TARGET_POINTS, np.random.default_rng(0)))


class PaintThread(QThread):
    """Paints the newest job; jobs that arrive while it paints replace each other.

    Signals:
        painted(object): a Picture.
        failed(str): a picture could not be painted; the text is for the log.
    """

    painted = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("paint")
        self._condition = threading.Condition()
        self._job: PaintJob | None = None
        self._ends = False
        self._draws = _TargetDraws()
        self._pace = Pace()

    def submit(self, job: PaintJob) -> None:
        """Paint this as soon as possible."""
        with self._condition:
            self._job = job
            self._condition.notify()

    def close(self) -> None:
        """End the thread; returns when it is over."""
        with self._condition:
            self._ends = True
            self._condition.notify()
        self.wait()

    def run(self) -> None:
        """The thread's life."""
        while True:
            with self._condition:
                while self._job is None and not self._ends:
                    self._condition.wait()
                if self._ends:
                    return
                job, self._job = self._job, None
            if job is None:
                continue
            try:
                self.painted.emit(self.picture(job))
            except Exception as error:  # a picture that fails must not end the thread
                logging.getLogger(__name__).exception("a picture failed")
                self.failed.emit(str(error))

    def picture(self, job: PaintJob) -> Picture:
        """Paint one job."""
        self._draws.update(job.target, job.source)
        draws = self._draws
        wanted: Mapping[str, Query] = {}
        if job.frame is None:
            shown = "target" in job.options.layers
            marks = (Points(draws.points, "target", job.options.point_size),) if shown else ()
            panel = Panel("main", marks, draws.extent)
            if draws.volume is not None:
                panel = space_panel("main", marks, draws.volume)
            scene = Scene((panel,), job.title, "")
        else:
            moment = Moment(
                job.frame,
                job.t,
                job.options,
                draws.points,
                draws.extent,
                draws.volume,
                job.seed,
                job.probes,
                job.name,
                job.companions,
            )
            wanted = queries(moment)
            # the job brings answers to what the picture before asked: what is no longer asked must not stand in
            scene = resolve(moment, {lane: job.answers[lane] for lane in wanted if lane in job.answers}, job.title)
        start = time.thread_time()  # other programs' work is no reason to show less
        all_dots = _dots(scene.panels)
        left_out = job.by_opengl and len(scene.panels) == 1 and scene.panels[0].room is not None
        if job.is_turning and not left_out:
            scene = replace(scene, panels=tuple(self._quick(panel) for panel in scene.panels))
        places = boxes(scene.panels, *job.size, job.margins)
        draw = _left_out if left_out else _tile
        tiles = tuple(draw(panel, box, job) for panel, box in zip(scene.panels, places, strict=True))
        dots = _dots(scene.panels)
        if job.is_turning and not left_out:
            self._pace.took(time.thread_time() - start, dots)
        return Picture(job, scene, tiles, wanted, dots, all_dots, draws.volume)

    def _quick(self, panel: Panel) -> Panel:
        if panel.room is None:
            return panel
        return replace(panel, marks=thinned(panel.marks, self._pace.most))


def _dots(panels: Sequence[Panel]) -> int:
    return sum(len(mark.xy) for panel in panels for mark in panel.marks if isinstance(mark, Points))


def _left_out(panel: Panel, box: Box, job: PaintJob) -> Tile:
    """A panel that somebody else draws."""
    return Tile(panel, view_of(panel, box[2], box[3], job.gazes), QImage(), np.zeros((0, 0, 4), np.uint8))


def _tile(panel: Panel, box: Box, job: PaintJob) -> Tile:
    from flowviz.scene.painter import paint  # with Pillow: the window is seen before the first picture

    view = view_of(panel, box[2], box[3], job.gazes)
    width, height = round(box[2] * job.ratio), round(box[3] * job.ratio)
    buffer = paint(panel.marks, view, width, height, job.tokens, job.ratio * job.emphasis, breathe=_breathe)
    image = QImage(buffer.data, width, height, buffer.strides[0], QImage.Format.Format_RGB32)
    return Tile(panel, view, image, buffer)
