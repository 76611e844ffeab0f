"""Where to compute: which devices there are, what "auto" means, and what they are called."""

from __future__ import annotations

import contextlib
import os
import platform
from functools import cache

import torch

from flowviz.core.errors import UserError


def available() -> tuple[str, ...]:
    """Names that a run may ask for, "auto" first."""
    cuda = tuple(f"cuda:{i}" if i else "cuda" for i in range(torch.cuda.device_count())) if _cuda_works() else ()
    return ("auto", *cuda, *(("mps",) if _mps_works() else ()), "cpu")


def resolve(name: str) -> torch.device:
    """The device that a name stands for; "auto" is CUDA, else MPS where it works, else the CPU.

    Raises:
        UserError: there is no such device on this machine.
    """
    names = available()
    if name == "auto":
        return torch.device(names[1])
    if name not in names and name != "cuda:0":
        raise UserError(f"This machine has no device called {name!r}.", f"Use one of {', '.join(names)}.")
    if name == "cuda:0" and "cuda" not in names:
        raise UserError("This machine has no CUDA device that works.", f"Use one of {', '.join(names)}.")
    return torch.device(name)


def describe(device: torch.device) -> str:
    """The device in words, with the number of threads on a CPU."""
    if device.type == "cuda":
        return f"CUDA: {torch.cuda.get_device_name(device)}"
    if device.type == "mps":
        return f"Apple MPS ({platform.machine()})"
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_stream(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Where questions about a run are computed beside its training: a CUDA stream of its own, else nothing special.

    What is computed there must be taken to the processor there, which waits for it and for nothing else.
    """
    if device.type != "cuda":
        return contextlib.nullcontext()
    return torch.cuda.stream(torch.cuda.Stream(device))


@cache
def _cuda_works() -> bool:
    if not torch.cuda.is_available():
        return False
    return _tiny_step_works("cuda")


@cache
def _mps_works() -> bool:
    if not torch.backends.mps.is_available():
        return False
    return _tiny_step_works("mps")


def _tiny_step_works(name: str) -> bool:
    """Whether a device can do what flows need: a network, its divergence, and the gradient of that."""
    try:
        network = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)).to(name)
        x = torch.zeros(4, 3, device=name, requires_grad=True)
        (gradient,) = torch.autograd.grad(network(x)[:, 0].sum(), x, create_graph=True)
        gradient.square().sum().backward()
        return bool(torch.isfinite(next(network.parameters()).grad.sum()).item())  # type: ignore[union-attr]
    except (RuntimeError, NotImplementedError, AssertionError, TypeError):
        return False
