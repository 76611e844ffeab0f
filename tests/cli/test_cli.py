"""The command line, mostly in this process; as a person would call it where processes and signals matter."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flowviz import __version__
from flowviz.__main__ import main
from flowviz.cli import COMMANDS, run_cli
from flowviz.engine.run_file import open_run

ROOT = Path(__file__).parents[2]
SMALL = ["--param", "width=8", "--param", "batch_size=64"]
SHIFT, SCALE = np.array([100.0, -5.0]), np.array([20.0, 0.5])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with points in units of their own, and a run trained on them."""
    folder = tmp_path_factory.mktemp("cli")
    points = np.random.default_rng(0).standard_normal((400, 2)) * SCALE + SHIFT
    np.save(folder / "data.npy", points)
    np.savetxt(folder / "data.csv", points, delimiter=",", header="x,y", comments="")
    words = ["train", "--target", str(folder / "data.csv"), "--flow", "cnf", "--steps", "150", "--seed", "4"]
    assert run_cli([*words, *SMALL, "--out", str(folder / "run.flowviz")]) == 0
    return folder


def said(capsys):
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_training_says_what_it_did_and_records_the_seed(tmp_path, capsys):
    out = tmp_path / "a.flowviz"
    assert (
        run_cli(
            [
                "train",
                "--target",
                "two_moons",
                "--flow",
                "jko",
                "--steps",
                "3",
                "--seed",
                "9",
                *SMALL,
                "--out",
                str(out),
            ]
        )
        == 0
    )
    result, progress = said(capsys)
    assert "3 steps" in result and "seed 9" in result and "NLL" in result and result.count("\n") == 1
    assert "jko on Two moons" in progress and "\r" not in progress
    assert open_run(out).spec.seed == 9 and open_run(out).spec.flow.params["width"] == 8


def test_training_from_a_start_by_flow_matching_says_what_that_gave_in_the_unit_of_the_data(folder, tmp_path, capsys):
    out = tmp_path / "a.flowviz"
    words = ["train", "--target", str(folder / "data.csv"), "--flow", "cnf", "--steps", "6", *SMALL]
    words += ["--param", "start=flow matching", "--param", "start_steps=5", "--out", str(out)]
    assert run_cli(words) == 0
    result, _ = said(capsys)
    last = open_run(out).last
    told, reached = float(result.split("at NLL ")[1].split(". ")[0]), float(result.split(", NLL ")[1].split(" ")[0])
    assert "Started from a flow-matching fit" in result and "(5 steps)" in result
    assert told - last.start.nll == pytest.approx(reached - last.metrics["nll"], abs=0.01)
    assert reached != pytest.approx(last.metrics["nll"], abs=0.1), "the data have a unit of their own"


def test_the_same_seed_gives_the_same_numbers(tmp_path):
    runs = []
    for name in ("a", "b"):
        out = tmp_path / f"{name}.flowviz"
        run_cli(["train", "--target", "gaussian", "--flow", "cnf", "--steps", "4", *SMALL, "--out", str(out)])
        runs.append(open_run(out))
    assert np.array_equal(runs[0].last.paths, runs[1].last.paths)
    assert np.array_equal(runs[0].losses["loss"], runs[1].losses["loss"])


def test_parameters_of_the_target_are_taken(tmp_path):
    out = tmp_path / "a.flowviz"
    words = ["train", "--target", "gaussian:mean_x=2", "--target-param", "mean_y=-1", "--flow", "cnf", "--steps", "1"]
    assert run_cli([*words, *SMALL, "--out", str(out)]) == 0
    params = open_run(out).spec.target.params
    assert params["mean_x"] == 2 and params["mean_y"] == -1


def test_a_run_is_resumed_where_it_stood(tmp_path, capsys):
    first, second = tmp_path / "a.flowviz", tmp_path / "b.flowviz"
    run_cli(
        ["train", "--target", "gaussian", "--flow", "cnf", "--steps", "3", "--seed", "2", *SMALL, "--out", str(first)]
    )
    words = ["train", "--resume", str(first), "--steps", "2", "--param", "learning_rate=0.001"]
    assert run_cli([*words, "--out", str(second)]) == 0
    run = open_run(second)
    assert run.last.step == 5 and run.spec.seed == 2 and run.spec.flow.params["learning_rate"] == 0.001
    assert np.array_equal(run.loss_steps, [1, 2, 3, 4, 5])
    assert run_cli(["train", "--resume", str(first), "--param", "width=9", "--out", str(second)]) == 2
    assert "cannot change" in said(capsys)[1]


