"""The curves of a run as a table: each quantity in its own unit, in the shared frame and in data units."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from flowviz.core.losses import NATS, term_of
from flowviz.core.records import RunFile
from flowviz.core.spec import Array
from flowviz.core.tables import Column, Table
from flowviz.metrics import METRICS
from flowviz.targets import Frame

DATA = "data units"
SHARED = "shared frame"
POWERS = {
    "w2_fine": 1, "moments_w2": 1, "inversion_error": 1, "energy": 2, "least_energy": 2, "npe": 0, "straightness": 0,
}  # fmt: skip
"""Powers of the unit of length of what is measured beside the registered metrics."""
_OTHERS = {"nll": NATS, "nfe": "evaluations"}
_CLOSED_FORM = "exact_"


def curve_table(run: RunFile, frame: Frame, details: Mapping[str, str]) -> Table:
    """All measurements by training step; nan (empty in CSV) where a quantity was not measured at a step.

    Distances are measured in the shared frame. Where one scale for all axes leads from there to data units, a column
    named ..._data has them besides; where each axis has its own, a distance there is no multiple of one here. The
    negative log-likelihood in data units gains the log-volume of the frame, whatever its scales.

    Args:
        run: the run.
        frame: from the shared frame to data units.
        details: what the file says of the run.
    """
    found: dict[str, tuple[str, Array, Array]] = {}
    for name, values in run.losses.items():
        unit = term_of(run.terms, name).unit
        column = name if name == "loss" else f"loss/{name}"
        found[column] = (unit, np.asarray(run.loss_steps), np.asarray(values, np.float64))
    for key, pairs in run.metrics.items():
        steps, values = pairs[:, 0], np.asarray(pairs[:, 1], np.float64)
        found[key] = (unit_of(key, SHARED), steps, values)
        if (own := in_data_units(key, values, frame)) is not None:
            found[f"{key}_data"] = (unit_of(key, DATA), steps, own)
    steps = np.unique(np.concatenate([np.empty(0), *(at for _, at, _ in found.values())])).astype(np.int64)
    columns = [Column("step", "training steps", steps)]
    for name, (unit, at, values) in found.items():
        line = np.full(len(steps), np.nan)
        line[np.searchsorted(steps, np.asarray(at).astype(np.int64))] = values
        columns.append(Column(name, unit, line))
    arrays = {column.name.replace("/", "_"): column.values for column in columns}
    units = {column.name.replace("/", "_"): column.unit for column in columns}
    scale = ", ".join(f"{value:.9g}" for value in frame.scale)
    about = {**details, "shared_frame_scale": scale, "log_volume": f"{frame.log_volume:.9g}"}
    about |= {f"floor_{key}": str(values[0]) for key, values in run.floors.items()}
    return Table("What was measured during training", tuple(columns), arrays, units, about)


def power_of(key: str) -> int | None:
    """The power of the unit of length in a measured quantity; None of one that is no power of a length."""
    name = key.removeprefix(_CLOSED_FORM)
    return METRICS.get(name).power if name in METRICS else POWERS.get(name)


def unit_of(key: str, length: str) -> str:
    """The unit of a measured quantity where lengths have this one; "" where nobody knows."""
    power = power_of(key)
    if power is None:
        return _OTHERS.get(key.removeprefix(_CLOSED_FORM), "")
    return {0: "ratio", 1: length, 2: f"{length}²"}[power]


def in_data_units(key: str, values: Array, frame: Frame) -> Array | None:
    """Values (k,) of the shared frame in data units; None where they are the same number, or no number there."""
    if key.removeprefix(_CLOSED_FORM) == "nll":
        return values + frame.log_volume
    power = power_of(key)
    if not power or not np.allclose(frame.scale, frame.scale[0], rtol=1e-6):
        return None
    return values * float(frame.scale[0]) ** power
