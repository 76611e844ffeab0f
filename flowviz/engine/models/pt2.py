"""torch.export: the successor of TorchScript, which torch no longer develops."""

from __future__ import annotations

import io
import json

from flowviz.core.frames import Frame
from flowviz.core.spec import RunSpec
from flowviz.engine.models._base import MODELS, ModelWriter, about_velocity, exported_program


@MODELS.register(".pt2")
class TorchExportWriter(ModelWriter):
    """The velocity field as a program that torch.export.load reads, without flowviz; "about.json" tells of it."""

    label = "PyTorch program"
    summary = "The velocity field for PyTorch: torch.export.load(...).module()(x, t), without flowviz."
    what = "velocity"

    def encode(self, spec: RunSpec, frame: Frame) -> bytes:
        """The whole file."""
        import torch

        file = io.BytesIO()
        about = json.dumps(about_velocity(spec, frame))
        torch.export.save(exported_program(spec, frame), file, extra_files={"about.json": about})
        return file.getvalue()