def test_samples_are_in_the_datas_own_units(folder, capsys):
    assert run_cli(["sample", str(folder / "run.flowviz"), "-n", "3000", "--out", str(folder / "s.npy")]) == 0
    points = np.load(folder / "s.npy")
    assert points.shape == (3000, 2) and points.dtype == np.float64
    assert np.allclose(points.mean(0), SHIFT, atol=0.3 * SCALE)
    assert np.allclose(points.std(0), SCALE, rtol=0.3)
    assert "3000 points" in said(capsys)[0]


def test_samples_can_be_text(folder):
    assert run_cli(["sample", str(folder / "run.flowviz"), "-n", "5", "--out", str(folder / "s.csv")]) == 0
    assert np.loadtxt(folder / "s.csv", delimiter=",").shape == (5, 2)


def test_the_density_integrates_to_one_in_the_datas_own_units(folder):
    edges = [np.linspace(m - 6 * s, m + 6 * s, 121) for m, s in zip(SHIFT, SCALE, strict=True)]
    centres = [(edge[1:] + edge[:-1]) / 2 for edge in edges]
    np.save(folder / "grid.npy", np.stack(np.meshgrid(*centres), -1).reshape(-1, 2))
    words = ["density", str(folder / "run.flowviz"), "--points", str(folder / "grid.npy")]
    assert run_cli([*words, "--out", str(folder / "logp.npy")]) == 0
    values = np.load(folder / "logp.npy")
    cell = np.prod([edge[1] - edge[0] for edge in edges])
    assert values.shape == (14400,) and np.exp(values).sum() * cell == pytest.approx(1, abs=0.01)


def test_evaluation_is_one_json_object_in_the_datas_own_units(folder, capsys):
    words = ["evaluate", str(folder / "run.flowviz"), "--data", str(folder / "data.npy"), "--size", "300", "--json"]
    assert run_cli(words) == 0
    report = json.loads(said(capsys)[0])
    assert list(report) == ["nll", "entropy", "w2", "sliced_w2", "mmd"]
    # The data are Gaussian: NLL near log(2 pi e s_x s_y).
    assert report["nll"] == pytest.approx(np.log(2 * np.pi * np.e * SCALE.prod()), abs=0.25)
    assert all(set(report[key]) == {"value", "floor"} for key in ("w2", "sliced_w2", "mmd"))
    assert 1 < report["w2"]["floor"] < 20 and report["w2"]["value"] < 20, "lengths of the data's own unit"


def test_evaluation_for_people_and_of_fresh_draws(folder, capsys):
    assert run_cli(["evaluate", str(folder / "run.flowviz"), "--size", "50"]) == 0
    result, _ = said(capsys)
    assert "nll" in result and "floor" in result


def test_the_entropy_of_a_known_target_is_given(tmp_path, capsys):
    out = tmp_path / "a.flowviz"
    run_cli(["train", "--target", "checkerboard", "--flow", "cnf", "--steps", "1", *SMALL, "--out", str(out)])
    said(capsys)
    assert run_cli(["evaluate", str(out), "--size", "20", "--json"]) == 0
    assert json.loads(said(capsys)[0])["entropy"] == pytest.approx(np.log(32))


def test_the_list_names_everything(capsys):
    assert run_cli(["list", "--json"]) == 0
    table = json.loads(said(capsys)[0])
    assert {"cnf", "jko"} <= {entry["key"] for entry in table["methods"]}
    assert {"two_moons", "points", "image", "text"} <= {entry["key"] for entry in table["targets"]}
    assert {"w2", "sliced_w2", "mmd"} == {entry["key"] for entry in table["metrics"]} and "cpu" in table["devices"]
    assert {"particles", "density"} <= {entry["key"] for entry in table["layers"]}
    assert {"flow", "journey"} <= {entry["key"] for entry in table["modes"]}
    assert {".mp4", ".pdf"} <= {entry["key"] for entry in table["formats"]}
    assert run_cli(["list"]) == 0
    told = said(capsys)[0]
    assert "learning_rate" in told and "Layers\n" in told and "Devices\n  auto, cpu" in told


