"""The smallest flows of every method, short runs of them, and what is asked of them: for the laws."""

from functools import cache

import torch

from flowviz.core.params import fields_of
from flowviz.core.spec import Budget
from flowviz.flows import FLOWS, Problem
from tests.flows.jko_helpers import run as run


def has(key, name):
    """Whether a method has a parameter of that name."""
    return any(field.name == name for field in fields_of(FLOWS.get(key).Params))


def small(key, **params):
    """Parameters for the smallest flow of a method that is still one."""
    cheap = {"width": 16, "batch_size": 64, "pool": 1024, "hidden_layers": 2, "waves": 16, "block": 16, "points": 30,
             "bandwidth": 0.5, "particles": 40, "last_width": 0.6}  # fmt: skip
    return {name: value for name, value in cheap.items() if has(key, name)} | params


def parts(key, n):
    """So many blocks, or rounds of reflow, for methods that train in parts; as many steps of a simulation."""
    steps = {"steps": 7} if has(key, "particles") else {}
    return steps | ({"blocks": n} if has(key, "blocks") else {}) | ({"reflows": n - 1} if has(key, "reflows") else {})


def problem(seed=0, dim=2, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed + 100)

    def sample(n):
        x = torch.randn(n, dim, generator=generator, dtype=dtype)
        return x * 0.4 + torch.where(torch.rand(n, 1, generator=generator) < 0.5, -1.5, 1.0).to(dtype)

    return Problem(dim, sample, seed=seed, dtype=dtype)


def fresh(key, n=1, seed=0, dim=2, dtype=torch.float64, **params):
    return FLOWS.get(key).create(small(key) | parts(key, n) | params, problem(seed, dim, dtype))


def first_term(info):
    """The loss, or what a start by another objective tells."""
    return float(next(iter(info.losses.values())))


@cache
def trained(key, steps=40, n=3, seed=0, dim=2, dtype=torch.float64):
    """One flow for all laws that only look at it."""
    flow = fresh(key, n, seed, dim, dtype)
    run(flow, Budget(steps=steps))
    return flow


def points(n=20, dim=2, dtype=torch.float64):
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(7), dtype=dtype)


def grid(edge, n):
    """Points (n^2, 2) of a square grid and the area of its cells."""
    line = torch.linspace(-edge, edge, n, dtype=torch.float64)
    return torch.cartesian_prod(line, line), float(line[1] - line[0]) ** 2
