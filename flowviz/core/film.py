"""What a film is, and the door to whoever makes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from flowviz.core.camera import Camera
from flowviz.core.data import DataJob, What
from flowviz.core.errors import ParameterError
from flowviz.core.frames import Frame
from flowviz.core.losses import term_of
from flowviz.core.params import ParamValue
from flowviz.core.probes import Loop, Pin
from flowviz.core.records import RunFile
from flowviz.core.spec import Array, RunSpec

FilmClock = Literal["flow", "training", "both", "camera", "keys", "still"]
Repeat = Literal["once", "ping-pong", "loop"]
Part = Literal["title", "clock", "legend", "scale", "curves"]
ThemeName = Literal["light", "dark"]
Direction = Literal["generate", "encode"]
Extent = tuple[float, float, float, float]

PARTS: tuple[Part, ...] = ("title", "clock", "legend", "scale", "curves")
SMALLEST, WIDEST, TALLEST = 64, 7680, 4320


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """A moment that a person has captured; a film may lead from one to the next.

    Attributes:
        step: training step.
        t: flow time.
        layers: keys of the layers shown from here on.
        extent: the part of the plane in view, or None for the film's own.
        camera: where a run in three dimensions is seen from, or None for the film's own.
        mode: key of the stage mode from here on, or "" for the film's own.
    """

    step: int
    t: float
    layers: tuple[str, ...] = ("particles", "trails")
    extent: Extent | None = None
    camera: Camera | None = None
    mode: str = ""


@dataclass(frozen=True, slots=True)
class FilmSpec:
    """One film, or one still, of one run.

    Attributes:
        clock: what moves: flow time t; training; training and then flow time ("both"); the camera of a run in three
            dimensions, which goes once around the scene; everything, from key frame to key frame ("keys"); or
            nothing ("still").
        repeat: "once" from beginning to end; "ping-pong" there and back, resting at both ends; or "loop" there and
            back without a rest or a jump, so that the picture after the last is the first.
        width, height: pixels before `scale`.
        scale: factor on width and height; everything in the picture grows with it.
        fps: pictures a second.
        seconds: length.
        frames: exact number of pictures, or None for fps times seconds.
        step: training step shown by a film over flow time or camera; None is the last.
        t: flow time shown by a film over training or camera, and by a still.
        direction: "generate" (noise to data) or "encode" (data to noise).
        layers: keys of the stage layers shown.
        options: further stage options by name (see scene.StageOptions).
        extent: (x_low, x_high, y_low, y_high) shown at least, or None for the run's own.
        camera: where a run in three dimensions is seen from (at the film's beginning), or None for a view of all of it.
        fit: whether only the camera's direction counts, and it stands where everything is in the picture.
        keys: the key frames of a film that leads along them, at least two.
        theme: "light" or "dark".
        background: "theme", "transparent", or a plain colour "#rrggbb".
        parts: what stands around the marks: "title" and "clock" in a strip below, "legend" and "scale" on the stage,
            "curves" beside it.
        dither: how a GIF mixes colours: "none", "bayer" or "diffuse".
        pins, loop: places whose paths are shown, and a loop that the flow carries.
    """

    clock: FilmClock = "flow"
    repeat: Repeat = "once"
    width: int = 1280
    height: int = 720
    scale: float = 1.0
    fps: int = 30
    seconds: float = 10.0
    frames: int | None = None
    step: int | None = None
    t: float = 1.0
    direction: Direction = "generate"
    layers: tuple[str, ...] = ("particles", "trails")
    options: Mapping[str, ParamValue] = field(default_factory=dict)
    extent: Extent | None = None
    camera: Camera | None = None
    fit: bool = False
    keys: tuple[KeyFrame, ...] = ()
    theme: ThemeName = "dark"
    background: str = "theme"
    parts: tuple[Part, ...] = ("title", "clock", "scale")
    dither: Literal["none", "bayer", "diffuse"] = "bayer"
    pins: tuple[Pin, ...] = ()
    loop: Loop | None = None

    def __post_init__(self) -> None:
        self._check_size()
        if not 1 <= self.fps <= 120:
            raise ParameterError(f"{self.fps} frames a second are out of range.", "Use 1 to 120.", "fps")
        if not 0.1 <= self.seconds <= 3600:
            raise ParameterError(f"{self.seconds:g} seconds are out of range.", "Use 0.1 to 3600.", "seconds")
        if self.frames is not None and not 1 <= self.frames <= 432_000:
            raise ParameterError(f"A film cannot have {self.frames} frames.", "Use 1 to 432000.", "frames")
        if not 0 <= self.t <= 1:
            raise ParameterError(f"Flow time cannot be {self.t:g}.", "It goes from 0 (noise) to 1 (data).", "t")
        if self.background not in ("theme", "transparent") and not re.fullmatch("#[0-9a-fA-F]{6}", self.background):
            hint = 'Use "theme", "transparent" or a colour like #ffffff.'
            raise ParameterError(f"The background cannot be {self.background!r}.", hint, "background")
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown:
            raise ParameterError(f"A film has no part {unknown[0]!r}.", f"Known: {', '.join(PARTS)}.", "parts")
        if self.clock == "keys" and len(self.keys) < 2:
            hint = "Capture two or more moments with Alt+F first."
            raise ParameterError("A film along key frames needs at least two of them.", hint, "keys")

    def _check_size(self) -> None:
        width, height = self.size
        if self.width % 2 or self.height % 2 or not (SMALLEST <= width <= WIDEST and SMALLEST <= height <= TALLEST):
            hint = f"Use even numbers from {SMALLEST}x{SMALLEST} to {WIDEST}x{TALLEST}."
            shown = f"{self.width}x{self.height}" if self.scale == 1 else f"{width}x{height}"
            raise ParameterError(f"A film cannot be {shown}.", hint, "size")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, even, as most video formats need them."""
        if not 0.01 <= self.scale <= 100:
            raise ParameterError(f"A film cannot be {self.scale:g} times as large.", "Use 0.1 to 10.", "scale")
        return 2 * round(self.width * self.scale / 2), 2 * round(self.height * self.scale / 2)

    @property
    def frame_count(self) -> int:
        """Number of pictures where the format can play exactly `fps` a second."""
        return self.pictures(self.fps)

    def pictures(self, rate: float) -> int:
        """Number of pictures at a format's own rate (pictures a second)."""
        return self.frames or max(1, round(rate * self.seconds))


@dataclass(frozen=True, slots=True)
class Curves:
    """What was measured during a run, for the curves beside a film's stage.

    Attributes:
        values: (k, 2) step and value, by name.
        floors: noise floors (mean, low, high) by name, in the units of the values.
    """

    values: Mapping[str, Array] = field(default_factory=dict)
    floors: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)


