"""A format for trained models."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from flowviz import __version__
from flowviz.core.errors import UserError
from flowviz.core.frames import Frame
from flowviz.core.registry import Registry
from flowviz.core.spec import Array, RunSpec
from flowviz.engine._curve_table import DATA
from flowviz.targets import build

if TYPE_CHECKING:
    import torch


class ModelWriter(ABC):
    """Writes the model of one frame. One file, one registered class.

    Class attributes:
        label: the format's name for people.
        summary: one sentence about when to use it.
        what: "weights" or "velocity".
    """

    label: ClassVar[str]
    summary: ClassVar[str]
    what: ClassVar[str]

    @abstractmethod
    def encode(self, spec: RunSpec, frame: Frame) -> bytes:
        """The whole file.

        Raises:
            UserError: the method has no such form, or what the format needs is not installed.
        """


MODELS: Registry[ModelWriter] = Registry("model format", "flowviz.engine.models")
"""Model writers by file suffix (".onnx")."""


def about_run(spec: RunSpec, frame: Frame) -> dict[str, str]:
    """What a file of numbers or a model says of the run that it is from."""
    about = {"method": spec.flow.key, "target": spec.target.name or spec.target.key}
    return about | {"step": str(frame.step), "run_seed": str(spec.seed), "flowviz": __version__}


def about_velocity(spec: RunSpec, frame: Frame) -> dict[str, str]:
    """What a file with the velocity field says of itself: units, and where its paths begin."""
    shift, scale = (_listed(values) for values in _frame_of(spec))
    units = {"x": DATA, "t": "flow time", "velocity": f"{DATA} per flow time"}
    title = "dx/dt at points x (n, d) and flow time t, from 0 (source) to 1 (data)"
    about = {"title": title, "units": json.dumps(units)}
    about |= {"shared_frame_shift": shift, "shared_frame_scale": scale}
    if spec.source is None:
        about["start"] = f"a normal distribution with mean ({shift}) and standard deviations ({scale})"
    return about | about_run(spec, frame)


def exported_program(spec: RunSpec, frame: Frame) -> Any:
    """The velocity field as a torch.export program: x (n, d) float32, t () float32 -> dx/dt (n, d).

    Points and velocities are in the data's own units, as in all other files.

    Raises:
        UserError: the method has no velocity field, or none that can be traced.
    """
    import torch

    from flowviz.engine.derive import Deriver
    from flowviz.flows import HasVelocity

    flow = Deriver().flow(spec, frame.weights)
    function = flow.traceable() if isinstance(flow, HasVelocity) else None
    if function is None:
        message = f"The method {type(flow).label} has no velocity field that can be exported."
        raise UserError(message, "Export its weights or its samples instead.")
    shift, scale = (torch.tensor(values, dtype=torch.float32) for values in _frame_of(spec))
    x = shift.repeat(3, 1)
    count = torch.export.Dim("n", min=1)
    shapes = {"x": {0: count}, "t": None}
    module = _module(function, shift, scale)
    return torch.export.export(module, (x, torch.tensor(0.5)), dynamic_shapes=shapes)


def _frame_of(spec: RunSpec) -> tuple[Array, Array]:
    """Shift and scale (d,) from the shared frame, in which the flow moves, to the data's own units."""
    frame = build(spec.target).frame
    return frame.shift, frame.scale


def _listed(values: Array) -> str:
    return ", ".join(f"{value:.9g}" for value in values)


def _module(function: Any, shift: torch.Tensor, scale: torch.Tensor) -> torch.nn.Module:
    import torch

    class Velocity(torch.nn.Module):
        """dx/dt at points x and flow time t, from noise (0) to data (1)."""

        def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            moved: torch.Tensor = scale * function((x - shift) / scale, t)
            return moved

    return Velocity().eval()
