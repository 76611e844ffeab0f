"""A run made by hand, and small films of it, for the tests of this room."""

import gc
import warnings

import imageio_ffmpeg
import numpy as np

from flowviz.core.film import FilmJob, FilmSpec
from flowviz.core.frames import Frame
from flowviz.core.spec import FlowSpec, RunSpec, TargetSpec
from flowviz.engine.film import Filmed

SPEC = RunSpec(TargetSpec("eight_gaussians", name="Eight Gaussians"), FlowSpec("cnf"))


def a_run(n_frames=5):
    """Frames of a flow that moves noise to the right, the further the longer it has trained."""
    noise = np.random.default_rng(0).normal(size=(200, 2)) * 0.5 - [2.0, 0.0]
    times = np.linspace(0, 1, 9)
    frames = []
    for index in range(n_frames):
        move = times[:, None, None] * np.array([4.0 * index / max(1, n_frames - 1), 0.0])
        frames.append(Frame(100 * index, float(index), "", times, (noise + move).astype(np.float32)))
    return Filmed(SPEC, tuple(frames))


def small(**options):
    return FilmSpec(**{"width": 192, "height": 128, "fps": 10, "seconds": 1.2, **options})


def a_job(path, **options):
    return FilmJob(SPEC, a_run().frames, small(**options), str(path))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def read_mp4(path):
    """Head and pictures; imageio_ffmpeg leaves its pipes to the garbage collector, which warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        reader = imageio_ffmpeg.read_frames(str(path))
        head = next(reader)
        width, height = head["size"]
        pictures = [np.frombuffer(data, np.uint8).reshape(height, width, 3).copy() for data in reader]
        del reader
        gc.collect()
    return head, pictures