BAD_USE = [
    [],
    ["fly"],
    ["train", "--out", "a.flowviz"],
    ["train", "--target", "two_moons", "--flow", "cnf"],
    ["train", "--target", "two_moons", "--flow", "cnf", "--out", "a.mp4"],
    ["train", "--target", "nothing", "--flow", "cnf", "--out", "a.flowviz"],
    ["train", "--target", "two_moons", "--flow", "nothing", "--out", "a.flowviz"],
    ["train", "--target", "two_moons", "--flow", "cnf", "--param", "width=-1", "--out", "a.flowviz"],
    ["train", "--target", "two_moons", "--flow", "cnf", "--param", "width", "--out", "a.flowviz"],
    ["train", "--target", "two_moons", "--flow", "cnf", "--param", "wid=3", "--out", "a.flowviz"],
    ["train", "--target", "two_moons", "--target-param", "x=3", "--flow", "cnf", "--out", "a.flowviz"],
    ["train", "--target", "two_moons", "--flow", "cnf", "--steps", "0", "--out", "a.flowviz"],
    ["train", "--target", "two_moons", "--flow", "cnf", "--seconds", "nan", "--out", "a.flowviz"],
    ["train", "--target", "two_moons", "--resume", "a.flowviz", "--out", "a.flowviz"],
    ["sample", "a.flowviz", "-n", "-3", "--out", "a.npy"],
    ["sample", "a.flowviz", "-n", "1000000000", "--out", "a.npy"],
    ["export", "a.flowviz", "samples", "-n", "1000000000", "--out", "a.csv"],
    ["sample", "a.flowviz", "--solver", "magic", "--out", "a.npy"],
    ["render", "a.flowviz", "--size", "big", "--out", "a.gif"],
    ["render", "a.flowviz", "--out", "film.avi"],
    ["sample", "a.flowviz", "--out", "a.docx"],
    ["train", "--target", "two_moons", "--flow", "cnf", "--device", "toaster", "--out", "a.flowviz"],
    ["evaluate", "a.flowviz", "--size", "100000"],
]


