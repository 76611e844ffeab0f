"""Declared parameters that methods share. A method inherits what applies to it and restates its own defaults.

    @dataclass(frozen=True)
    class MyParams(NetworkParams):
        learning_rate: float = restated(NetworkParams, "learning_rate", 2e-3)
        steps: int = steps_of_a_run(2000)
        sigma: float = param(0.1, "Noise", lo=0.0, hi=1.0, help="...")

Inherited parameters come first in the form; the group "Advanced" comes last, whoever declares it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flowviz.core.params import ADVANCED, param


@dataclass(frozen=True)
class TrainingParams:
    """Of every method that trains by FlatAdam on fresh batches."""

    learning_rate: float = param(
        6e-3, "Learning rate", lo=1e-6, hi=0.1, log=True, live=True, help="Peak step size of Adam."
    )
    batch_size: int = param(
        512, "Batch size", lo=16, hi=65536, log=True, live=True, unit="points", help="Data points per training step."
    )
    clip: float = param(
        5.0, "Gradient clip", lo=1e-3, hi=1e6, log=True, live=True, group=ADVANCED, help="Largest gradient norm."
    )
    averaging: float = param(
        0.99, "Weight averaging", lo=0.0, hi=0.9999, live=True, group=ADVANCED,
        help="Memory of the weight average that pictures and figures use (0: none).",
    )  # fmt: skip


@dataclass(frozen=True)
class WidthParams(TrainingParams):
    """Of every method whose field is one network."""

    width: int = param(64, "Width", lo=4, hi=1024, log=True, unit="units", help="Units in each hidden layer.")


@dataclass(frozen=True)
class NetworkParams(WidthParams):
    """Of every method whose field is a VelocityNet."""

    hidden_layers: int = param(
        2, "Hidden layers", lo=2, hi=3, group=ADVANCED, help="Three bend the field more, at over twice the price."
    )


@dataclass(frozen=True)
class SolvedParams(TrainingParams):
    """Of every method that differentiates through a fixed-step solver whose steps a StepChooser adapts."""

    solver: str = param(
        "midpoint", "Training solver", choices=("midpoint", "gauss", "rk4", "euler"), live=True, group=ADVANCED,
        help="Fixed-step solver that training differentiates through; gauss costs least where much accuracy is asked.",
    )  # fmt: skip
    solver_steps: int = param(
        5, "Least solver steps", lo=1, hi=200, live=True, group=ADVANCED, help="Solver steps from data to noise."
    )
    solver_error: float = param(
        0.01, "Solver error allowed", lo=0.0, hi=1.0, live=True, unit="nats", group=ADVANCED,
        help="Training takes more solver steps while doubling them changes log-densities by more (0: never).",
    )  # fmt: skip


@dataclass(frozen=True)
class LikelihoodParams(NetworkParams, SolvedParams):
    """Of every method that fits a VelocityNet by likelihood."""


def steps_of_a_run(default: int) -> Any:
    """The parameter `steps` of a method that trains everything at once: its own length where no budget is given."""
    return param(
        default, "Training steps", lo=1, hi=1_000_000, log=True, live=True, help="Length of a run without a budget."
    )
