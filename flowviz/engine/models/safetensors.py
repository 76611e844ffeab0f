"""safetensors: the arrays themselves."""

from __future__ import annotations

import json

import numpy as np
from safetensors.numpy import save

from flowviz.core.frames import Frame
from flowviz.core.spec import RunSpec, to_json
from flowviz.engine.models._base import MODELS, ModelWriter, about_run


@MODELS.register(".safetensors")
class SafetensorsWriter(ModelWriter):
    """All weights by name, with the run's description as metadata."""

    label = "safetensors"
    summary = "All weights by name, for any framework; opening it runs no code."
    what = "weights"

    def encode(self, spec: RunSpec, frame: Frame) -> bytes:
        """The whole file."""
        document, _ = to_json(spec)
        about = {"run": json.dumps(document), **about_run(spec, frame)}
        return bytes(save({name: np.ascontiguousarray(a) for name, a in frame.weights.items()}, metadata=about))
