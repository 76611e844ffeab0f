"""The fused solve against the same solver written as single differentiable operations."""

import pytest
import torch

from flowviz.flows import _fused
from flowviz.flows._divergence import velocity_and_divergence
from flowviz.flows._fused import fused_solve
from flowviz.flows._nets import VelocityNet
from flowviz.flows._ode import integrate, stage_times
from flowviz.flows._schemes import scheme


def make(dim, harmonics, width=9, n=13, hidden=2):
    net = VelocityNet(dim, width, harmonics, hidden)
    generator = torch.Generator().manual_seed(dim)
    flat = net.initial(generator, torch.float64, output_scale=1.0)
    flat += 0.2 * torch.randn(net.size, generator=generator, dtype=torch.float64)
    x = torch.randn(n, dim, generator=generator, dtype=torch.float64)
    return net, flat.requires_grad_(), x.requires_grad_()


def step_by_step(net, flat, x, t0, t1, steps, name):
    times = stage_times(t0, t1, steps, name)
    layers = net.at(flat, times)

    def field(y, t):
        v, divergence = velocity_and_divergence(y, layers[min(range(len(times)), key=lambda i: abs(times[i] - t))])
        return v, divergence, v.square().sum(1)

    zeros = torch.zeros(len(x), dtype=x.dtype)
    return integrate(field, (x, zeros, zeros), t0, t1, steps, name)


def stage_by_stage(net, flat, x, t0, t1, steps, name):
    """A scheme as its docstring defines it, every operation by itself."""
    plan, span = scheme(name, steps), t1 - t0
    layers = net.at(flat, [t0 + span * share for share in plan.times])
    velocities, integrals = [], [torch.zeros(len(x), dtype=x.dtype) for _ in range(2)]
    for stages in plan.steps:
        start = x
        for stage in stages:
            reads = sum(r * velocities[stage.first + i] for i, r in enumerate(stage.reads)) * span
            v, divergence = velocity_and_divergence(start + reads, layers[stage.node])
            velocities.append(v)
            x = x + stage.weight * span * v
            for i, rate in enumerate((divergence, v.square().sum(1))):
                integrals[i] = integrals[i] + stage.weight * span * rate
    return x, *integrals


def some_loss(end, divergence, energy):
    return (end**4).sum() + (divergence * torch.arange(len(divergence))).sin().sum() + (energy**2).sum()


@pytest.mark.parametrize("name", ["euler", "midpoint", "rk4", "gauss"])
@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("harmonics", [-1, 1])
@pytest.mark.parametrize("hidden", [2, 3])
def test_values_and_gradients_are_those_of_the_solver_taken_step_by_step(name, dim, harmonics, hidden):
    net, flat, x = make(dim, harmonics, hidden=hidden)
    ours = fused_solve(net, flat, x, 1.0, 0.2, 3, name, with_energy=True)
    theirs = (stage_by_stage if name == "gauss" else step_by_step)(net, flat, x, 1.0, 0.2, 3, name)
    for a, b in zip(ours, theirs, strict=True):
        assert torch.allclose(a, b, rtol=1e-13, atol=1e-13)
    for a, b in zip(
        torch.autograd.grad(some_loss(*ours), (flat, x)),
        torch.autograd.grad(some_loss(*theirs), (flat, x)),
        strict=True,
    ):
        assert torch.allclose(a, b, rtol=1e-10, atol=1e-10 * float(b.abs().max()))


@pytest.mark.parametrize("name", ["rk4", "gauss"])
@pytest.mark.parametrize("hidden", [2, 3])
def test_the_gradient_agrees_with_finite_differences(hidden, name):
    net, flat, x = make(2, 0, width=4, n=3, hidden=hidden)
    assert torch.autograd.gradcheck(lambda w, y: fused_solve(net, w, y, 0.0, 1.0, 2, name, True), (flat, x))


def test_points_in_pieces_give_what_they_give_together(monkeypatch):
    net, flat, x = make(2, 0)

    def both():
        solved = fused_solve(net, flat, x, 1.0, 0.0, 2, "midpoint", with_energy=True)
        return torch.cat([part.reshape(-1) for part in (*solved, *torch.autograd.grad(some_loss(*solved), (flat, x)))])

    together = both()
    monkeypatch.setattr(_fused, "CHUNK", 5 * net.width)
    assert torch.allclose(both(), together, rtol=1e-12, atol=1e-12)
