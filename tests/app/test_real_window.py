"""The whole path, in a real window on a screen of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pyvirtualdisplay import Display

from tests.export.film_runs import read_mp4

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Draw, run, stop, scrub, export, close: once for all tests here."""
    folder = tmp_path_factory.mktemp("films")
    with Display(visible=False, size=(1400, 900)) as display:
        environment = os.environ | {
            "DISPLAY": display.new_display_var,
            "QT_QPA_PLATFORM": "xcb",
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
        }
        answer = subprocess.run(
            [sys.executable, "-m", "tests.app._journey", str(folder)],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    result: dict[str, object] = json.loads(answer.stdout.splitlines()[-1])
    return result


def test_it_was_a_real_window(journey: dict[str, object]) -> None:
    assert journey["platform"] == "xcb"


def test_particles_flow_into_the_stroke_that_was_drawn(journey: dict[str, object]) -> None:
    assert journey["first_log_density"] < 0.5 < journey["last_log_density"]  # type: ignore[operator]
    assert np.allclose(journey["last_mean"], (0.0, 1.0), atol=0.3)  # type: ignore[arg-type]


def test_dragging_the_training_clock_back_shows_the_first_frame_and_lets_go_of_the_latest(
    journey: dict[str, object],
) -> None:
    assert journey["shown_step"] == 0
    assert journey["follow"] is False


def test_dragging_the_flow_clock_moves_flow_time(journey: dict[str, object]) -> None:
    assert 0.4 < journey["t"] < 0.6  # type: ignore[operator]


def test_there_is_a_picture_on_the_stage(journey: dict[str, object]) -> None:
    assert journey["colours"] > 10  # type: ignore[operator]


def test_the_film_can_be_played_and_its_pictures_differ(journey: dict[str, object]) -> None:
    facts, pictures = read_mp4(journey["film"])
    assert facts["codec"] == "h264"
    assert len(pictures) == round(facts["fps"] * facts["duration"])
    assert np.abs(pictures[0].astype(int) - pictures[-1]).max() > 60


def test_closing_the_window_ends_the_engine(journey: dict[str, object]) -> None:
    assert journey["worker_is_gone"] is True


def test_the_windows_process_never_imported_torch(journey: dict[str, object]) -> None:
    assert journey["torch"] is False
