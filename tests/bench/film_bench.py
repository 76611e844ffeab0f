"""What a film costs: ten seconds of 1280x720 at 30 pictures a second, 2000 particles with trails, over its length."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from flowviz.core.film import FilmSpec
from flowviz.core.spec import FlowSpec, RunSpec, TargetSpec
from flowviz.engine.film import Filmed, render_film
from tests.bench._measure import Measurement
from tests.bench.painter_bench import swirl

SECONDS = 10.0


def measure() -> list[Measurement]:
    """Wall time, and processor time of painter and encoder, which work side by side, over the film's length."""
    run = Filmed(RunSpec(TargetSpec("pinwheel"), FlowSpec("cnf")), (swirl(2000),))
    film = FilmSpec(width=1280, height=720, fps=30, seconds=SECONDS, layers=("particles", "trails"))
    with tempfile.TemporaryDirectory() as folder:
        start, before = time.perf_counter(), os.times()
        path = render_film(run, film, Path(folder) / "film.mp4")
        wall, after = time.perf_counter() - start, os.times()
        megabytes = path.stat().st_size / 1e6
    painting = after.user + after.system - before.user - before.system
    encoding = after.children_user + after.children_system - before.children_user - before.children_system
    return [
        Measurement("film: time over its length", wall / SECONDS, "", 1.0, "lower"),
        Measurement("film: painter's CPU over its length", painting / SECONDS, ""),
        Measurement("film: encoder's CPU over its length", encoding / SECONDS, ""),
        Measurement("film: size of the MP4", megabytes, "MB"),
    ]
