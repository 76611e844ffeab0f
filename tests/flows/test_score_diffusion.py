"""The diffusion against its closed forms: levels of noise, single steps, and both kinds of path on a Gaussian."""

import numpy as np
import pytest
import torch

from flowviz.core.spec import Budget
from flowviz.flows import Problem
from flowviz.flows._diffusion import CLOCKS, noising_step
from flowviz.flows.score_diffusion import ScoreDiffusion

MEAN, SD = np.array([1.0, -0.5]), np.array([0.4, 0.8])


def tensor(value):
    return torch.tensor(value, dtype=torch.float64)


def levels(schedule, *times):
    return [CLOCKS[schedule].level(tensor(t)) for t in times]


def normals(n, seed=0):
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(scope="module")
def flow():
    generator = torch.Generator().manual_seed(5)

    def sample(n):
        return torch.randn(n, 2, generator=generator, dtype=torch.float64) * tensor(SD) + tensor(MEAN)

    made = ScoreDiffusion.create({"width": 32, "batch_size": 512}, Problem(2, sample, dtype=torch.float64))
    made.plan(Budget(steps=100))
    while made.progress < 1:
        made.step(0.0)
    return made


@pytest.mark.parametrize("schedule", CLOCKS)
def test_the_speed_of_the_clock_is_the_slope_of_its_level(schedule):
    for t in (0.05, 0.5, 0.95):
        before, now, after = levels(schedule, t - 1e-5, t, t + 1e-5)
        assert float(now.alpha**2 + now.sigma**2) == pytest.approx(1)
        # alpha' / alpha = beta / 2 towards the data
        rate = float((after.alpha - before.alpha) / (2e-5 * now.alpha))
        assert CLOCKS[schedule].speed(t) == pytest.approx(rate * float(now.alpha / now.sigma), rel=1e-6)


@pytest.mark.parametrize("schedule", CLOCKS)
def test_it_begins_as_noise_and_ends_as_data(schedule):
    start, end = levels(schedule, 0.0, 1.0)
    assert float(start.alpha) < 0.04
    assert float(end.sigma) < 0.011


@pytest.mark.parametrize("schedule", CLOCKS)
def test_noising_keeps_the_marginals_of_the_process_whatever_its_step(schedule):
    end, middle, start = levels(schedule, 1.0, 0.6, 0.1)
    x, now = normals(20_000) * tensor(SD) + tensor(MEAN), end
    for then in (middle, start):
        x = noising_step(x, now, then, normals(len(x), 8 + (then is start)))
        sd = torch.sqrt(then.alpha**2 * tensor(SD) ** 2 + then.sigma**2)
        assert torch.allclose(x.std(0), sd, rtol=0.03)
        assert torch.allclose(x.mean(0), then.alpha * tensor(MEAN), atol=0.03)
        now = then


def test_rough_paths_are_rough_and_equal_for_equal_generators(flow):
    x, times = normals(50), [i / 32 for i in range(33)]
    first, second = (flow.random_paths(x, times, 64, torch.Generator().manual_seed(2)) for _ in range(2))
    assert torch.equal(first.paths, second.paths)
    assert first.nfe == 128

    def length(paths):
        return float(paths.diff(dim=0).norm(dim=2).sum(0).mean())

    assert length(first.paths) > 2.5 * length(flow.transport(x, times).paths)


def test_noising_needs_no_network(flow):
    data = normals(3000, 9) * tensor(SD) + tensor(MEAN)
    there = flow.random_paths(data, [1.0, 0.4, 0.0], 50, torch.Generator().manual_seed(2)).paths
    level = flow._clock.level(tensor(0.4))
    assert torch.allclose(there[1].mean(0), level.alpha * tensor(MEAN), atol=0.06)
    assert torch.allclose(there[2].std(0), torch.ones(2, dtype=torch.float64), rtol=0.05)