_CURVES = (("w2", "W2 distance"), ("sliced_w2", "Sliced W2"), ("nll", "NLL, nats"))
_LOSS_POINTS = 160
"""More than that is a band, not a line, beside a film's stage."""


def curves_of(run: RunFile) -> Curves:
    """What was measured during a run; the loss as means over stretches of steps."""
    metrics, floors = run.metrics, run.floors
    values = {label: np.asarray(metrics[key], np.float64) for key, label in _CURVES if key in metrics}
    known = {label: floors[key] for key, label in _CURVES if key in floors}
    loss = np.asarray(run.losses.get("loss", ()), np.float64)
    if loss.size:
        told = np.isfinite(loss)
        steps, loss = np.asarray(run.loss_steps, np.float64)[told], loss[told]
        stretch = -(-loss.size // _LOSS_POINTS)  # all of one length, so that they are equally smooth
        parts = np.split(np.arange(loss.size), range(stretch, loss.size, stretch))
        term = term_of(run.terms, "loss")
        name = f"{term.label[:1].upper()}{term.label[1:]}{f', {term.unit}' if term.unit else ''}"
        values[name] = np.array([[steps[part].mean(), loss[part].mean()] for part in parts])
    return Curves(values, known)


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """Another run in the pictures of the stage mode that compares runs.

    Attributes:
        number: its own among the runs.
        label: what it is called.
        spec: what it is.
        frames: by increasing step.
    """

    number: int
    label: str
    spec: RunSpec
    frames: tuple[Frame, ...]

    def frame(self, step: int | float | None) -> Frame:
        """The frame nearest to a training step, or the last one."""
        return self.frames[-1] if step is None else min(self.frames, key=lambda frame: abs(frame.step - step))


@dataclass(frozen=True, slots=True)
class FilmJob:
    """A film to make. The suffix of `path` decides the format.

    Attributes:
        run: the run.
        frames: the frames it needs, by increasing step.
        film: what is wanted.
        path: where it goes.
        curves: what was measured during the run.
        beside: other runs that it is compared with.
        name: what the run is called among them.
    """

    run: RunSpec
    frames: tuple[Frame, ...]
    film: FilmSpec
    path: str
    curves: Curves = Curves()
    beside: tuple[Beside, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class FilmProgress:
    """Pictures done so far."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class FilmDone:
    """The film is at `path`."""

    path: str
    nbytes: int


@dataclass(frozen=True, slots=True)
class FilmFailed:
    """No film was written; an older file of that name is still there."""

    message: str
    hint: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class FilmCancelled:
    """The person cancelled; no partial file is left."""


FilmEvent = FilmProgress | FilmDone | FilmFailed | FilmCancelled


class FilmHandle(Protocol):
    """A film in the making."""

    def drain(self) -> list[FilmEvent]:
        """All events since the last call; exactly one of FilmDone, FilmFailed, FilmCancelled ends them."""
        ...

    def cancel(self) -> None:
        """Stop and leave no partial file."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class PreviewPicture:
    """One small picture of a film (height, width, 3 or 4) uint8, or a sentence about why there is none.

    `nbytes` is the size of the whole file where it was drawn to know it, else 0; it comes with a picture or after it.
    """

    pixels: Array | None
    words: str = ""
    nbytes: int = 0


class FilmPreview(Protocol):
    """Pictures of a film before it is made."""

    def show(self, film: FilmSpec, share: float, suffix: str = "") -> None:
        """Ask for the picture at a share of the film, 0 to 1; only the newest wish counts.

        With the suffix of a drawing (".pdf"), whose size depends on what is drawn, it is then drawn to know its size.
        """
        ...

    def drain(self) -> PreviewPicture | None:
        """The newest picture since the last call."""
        ...

    def close(self) -> None:
        """Stop."""
        ...


class FilmStudio(Protocol):
    """Makes films, and writes numbers, in the background."""

    def suffixes(self) -> tuple[str, ...]:
        """File suffixes it can write (".mp4", ".gif")."""
        ...

    def data_suffixes(self, what: What) -> tuple[str, ...]:
        """File suffixes that something of a run can be written to."""
        ...

    def preview(self, job: FilmJob) -> FilmPreview:
        """Pictures of films of that job's run."""
        ...

    def start(self, job: FilmJob | DataJob) -> FilmHandle:
        """Begin a film, or a file of numbers."""
        ...
