"""flowviz's velocity network as an ordinary module: what a person would write, one operation at a time.

Written from the formula in the docstring of `VelocityNet`, sharing none of its code, so that it can stand as the
independent reference of values and of speed.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from flowviz.flows._nets import VelocityNet


class ReferenceNet(nn.Module):
    """v(x, t) = W3 tanh(g2(t) * (W2 tanh(g1(t) * (W1 x) + b1(t))) + b2(t)) + b3(t), g and b affine in time features.

    Args:
        shape: names, shapes and order of the parameters, and the number of harmonics.
        flat: their values, one after another.
    """

    def __init__(self, shape: VelocityNet, flat: Tensor) -> None:
        super().__init__()
        self.harmonics = shape.harmonics
        start = 0
        for name, size in shape.shapes.items():
            end = start + math.prod(size)
            self.register_parameter(name, nn.Parameter(flat[start:end].detach().clone().reshape(size)))
            start = end

    def flat(self) -> Tensor:
        """All parameters in the order of the flat vector."""
        return torch.cat([parameter.detach().reshape(-1) for parameter in self.parameters()])

    def flat_gradient(self) -> Tensor:
        """All gradients in the order of the flat vector."""
        parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.parameters()]
        return torch.cat([part.reshape(-1) for part in parts])

    def forward(self, t: Tensor, x: Tensor) -> Tensor:
        """v (n, d) at points (n, d) and time t."""
        if self.harmonics < 0:
            hidden = torch.tanh(x @ self.w1.T + self.b1)
            hidden = torch.tanh(hidden @ self.w2.T + self.b2)
            return hidden @ self.w3.T + self.b3
        phi = self._features(t)
        hidden = torch.tanh((1 + phi @ self.g1) * (x @ self.w1.T) + self.b1 + phi @ self.u1)
        hidden = torch.tanh((1 + phi @ self.g2) * (hidden @ self.w2.T) + self.b2 + phi @ self.u2)
        return hidden @ self.w3.T + self.b3 + phi @ self.u3

    def _features(self, t: Tensor) -> Tensor:
        t = t.to(self.b3.dtype).reshape(1)
        angles = [2 * math.pi * k * t for k in range(1, self.harmonics + 1)]
        return torch.cat([t, *(wave(angle) for angle in angles for wave in (torch.sin, torch.cos))])
