"""What every trained flow shares: a flat Adam, its schedule, averaged weights, a stream of data, live parameters."""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from flowviz.core.errors import ParameterError, UserError
from flowviz.core.params import ParamValue, fields_of
from flowviz.core.spec import Array, Budget

P = TypeVar("P")


class FlatAdam:
    """Adam (Kingma & Ba 2015) on one flat tensor, with clipping by global norm and a weight average.

    Own code because the first torch.optim optimiser imports torch._dynamo (about a second), and because a
    flat vector needs only a handful of operations. Nothing here waits for a GPU.

    Args:
        flat: trainable vector; changed in place.
        average: running average of `flat` for evaluation; changed in place.
    """

    def __init__(self, flat: Tensor, average: Tensor, betas: tuple[float, float] = (0.9, 0.99)) -> None:
        self._flat = flat
        self._average = average
        self._mean = torch.zeros_like(flat)
        self._square = torch.zeros_like(flat)
        self._betas = betas
        self._count = 0

    @torch.no_grad()
    def update(self, gradient: Tensor, rate: float, clip: float, average_decay: float) -> None:
        """One step. A gradient that is not finite counts as zero, so that it cannot poison the weights."""
        self._count += 1
        beta1, beta2 = self._betas
        norm = torch.linalg.vector_norm(gradient)
        factor = torch.clamp(clip / (norm + 1e-12), max=1.0)
        gradient = torch.where(torch.isfinite(norm), gradient * factor, torch.zeros_like(gradient))
        self._mean.lerp_(gradient, 1 - beta1)
        self._square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        root = self._square.sqrt().div_(math.sqrt(1 - beta2**self._count)).add_(1e-8)
        self._flat.addcdiv_(self._mean, root, value=-rate / (1 - beta1**self._count))
        # A young average forgets quickly, so that the first seconds already show the latest weights.
        decay = min(average_decay, (1 + self._count) / (10 + self._count))
        self._average.lerp_(self._flat, 1 - decay)

    def forget(self) -> None:
        """Drop the momentum: the weights were set from outside."""
        self._mean.zero_()


class Guard:
    """Returns to the weights of the last good check, and goes on more carefully, where a field has outrun its solver.

    Args:
        flat: trainable vector; changed in place.
        average: its running average; changed in place.
        adam: the optimiser of both.

    Attributes:
        caution: share of the learning rate to use now.
    """

    OUTRUN = 8.0

    def __init__(self, flat: Tensor, average: Tensor, adam: FlatAdam) -> None:
        self._flat, self._average, self._adam = flat, average, adam
        self._good: tuple[Tensor, Tensor] | None = None
        self.caution = 1.0

    @torch.no_grad()
    def check(self, error: float, allowed: float) -> bool:
        """Take the solver's error; False when the weights were set back and the step in hand must not count."""
        if error > self.OUTRUN * allowed and self._good is not None:
            self._flat.copy_(self._good[0])
            self._average.copy_(self._good[1])
            self._adam.forget()
            self.caution *= 0.5
            return False
        self._good = (self._flat.detach().clone(), self._average.clone())
        self.caution = min(1.0, 1.05 * self.caution)
        return True


