"""The stochastic estimate of the divergence (Hutchinson) is held against the exact one, which flows use.

Its variance by closed form says why they do: Gaussian probes 2 |S|_F^2, Rademacher probes 2 (|S|_F^2 - sum S_ii^2),
S the symmetric part of the Jacobian (Avron & Toledo 2011, J. ACM 58, lemmas 9 and 5, for symmetric matrices).
"""

import itertools

import pytest
import torch

from flowviz.flows._divergence import velocity_and_divergence
from tests.mathematics._random_flow import jacobian, plain_velocity, random_cnf

PROBES = 200_000


def draws(kind, dim, generator):
    if kind == "gaussian":
        return torch.randn(PROBES, dim, generator=generator, dtype=torch.float64)
    return torch.randint(0, 2, (PROBES, dim), generator=generator).double() * 2 - 1


def field_at_a_point(dim):
    """A random field at one point x (1, dim): the field, x, the exact divergence, and the Jacobian (dim, dim)."""
    flow, t = random_cnf(dim, strength=1.5, seed=dim), 0.4
    x = torch.full((1, dim), 0.3, dtype=torch.float64)
    _, divergence = velocity_and_divergence(x, flow._net.at(flow._average, [t])[0])

    def v(y):
        return plain_velocity(flow, y, t)

    return v, x, float(divergence), jacobian(v, x)[0]


@pytest.mark.parametrize("kind", ["gaussian", "rademacher"])
@pytest.mark.parametrize("dim", [2, 3])
def test_one_probe_has_the_exact_divergence_as_mean_and_the_variance_of_its_closed_form(kind, dim):
    _, _, divergence, j = field_at_a_point(dim)
    symmetric = (j + j.t()) / 2
    square = float(symmetric.square().sum())
    variance = 2 * (square if kind == "gaussian" else square - float(symmetric.diagonal().square().sum()))
    e = draws(kind, dim, torch.Generator().manual_seed(0))
    estimates = torch.einsum("ni,ij,nj->n", e, j, e)
    assert float(estimates.mean()) == pytest.approx(divergence, abs=4 * (variance / PROBES) ** 0.5)
    assert float(estimates.var()) == pytest.approx(variance, rel=0.03)


def test_the_finite_difference_estimate_is_off_by_the_step_for_a_probe_and_by_its_square_in_the_mean():
    # (v(x + s e) - v(x)) . e / s, the estimate of the JKO-iFlow code. Probes come in pairs e and -e for the mean.
    v, x, _, j = field_at_a_point(2)
    e = draws("gaussian", 2, torch.Generator().manual_seed(1))[:20_000]
    exact = torch.einsum("ni,ij,nj->n", e, j, e)
    single, paired = [], []
    for s in (0.04, 0.02, 0.01):
        ahead, behind = (((v(x + sign * s * e) - v(x)) * sign * e).sum(1) / s - exact for sign in (1, -1))
        single.append(float(ahead.abs().mean()))
        paired.append(abs(float((ahead + behind).mean() / 2)))
    for coarse, fine in itertools.pairwise(single):
        assert coarse / fine == pytest.approx(2, rel=0.1)
    for coarse, fine in itertools.pairwise(paired):
        assert coarse / fine == pytest.approx(4, rel=0.1)
