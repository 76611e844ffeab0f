"""The network of the flow-matching family against automatic differentiation, and its linear part in closed form."""

import pytest
import torch

from flowviz.flows._divergence import velocity_and_divergence
from flowviz.flows._interpolants import INTERPOLANTS, LATE, draw_times, evenness
from flowviz.flows._waves import EDGE, Scaling, WaveNet

SCALINGS = [None, Scaling("linear"), Scaling("trigonometric", 0.3), Scaling("linear", 0.5, 0.5),
            Scaling("variance preserving")]  # fmt: skip


def make(dim, scaling, n=7):
    net, generator = WaveNet(dim, 9, 11, 1, scaling), torch.Generator().manual_seed(dim)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    flat = net.initial(generator, torch.float64) + 0.2 * normal(net.size)
    t = torch.rand(n, 1, generator=generator, dtype=torch.float64)
    return net, flat.requires_grad_(), normal(n, dim), t, normal(n, dim)


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("scaling", SCALINGS)
def test_folded_values_and_divergences_are_those_of_the_network_as_it_is_defined(dim, scaling):
    net, flat, x, _, _ = make(dim, scaling)
    for t in (0.0, 0.3, 1.0):
        v, divergence = velocity_and_divergence(x, net.at(flat, [t])[0])

        def plain(point, t=t):
            return net.at_points(flat, point.unsqueeze(0), torch.tensor([[t]], dtype=torch.float64))[0]

        jacobians = torch.stack([torch.autograd.functional.jacobian(plain, point) for point in x])
        assert torch.allclose(v, torch.stack([plain(point) for point in x]), atol=1e-11)
        assert torch.allclose(divergence, jacobians.diagonal(dim1=1, dim2=2).sum(1), atol=1e-11)


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("scaling", SCALINGS)
def test_the_gradient_of_a_regression_is_that_of_automatic_differentiation(dim, scaling):
    net, flat, x, t, u = make(dim, scaling)
    gain = torch.ones_like(t) if scaling is None else scaling.at(t).gain
    misses = (net.at_points(flat, x, t) - u).square().sum(1, keepdim=True)
    (expected,) = torch.autograd.grad((misses / gain**2).sum(1).mean(), flat)
    loss, gradient = net.regress(flat, x, t, u, 2 * t)
    assert torch.allclose(gradient, expected, atol=1e-12)
    assert float(loss) == pytest.approx(float((2 * t * misses).detach().mean()))


@pytest.mark.parametrize("scaling", SCALINGS[1:])
def test_the_linear_part_is_the_regression_between_normal_ends_of_the_nominal_spreads(scaling):
    generator, n, t = torch.Generator().manual_seed(0), 400_000, 0.7
    x0, z, w = torch.randn(3, n, 1, generator=generator, dtype=torch.float64)
    x1 = 1.6 * (scaling.kinship * x0 + (1 - scaling.kinship**2) ** 0.5 * z)
    time = torch.tensor([[t]], dtype=torch.float64)
    path, inner = INTERPOLANTS[scaling.interpolant], time
    if path.margin or scaling.bridge:
        inner = EDGE + (1 - 2 * EDGE) * time
    (a, b), (da, db) = path.coefficients(inner), path.slopes(inner)
    root = (inner * (1 - inner)).sqrt()
    x = a * x0 + b * x1 + scaling.bridge * root * w
    u = da * x0 + db * x1 + scaling.bridge * (1 - 2 * inner) / (2 * root) * w
    shrink, skip, gain = (float(part) for part in scaling.at(time))
    best = float((u * x).mean() / (x * x).mean())
    assert skip == pytest.approx(best, abs=0.01)
    assert gain == pytest.approx(float((u - best * x).square().mean().sqrt()), rel=0.01)
    assert shrink == pytest.approx(float((x * x).mean().rsqrt()), rel=0.01)


def test_late_times_lie_near_the_data_and_their_weights_make_means_those_of_even_times():
    t = draw_times(20_000, LATE, 1.0, 0.0, torch.Generator().manual_seed(0), torch.zeros(1, dtype=torch.float64))
    weights = evenness(t, LATE)
    assert float((t > 0.9).double().mean()) == pytest.approx(0.5 * 0.1 + 0.5 * 0.267, abs=0.005)
    assert float(weights.min()) > 0 and float(weights.max()) <= 2
    for power in (0, 1, 2, 7):
        assert float((weights * t**power).mean()) == pytest.approx(1 / (power + 1), abs=2e-3)
