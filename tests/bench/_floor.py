"""The floor under a training step: the time that torch.matmul alone takes for the products of the step.

A step can be no faster than its matrix products, each of them run by itself at its own shape and layout with its
result's memory at hand. Two thirds of a step's arithmetic are products of width by width.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from flowviz.flows._schemes import scheme

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class Product:
    """A kind of product of a step.

    Attributes:
        run: does it once.
        flops: multiplications and additions of one.
        count: how many a step has.
    """

    run: Callable[[], object]
    flops: float
    count: int


def products(n: int, dim: int, width: int, solver: str, steps: int, device: torch.device = CPU) -> dict[str, Product]:
    """The products of one gradient step, forward and backward, of a network with two hidden layers.

    A velocity evaluation has x W1^T, y1 W2^T and y2 W3^T; the divergence adds one of the second kind. Its backward pass
    has for every product one that carries the gradient to the inputs and one that carries it to the weights.
    """
    stages = scheme(solver, steps).evaluations
    square = stages + scheme(solver, steps).divergences
    shapes = ((n, dim), (n, width), (n, width), (width, dim), (width, width))
    narrow, wide, other, thin, weights = (_random(*shape).to(device) for shape in shapes)
    results = ((n, width), (n, dim), (width, width), (dim, width))
    into_wide, into_thin, into_weights, into_narrow = (torch.empty(*shape, device=device) for shape in results)
    flops, thin_flops = 2.0 * n * width * width, 2.0 * n * width * dim
    return {
        "points x weights, forward": Product(
            lambda: torch.matmul(wide, weights.t(), out=into_wide), flops, square
        ),
        "points x weights, backward": Product(lambda: torch.matmul(wide, weights, out=into_wide), flops, square),
        "points x points": Product(lambda: torch.matmul(wide.t(), other, out=into_weights), flops, square),
        "plane to hidden": Product(lambda: torch.matmul(narrow, thin.t(), out=into_wide), thin_flops, 2 * stages),
        "hidden to plane": Product(lambda: torch.matmul(wide, thin, out=into_thin), thin_flops, 2 * stages),
        "gradient of the outer weights": Product(
            lambda: torch.matmul(narrow.t(), wide, out=into_narrow), thin_flops, 2 * stages
        ),
    }  # fmt: skip


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))