@pytest.mark.parametrize("words", BAD_USE, ids=" ".join)
def test_bad_use_is_told_in_one_sentence(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_cli(words) == 2
    result, complaint = said(capsys)
    assert not result and complaint.startswith("flowviz") and complaint.count("\n") == 1
    assert "Traceback" not in complaint and not list(tmp_path.iterdir())


def _points(path, array):
    np.save(path, array, allow_pickle=True)


@pytest.mark.parametrize(
    ("array", "words"),
    [(np.zeros(3), "shape (3,)"), (np.zeros((3, 3)), "shape (3, 3)"), (np.zeros((0, 2)), "no points"),
     (np.array([[0, 1], [np.nan, 2]]), "first is row 2"), (np.array([{}], dtype=object), "Python objects"),
     (np.array([["a", "b"]]), "where numbers belong")],
)  # fmt: skip
def test_points_that_are_none_are_refused(folder, tmp_path, capsys, array, words):
    _points(tmp_path / "p.npy", array)
    asked = [
        "density",
        str(folder / "run.flowviz"),
        "--points",
        str(tmp_path / "p.npy"),
        "--out",
        str(tmp_path / "o.npy"),
    ]
    assert run_cli(asked) == 1
    complaint = said(capsys)[1]
    assert words in complaint and "p.npy" in complaint and complaint.count("\n") == 1
    assert not (tmp_path / "o.npy").exists()


@pytest.mark.parametrize(
    "words",
    [["sample", "none.flowviz", "--out", "a.npy"], ["sample", "data.npy", "--out", "a.npy"],
     ["sample", "run.flowviz", "--out", "nowhere/a.npy"],
     ["evaluate", "run.flowviz", "--data", "none.csv"],
     ["train", "--target", "none.png", "--flow", "cnf", "--out", "a.flowviz"],
     ["train", "--target", "two_moons", "--flow", "cnf", "--out", "nowhere/a.flowviz"]],
    ids=" ".join,
)  # fmt: skip
def test_failures_are_told_in_one_sentence(folder, words, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    before = sorted(folder.iterdir())
    assert run_cli(words) == 1
    result, complaint = said(capsys)
    assert not result and complaint.startswith("flowviz: ") and complaint.count("\n") == 1
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_version_and_help_are_said_without_loading_what_the_commands_need(word):
    code = f"import sys; from flowviz.__main__ import main; sys.argv = ['flowviz', {word!r}]; s = main()"
    words = [sys.executable, "-c", f"{code}; sys.exit(s or 'numpy' in sys.modules)"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(words, check=True, capture_output=True, text=True, env=environment)
    if word == "--version":
        assert run.stdout == f"flowviz {__version__}\n"
    else:
        assert all(f"\n    {command} " in run.stdout for command in (*COMMANDS, "selftest"))


def test_a_start_that_is_no_time_is_refused_in_a_sentence(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["flowviz", "--started", "x"])
    assert main() == 2
    assert said(capsys)[1] == "flowviz: --started is a time in seconds since 1970, not 'x'.\n"


@pytest.mark.parametrize("value", ["-60,22", "-x", "-5x5"])
def test_values_that_begin_with_a_minus_are_values(value, capsys):
    """argparse by itself takes them for options and says "expected one argument"."""
    option = "--size" if value == "-5x5" else "--camera"
    assert run_cli(["render", "missing.flowviz", "--out", "a.png", option, value]) in (1, 2)
    words = said(capsys)[1]
    assert ("'-5x5' is not a size" if option == "--size" else "There is no file missing.flowviz") in words


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    assert run_cli([command, "--help"]) == 0
    assert f"usage: flowviz {command}" in said(capsys)[0]


def _command(*words, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-m", "flowviz", *words], env=environment, text=True, **options)


def test_a_film_is_rendered(folder):
    film = folder / "film.gif"
    words = ["--size", "128x96", "--fps", "5", "--seconds", "0.6", "--clock", "training"]
    with _command("render", str(folder / "run.flowviz"), "--out", str(film), *words, stdout=subprocess.PIPE,
                  stderr=subprocess.PIPE) as process:  # fmt: skip
        result, progress = process.communicate()
    assert process.returncode == 0 and "3 frames" in result and "frame" in progress
    assert film.read_bytes()[:4] == b"GIF8"


def test_runs_are_rendered_side_by_side(folder, tmp_path, capsys):
    run, pictures = str(folder / "run.flowviz"), []
    for name, beside in (("alone", []), ("beside", ["--beside", run])):
        out = tmp_path / f"{name}.png"
        assert run_cli(["render", run, "--out", str(out), "--mode", "compare", "--size", "192x128", *beside]) == 0
        pictures.append(out.read_bytes())
    assert pictures[0] != pictures[1]
    assert run_cli(["render", run, "--out", str(out), *["--beside", run] * 4]) == 2
    assert "3 can" in said(capsys)[1]


def test_ctrl_c_stops_cleanly_and_keeps_what_was_reached(tmp_path):
    out = tmp_path / "a.flowviz"
    words = ["train", "--target", "gaussian", "--flow", "cnf", "--seconds", "600", *SMALL, "--out", str(out)]
    with _command(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        lines = [process.stderr.readline(), process.stderr.readline()]
        assert "step" in lines[1]
        process.send_signal(signal.SIGINT)
        result, progress = process.communicate()
    assert process.returncode == 130 and not result
    assert "Stopped at step" in progress and "a.flowviz" in progress and "Traceback" not in progress
    assert open_run(out).last.step >= 1


def test_the_command_line_is_there_quickly():
    code = "import sys, flowviz.cli; sys.exit('torch' in sys.modules or 'PySide6' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_a_run_may_begin_from_any_distribution_that_its_method_can_use(tmp_path, capsys):
    out = tmp_path / "a.flowviz"
    words = ["train", "--target", "eight_gaussians", "--steps", "2", *SMALL, "--out", str(out)]
    assert run_cli([*words, "--flow", "cnf", "--source", "two_moons", "--source-param", "noise=0.2"]) == 0
    assert open_run(out).spec.source.params["noise"] == 0.2
    assert run_cli([*words, "--flow", "jko", "--source", "two_moons"]) == 2
    assert "N(0, I) only, not with Two moons" in said(capsys)[1]
    assert run_cli([*words, "--flow", "cnf", "--source-param", "noise=0.2"]) == 2
    assert "no source" in said(capsys)[1]
