"""What a run knows, as numbers in files: samples, trajectories, density, curves, weights, the velocity field."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from flowviz import __version__
from flowviz.core.data import WHATS as WHATS
from flowviz.core.data import DataChoice, What
from flowviz.core.errors import ParameterError
from flowviz.core.frames import Frame
from flowviz.core.losses import term_of
from flowviz.core.queries import DensityQuery, TransportQuery
from flowviz.core.records import RunFile
from flowviz.core.spec import Array
from flowviz.core.tables import Column, Table
from flowviz.engine._atomic import whole_file
from flowviz.engine.models import MODELS
from flowviz.export.tables import TABLES
from flowviz.scene.view import world_extent
from flowviz.targets import Target, build

TABULAR: tuple[What, ...] = ("samples", "trajectories", "density", "curves")
DATA = "data units"
METRIC_UNITS = {"nll": "nats", "npe": "ratio", "straightness": "ratio", "mmd": "ratio"}
"""Of what is measured; all else is a distance in the shared frame."""
_ALL = DataChoice()
DATA_FORMATS: tuple[str, ...] = (".npz", ".csv", ".parquet", ".safetensors", ".pt2", ".onnx")
"""Suffixes, tables first; the registries hold what writes them."""


def suffixes_for(what: What) -> tuple[str, ...]:
    """Suffixes of the files that something can be written to."""
    if what in TABULAR:
        return tuple(suffix for suffix in DATA_FORMATS if suffix in TABLES)
    return tuple(suffix for suffix in DATA_FORMATS if suffix in MODELS and MODELS.get(suffix).what == what)


def export_data(run: RunFile, path: str | Path, what: What, choice: DataChoice = _ALL) -> Path:
    """Write one thing to one file; whole or not at all.

    Args:
        run: the run.
        path: the file; its suffix decides the format.
        what: what is written.
        choice: how much of it.

    Raises:
        UserError: the suffix does not fit, the method cannot give it, or a package is missing.
        FileError: the file cannot be written.
    """
    path = Path(path).expanduser().absolute()
    check_suffix(path, what)
    with whole_file(path) as file:
        file.write(encoded(run, path.suffix.lower(), what, choice))
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


def encoded(run: RunFile, suffix: str, what: What, choice: DataChoice) -> bytes:
    """The bytes of the file."""
    frame = run.last if choice.step is None else min(run.frames, key=lambda f: abs(f.step - (choice.step or 0)))
    if suffix in MODELS:
        return MODELS.get(suffix)().encode(run.spec, frame)
    make = {"samples": _samples, "trajectories": _trajectories, "density": _density, "curves": _curves}[what]
    return TABLES.get(suffix)().encode(make(_Asked(run, frame, choice)))


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
        about = {"method": self.run.spec.flow.key, "target": self.run.spec.target.name or self.run.spec.target.key}
        about |= {"step": str(self.frame.step), "run_seed": str(self.run.spec.seed), "flowviz": __version__}
        return about | {name: str(value) for name, value in more.items()}

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
    """On a grid in the plane; the log-density in data units loses the log-volume of the frame."""
    if asked.target.dim != 2:
        raise ParameterError("A density grid can be written for runs in the plane only.", "Export samples.", "what")
    from flowviz.engine._sampling import stream

    points = asked.target.sample(2000, stream(asked.run.spec.seed, "held-out"))
    extent = world_extent(*asked.target.bounds(), points)
    query = DensityQuery(extent, asked.choice.resolution, asked.choice.t)
    values = asked.answer(query)["log_density"].astype(np.float64) - asked.target.frame.log_volume
    rows, columns_count = values.shape
    x = extent[0] + (np.arange(columns_count) + 0.5) * (extent[1] - extent[0]) / columns_count
    y = extent[2] + (np.arange(rows) + 0.5) * (extent[3] - extent[2]) / rows
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    places = asked.target.frame.to_data(grid)
    columns = (
        Column("x", DATA, places[:, 0]),
        Column("y", DATA, places[:, 1]),
        Column("log_density", "nats", values.ravel()),
    )
    arrays = {"x": places[:columns_count, 0], "y": places[::columns_count, 1], "log_density": values}
    units = {"x": DATA, "y": DATA, "log_density": "nats"}
    details = asked.details(t=asked.choice.t)
    return Table("Log-density of the model at cell centres, log_density (y, x)", columns, arrays, units, details)


def _curves(asked: _Asked) -> Table:
    """All measurements by training step; nan (empty in CSV) where a quantity was not measured at a step."""
    run = asked.run
    found: dict[str, tuple[Array, Array]] = {}
    units = dict(METRIC_UNITS)
    for name, values in run.losses.items():
        column = f"loss/{name}" if name != "loss" else "loss"
        found[column] = (np.asarray(run.loss_steps), np.asarray(values, np.float64))
        units[column] = term_of(run.terms, name).unit
    found |= {key: (pairs[:, 0], pairs[:, 1]) for key, pairs in run.metrics.items()}
    steps = np.unique(np.concatenate([np.empty(0), *(s for s, _ in found.values())])).astype(np.int64)
    columns = [Column("step", "training steps", steps)]
    for name, (at, values) in found.items():
        line = np.full(len(steps), np.nan)
        line[np.searchsorted(steps, np.asarray(at).astype(np.int64))] = values
        columns.append(Column(name, units.get(name, "shared frame"), line))
    arrays = {column.name.replace("/", "_"): column.values for column in columns}
    units = {column.name.replace("/", "_"): column.unit for column in columns}
    details = asked.details(**{f"floor_{key}": values[0] for key, values in run.floors.items()})
    return Table("What was measured during training", tuple(columns), arrays, units, details)
