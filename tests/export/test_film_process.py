import os
import signal
import sys
import time
from pathlib import Path

import pytest
from film_runs import SPEC, names
from film_runs import a_job as job

from flowviz.core.data import DataChoice, DataJob
from flowviz.core.film import FilmCancelled, FilmDone, FilmFailed, FilmProgress
from flowviz.core.records import RunFile
from flowviz.engine.studio import ProcessStudio
from flowviz.export import suffixes


def until(condition, seconds=60.0):
    """Wait for a condition; fails the test when it does not come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def outcome(film, seconds=60.0):
    """All events of a film, up to its end."""
    events = []

    def ended():
        events.extend(film.drain())
        return bool(events) and not isinstance(events[-1], FilmProgress)

    until(ended, seconds)
    film.close()
    assert film.drain() == []
    return events


def test_a_film_is_made_in_a_process_of_its_own(tmp_path):
    events = outcome(ProcessStudio().start(job(tmp_path / "film.mp4")))
    assert isinstance(events[-1], FilmDone) and events[-1].nbytes == (tmp_path / "film.mp4").stat().st_size
    assert all(isinstance(event, FilmProgress) and event.total == 12 for event in events[:-1])
    assert names(tmp_path) == ["film.mp4"]


def test_a_sequence_is_as_large_as_its_pictures_together(tmp_path):
    last = outcome(ProcessStudio().start(job(tmp_path / "film.frames", seconds=0.2)))[-1]
    files = list((tmp_path / "film.frames").iterdir())
    assert isinstance(last, FilmDone) and len(files) == 2
    assert last.nbytes == sum(len(file.read_bytes()) for file in files)


def test_it_writes_what_is_registered():
    assert ProcessStudio().suffixes() == suffixes()


def test_a_bad_path_fails_at_once_with_a_sentence(tmp_path):
    film = ProcessStudio().start(job(tmp_path / "film.xyz"))
    (event,) = film.drain()
    assert isinstance(event, FilmFailed) and "film.xyz" in event.message and event.hint


def test_what_goes_wrong_inside_comes_back_as_a_sentence(tmp_path):
    events = outcome(ProcessStudio().start(job(tmp_path / "film.mp4", layers=("confetti",))))
    assert isinstance(events[-1], FilmFailed) and "confetti" in events[-1].message
    assert names(tmp_path) == []


def test_of_data_it_speaks_as_of_a_file_and_not_of_a_film(tmp_path):
    broken = DataJob(RunFile(SPEC, ("no frame",)), "samples", DataChoice(n=4), str(tmp_path / "a.npz"))
    last = outcome(ProcessStudio().start(broken))[-1]
    assert isinstance(last, FilmFailed) and "The file could not be made" in last.message and "log" in last.hint
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["film.mp4", "film.gif"])
def test_cancelling_ends_the_process_and_leaves_nothing(tmp_path, name):
    film = ProcessStudio().start(job(tmp_path / name, seconds=600.0))
    seen = []
    until(lambda: seen.extend(film.drain()) or seen)
    assert isinstance(seen[0], FilmProgress)
    until(lambda: names(tmp_path))
    film.cancel()
    assert isinstance(outcome(film, 10.0)[-1], FilmCancelled)
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_killed_process_ends_in_a_sentence_and_leaves_nothing(tmp_path):
    film = ProcessStudio().start(job(tmp_path / "film.mp4", seconds=600.0))
    seen = []
    until(lambda: seen.extend(film.drain()) or seen)
    os.kill(film.pid, signal.SIGKILL)
    last = outcome(film)[-1]
    assert isinstance(last, FilmFailed) and "ended unexpectedly" in last.message and last.hint
    assert names(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_parent_that_dies_takes_its_film_along(tmp_path):
    import subprocess

    code = (
        "import os, sys, time\n"
        "sys.path[:0] = sys.argv[1].split(os.pathsep)\n"
        "if __name__ == '__main__':\n"
        "    from flowviz.engine.studio import ProcessStudio\n"
        "    from film_runs import a_job as job\n"
        "    film = ProcessStudio().start(job(sys.argv[2], seconds=600.0))\n"
        "    while not film.drain(): time.sleep(0.02)\n"
        "    print(film.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(code)
    (tmp_path / "films").mkdir()
    here = Path(__file__).parent
    roots = os.pathsep.join([str(here), str(here.parent.parent)])
    command = [sys.executable, str(script), roots, str(tmp_path / "films" / "film.mp4")]
    parent = subprocess.run(command, capture_output=True, text=True, check=False)
    pid = int(parent.stdout)

    def gone():
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            return True

    until(gone, 15.0)
    until(lambda: names(tmp_path / "films") == [], 5.0)
