"""What a picture costs: times of the painter as multiples of a plain copy of its buffer.

Milliseconds depend on the machine; the ratio to np.copyto of the same 900x800 picture hardly does.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from flowviz.core.frames import Frame
from flowviz.core.spec import Array
from flowviz.scene._layer import Moment
from flowviz.scene.options import StageOptions
from flowviz.scene.painter import paint
from flowviz.scene.resolve import resolve
from flowviz.scene.tokens import DARK
from tests.bench._measure import Measurement

WIDTH, HEIGHT = 900, 800
EXTENT = (-4.5, 4.5, -4.0, 4.0)


def best(run: Callable[[], object], repeats: int = 40) -> float:
    """Milliseconds of an undisturbed call: the 20 % quantile of many."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.quantile(times, 0.2)) * 1e3


def swirl(n: int) -> Frame:
    """Noise that turns into a ring."""
    start = np.random.default_rng(0).normal(size=(n, 2))
    angle, radius = np.arctan2(start[:, 1], start[:, 0]), np.hypot(start[:, 0], start[:, 1])
    times = np.linspace(0, 1, 33)
    turn = angle + 1.5 * times[:, None]
    grown = radius * (1 - times[:, None]) + (2.8 + 0.1 * radius) * times[:, None]
    paths = np.stack([grown * np.cos(turn), grown * np.sin(turn)], axis=-1)
    return Frame(1000, 10.0, "", times, paths.astype(np.float32))


def measure() -> list[Measurement]:
    """Painting times in copies of the picture, and the default one in milliseconds."""
    out = np.empty((HEIGHT, WIDTH, 4), np.uint8)
    copy = best(lambda: np.copyto(out, out[::-1]), 200)
    results = [Measurement("painter: reference, np.copyto of 900x800 BGRA", copy, "ms")]
    cases: list[tuple[str, int, tuple[str, ...], float | None]] = [
        ("2 000 particles", 2000, ("particles",), None),
        ("2 000 particles, 250 trails (default)", 2000, ("particles", "trails"), 45.0),
        ("the same over density", 2000, ("particles", "trails", "density"), None),
        ("10 000 particles", 10_000, ("particles",), 50.0),
    ]
    for words, n, layers, bound in cases:
        options = StageOptions(frozenset(layers), particles=n)
        moment = Moment(swirl(n), 0.6, options, np.zeros((0, 2)), EXTENT)
        painting = best(lambda moment=moment: _picture(moment, out))  # type: ignore[misc]
        results.append(Measurement(f"painter: {words}", painting / copy, "copies", bound))
        if "default" in words:
            results.append(Measurement(f"painter: {words}", painting, "ms"))
    return results


def _picture(moment: Moment, out: Array) -> None:
    paint(resolve(moment, {}).marks, EXTENT, WIDTH, HEIGHT, DARK, out=out)
