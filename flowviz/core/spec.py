"""What a run is: target, method, budget, seed. Frozen, and JSON but for its arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowviz.core.errors import UserError
from flowviz.core.params import ParamValue

SCHEMA = 2
"""2: a run has a source. 1: it begins from N(0, I)."""
Array = NDArray[Any]


def frozen_array(array: Array) -> Array:
    """The array, read-only; copied only when it belongs to somebody who could still write to it."""
    result = array if not array.flags.writeable else array.copy()
    result.flags.writeable = False
    return result


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """A distribution to learn.

    Attributes:
        key: registered target ("pinwheel", "drawing", "image", "points", "text" ...).
        params: its declared parameters.
        data: read-only arrays that the target cannot do without (drawn density, loaded points).
        name: what people call it ("Pinwheel", "cat.png").
    """

    key: str
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    data: Mapping[str, Array] = field(default_factory=dict)
    name: str = ""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TargetSpec):
            return NotImplemented
        return (self.key, dict(self.params), self.name) == (other.key, dict(other.params), other.name) and (
            self.data.keys() == other.data.keys()
            and all(a is other.data[k] or np.array_equal(a, other.data[k]) for k, a in self.data.items())
        )

    def __hash__(self) -> int:
        return hash((self.key, tuple(sorted(self.params.items())), self.name, tuple(sorted(self.data))))

    def fingerprint(self) -> str:
        """A short text that is equal for equal targets; usable as a cache key."""
        digest = hashlib.sha256(repr((self.key, sorted(self.params.items()))).encode())
        for name in sorted(self.data):
            digest.update(name.encode() + np.ascontiguousarray(self.data[name]).tobytes())
        return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class FlowSpec:
    """A method and its declared parameters."""

    key: str
    params: Mapping[str, ParamValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to train; with neither, the method's own default.

    Attributes:
        steps: training steps, or None.
        seconds: training seconds (recording and pauses not counted), or None.
    """

    steps: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """What is kept of a run while it trains.

    Attributes:
        particles: noise particles whose paths are recorded.
        n_times: flow times per path, 0 and 1 included.
        min_gap_s: least time between two frames, seconds.
        duty: largest share of the time that recording may take, 0 to 1.
        metric_points: points of each sample in the sample-based metrics.
    """

    particles: int = 2000
    n_times: int = 33
    min_gap_s: float = 0.1
    duty: float = 0.1
    metric_points: int = 500


@dataclass(frozen=True, slots=True)
class RunSpec:
    """Everything that determines a run: same spec, same machine, same numbers.

    The source is where the flow begins at t = 0: any target of the same dimension, or None for N(0, I).
    """

    target: TargetSpec
    flow: FlowSpec
    budget: Budget = Budget()
    seed: int = 0
    device: str = "auto"
    recording: Recording = Recording()
    metrics: tuple[str, ...] = ("w2", "sliced_w2")
    source: TargetSpec | None = None
    schema: int = SCHEMA


def to_json(spec: RunSpec) -> tuple[dict[str, Any], dict[str, Array]]:
    """The spec as plain JSON values, and its arrays by name ("target/points", "source/density")."""
    arrays = {f"target/{name}": array for name, array in spec.target.data.items()}
    if spec.source is not None:
        arrays |= {f"source/{name}": array for name, array in spec.source.data.items()}
    document = {
        "schema": spec.schema,
        "target": _target_document(spec.target),
        "source": None if spec.source is None else _target_document(spec.source),
        "flow": {"key": spec.flow.key, "params": dict(spec.flow.params)},
        "budget": {"steps": spec.budget.steps, "seconds": spec.budget.seconds},
        "seed": spec.seed,
        "device": spec.device,
        "recording": {name: getattr(spec.recording, name) for name in Recording.__slots__},
        "metrics": list(spec.metrics),
    }
    return document, arrays


def _target_document(target: TargetSpec) -> dict[str, Any]:
    return {"key": target.key, "params": dict(target.params), "name": target.name, "data": sorted(target.data)}


def _target_from(document: Mapping[str, Any], arrays: Mapping[str, Array], part: str) -> TargetSpec:
    return TargetSpec(
        key=str(document["key"]),
        params=dict(document["params"]),
        data={name: frozen_array(arrays[f"{part}/{name}"]) for name in document["data"]},
        name=str(document["name"]),
    )


def from_json(document: Mapping[str, Any], arrays: Mapping[str, Array]) -> RunSpec:
    """The inverse of `to_json`; what an earlier format lacks gets the value it stood for.

    Raises:
        UserError: the document comes from a newer flowviz, or lacks something.
    """
    schema = document.get("schema")
    if not isinstance(schema, int) or schema > SCHEMA:
        raise UserError(
            f"This run was written in format {schema!r}, and this flowviz reads formats up to {SCHEMA}.",
            "Open it with a newer flowviz.",
        )
    try:
        source = document["source"] if schema > 1 else None
        return RunSpec(
            target=_target_from(document["target"], arrays, "target"),
            source=None if source is None else _target_from(source, arrays, "source"),
            flow=FlowSpec(str(document["flow"]["key"]), dict(document["flow"]["params"])),
            budget=Budget(**document["budget"]),
            seed=int(document["seed"]),
            device=str(document["device"]),
            recording=Recording(**document["recording"]),
            metrics=tuple(document["metrics"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"The description of the run is incomplete: {error}.", "The file may be damaged.") from error
