"""Films and stills of a run: the same scene and the same painter as in the window, without a window."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from flowviz.core.drawing import Drawing
from flowviz.core.errors import UserError
from flowviz.core.film import Beside, Curves, FilmJob, FilmSpec
from flowviz.core.frames import Frame
from flowviz.core.probes import Probes
from flowviz.core.queries import Query
from flowviz.core.spec import Array, RunSpec, TargetSpec
from flowviz.engine._film_clock import Instant, instant
from flowviz.export import DrawingWriter, FilmWriter, Shape, WriterCancelled, writer_for
from flowviz.scene._layer import LAYERS, Companion, Moment
from flowviz.scene._mode import MODES
from flowviz.scene.composition import Composer, Shot
from flowviz.scene.curve_panels import beside
from flowviz.scene.legend import legend_of
from flowviz.scene.lettering import Entry
from flowviz.scene.options import StageOptions, options_from_mapping
from flowviz.scene.panels import Gazes, Panel, Scene
from flowviz.scene.resolve import queries, query_key, resolve
from flowviz.scene.tokens import THEMES
from flowviz.scene.view import Corners, seen_box, world_extent, world_volume
from flowviz.targets import TARGETS, Target, build, build_source

# Words that the key of a method does not tell; to ask the method itself would load torch.
_METHODS = {
    "cnf": "CNF",
    "jko": "JKO flow",
    "ot_cfm": "OT-CFM",
    "sb_cfm": "Bridge CFM",
    "ot_flow": "OT-Flow",
    "rnode": "RNODE",
}
TARGET_POINTS = 2000


class FilmCancelledByUser(Exception):
    """The film was given up; nothing is left of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Filmed:
    """A run to film: its frames by increasing step, what was measured, the runs it is compared with, and its name."""

    spec: RunSpec
    frames: Sequence[Frame]
    curves: Curves = Curves()
    beside: tuple[Beside, ...] = ()
    name: str = ""

    @classmethod
    def of(cls, job: FilmJob) -> Filmed:
        """What a job is about."""
        return cls(job.run, job.frames, job.curves, job.beside, job.name)


class _Asker(Protocol):
    def answer(self, spec: RunSpec, weights: Mapping[str, Array], query: Query) -> dict[str, Array]: ...


class FilmPainter:
    """Paints the pictures of one film, in any order; torch is loaded when a layer has to ask the flow.

    Args:
        run: what is filmed.
        film: what is wanted.
        total: number of pictures, where the format's rate differs from film.fps.

    Raises:
        UserError: the run has no frames, a layer or option is unknown, or the target cannot be built.
    """

    def __init__(self, run: Filmed, film: FilmSpec, total: int | None = None) -> None:
        if not run.frames:
            raise UserError("This run has no frames to show.", "Train it for at least one step first.")
        for key in (*film.layers, *(layer for moment in film.keys for layer in moment.layers)):
            LAYERS.get(key)
        for mode in {moment.mode for moment in film.keys} - {""}:
            MODES.get(mode)
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
        self._beside = run.beside
        self._composer = Composer(film.size, THEMES[film.theme], film.parts, film.background)
        self._curves = run.curves if "curves" in film.parts else Curves()
        self._legends: dict[tuple[str, tuple[str, ...]], tuple[Entry, ...]] = {}
        self._asker: _Asker | None = None
        self._answers: dict[Hashable, dict[str, Array]] = {}
        self._answers_of: tuple[Frame, ...] = ()
        self._name = run.name
        self._probes = Probes(pins=film.pins, loop=film.loop)

    @property
    def is_transparent(self) -> bool:
        """Whether pictures are RGBA."""
        return self._composer.is_transparent

    def picture(self, index: int) -> Array:
        """Picture number `index`, (height, width, 3) uint8 RGB, or RGBA with 4 on a transparent background."""
        return self._composer.picture(self._shot(index))

    def drawing(self, index: int) -> Drawing:
        """Picture number `index` as a vector drawing."""
        return self._composer.drawing(self._shot(index))

    def _shot(self, index: int) -> Shot:
        now = instant(self.film, index, self.total, (self._frames[0].step, self._frames[-1].step))
        frame, options = self._frame_of(now), self._options
        if now.layers != self.film.layers or now.mode:
            options = replace(options, layers=frozenset(now.layers), mode=now.mode or options.mode)
        companions = tuple(
            Companion(other.number, other.label, other.frame(now.step), other.spec) for other in self._beside
        )
        moment = Moment(
            frame, now.t, options, self._target_points, self._world, self._volume, self._spec.seed, self._probes,
            self._name if companions else "", companions,
        )  # fmt: skip
        answers = self._ask(moment)
        title = title_of(self._spec, 1 + len(companions) if options.mode == "compare" else 1)
        scene = resolve(moment, answers, title)
        seen = tuple(self._seen(panel, now) for panel in scene.panels)
        width, height = self.film.size
        scene = beside(Scene(seen, scene.title, scene.clock), self._curves, frame.step, height > width)
        look = (options.mode, now.layers)
        if look not in self._legends:
            self._legends[look] = legend_of(moment, answers)
        gazes: Gazes = {} if now.camera is None or self.film.fit else {"space": now.camera}
        return Shot(scene, gazes, now.progress, now.turn, self._legends[look])

    def _seen(self, panel: Panel, now: Instant) -> Panel:
        """The panel with the part of the plane, or the direction in space, in view that the film asks for."""
        if self.film.fit and now.camera is not None and panel.room is not None:
            return replace(panel, view=now.camera)
        return panel if now.extent is None or panel.link != "plane" else replace(panel, view=now.extent)

    def moment_of(self, index: int) -> tuple[Frame, float]:
        """The frame and the flow time that picture number `index` shows."""
        now = instant(self.film, index, self.total, (self._frames[0].step, self._frames[-1].step))
        return self._frame_of(now), now.t

    def _frame_of(self, now: Instant) -> Frame:
        return self._frames[-1] if now.step is None else self._nearest(now.step)

    def _nearest(self, step: float) -> Frame:
        return min(self._frames, key=lambda frame: abs(frame.step - step))

    def _ask(self, moment: Moment) -> dict[str, dict[str, Array]]:
        """Answers for every layer that asks; kept while the frames stay the same."""
        frames = (moment.frame, *(other.frame for other in moment.companions))
        if len(frames) != len(self._answers_of) or any(
            a is not b for a, b in zip(frames, self._answers_of, strict=True)
        ):
            self._answers, self._answers_of = {}, frames
        result = {}
        for lane, query in queries(moment).items():
            other = next((other for other in moment.companions if lane.startswith(other.lane(""))), None)
            key = (other.number if other is not None else 0, query_key(query))
            if key not in self._answers:
                spec, frame = (self._spec, moment.frame) if other is None else (other.spec, other.frame)
                self._answers[key] = self._answer(spec, frame, query)
            result[lane] = self._answers[key]
        return result

    def _answer(self, spec: RunSpec, frame: Frame, query: Query) -> dict[str, Array]:
        if self._asker is None:
            from flowviz.engine.derive import Deriver

            self._asker = Deriver()
        try:
            return self._asker.answer(spec, frame.weights, query)
        except UserError:
            if not getattr(query, "needs", ""):
                raise
            return {}  # a layer that this run has not, as in the window


