import math

import pytest
import torch

from flowviz.flows._divergence import velocity, velocity_and_divergence
from flowviz.flows._nets import VelocityNet


def make(dim, harmonics, width=17, hidden=2):
    net = VelocityNet(dim, width, harmonics, hidden)
    generator = torch.Generator().manual_seed(dim)
    flat = net.initial(generator, torch.float64, output_scale=1.0)
    flat += 0.3 * torch.randn(net.size, generator=generator, dtype=torch.float64)
    return net, flat, torch.randn(11, dim, generator=generator, dtype=torch.float64)


def tanh_network(net, flat, x, t):
    """The field as its formula stands: tanh layers with affine gates and biases in time, one point x (d,)."""
    p, time = net.unpack(flat), torch.tensor(t, dtype=flat.dtype)
    waves = [wave(2 * math.pi * k * time) for k in range(1, net.harmonics + 1) for wave in (torch.sin, torch.cos)]
    phi = torch.stack([time, *waves]) if net.features else None

    def gate(name):
        return 1.0 if phi is None else 1 + phi @ p[name]

    def bias(name, extra):
        return p[name] if phi is None else p[name] + phi @ p[extra]

    for i in range(1, net.hidden + 1):
        x = torch.tanh(gate(f"g{i}") * (p[f"w{i}"] @ x) + bias(f"b{i}", f"u{i}"))
    last = net.hidden + 1
    return p[f"w{last}"] @ x + bias(f"b{last}", f"u{last}")


@pytest.mark.parametrize("dim", [1, 2, 3, 7])
@pytest.mark.parametrize("harmonics", [-1, 0, 2])
@pytest.mark.parametrize("hidden", [2, 3])
def test_the_folded_network_is_the_tanh_network_and_its_divergence_the_trace_of_the_autograd_jacobian(
    dim, harmonics, hidden
):
    net, flat, x = make(dim, harmonics, hidden=hidden)
    v, divergence = velocity_and_divergence(x, net.at(flat, [0.37])[0])
    plain = torch.stack([tanh_network(net, flat, row, 0.37) for row in x])
    jacobian = torch.stack(
        [torch.autograd.functional.jacobian(lambda y: tanh_network(net, flat, y, 0.37), row) for row in x]
    )
    assert torch.allclose(v, plain, rtol=1e-12, atol=1e-12)
    assert torch.allclose(divergence, jacobian.diagonal(dim1=1, dim2=2).sum(1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("harmonics", [-1, 1])
def test_the_gradient_in_points_and_weights_agrees_with_finite_differences(harmonics):
    net, flat, x = make(2, harmonics, width=5)

    def both(y, weights):
        return velocity_and_divergence(y, net.at(weights, [0.6])[0])

    assert torch.autograd.gradcheck(both, (x.requires_grad_(), flat.requires_grad_()))


def test_a_field_without_time_is_the_same_at_all_times():
    net, flat, x = make(2, -1)
    first, second = net.at(flat, [0.0, 0.9])
    assert torch.equal(velocity(x, first), velocity(x, second))


def test_a_table_of_times_equals_the_network_at_each_time():
    net, flat, x = make(2, 2)
    times = [0.0, 0.31, 1.0]
    for layers, t in zip(net.at(flat, times), times, strict=True):
        assert torch.allclose(velocity(x, layers), velocity(x, net.at(flat, [t])[0]), atol=1e-14)


def test_a_fresh_field_is_close_to_zero():
    net = VelocityNet(2, 64, 1)
    flat = net.initial(torch.Generator().manual_seed(0), torch.float32)
    v = velocity(torch.randn(500, 2), net.at(flat, [0.5])[0])
    assert float(v.abs().max()) < 0.5
