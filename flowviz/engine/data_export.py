"""What a run knows, as numbers in files: samples, trajectories, density, curves, weights, the velocity field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from flowviz.core.data import WHATS as WHATS
from flowviz.core.data import DataChoice, What
from flowviz.core.errors import ParameterError
from flowviz.core.frames import Frame
from flowviz.core.losses import NATS
from flowviz.core.queries import DensityQuery, TransportQuery
from flowviz.core.records import RunFile
from flowviz.core.spec import Array
from flowviz.core.tables import Column, Table
from flowviz.engine._atomic import whole_file
from flowviz.engine._curve_table import DATA, curve_table
from flowviz.engine.models import MODELS, about_run
from flowviz.export.tables import TABLES
from flowviz.scene.view import world_extent, world_volume
from flowviz.targets import Target, build

TABULAR: tuple[What, ...] = ("samples", "trajectories", "density", "curves")
CELLS = {2: 128, 3: 48}
"""Cells along the longest side of a density's grid, by dimension, where nobody said how many."""
MOST_CELLS = 2**24
"""Of a grid: their places and values take some 800 MB."""
_ALL = DataChoice()
DATA_FORMATS: tuple[str, ...] = (".npz", ".csv", ".parquet", ".safetensors", ".pt2", ".onnx")
"""Suffixes, tables first; the registries hold what writes them."""


class Stopped(Exception):
    """Nobody wants the file any more."""


def suffixes_for(what: What) -> tuple[str, ...]:
    """Suffixes of the files that something can be written to."""
    if what in TABULAR:
        return tuple(suffix for suffix in DATA_FORMATS if suffix in TABLES)
    return tuple(suffix for suffix in DATA_FORMATS if suffix in MODELS and MODELS.get(suffix).what == what)


def export_data(
    run: RunFile,
    path: str | Path,
    what: What,
    choice: DataChoice = _ALL,
    stopped: Callable[[], bool] = lambda: False,
) -> Path:
    """Write one thing to one file; whole or not at all.

    Args:
        run: the run.
        path: the file; its suffix decides the format.
        what: what is written.
        choice: how much of it.
        stopped: asked before the file takes its place.

    Raises:
        Stopped: `stopped` said so; an older file of that name is still there.
        UserError: the suffix does not fit, the method cannot give it, or a package is missing.
        FileError: the file cannot be written.
    """
    path = Path(path).expanduser().absolute()
    check_suffix(path, what)
    with whole_file(path) as file:
        _write(file, run, path.suffix.lower(), what, choice)
        if stopped():
            raise Stopped
    return path


def check_suffix(path: Path, what: What) -> None:
    """Tell early that a file cannot be written.

    Raises:
        ParameterError: its suffix names no format for that.
    """
    known = suffixes_for(what)
    if path.suffix.lower() not in known:
        hint = f"Use a name that ends in {' or '.join(known)}."
        raise ParameterError(f"{what.capitalize()} cannot be written as {path.name}.", hint, "out")


def _write(file: BinaryIO, run: RunFile, suffix: str, what: What, choice: DataChoice) -> None:
    frame = run.last if choice.step is None else min(run.frames, key=lambda f: abs(f.step - (choice.step or 0)))
    if suffix in MODELS:
        file.write(MODELS.get(suffix)().encode(run.spec, frame))
        return
    make = {"samples": _samples, "trajectories": _trajectories, "density": _density, "curves": _curves}[what]
    TABLES.get(suffix)().write(make(_Asked(run, frame, choice)), file)


