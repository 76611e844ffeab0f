"""Where the clocks of a film stand in each of its pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flowviz.core.camera import Camera
from flowviz.core.film import Extent, FilmSpec, KeyFrame
from flowviz.core.timeline import EARLY

_FIRST, _LAST = 0.06, 0.12
"""Shares of a film over flow time in which it rests at its beginning and at its end."""
_TRAINING_SHARE = 0.55
"""What a film over both clocks gives to training, which comes first."""


@dataclass(frozen=True, slots=True)
class Instant:
    """What one picture of a film shows.

    Attributes:
        step: training step, or None for the last one.
        t: flow time.
        turn: degrees by which the camera has gone around.
        progress: 0 to 1, how far what moves has come.
        layers: keys of the layers shown.
        extent, camera: where it is looked from, as in FilmSpec.
        mode: key of the stage mode, or "" for the film's own.
    """

    step: float | None
    t: float
    turn: float
    progress: float
    layers: tuple[str, ...]
    extent: Extent | None
    camera: Camera | None
    mode: str = ""


def instant(film: FilmSpec, index: int, total: int, steps: tuple[int, int]) -> Instant:
    """What picture `index` of `total` shows, for a run whose frames go from the first to the last of `steps`."""
    share = share_of(film, index, total)
    step: float | None = film.step
    t, turn, progress = film.t, 0.0, share
    if film.clock == "keys":
        return _between_keys(film, share)
    if film.clock == "training":
        step = _step(share, steps)
        progress = (step - steps[0]) / max(1, steps[1] - steps[0])
    elif film.clock == "both":
        if share < _TRAINING_SHARE:
            step = _step(share / _TRAINING_SHARE, steps)
        else:
            step, t = None, _flow_time(film, (share - _TRAINING_SHARE) / (1 - _TRAINING_SHARE))
    elif film.clock == "still":
        progress = t
    elif film.clock == "camera":
        # a whole turn, whose end meets its beginning; there and back it swings over half of one
        turn = 360.0 * index / total if film.repeat != "ping-pong" else 180.0 * share
    elif film.clock == "flow":
        t = _flow_time(film, share)
        progress = 1 - t if film.direction == "encode" else t
    return Instant(step, t, turn, progress, film.layers, film.extent, film.camera)


def share_of(film: FilmSpec, index: int, total: int) -> float:
    """How far along what moves picture `index` of `total` is, 0 to 1."""
    if film.repeat == "loop":
        # a whole period: picture `total` would be picture 0, and the speed is continuous there
        return (1 - math.cos(2 * math.pi * index / total)) / 2
    if total == 1:
        return 1.0
    along = index / (total - 1)
    return 1 - abs(1 - 2 * along) if film.repeat == "ping-pong" else along


def _flow_time(film: FilmSpec, share: float) -> float:
    """Flow time: it rests at both ends and slows down towards the data; a loop's own cosine does as much."""
    if film.repeat == "loop":
        t = share
    else:
        run = min(max((share - _FIRST) / (1.0 - _FIRST - _LAST), 0.0), 1.0)
        t = 0.5 * run + 0.5 * run * run * (3.0 - 2.0 * run)
    return 1.0 - t if film.direction == "encode" else t


def _step(share: float, steps: tuple[int, int]) -> float:
    return steps[0] + share**EARLY * (steps[1] - steps[0])


def _between_keys(film: FilmSpec, share: float) -> Instant:
    """All legs take equally long; each begins and ends gently, so that a captured moment can be seen."""
    place = share * (len(film.keys) - 1)
    leg = min(int(place), len(film.keys) - 2)
    a, b, within = film.keys[leg], film.keys[leg + 1], place - leg
    s = within * within * (3 - 2 * within)
    step = a.step + s * (b.step - a.step)
    t = a.t + s * (b.t - a.t)
    look = b if within >= 1 else a
    extent, camera = _extent(a, b, s) or film.extent, _camera(a, b, s) or film.camera
    return Instant(step, t, 0.0, share, look.layers, extent, camera, look.mode)


def _extent(a: KeyFrame, b: KeyFrame, share: float) -> Extent | None:
    """Centre in a straight line, size by a constant factor, as a person zooms."""
    if a.extent is None or b.extent is None:
        return a.extent if share < 1 else b.extent
    x, y = (
        (1 - share) * (a.extent[i] + a.extent[i + 1]) / 2 + share * (b.extent[i] + b.extent[i + 1]) / 2 for i in (0, 2)
    )
    wide, tall = (
        (a.extent[i + 1] - a.extent[i]) ** (1 - share) * (b.extent[i + 1] - b.extent[i]) ** share for i in (0, 2)
    )
    return (x - wide / 2, x + wide / 2, y - tall / 2, y + tall / 2)


def _camera(a: KeyFrame, b: KeyFrame, share: float) -> Camera | None:
    if a.camera is None or b.camera is None or share >= 1:
        return a.camera if share < 1 else b.camera
    return a.camera.toward(b.camera, share)