def _source_box(spec: RunSpec, target: Target) -> Corners | None:
    """The box around the source's draws; None where it is noise."""
    if spec.source is None:
        return None
    source = build_source(spec.source, target)
    return seen_box(*source.bounds(), source.sample(TARGET_POINTS, np.random.default_rng(spec.seed)))


def title_of(spec: RunSpec, runs: int = 1) -> str:
    """What a film shows, in words ("JKO flow on Pinwheel", "2 runs on Pinwheel"), without loading the method."""
    ends = [_words(end) for end in (spec.source, spec.target) if end is not None]
    method = _METHODS.get(spec.flow.key, spec.flow.key.replace("_", " ").capitalize())
    method = method if runs == 1 else f"{runs} runs"
    return f"{method} {'on ' if len(ends) == 1 else 'from '}{' to '.join(ends)}"


def _words(target: TargetSpec) -> str:
    if target.name:
        return target.name
    return TARGETS.get(target.key).label if target.key in TARGETS else target.key


def still(film: FilmSpec) -> FilmSpec:
    """The one picture of a film that a still shows: the moment at `step` and `t`."""
    return replace(film, clock="still", repeat="once", frames=1)


def picture(run: Filmed, film: FilmSpec, index: int) -> Array:
    """One picture of a film, (height, width, 3) uint8 RGB."""
    return FilmPainter(run, film).picture(index)


def render_film(
    run: Filmed,
    film: FilmSpec,
    path: str | Path,
    on_progress: Callable[[int, int], None] | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Make a film and put it at `path`; the suffix decides the format.

    Args:
        run: what is filmed.
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
    if isinstance(writer, DrawingWriter):
        writer.save(path, FilmPainter(run, still(film), 1).drawing(0))
        return path
    assert isinstance(writer, FilmWriter)
    if film.background == "transparent" and not writer.has_alpha:
        hint = "Choose another background, or WebM, WebP, GIF or a PNG sequence."
        raise UserError(f"{writer.label} has no transparent background.", hint)
    if writer.is_still:
        film = still(film)
    total = 1 if writer.is_still else film.pictures(writer.rate(film.fps))
    painter = FilmPainter(run, film, total)
    writer.open(path, Shape(*film.size, film.fps, painter.is_transparent, film.dither))
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