def learning_rate(peak: float, progress: float, step: int, warm_up: int = 30, floor: float = 0.01) -> float:
    """Linear warm-up over the first steps of a stretch, then a cosine from the peak to a hundredth of it."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, progress))))
    return peak * min(1.0, (step + 1) / warm_up) * (floor + (1 - floor) * cosine)


class Stretch:
    """How far a stretch of training has come within its budget."""

    def __init__(self, budget: Budget, default_steps: int) -> None:
        limited = budget.steps is not None or budget.seconds is not None
        self._steps = budget.steps if limited else default_steps
        self._seconds = budget.seconds
        self.done = 0
        self.progress = 0.0

    def advance(self, seconds: float) -> None:
        """One more step is done; `seconds` is the training time before it."""
        self.done += 1
        shares = [0.0]
        if self._steps is not None:
            shares.append(self.done / max(1, self._steps))
        if self._seconds is not None:
            shares.append(seconds / max(1e-9, self._seconds))
        self.progress = min(1.0, max(shares))


class StepChooser:
    """How many solver steps training takes: more where doubling them shows too large an error.

    Without this the optimiser finds fields whose divergence a coarse solver misjudges, and lowers its loss below
    the entropy of the data.

    Attributes:
        steps: solver steps now; 0 (only where `least` is 0) stands for one step of a cheaper solver.
    """

    EVERY = 20
    MOST = 60

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def adapt(self, error: float, allowed: float, least: int) -> None:
        """Take the mean absolute change of the log-densities (nats) that twice the steps bring."""
        if not error <= allowed:
            self.steps = min(max(self.MOST, least), self.steps + max(1, self.steps // 4))
        elif error < 0.05 * allowed:
            self.steps -= 1
        self.steps = max(self.steps, least)


# Hidden values of one layer whose gradient is taken at once: memory stays flat however large the batch.
AT_ONCE = 131072


def in_parts(work: Callable[[Tensor], tuple[Tensor, ...]], x: Tensor, width: int) -> tuple[Tensor, ...]:
    """work(x) for a batch x (n, d) of any size, taken part by part so that memory does not grow with n.

    Args:
        work: gives one tensor with an entry for each point, and then any number of means over its points.
        x: the batch.
        width: units of each hidden layer.
    """
    parts = x.split(max(1, len(x) if x.is_cuda else AT_ONCE // width))
    if len(parts) == 1:
        return work(x)
    results = [work(part) for part in parts]
    shares = [len(part) / len(x) for part in parts]
    means = (sum(map(operator.mul, values, shares)) for values in zip(*(result[1:] for result in results), strict=True))
    return torch.cat([result[0] for result in results]), *means


class Stream:
    """Fresh draws in batches of any size, fetched from the sampler in larger pieces.

    Args:
        sample: n -> (n, d).
        piece: least number of points fetched at once.
    """

    def __init__(self, sample: Callable[[int], Tensor], piece: int = 8192) -> None:
        self._sample = sample
        self._piece = piece
        self._buffer: Tensor | None = None
        self._at = 0

    def take(self, n: int) -> Tensor:
        """n fresh points (n, d)."""
        if self._buffer is None or self._at + n > len(self._buffer):
            self._buffer = self._sample(max(n, self._piece))
            self._at = 0
        self._at += n
        return self._buffer[self._at - n : self._at]


class Export:
    """Tensors as read-only numpy arrays; the same array object as long as the version stays the same."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[object, Array]] = {}

    def array(self, name: str, version: object, make: Callable[[], Tensor | Array]) -> Array:
        """The array called `name`, made anew only when `version` differs from the last call's."""
        kept = self._kept.get(name)
        if kept is None or kept[0] != version:
            value = make()
            array = value.detach().cpu().numpy().copy() if isinstance(value, Tensor) else np.array(value)
            array.flags.writeable = False
            kept = self._kept[name] = (version, array)
        return kept[1]


def changed(params: P, name: str, value: ParamValue) -> P:
    """The params with a live parameter changed.

    Raises:
        ParameterError: unknown, not live, or out of range.
    """
    declared = {field.name: field for field in fields_of(type(params))}
    if name not in declared:
        raise ParameterError(f"There is no parameter called {name}.", f"Known: {', '.join(declared)}.", name)
    field = declared[name]
    if not field.live:
        live = ", ".join(entry.name for entry in declared.values() if entry.live)
        message = f"Parameter {name} ({field.label}) cannot change while training."
        raise ParameterError(message, f"Restart to apply it; these change live: {live}.", name)
    return dataclasses.replace(params, **{name: field.check(value)})  # type: ignore[type-var]


def take_array(weights: Mapping[str, Array], name: str, size: int | None = None) -> Array:
    """The array called `name`, one-dimensional and of that size.

    Raises:
        UserError: it is missing or has another shape.
    """
    if name not in weights:
        raise UserError(f"The weights lack the array {name!r}.", "They belong to another method or are incomplete.")
    array = np.asarray(weights[name])
    if array.ndim != 1 or (size is not None and len(array) != size):
        wanted = f"({size},)" if size is not None else "(n,)"
        message = f"The array {name!r} has shape {array.shape}, and {wanted} is needed."
        raise UserError(message, "The weights belong to a flow with other parameters.")
    return array
