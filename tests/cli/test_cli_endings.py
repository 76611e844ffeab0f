"""How commands end when something outside of them, or in a run file, goes wrong."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flowviz.cli import run_cli
from flowviz.engine.interrupts import Interrupted, stops
from flowviz.engine.points_file import write_array
from flowviz.engine.run_file import open_run

ROOT = Path(__file__).parents[2]
SMALL = ["--param", "width=8", "--param", "batch_size=64"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run file."""
    path = tmp_path_factory.mktemp("endings") / "run.flowviz"
    assert run_cli(["train", "--target", "gaussian", "--flow", "cnf", "--steps", "2", *SMALL, "--out", str(path)]) == 0
    return path


def _command(*words, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "flowviz", *map(str, words)]
    return subprocess.Popen(command, env=environment, text=True, stderr=subprocess.PIPE, **options)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_request_to_end_keeps_the_training_so_far(tmp_path):
    words = ["train", "--target", "gaussian", "--flow", "cnf", "--seconds", "600", *SMALL]
    with _command(*words, "--out", tmp_path / "a.flowviz") as process:
        assert [process.stderr.readline(), process.stderr.readline()][1]
        process.send_signal(signal.SIGTERM)
        progress = process.communicate()[1]
    assert process.returncode == 143 and "Stopped at step" in progress and "Traceback" not in progress
    assert open_run(tmp_path / "a.flowviz").last.step >= 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_request_to_end_leaves_nothing_of_a_film(run, tmp_path):
    with _command("render", run, "--out", tmp_path / "a.mp4", "--seconds", "600", "--size", "64x64") as process:
        assert process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        progress = process.communicate()[1]
    assert process.returncode == 143 and "no film was written" in progress
    assert not list(tmp_path.iterdir())


def test_the_second_signal_ends_at_once():
    calls = []
    with pytest.raises(Interrupted), stops(lambda: calls.append(1)) as told:
        signal.raise_signal(signal.SIGTERM)
        assert calls == [1] and told.status == 143
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_result_that_cannot_be_printed_is_told_in_one_sentence():
    with Path("/dev/full").open("w") as full, _command("list", stdout=full) as process:
        complaint = process.communicate()[1]
    assert process.returncode == 1 and "No space left" in complaint and complaint.count("\n") == 1


def _changed(run, path, change):
    with zipfile.ZipFile(run) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "run.json":
                document = json.loads(data)
                change(document)
                data = json.dumps(document).encode()
            new.writestr(name, data)
    return str(path)


@pytest.mark.parametrize("part", ["target", "flow"])
@pytest.mark.parametrize(
    "words", [["sample", "--out", "a.npy"], ["train", "--resume", "--steps", "1", "--out", "b.flowviz"]]
)
def test_what_is_wrong_inside_a_run_is_the_files_fault(run, tmp_path, capsys, monkeypatch, part, words):
    monkeypatch.chdir(tmp_path)
    bad = _changed(run, tmp_path / "bad.flowviz", lambda document: document["spec"][part].update(key="nothing"))
    at = 2 if "--resume" in words else 1
    assert run_cli([*words[:at], bad, *words[at:]]) == 1
    complaint = capsys.readouterr().err
    assert complaint.startswith("flowviz: The file bad.flowviz:") and complaint.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["bad.flowviz"]


def test_samples_that_are_not_finite_are_not_written(run, tmp_path, capsys):
    from safetensors.numpy import load, save

    with zipfile.ZipFile(run) as old, zipfile.ZipFile(tmp_path / "a.flowviz", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "weights.safetensors":
                data = save({key: array * np.float32("nan") if array.dtype.kind == "f" else array
                             for key, array in load(data).items()})  # fmt: skip
            new.writestr(name, data)
    assert run_cli(["sample", str(tmp_path / "a.flowviz"), "--out", str(tmp_path / "s.npy")]) == 1
    assert "to infinity" in capsys.readouterr().err and not (tmp_path / "s.npy").exists()


def test_a_picture_gets_its_parameters_before_it_is_judged(tmp_path):
    Image.new("RGB", (9, 9), "black").save(tmp_path / "a.png")
    words = ["train", "--target", str(tmp_path / "a.png"), "--flow", "cnf", "--steps", "1", *SMALL]
    assert run_cli([*words, "--target-param", "invert=dark is dense", "--out", str(tmp_path / "a.flowviz")]) == 0


def test_points_far_beyond_the_model_have_no_density(run, tmp_path, capsys):
    np.save(tmp_path / "p.npy", [[1e200, 0.0], [0.0, 0.0]])
    assert run_cli(["density", str(run), "--points", str(tmp_path / "p.npy"), "--out", str(tmp_path / "d.npy")]) == 0
    values = np.load(tmp_path / "d.npy")
    assert values[0] == -np.inf and np.isfinite(values[1]) and not capsys.readouterr().err


def test_the_pictures_that_were_made_are_counted(run, tmp_path, capsys):
    words = [
        "render",
        str(run),
        "--out",
        str(tmp_path / "a.gif"),
        "--size",
        "64x64",
        "--fps",
        "120",
        "--seconds",
        "0.1",
    ]
    assert run_cli(words) == 0
    result = capsys.readouterr().out
    with Image.open(tmp_path / "a.gif") as film:
        assert f"{film.n_frames} frames at 50 a second" in result


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_the_window_is_refused_with_a_sentence(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with _command() as process:
        complaint = process.communicate()[1]
    assert process.returncode == 1 and "no screen" in complaint and complaint.count("\n") == 1


def test_text_files_keep_small_differences_between_large_numbers(tmp_path):
    points = 1e6 + np.random.default_rng(0).standard_normal((20, 2)) * 1e-3
    write_array(tmp_path / "a.csv", points)
    assert np.allclose(np.loadtxt(tmp_path / "a.csv", delimiter=","), points, rtol=0, atol=1e-8)
