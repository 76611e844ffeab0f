"""What a film is, and the door to whoever makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from flowviz.core.camera import Camera
from flowviz.core.errors import ParameterError
from flowviz.core.frames import Frame
from flowviz.core.params import ParamValue
from flowviz.core.spec import RunSpec

FilmClock = Literal["flow", "training", "camera"]


@dataclass(frozen=True, slots=True)
class FilmSpec:
    """One film of one run.

    Attributes:
        clock: which clock moves: flow time t, training, or the camera of a run in three dimensions, which goes
            once around the scene in the film's length (its end meets its beginning).
        width, height: pixels, even.
        fps: frames a second.
        seconds: length.
        step: training step shown by a film over flow time or camera; None is the last.
        t: flow time shown by a film over training or camera.
        direction: "generate" (noise to data) or "encode" (data to noise).
        layers: keys of the stage layers shown.
        options: further stage options by name (see scene.StageOptions).
        extent: (x_low, x_high, y_low, y_high) shown at least, or None for the run's own.
        camera: where a run in three dimensions is seen from (at the film's beginning), or None for a view of all of it.
        theme: "light" or "dark".
        caption: whether title and clock are written below the stage.
    """

    clock: FilmClock = "flow"
    width: int = 1280
    height: int = 720
    fps: int = 30
    seconds: float = 10.0
    step: int | None = None
    t: float = 1.0
    direction: Literal["generate", "encode"] = "generate"
    layers: tuple[str, ...] = ("particles", "trails")
    options: Mapping[str, ParamValue] = field(default_factory=dict)
    extent: tuple[float, float, float, float] | None = None
    camera: Camera | None = None
    theme: Literal["light", "dark"] = "dark"
    caption: bool = True

    def __post_init__(self) -> None:
        if self.width % 2 or self.height % 2 or not (64 <= self.width <= 7680 and 64 <= self.height <= 4320):
            hint = "Use even numbers from 64x64 to 7680x4320."
            raise ParameterError(f"A film cannot be {self.width}x{self.height}.", hint, "size")
        if not 1 <= self.fps <= 120:
            raise ParameterError(f"{self.fps} frames a second are out of range.", "Use 1 to 120.", "fps")
        if not 0.1 <= self.seconds <= 3600:
            raise ParameterError(f"{self.seconds:g} seconds are out of range.", "Use 0.1 to 3600.", "seconds")

    @property
    def frame_count(self) -> int:
        """Number of pictures."""
        return max(1, round(self.fps * self.seconds))


@dataclass(frozen=True, slots=True)
class FilmJob:
    """A film to make: the run, the frames it needs, where it goes. The suffix of `path` decides the format."""

    run: RunSpec
    frames: tuple[Frame, ...]
    film: FilmSpec
    path: str


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


class FilmStudio(Protocol):
    """Makes films in the background."""

    def suffixes(self) -> tuple[str, ...]:
        """File suffixes it can write (".mp4", ".gif")."""
        ...

    def start(self, job: FilmJob) -> FilmHandle:
        """Begin a film."""
        ...
