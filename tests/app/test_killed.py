"""A real window is killed with -9; nothing that was written down is lost, and the next window offers it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyvirtualdisplay import Display

from flowviz.engine.session_file import SessionFiles
from flowviz.gui.control import autosave

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def child(module: str, *words: object, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that prints when it is ready; gone when the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", module, *map(str, words)],
        cwd=ROOT, env=os.environ | (environment or {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str]) -> dict[str, object]:
    """Its first line."""
    assert process.stdout is not None and process.stderr is not None
    line = process.stdout.readline()
    assert line, process.stderr.read()
    result: dict[str, object] = json.loads(line)
    return result


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], dict[str, object]]:
    """What the killed window had, and what the next one brought back."""
    folder = tmp_path_factory.mktemp("autosave")
    with Display(visible=False, size=(1400, 900)) as display:
        environment = {"DISPLAY": display.new_display_var, "QT_QPA_PLATFORM": "xcb", "HOME": str(folder)}
        with child("tests.app._killed", "train", folder, environment=environment) as first:
            had = told(first)
            os.kill(first.pid, signal.SIGKILL)
            first.wait(20)
        with child("tests.app._killed", "rescue", folder, environment=environment) as second:
            brought = told(second)
            second.wait(30)
    return had, brought


def test_the_next_window_offers_what_the_killed_one_had_and_brings_it_back(
    lives: tuple[dict[str, object], dict[str, object]],
) -> None:
    had, brought = lives
    assert "ended without saving" in str(brought["words"])
    assert (brought["name"], brought["target"]) == ("a bar", "drawing")
    assert brought["step"] == had["step"] == 60
    assert brought["ink"] == had["ink"] and float(str(had["ink"])) > 0
    assert brought["dirty"] is True, "it is in no file that has a name"
    assert brought["torch"] is False


def test_a_file_that_is_being_written_when_the_process_is_killed_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path, randomly = tmp_path / "a.flowviz", random.Random(4)
    seen = []
    for _ in range(4):
        with child("tests.app._writer", path) as process:
            told(process)
            time.sleep(randomly.uniform(0.0, 0.3))  # any moment will do
            os.kill(process.pid, signal.SIGKILL)
        session = SessionFiles().open(str(path))
        seen.append(session.draft.seed)
        assert len(session.runs[0].record.frames) == 12  # type: ignore[union-attr]
    assert all(seed >= 1 for seed in seen)


def test_no_more_than_half_a_minute_can_be_lost() -> None:
    assert autosave._LONGEST_REST_MS + autosave._LOOK_MS + autosave._LONGEST_REST_MS / autosave._SHARE <= 30_000
