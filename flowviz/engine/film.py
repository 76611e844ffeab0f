"""Films and stills of a run: the same scene and the same painter as in the window, without a window."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from flowviz.core.camera import Camera
from flowviz.core.errors import UserError
from flowviz.core.film import FilmSpec
from flowviz.core.frames import Frame
from flowviz.core.queries import Query
from flowviz.core.spec import Array, RunSpec
from flowviz.export import FilmWriter, Shape, WriterCancelled, writer_for
from flowviz.scene import lettering
from flowviz.scene._layer import LAYERS, Moment
from flowviz.scene._mode import MODES
from flowviz.scene._surface import packed
from flowviz.scene.colour_maps import rgb
from flowviz.scene.options import StageOptions, options_from_mapping
from flowviz.scene.painter import paint
from flowviz.scene.panels import Panel, Scene, boxes, view_of
from flowviz.scene.resolve import queries, query_key, resolve
from flowviz.scene.tokens import THEMES
from flowviz.scene.view import Corners, Gaze, seen_box, world_extent, world_volume
from flowviz.targets import TARGETS, Target, build, build_source

TARGET_POINTS = 2000
_FIRST, _LAST = 0.06, 0.12
"""Shares of a film over flow time in which it rests at its beginning and at its end."""
_EARLY = 1.6
"""A film over training reaches training step share**_EARLY: early steps change most, and get more pictures."""


class FilmCancelledByUser(Exception):
    """The film was given up; nothing is left of it."""


class Filmable(Protocol):
    """What a film is made of (a run file, or a film job)."""

    @property
    def spec(self) -> RunSpec:
        """The run."""
        ...

    @property
    def frames(self) -> Sequence[Frame]:
        """Its frames by increasing training step."""
        ...


class _Asker(Protocol):
    def answer(self, spec: RunSpec, weights: Mapping[str, Array], query: Query) -> dict[str, Array]: ...


class FilmPainter:
    """Paints the pictures of one film, in any order; torch is loaded when a layer has to ask the flow.

    Args:
        run: spec and frames.
        film: what is wanted.
        total: number of pictures, where the format's rate differs from film.fps.

    Raises:
        UserError: the run has no frames, a layer or option is unknown, or the target cannot be built.
    """

    def __init__(self, run: Filmable, film: FilmSpec, total: int | None = None) -> None:
        if not run.frames:
            raise UserError("This run has no frames to show.", "Train it for at least one step first.")
        for key in film.layers:
            LAYERS.get(key)
        self.film = film
        self.total = total or film.frame_count
        self._spec, self._frames = run.spec, tuple(run.frames)
        recorded = max(frame.paths.shape[1] for frame in self._frames)
        # unless asked for, no more particles than recorded: showing those needs no torch where the frames are whole
        options = {"particles": min(StageOptions().particles, recorded), **film.options}
        self._options = options_from_mapping(options, film.layers, film.direction)
        MODES.get(self._options.mode)
        target = build(run.spec.target)
        self._target_points = target.sample(TARGET_POINTS, np.random.default_rng(run.spec.seed))
        self._target_points.flags.writeable = False  # the painter keeps the picture of points that stand still
        around = _source_box(run.spec, target)
        self._world = world_extent(*target.bounds(), self._target_points, source=around)
        self._volume = world_volume(*target.bounds(), self._target_points, source=around)
        if film.clock == "camera" and self._volume is None:
            raise UserError("A camera can turn around a run in three dimensions only.", "Film flow time or training.")
        self._tokens = THEMES[film.theme]
        self._gazes: dict[str, Gaze | Camera] = {"space": film.camera} if film.camera is not None else {}
        self._frame = lettering.Frame(film.width, film.height, self._tokens, title_of(run.spec), film.caption)
        self._stage = np.empty((self._frame.stage[1], self._frame.stage[0], 4), np.uint8)
        self._asker: _Asker | None = None
        self._answers: dict[Hashable, dict[str, Array]] = {}
        self._answers_of: Frame | None = None

    def picture(self, index: int) -> Array:
        """Picture number `index`, (height, width, 3) uint8 RGB."""
        frame, t = self.moment_of(index)
        moment = Moment(frame, t, self._options, self._target_points, self._world, self._volume, self._spec.seed)
        scene = resolve(moment, self._ask(moment), title_of(self._spec))
        spots = self._paint(scene, index)
        return np.asarray(self._frame.compose(self._stage, spots, scene.clock, self._progress(index, frame, t)))

    def _paint(self, scene: Scene, index: int) -> list[lettering.Spot]:
        """Paint the panels onto the stage; where each of them stands."""
        width, height = self._frame.stage
        scale = max(0.4, min(self.film.height, self.film.width) / 720)
        spots = []
        if len(scene.panels) > 1:
            self._stage[...] = packed(rgb(self._tokens.border)[None]).view(np.uint8)
        for panel, box in zip(scene.panels, boxes(scene.panels, width, height), strict=True):
            left, top, wide, tall = box
            view = view_of(self._seen(panel), wide, tall, self._gazes)
            if isinstance(view, Camera) and self.film.clock == "camera":
                view = view.orbit(360.0 * index / self.total)
            whole = (wide, tall) == (width, height)
            painted = paint(panel.marks, view, wide, tall, self._tokens, scale, out=self._stage if whole else None)
            if not whole:
                self._stage[top : top + tall, left : left + wide] = painted
            spots.append(lettering.Spot(panel, box, view))
        return spots

    def _seen(self, panel: Panel) -> Panel:
        """The panel with the part of the plane in view that the film asks for."""
        if self.film.extent is None or panel.link != "plane":
            return panel
        return replace(panel, view=self.film.extent)

    def moment_of(self, index: int) -> tuple[Frame, float]:
        """The frame and the flow time that picture number `index` shows."""
        share = index / max(1, self.total - 1)
        if self.film.clock == "training":
            first, last = self._frames[0].step, self._frames[-1].step
            return self._nearest(first + share**_EARLY * (last - first)), self.film.t
        run = min(max((share - _FIRST) / (1.0 - _FIRST - _LAST), 0.0), 1.0)
        if self.total == 1:
            run = 1.0
        t = 0.5 * run + 0.5 * run * run * (3.0 - 2.0 * run)
        frame = self._frames[-1] if self.film.step is None else self._nearest(self.film.step)
        if self.film.clock == "camera":
            return frame, self.film.t
        return frame, 1.0 - t if self.film.direction == "encode" else t

    def _nearest(self, step: float) -> Frame:
        return min(self._frames, key=lambda frame: abs(frame.step - step))

    def _progress(self, index: int, frame: Frame, t: float) -> float:
        if self.film.clock == "camera":
            return (index + 1) / self.total
        if self.film.clock == "training":
            first, last = self._frames[0].step, self._frames[-1].step
            return (frame.step - first) / max(1, last - first)
        return 1.0 - t if self.film.direction == "encode" else t

    def _ask(self, moment: Moment) -> dict[str, dict[str, Array]]:
        """Answers for every layer that asks; kept while the frame stays the same."""
        if moment.frame is not self._answers_of:
            self._answers, self._answers_of = {}, moment.frame
        result = {}
        for layer, query in queries(moment).items():
            key = query_key(query)
            if key not in self._answers:
                if self._asker is None:
                    from flowviz.engine.derive import Deriver

                    self._asker = Deriver()
                self._answers[key] = self._asker.answer(self._spec, moment.frame.weights, query)
            result[layer] = self._answers[key]
        return result


def _source_box(spec: RunSpec, target: Target) -> Corners | None:
    """The box around the source's draws; None where it is noise."""
    if spec.source is None:
        return None
    source = build_source(spec.source, target)
    return seen_box(*source.bounds(), source.sample(TARGET_POINTS, np.random.default_rng(spec.seed)))


