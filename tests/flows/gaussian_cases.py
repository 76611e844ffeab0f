"""From N(0, I) to one Gaussian: how little training each method needs for that, and the closed form it must reach.

References are those of MATH.md (T5 to T9, T13, T15); points whose own mean and covariance are exactly those of their
law take the part of samples, so that what is left of a difference is the flow's.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from flowviz.core.frames import StepInfo
from flowviz.core.solver import Solver
from flowviz.core.spec import Budget
from flowviz.flows import FLOWS, Flow, Problem
from flowviz.flows.closed_forms import (
    Gaussian,
    entropy,
    jko_step,
    kl,
    optimal_map,
    ornstein_uhlenbeck,
    root,
    wasserstein_squared,
)
from flowviz.flows.closed_forms_functionals import entropy_flow, interaction_flow

MEAN, SDS = np.array([0.8, -0.5, 0.4]), np.array([1.4, 0.4, 0.8])
TURN = np.linalg.qr(np.array([[2.0, 1.0, 0.5], [-1.0, 2.0, 0.3], [0.4, -0.7, 1.0]]))[0]
FINE = Solver("rk4", 20)
N = 1500

Infos = Sequence[StepInfo]
Check = Callable[[Flow, Infos, Gaussian], None]


def tilted(dim: int) -> Gaussian:
    """Longer than noise one way, shorter the other, and turned against the axes."""
    turn = TURN if dim == 3 else np.array([[0.8, -0.6], [0.6, 0.8]])
    return Gaussian(MEAN[:dim], turn @ np.diag(SDS[:dim] ** 2) @ turn.T)


def shifted(dim: int) -> Gaussian:
    """Noise elsewhere."""
    return Gaussian(MEAN[:dim], np.eye(dim))


@dataclass(frozen=True)
class Case:
    """What a method is given, how many steps it trains, and what must come of it.

    Attributes:
        params: of the method; each says its learning rate, so that no default counts here.
        steps: of training.
        check: takes the trained flow, what its steps told, and the Gaussian at t = 1.
        ends: dimension -> that Gaussian.
    """

    params: Mapping[str, object]
    steps: int
    check: Check
    ends: Callable[[int], Gaussian] = tilted

    def problem(self, dim: int) -> Problem:
        """Fresh draws in double precision."""
        end, generator = self.ends(dim), torch.Generator().manual_seed(5)
        mean, factor = torch.from_numpy(end.mean), torch.from_numpy(root(end.cov))
        draw = lambda n: torch.randn(n, dim, generator=generator, dtype=torch.float64)  # noqa: E731
        return Problem(dim, lambda n: draw(n) @ factor + mean, dtype=torch.float64)


def laid_out(law: Gaussian, n: int = N) -> torch.Tensor:
    """Points (n, d) that have exactly this mean and covariance."""
    z = torch.randn(n, len(law.mean), generator=torch.Generator().manual_seed(1), dtype=torch.float64).numpy()
    z = (z - z.mean(0)) @ np.linalg.inv(root(np.cov(z.T, bias=True)))
    return torch.from_numpy(z @ root(law.cov) + law.mean)


def moments(x: torch.Tensor) -> Gaussian:
    """The Gaussian with the mean and covariance of points (n, d): of all laws with these, none is nearer to another."""
    return Gaussian(x.mean(0).numpy(), np.cov(x.numpy().T, bias=True))


def apart(x: torch.Tensor, law: Gaussian) -> float:
    """W2 between the Gaussian with the moments of points (n, d) and another."""
    return math.sqrt(max(0.0, wasserstein_squared(moments(x), law)))


def miss(x: torch.Tensor, y: torch.Tensor) -> float:
    """Root mean square distance of points (n, d) from where they should be."""
    return float((x - y).square().sum(1).mean().sqrt())


def moved(x: torch.Tensor, mean: np.ndarray, matrix: np.ndarray) -> torch.Tensor:
    """mean + matrix x, matrix symmetric."""
    return x @ torch.from_numpy(matrix) + torch.from_numpy(mean)


def noise(end: Gaussian) -> torch.Tensor:
    return laid_out(Gaussian.standard(len(end.mean)))


def energy(flow: Flow, x: torch.Tensor) -> float:
    """E int |v|^2 dt."""
    times = [i / 20 for i in range(21)]
    paths = flow.transport(x, times, FINE).paths
    speeds = [flow.velocity(y, t).square().sum(1).mean() for y, t in zip(paths, times, strict=True)]
    return float(torch.trapezoid(torch.stack(speeds), dx=1 / 20))


def log_density(law: Gaussian, x: torch.Tensor) -> torch.Tensor:
    offset = x - torch.from_numpy(law.mean)
    squares = (offset @ torch.from_numpy(np.linalg.inv(law.cov)) * offset).sum(1)
    return -0.5 * (squares + np.linalg.slogdet(2 * np.pi * law.cov)[1])


# Regressions


def follows(flow: Flow, end: Gaussian, spread: Callable[[float], np.ndarray], tolerance: float) -> None:
    """Points move as x(t) = t m + spread(t) x."""
    x = noise(end)
    for t, y in zip((0.5, 1.0), flow.transport(x, [0.0, 0.5, 1.0], FINE).paths[1:], strict=True):
        assert miss(y, moved(x, t * end.mean, spread(t))) < tolerance, t


def straight(end: Gaussian) -> Callable[[float], np.ndarray]:
    """Displacement interpolation (T6): (1 - t) x + t T(x)."""
    eye, matrix = np.eye(len(end.mean)), optimal_map(Gaussian.standard(len(end.mean)), end)
    return lambda t: (1 - t) * eye + t * matrix


def marginal_field(flow: Flow, infos: Infos, end: Gaussian) -> None:
    """T13: the field of independent pairs moves points along the roots of the covariances, and leaves a loss.

    Half-way that is 0.4 from the straight way of optimal pairs.
    """
    eye = np.eye(len(end.mean))
    follows(flow, end, lambda t: root((1 - t) ** 2 * eye + t**2 * end.cov), 0.13)
    floor = math.pi / 2 * np.sqrt(np.linalg.eigvalsh(end.cov)).sum()
    late = np.mean([float(info.losses["loss"]) for info in infos[-100:]])
    assert abs(late / floor - 1) < 0.1


def displacement(flow: Flow, infos: Infos, end: Gaussian) -> None:
    """T6, T7: the optimal map, along straight lines at even speed, for the energy of W2^2."""
    follows(flow, end, straight(end), 0.22)
    least = wasserstein_squared(Gaussian.standard(len(end.mean)), end)
    assert 0.9 * least < energy(flow, noise(end)) < 1.12 * least


def bridge(flow: Flow, infos: Infos, end: Gaussian) -> None:
    """T8: marginals of the Schroedinger bridge, x1 - x0 coupled by the entropic plan with eps = 2 sigma^2."""
    eye, sigma = np.eye(len(end.mean)), float(BRIDGE["sigma"])
    cross = 0.5 * (root(4 * end.cov + sigma**4 * eye) - sigma**2 * eye)
    y = flow.transport(noise(end), [0.0, 0.5, 1.0], FINE).paths
    middle = 0.25 * (eye + end.cov + 2 * cross) + 0.25 * sigma**2 * eye
    assert apart(y[1], Gaussian(0.5 * end.mean, middle)) < 0.09
    assert apart(y[2], end) < 0.12


def local_process(flow: Flow, infos: Infos, end: Gaussian) -> None:
    """T9: every block follows the Ornstein-Uhlenbeck process, and the free one goes to noise."""
    x, law = laid_out(end), end
    first, second, free = flow.blocks()
    for block in (first, second):
        law = ornstein_uhlenbeck(law, math.log1p(block.step_size))
        assert apart(flow.transport(x, [1.0, block.t_start], FINE).paths[-1], law) < 0.1
    assert free.is_free
    nll = [first.nll_before, first.nll, second.nll, free.nll]
    assert all(later < earlier + 0.01 for earlier, later in itertools.pairwise(nll))
    assert abs(nll[-1] - entropy(end)) < 0.1
    assert apart(flow.transport(x, [1.0, 0.0], FINE).paths[-1], Gaussian.standard(len(end.mean))) < 0.15


def process(flow: Flow, infos: Infos, end: Gaussian, tolerance: float = 0.12) -> None:
    """T9: smooth and rough paths have the marginals N(alpha m, alpha^2 Sigma + sigma^2 I)."""
    x, times = noise(end), [0.0, 0.5, 0.8, 1.0]
    rough = flow.random_paths(x, times, 40, torch.Generator().manual_seed(1)).paths
    for t, ode, sde in zip(times, flow.transport(x, times, Solver("rk4", 40)).paths, rough, strict=True):
        alpha, sigma = (float(value) for value in flow._clock.level(torch.tensor(t, dtype=torch.float64)))
        law = Gaussian(alpha * end.mean, alpha**2 * end.cov + sigma**2 * np.eye(len(end.mean)))
        assert apart(ode, law) < tolerance, t
        assert apart(sde, law) < tolerance + 0.04, t


def learnt_process(flow: Flow, infos: Infos, end: Gaussian) -> None:
    """The same with the density of the data, and from one start to other ends."""
    process(flow, infos, end)
    x = laid_out(end)
    assert float((flow.log_density(x) - log_density(end, x)).abs().mean()) < 0.08 * len(end.mean)
    rough = flow.random_paths(x, [0.0, 1.0], 40, torch.Generator().manual_seed(2)).paths[-1]
    assert miss(rough, flow.transport(x, [0.0, 1.0]).paths[-1]) > 0.2


def sampled_process(flow: Flow, infos: Infos, end: Gaussian) -> None:
    """The same for the draws that it was given, blurred."""
    points, blur = flow._points.numpy(), flow._params.bandwidth
    cov = np.cov(points.T, bias=True) + blur**2 * np.eye(len(end.mean))
    process(flow, infos, Gaussian(points.mean(0), cov), 0.08)


# Likelihoods


def likely(flow: Flow, infos: Infos, end: Gaussian) -> None:
    """T20, T6: the density of the data, at no less energy than W2^2."""
    x = laid_out(end)
    gap = log_density(end, x) - flow.log_density(x)
    assert -0.002 < float(gap.mean()) < 0.03
    assert float(gap.abs().mean()) < 0.15
    start = noise(end)
    reached = moments(flow.transport(start, [0.0, 1.0], FINE).paths[-1])
    assert energy(flow, start) > 0.99 * wasserstein_squared(moments(start), reached)


def likely_and_straight(flow: Flow, infos: Infos, end: Gaussian) -> None:
    """The same at hardly more energy than W2^2."""
    likely(flow, infos, end)
    least = wasserstein_squared(Gaussian.standard(len(end.mean)), end)
    assert energy(flow, noise(end)) < 1.12 * least


def proximal_steps(flow: Flow, infos: Infos, end: Gaussian) -> None:
    """T5, T11: every block is an exact JKO step of its h, and KL falls by (1 + h)^-2 at least."""
    x, law = laid_out(end), end
    for block in flow.blocks():
        before, law = law, jko_step(law, block.step_size)
        assert (
            kl(law, Gaussian.standard(len(end.mean)))
            <= kl(before, Gaussian.standard(len(end.mean))) / (1 + block.step_size) ** 2
        )
        assert apart(flow.transport(x, [1.0, block.t_start], FINE).paths[-1], law) < 0.09
        assert block.nll is not None
        assert abs(block.nll - entropy(end) - kl(law, Gaussian.standard(len(end.mean)))) < 0.06


# The rest


def shortened_shift(flow: Flow, infos: Infos, end: Gaussian) -> None:
    """A shift by c m has KL |(1 - c) m|^2 / 2 at each end and costs gamma |c m|^2 each way: c = 1 / (1 + 2 gamma)."""
    shift = end.mean / (1 + 2 * float(Q["transport"]))
    there = Gaussian(shift, end.cov)
    assert apart(flow.transport(noise(end), [0.0, 1.0], FINE).paths[-1], there) < 0.25
    back = Gaussian(end.mean - shift, end.cov)
    assert apart(flow.transport(laid_out(end), [1.0, 0.0], FINE).paths[-1], back) < 0.25
    # Independent pairs alone pay 2 - pi/2 in each coordinate beyond the squared distance.
    assert energy(flow, noise(end)) < shift @ shift + 0.5 * len(shift) * (2 - math.pi / 2)
    assert [info.phase for info in infos].index("classifiers") == round(float(Q["start"]) * len(infos))


def log_ratio(flow: Flow, infos: Infos, end: Gaussian) -> None:
    """T15: the quadratic difference of the log-densities, on both sides."""
    start = Gaussian.standard(len(end.mean))
    x = torch.cat([laid_out(start, 500), laid_out(end, 500)])
    exact = log_density(end, x) - log_density(start, x)
    assert float((flow.log_ratio(x) - exact).abs().mean()) < 0.45 * float(exact.abs().mean())


def downhill(flow: Flow, infos: Infos, end: Gaussian) -> None:
    """T10 to T12: KL leads to the target; entropy and interaction spread and gather as their own closed forms say."""
    dim = len(end.mean)
    random = flow.random_paths(noise(end), [0.0, 1.0], 0, torch.Generator().manual_seed(0)).paths[-1]
    assert kl(moments(flow._clouds[0]), end) > 0.5
    assert kl(moments(flow._clouds[-1]), end) < 0.15 and kl(moments(random), end) < 0.15
    for functional, exact, tolerance in (("interaction", interaction_flow, 0.002), ("entropy", entropy_flow, 0.15)):
        other = FLOWS.get("gradient_flow").create(ALONE[functional], standard_problem(dim))
        other.plan(Budget())
        losses = []
        while other.progress < 1:
            losses.append(float(other.step(0.0).losses["loss"]))
        first, last = (np.trace(moments(cloud).cov) for cloud in (other._clouds[0], other._clouds[-1]))
        wanted = np.trace(exact(Gaussian.standard(dim), 0.4).cov) / dim
        assert abs(last / first / wanted - 1) < tolerance, functional
        assert losses == sorted(losses, reverse=True)


def standard_problem(dim: int) -> Problem:
    """Of functionals that know no target."""
    return Problem(dim, lambda n: torch.zeros(n, dim, dtype=torch.float64), dtype=torch.float64)


NET = {"width": 24, "batch_size": 256, "learning_rate": 1e-2}
WAVY = NET | {"waves": 16, "averaging": 0.98}
BRIDGE = WAVY | {"sigma": 1.0, "block": 128}
ALONE = {
    "interaction": {"functional": "interaction", "duration": 0.4, "steps": 200, "particles": 50},
    "entropy": {"functional": "entropy", "duration": 0.4, "steps": 20, "particles": 300, "last_width": 0.35},
}
Q = {"width": 16, "batch_size": 256, "waves": 16, "solver_steps": 2, "transport": 0.3, "start": 0.3,
     "learning_rate": 6e-3}  # fmt: skip

CASES = {
    "cnf": Case(NET | {"energy": 0.0}, 110, likely),
    "rnode": Case(NET | {"energy": 0.03, "jacobian": 0.001}, 110, likely_and_straight),
    "ot_flow": Case({"width": 12, "batch_size": 256, "learning_rate": 3e-2, "alpha_c": 100.0}, 160, displacement),
    "jko": Case(NET | {"blocks": 2, "h0": 0.4, "rho": 1.5, "pool": 8192, "clock": "equal"}, 200, proximal_steps),
    "flow_matching": Case(WAVY, 600, marginal_field),
    "ot_cfm": Case(WAVY | {"block": 128}, 500, displacement),
    "sb_cfm": Case(BRIDGE, 400, bridge),
    "rectified_flow": Case(WAVY | {"reflows": 1}, 600, displacement),
    "local_flow_matching": Case(WAVY | {"blocks": 3, "gamma0": 0.3, "growth": 1.0, "pool": 8192}, 360, local_process),
    "score_diffusion": Case(WAVY | {"batch_size": 512}, 600, learnt_process),
    "exact_diffusion": Case({"points": 120, "bandwidth": 0.3}, 50, sampled_process),
    "gradient_flow": Case({"steps": 60, "particles": 300, "last_width": 0.2}, 60, downhill),
    "q_flow": Case(Q, 200, shortened_shift, shifted),
    "density_ratio": Case(WAVY | {"ratio_rate": 1e-2}, 200, log_ratio),
}
