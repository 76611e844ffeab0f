"""The command line in three dimensions: every command takes targets in space."""

import json

import numpy as np
import pytest

from flowviz.cli import run_cli
from flowviz.engine.run_file import open_run
from flowviz.targets import build
from tests.targets.shape_files import CUBE, CUBE_FACES, ply

SMALL = ["--param", "width=8", "--param", "batch_size=64"]


def train(folder, target, *words, steps=3, flow="cnf"):
    out = folder / "run.flowviz"
    assert run_cli(["train", "--target", str(target), "--flow", flow, "--steps", str(steps), *SMALL, *words,
                    "--out", str(out)]) == 0  # fmt: skip
    return out


def test_every_command_takes_a_run_in_space(tmp_path, capsys):
    run, points, logs = train(tmp_path, "torus:noise=0.3"), tmp_path / "p.csv", tmp_path / "l.npy"
    assert run_cli(["train", "--resume", str(run), "--steps", "2", "--out", str(run)]) == 0
    assert run_cli(["sample", str(run), "-n", "60", "--out", str(points)]) == 0
    assert np.loadtxt(points, delimiter=",").shape == (60, 3)
    assert run_cli(["density", str(run), "--points", str(points), "--out", str(logs)]) == 0
    assert np.isfinite(np.load(logs)).all() and np.load(logs).shape == (60,)
    capsys.readouterr()
    assert run_cli(["evaluate", str(run), "--data", str(points), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["entropy"] == pytest.approx(build(open_run(run).spec.target).entropy())
    assert report["w2"]["floor"] > 0
    film = [
        "render",
        str(run),
        "--out",
        str(tmp_path / "a.gif"),
        "--size",
        "160x120",
        "--seconds",
        "0.2",
        "--fps",
        "10",
    ]
    assert run_cli(film) == 0
    assert (tmp_path / "a.gif").read_bytes()[:3] == b"GIF"


def test_points_of_the_plane_are_refused_by_a_run_in_space(tmp_path, capsys):
    run, points = train(tmp_path, "trefoil"), tmp_path / "p.csv"
    points.write_text("1,2\n3,4\n")
    assert run_cli(["density", str(run), "--points", str(points), "--out", str(tmp_path / "l.npy")]) != 0
    assert "p.csv has 2 columns. Give a file with 3 columns" in capsys.readouterr().err
    (tmp_path / "p.ply").write_bytes(ply(CUBE))
    assert run_cli(["density", str(run), "--points", str(tmp_path / "p.ply"), "--out", str(tmp_path / "l.xyz")]) == 0
    assert np.loadtxt(tmp_path / "l.xyz").shape == (8,)


def test_a_mesh_is_filled_when_asked_and_its_draws_come_back_in_its_own_units(tmp_path, capsys):
    (tmp_path / "cube.ply").write_bytes(ply(100 * CUBE, CUBE_FACES))
    run = train(tmp_path, tmp_path / "cube.ply", "--target-param", "fill=volume")
    assert open_run(run).spec.target.params == {"fill": "volume"}
    assert f"entropy {np.log(200.0**3):.3f}" in capsys.readouterr().out
    run_cli(["sample", str(run), "-n", "200", "--out", str(tmp_path / "s.npy")])
    assert 50 < np.load(tmp_path / "s.npy").mean() < 150


def test_principal_components_of_a_table_are_a_target_and_the_share_is_said(tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "wide.csv", rng.normal(size=(300, 6)), delimiter=",", header="a,b,c,d,e,f", comments="")
    run = train(tmp_path, f"{tmp_path / 'wide.csv'}#pca3", "--target-param", "standardise=off")
    assert "The first 3 principal components of 6 columns keep" in capsys.readouterr().err
    assert build(open_run(run).spec.target).dim == 3


def test_the_list_names_presets_of_both_dimensions(capsys):
    assert run_cli(["list", "--json"]) == 0
    text = capsys.readouterr().out
    assert '"torus"' in text and '"pinwheel"' in text


def test_a_source_in_space_fits_a_target_in_space_and_no_other(tmp_path, capsys):
    words = ["train", "--target", "cube_corners", "--source", "rose", "--flow", "cnf", "--steps", "1"]
    assert run_cli([*words, *SMALL, "--out", str(tmp_path / "a.flowviz")]) != 0
    assert "2 dimensions" in capsys.readouterr().err
    train(tmp_path, "cube_corners", "--source", "gaussian_3d", steps=1)


def test_a_jko_flow_trains_in_space(tmp_path):
    assert open_run(train(tmp_path, "trefoil", steps=2, flow="jko")).last.paths.shape[2] == 3