def title_of(spec: RunSpec) -> str:
    """What a film shows, in words ("JKO flow on Pinwheel"), without loading the method."""
    name = spec.target.name
    if not name:
        name = TARGETS.get(spec.target.key).label if spec.target.key in TARGETS else spec.target.key
    method = {"cnf": "CNF", "jko": "JKO flow"}.get(spec.flow.key, spec.flow.key.replace("_", " "))
    return f"{method} on {name}"


def picture(run: Filmable, film: FilmSpec, index: int) -> Array:
    """One picture of a film, (height, width, 3) uint8 RGB."""
    return FilmPainter(run, film).picture(index)


def render_film(
    run: Filmable,
    film: FilmSpec,
    path: str | Path,
    on_progress: Callable[[int, int], None] | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Make a film and put it at `path`; the suffix decides the format.

    Args:
        run: spec and frames.
        film: what is wanted.
        path: where the film goes; an older file of that name is replaced when the new one is complete.
        on_progress: called with pictures done and pictures in all.
        is_cancelled: asked before each picture.

    Returns:
        The film's path.

    Raises:
        FileError: it cannot be written there (known before any picture is painted, where possible).
        UserError: the run cannot be shown as asked.
        FilmCancelledByUser: is_cancelled said so; nothing is left.
    """
    path = Path(path).expanduser().absolute()
    writer = writer_for(path)
    assert isinstance(writer, FilmWriter)
    total = 1 if writer.is_still else max(1, round(writer.rate(film.fps) * film.seconds))
    painter = FilmPainter(run, film, total)
    writer.open(path, Shape(film.width, film.height, film.fps))
    try:
        for index in range(total):
            if is_cancelled is not None and is_cancelled():
                raise FilmCancelledByUser
            writer.write(painter.picture(index))
            if on_progress is not None:
                on_progress(index + 1, total)
        writer.close(is_cancelled)
    except WriterCancelled:
        raise FilmCancelledByUser from None
    finally:
        writer.abort()
    return path