class _Asked:
    """A run's frame with what can be asked of it; torch is loaded at the first question."""

    def __init__(self, run: RunFile, frame: Frame, choice: DataChoice) -> None:
        self.run, self.frame, self.choice = run, frame, choice
        self.target: Target = build(run.spec.target)
        self.axes = tuple("xyz"[: self.target.dim]) if self.target.dim <= 3 else tuple(
            f"x{i + 1}" for i in range(self.target.dim)
        )  # fmt: skip

    def answer(self, query: Any) -> Mapping[str, Array]:
        from flowviz.engine.derive import Deriver

        return Deriver().answer(self.run.spec, self.frame.weights, query)

    def details(self, **more: object) -> dict[str, str]:
        return about_run(self.run.spec, self.frame) | {name: str(value) for name, value in more.items()}

    def moved(self, times: tuple[float, ...]) -> Array:
        """Fresh draws (T, n, d) float64 in data units along the flow."""
        choice = self.choice
        query = TransportQuery("noise", times, choice.n, choice.seed)
        paths = self.answer(query)["paths"]
        return np.stack([self.target.frame.to_data(points) for points in paths])


def _samples(asked: _Asked) -> Table:
    t = asked.choice.t
    points = asked.moved((0.0, t) if t > 0 else (0.0, 1.0))[1 if t > 0 else 0]
    columns = tuple(Column(axis, DATA, points[:, i]) for i, axis in enumerate(asked.axes))
    details = asked.details(t=t, seed=asked.choice.seed)
    return Table(f"Samples of the model at flow time {t:g}", columns, {"samples": points}, {"samples": DATA}, details)


def _trajectories(asked: _Asked) -> Table:
    times = np.asarray(asked.frame.times, np.float64)
    paths = asked.moved(tuple(times.tolist()))
    count = paths.shape[1]
    columns = [
        Column("particle", "", np.repeat(np.arange(count), len(times))),
        Column("t", "flow time", np.tile(times, count)),
    ]
    long = paths.transpose(1, 0, 2).reshape(-1, paths.shape[2])
    columns += [Column(axis, DATA, long[:, i]) for i, axis in enumerate(asked.axes)]
    units = {"paths": DATA, "times": "flow time"}
    details = asked.details(seed=asked.choice.seed)
    arrays = {"paths": paths, "times": times}
    return Table(
        "Trajectories from noise to data, paths (times, particles, axes)", tuple(columns), arrays, units, details
    )


def _density(asked: _Asked) -> Table:
    """On a grid in the plane or in space; the log-density in data units loses the log-volume of the frame."""
    from flowviz.engine._sampling import stream

    dim, frame = asked.target.dim, asked.target.frame
    points = asked.target.sample(2000, stream(asked.run.spec.seed, "held-out"))
    bounds = asked.target.bounds()
    volume = world_volume(*bounds, points)
    extent = world_extent(*bounds, points) if volume is None else tuple(np.stack(volume, axis=1).ravel().tolist())
    cells = asked.choice.resolution or CELLS[dim]
    if cells**dim > MOST_CELLS:
        size = " x ".join([str(cells)] * dim)
        most = int(MOST_CELLS ** (1 / dim) + 1e-9)
        raise ParameterError(f"A grid of {size} cells is too large.", f"Use at most {most} along a side.", "resolution")
    answer = asked.answer(DensityQuery(extent, cells, asked.choice.t))["log_density"]
    values = answer.astype(np.float64) - frame.log_volume
    lines = []
    for axis, count in enumerate(values.shape[::-1]):
        low, high = extent[2 * axis], extent[2 * axis + 1]
        places = low + (np.arange(count) + 0.5) * (high - low) / count
        lines.append(frame.shift[axis] + frame.scale[axis] * places)
    grid = np.broadcast_arrays(*(line.reshape((-1,) + (1,) * axis) for axis, line in enumerate(lines)), values)
    columns = tuple(Column(axis, DATA, place.reshape(-1)) for axis, place in zip(asked.axes, grid[:-1], strict=True))
    arrays = {**dict(zip(asked.axes, lines, strict=True)), "log_density": values}
    units = {**dict.fromkeys(asked.axes, DATA), "log_density": NATS}
    title = f"Log-density of the model at cell centres, log_density ({', '.join(asked.axes[::-1])})"
    about = asked.details(t=asked.choice.t)
    return Table(title, (*columns, Column("log_density", NATS, values.ravel())), arrays, units, about)


def _curves(asked: _Asked) -> Table:
    return curve_table(asked.run, asked.target.frame, asked.details())
