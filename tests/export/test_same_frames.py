"""The window's film and the command's film are the same, picture for picture, on a machine without a screen."""

import json
import os
import subprocess
import sys
import time

import numpy as np
from film_runs import SPEC, a_run
from PIL import Image

from flowviz.core.camera import Camera
from flowviz.core.film import FilmDone, FilmJob, FilmProgress, FilmSpec, KeyFrame, curves_of
from flowviz.core.film_json import film_to_json
from flowviz.core.records import RunFile
from flowviz.engine.run_file import open_run, save_run
from flowviz.engine.studio import ProcessStudio

STEPS = np.arange(0, 401, 100)
RECORD = RunFile(
    SPEC, a_run().frames, STEPS, {"loss": 4.0 - STEPS / 200}, {"nll": np.stack([STEPS, 5.0 - STEPS / 100], axis=1)}
)


def pictures(folder):
    return [np.asarray(Image.open(path)) for path in sorted(folder.iterdir())]


def test_the_same_choices_give_the_same_frames_from_the_window_and_from_the_command(tmp_path):
    keys = (
        KeyFrame(0, 0.1, ("particles",), (-3.0, 3.0, -2.0, 2.0)),
        KeyFrame(400, 1.0, ("particles", "trails"), (-5.0, 5.0, -3.0, 3.0), Camera(), "journey"),
    )
    film = FilmSpec(
        clock="keys", repeat="ping-pong", width=320, height=180, frames=5, keys=keys, layers=("particles",),
        theme="light", background="transparent", parts=("title", "clock", "legend", "curves"),
    )  # fmt: skip
    save_run(tmp_path / "run.flowviz", RECORD)
    kept = open_run(tmp_path / "run.flowviz")
    handle = ProcessStudio().start(FilmJob(kept.spec, kept.frames, film, str(tmp_path / "a.frames"), curves_of(kept)))
    words = ["render", str(tmp_path / "run.flowviz"), "--out", str(tmp_path / "b.frames")]
    screenless = {name: value for name, value in os.environ.items() if "DISPLAY" not in name and "QT_" not in name}
    command = [sys.executable, "-m", "flowviz", *words, "--film", json.dumps(film_to_json(film))]
    subprocess.run(command, check=True, env=screenless, capture_output=True)
    events, end = [], time.monotonic() + 60
    while not events or isinstance(events[-1], FilmProgress):
        assert time.monotonic() < end
        events += handle.drain()
        time.sleep(0.01)
    handle.close()
    assert isinstance(events[-1], FilmDone), events[-1]
    first, second = pictures(tmp_path / "a.frames"), pictures(tmp_path / "b.frames")
    assert len(first) == len(second) == 5 and all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert first[0].shape == (180, 320, 4) and np.array_equal(first[0], first[4])
    assert not np.array_equal(first[0], first[2])
