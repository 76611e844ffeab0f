"""The densities of sources as torch sees them."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from flowviz.core.errors import UserError
from flowviz.core.mixtures import GaussianMixture
from flowviz.flows import Problem, Source
from flowviz.flows._source import mixture_density, numpy_density

MIXTURE = GaussianMixture(
    np.array([0.3, 0.7]),
    np.array([[1.0, -2.0, 0.5], [0.0, 1.0, -1.0]]),
    np.array([np.diag([0.5, 1.0, 2.0]), [[1.0, 0.4, 0.0], [0.4, 0.6, 0.1], [0.0, 0.1, 0.3]]]),
)


def expected(x):
    parts = zip(*MIXTURE, strict=True)
    return np.log(sum(w * multivariate_normal(mean, cov).pdf(x) for w, mean, cov in parts))


def test_a_mixture_has_the_density_of_the_sum_and_its_gradient():
    x = torch.randn(20, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    density = mixture_density(MIXTURE)
    assert density(x).detach().numpy() == pytest.approx(expected(x.detach().numpy()), abs=1e-10)
    assert torch.autograd.gradcheck(density, (x,))
    assert density(x.float()).dtype == torch.float32


def test_a_density_known_in_numpy_answers_in_the_precision_of_the_question():
    density = numpy_density(lambda x: -np.abs(x).sum(axis=1))
    x = torch.tensor([[1.0, -2.0]], requires_grad=True)
    assert density(x).tolist() == [-3.0] and density(x).dtype == torch.float32


def test_a_source_without_a_density_says_so():
    source = Source(lambda n: torch.zeros(n, 2), None, "my drawing")
    with pytest.raises(UserError, match="my drawing has no known density"):
        source.log_density(torch.zeros(1, 2))


def test_a_problem_begins_from_noise_of_its_own_seed_unless_told_otherwise():
    draws = [Problem(2, lambda n: torch.zeros(n, 2), seed=seed).source.sample(4) for seed in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])
    own = Source(lambda n: torch.ones(n, 2))
    assert Problem(2, lambda n: torch.zeros(n, 2), source=own).source is own
