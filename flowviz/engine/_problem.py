"""From a run's spec to what its flow is given: target, source, and the streams of random numbers behind both."""

from __future__ import annotations

import torch

from flowviz.core.errors import UserError
from flowviz.core.sources import why_not
from flowviz.core.spec import RunSpec
from flowviz.engine._sampling import PooledSampler, stream
from flowviz.flows import FLOWS, Problem, Source
from flowviz.flows._source import Density, mixture_density, numpy_density
from flowviz.targets import HasLogDensity, HasMixture, Target, offer_of
from flowviz.targets._source import name_of


def problem_of(spec: RunSpec, target: Target, source: Target, device: torch.device, step: int = 0) -> Problem:
    """What the flow of a run is given.

    Args:
        spec: the run.
        target, source: built from it.
        device: where batches live.
        step: training steps done; a run that goes on must not draw its first numbers once more.

    Raises:
        UserError: the method cannot begin from that source.
    """
    check_source(spec, source)
    batches = stream(spec.seed, "batches", step)
    sample = PooledSampler(target.sample, batches, device)
    seed = spec.seed if step == 0 else int(batches.integers(2**31))
    if spec.source is None:
        return Problem(target.dim, sample, device, seed)
    draws = PooledSampler(source.sample, stream(spec.seed, "source", step), device)
    return Problem(target.dim, sample, device, seed, source=Source(draws, _density(source), name_of(spec.source)))


def check_source(spec: RunSpec, source: Target) -> None:
    """Refuse a source that the method cannot begin from.

    Raises:
        UserError: it cannot; says what it needs.
    """
    method = FLOWS.get(spec.flow.key)
    reason = why_not(method.label, method.source_need, name_of(spec.source), offer_of(source))
    if reason:
        raise UserError(reason, "Choose another source, or a method that needs only samples, such as flow matching.")


def _density(source: Target) -> Density | None:
    if isinstance(source, HasMixture):
        return mixture_density(source.mixture())
    return numpy_density(source.log_density) if isinstance(source, HasLogDensity) else None
