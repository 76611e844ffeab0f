"""A long history in little memory: every frame that is kept shows what was seen live, computed again from its weights.

    python -m tests.bench.long.thinning [--minutes 5] [--budget 64]

Trains a CNF and takes a frame after every step, so that the frames' budget (MB) is passed many times over. What was
seen live is written to disk, every frame of it. In the end each kept frame is asked for again, as the window asks for
it, and held against that; and the gaps between kept frames are measured, as any step is shown by the frame nearest to
it. Prints the verdicts. Not part of `make bench`. Exit status 1 when one falls short.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil

from flowviz.core.events import FrameReady
from flowviz.core.frames import Frame
from flowviz.core.queries import TransportQuery
from flowviz.core.spec import Array, Budget, FlowSpec, Recording, RunSpec, TargetSpec
from flowviz.core.timeline import Timeline
from flowviz.engine.derive import Deriver
from flowviz.engine.run import run

MB = 2**20
PARTICLES, TIMES = 1000, 17
APART = 1e-4
"""Largest distance that a particle computed again may have from where it was seen: the two sum in another order."""
SEEN_AGAIN = 200
"""Kept frames that are asked for again, evenly over the run."""
BESIDE_MB = 96.0
"""What the process may grow by beyond its frames."""


def history(spec: RunSpec) -> Iterator[Frame]:
    """The frames of a run as they come."""
    for event in run(spec):
        if isinstance(event, FrameReady):
            yield event.frame


def kept_and_seen(spec: RunSpec, timeline: Timeline, folder: Path) -> tuple[dict[int, int], list[float]]:
    """Train; the place of every seen frame in the file `seen`, and the frames' megabytes after each."""
    places: dict[int, int] = {}
    sizes: list[float] = []
    with (folder / "seen").open("wb") as file:
        for frame in history(spec):
            timeline.append(frame)
            sizes.append(timeline.nbytes / MB)
            if frame.step not in places:
                places[frame.step] = file.tell()
                file.write(frame.paths.tobytes())
    return places, sizes


def again(spec: RunSpec, frame: Frame, deriver: Deriver) -> Array:
    """The particles of a frame computed from its weights, as the window asks for them: paths (T, n, 2)."""
    times = tuple(float(t) for t in frame.times)
    query = TransportQuery("noise", times, spec.recording.particles, spec.seed)
    return deriver.answer(spec, frame.weights, query)["paths"]


def farthest(spec: RunSpec, timeline: Timeline, places: dict[int, int], folder: Path) -> float:
    """The largest distance of any particle at any time, over SEEN_AGAIN of the kept frames."""
    deriver, seen = Deriver(), np.memmap(folder / "seen", np.uint8, "r")
    frames = timeline.frames
    worst = 0.0
    for index in np.unique(np.linspace(0, len(frames) - 1, SEEN_AGAIN).astype(int)):
        frame = frames[index]
        place, shape = places[frame.step], (TIMES, PARTICLES, 2)
        live = seen[place : place + 4 * int(np.prod(shape))].view(np.float32).reshape(shape)
        worst = max(worst, float(np.abs(again(spec, frame, deriver) - live).max()))
    return worst


def main() -> int:
    """Train, look again, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long to train")
    parser.add_argument("--budget", type=float, default=64.0, help="megabytes of frames")
    arguments = parser.parse_args()
    recording = Recording(particles=PARTICLES, n_times=TIMES, min_gap_s=0.0, duty=1.0)
    spec = RunSpec(
        TargetSpec("pinwheel"), FlowSpec("cnf"), Budget(seconds=60 * arguments.minutes), device="cpu",
        recording=recording, metrics=(),
    )  # fmt: skip
    timeline = Timeline(round(arguments.budget * MB))
    process, begin = psutil.Process(), time.perf_counter()
    list(history(RunSpec(spec.target, spec.flow, Budget(steps=20), device="cpu", recording=recording, metrics=())))
    gc.collect()
    before = process.memory_info().rss / MB
    with tempfile.TemporaryDirectory() as folder:
        places, sizes = kept_and_seen(spec, timeline, Path(folder))
        gc.collect()
        grown = process.memory_info().rss / MB - before
        seen_mb = (Path(folder) / "seen").stat().st_size / MB
        worst = farthest(spec, timeline, places, Path(folder))
    steps = np.array(timeline.steps)
    gap = float(np.diff(steps).max() / steps[-1])
    print(f"{len(places)} frames seen ({seen_mb:.0f} MB) in {time.perf_counter() - begin:.0f} s, {len(steps)} kept")
    ratio, limit = seen_mb / arguments.budget, arguments.budget + BESIDE_MB
    verdicts = [
        ("most megabytes of frames at any time", max(sizes), "<=", arguments.budget),
        ("growth of the process, MB", grown, "<=", limit),
        ("frames seen over what the budget holds whole", ratio, ">=", 3.0),
        ("largest gap between kept frames, share of the run", gap, "<=", 0.02),
        ("farthest a particle is from where it was seen", worst, "<=", APART),
    ]
    holding = [value <= bound if sign == "<=" else value >= bound for _, value, sign, bound in verdicts]
    for (name, value, sign, bound), holds in zip(verdicts, holding, strict=True):
        print(f"{name:<54}{value:>12.5g}  {sign} {bound:<8g}{'holds' if holds else 'FALLS SHORT'}")
    return 0 if all(holding) else 1


if __name__ == "__main__":
    sys.exit(main())
