import pytest
import torch

from flowviz.flows._divergence import velocity, velocity_and_divergence
from flowviz.flows._nets import VelocityNet


def make(dim, harmonics, width=17):
    net = VelocityNet(dim, width, harmonics)
    generator = torch.Generator().manual_seed(dim)
    flat = net.initial(generator, torch.float64, output_scale=1.0)
    flat += 0.3 * torch.randn(net.size, generator=generator, dtype=torch.float64)
    return net, flat, torch.randn(11, dim, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("dim", [1, 2, 3, 7])
@pytest.mark.parametrize("harmonics", [-1, 0, 2])
def test_the_divergence_is_the_trace_of_the_autograd_jacobian(dim, harmonics):
    net, flat, x = make(dim, harmonics)
    layers = net.at(flat, [0.37])[0]
    v, divergence = velocity_and_divergence(x, layers)
    jacobian = torch.func.vmap(torch.func.jacrev(lambda y: velocity_out_of_place(y, layers)))(x)
    assert torch.allclose(v, velocity(x, layers), atol=1e-14)
    assert torch.allclose(divergence, jacobian.diagonal(dim1=1, dim2=2).sum(1), rtol=1e-12, atol=1e-12)


def velocity_out_of_place(y, layers):
    a1 = torch.tanh(layers.w1 @ y + layers.b1)
    a2 = torch.tanh(layers.w2 @ a1 + layers.b2)
    return layers.w3 @ a2 + layers.b3


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
