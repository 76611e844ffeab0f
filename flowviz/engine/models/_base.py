"""A format for trained models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from flowviz.core.errors import UserError
from flowviz.core.frames import Frame
from flowviz.core.registry import Registry
from flowviz.core.spec import RunSpec

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


def exported_program(spec: RunSpec, frame: Frame) -> Any:
    """The velocity field as a torch.export program: x (n, d) float32, t () float32 -> dx/dt (n, d), shared frame.

    Raises:
        UserError: the method has no velocity field, or none that can be traced.
    """
    import torch

    from flowviz.engine.derive import Deriver
    from flowviz.flows import HasVelocity

    deriver = Deriver()
    flow = deriver.flow(spec, frame.weights)
    function = flow.traceable() if isinstance(flow, HasVelocity) else None
    if function is None:
        message = f"The method {type(flow).label} has no velocity field that can be exported."
        raise UserError(message, "Export its weights or its samples instead.")
    x = torch.zeros(3, deriver.target(spec).dim)
    count = torch.export.Dim("n", min=1)
    shapes = {"x": {0: count}, "t": None}
    return torch.export.export(_module(function), (x, torch.tensor(0.5)), dynamic_shapes=shapes)


def _module(function: Any) -> torch.nn.Module:
    import torch

    class Velocity(torch.nn.Module):
        """dx/dt at points x and flow time t, from noise (0) to data (1)."""

        def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            moved: torch.Tensor = function(x, t)
            return moved

    return Velocity().eval()
