"""Numbers and models that leave flowviz, read back by other programs' readers."""

import csv
import io
import json

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.special import logsumexp

from flowviz.core.data import WHATS, DataChoice
from flowviz.core.errors import FileError, UserError
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec
from flowviz.engine.collector import Collector
from flowviz.engine.data_export import DATA_FORMATS, Stopped, export_data, suffixes_for
from flowviz.engine.derive import Deriver
from flowviz.engine.reports import TrainedRun
from flowviz.engine.run import run as train
from flowviz.flows import FLOWS, HasVelocity

SMALL = DataChoice(n=50, seed=3, resolution=24)
SHIFT, SCALE = np.array([100.0, -5.0]), np.array([20.0, 0.5])


def trained(flow, steps=2, target=None, **more):
    params = {
        name: value
        for name, value in (("width", 8), ("batch_size", 64), ("particles", 20))
        if name in FLOWS.get(flow).Params.__dataclass_fields__
    } | more
    recording = Recording(particles=40, n_times=5, min_gap_s=0.0, metric_points=40)
    target = target or TargetSpec("two_moons")
    spec = RunSpec(target, FlowSpec(flow, params), Budget(steps=steps), recording=recording, metrics=("sliced_w2",))
    collector = Collector()
    for event in train(spec):
        collector.add(event)
    return collector.run_file()


@pytest.fixture(scope="module")
def run():
    """A run on points far from the shared frame, so that units matter."""
    points = (np.random.default_rng(0).standard_normal((300, 2)) * SCALE + SHIFT).astype(np.float64)
    points.flags.writeable = False
    return trained("cnf", 4, TargetSpec("points", data={"points": points}, name="far points"))


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_everything_has_a_format_and_every_format_something():
    assert {suffix for what in WHATS for suffix in suffixes_for(what)} == set(DATA_FORMATS)


def test_samples_are_those_of_flowviz_sample_in_the_datas_own_units(run, tmp_path):
    path = export_data(run, tmp_path / "a.npz", "samples", SMALL)
    with np.load(path, allow_pickle=False) as file:
        about, samples = json.loads(str(file["about"])), file["samples"]
    assert samples.shape == (50, 2) and about["units"] == {"samples": "data units"} and about["target"] == "far points"
    assert np.allclose(samples, TrainedRun(run).sample(50, 3), atol=1e-3 * SCALE.max())
    assert np.abs(samples.mean(axis=0) - SHIFT).max() < 3 * SCALE.max()


def test_csv_and_parquet_hold_the_same_numbers_with_names_and_units(run, tmp_path):
    import arro3.io

    table = rows(export_data(run, tmp_path / "a.csv", "trajectories", SMALL))
    assert table[0] == ["particle", "t [flow time]", "x [data units]", "y [data units]"] and len(table) == 1 + 50 * 5
    read = arro3.io.read_parquet(str(export_data(run, tmp_path / "a.parquet", "trajectories", SMALL))).read_all()
    assert read.column_names == ["particle", "t", "x", "y"] and read.num_rows == 250
    assert read.schema.field("x").metadata == {b"unit": b"data units"}
    assert read.schema.metadata[b"target"] == b"far points"
    x = np.asarray(read.column("x").combine_chunks().to_numpy())
    assert np.array_equal(x, np.array([float(row[2]) for row in table[1:]]))  # CSV reads back exactly


def test_trajectories_are_one_table_and_one_array(run, tmp_path):
    with np.load(export_data(run, tmp_path / "a.npz", "trajectories", SMALL), allow_pickle=False) as file:
        paths, times = file["paths"], file["times"]
    table = np.array(
        [
            [float(value) for value in row]
            for row in rows(export_data(run, tmp_path / "a.csv", "trajectories", SMALL))[1:]
        ]
    )
    assert paths.shape == (5, 50, 2) and times[0] == 0 and times[-1] == 1
    particle = table[table[:, 0] == 7]
    assert np.allclose(particle[:, 1], times) and np.allclose(particle[:, 2:], paths[:, 7])


def test_the_density_grid_integrates_to_one_in_the_datas_own_units(run, tmp_path):
    choice = DataChoice(resolution=96)
    with np.load(export_data(run, tmp_path / "a.npz", "density", choice), allow_pickle=False) as file:
        x, y, log_density = file["x"], file["y"], file["log_density"]
    assert log_density.shape == (len(y), len(x))
    mass = np.exp(logsumexp(log_density) + np.log((x[1] - x[0]) * (y[1] - y[0])))
    assert mass == pytest.approx(1, abs=0.05)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    assert np.allclose(log_density.ravel(), TrainedRun(run).log_density(points), atol=0.02)


def test_the_density_of_a_run_in_space_is_a_grid_of_three_axes(tmp_path):
    import arro3.io

    run = trained("cnf", target=TargetSpec("gaussian_3d"))
    choice = DataChoice(resolution=20)
    with np.load(export_data(run, tmp_path / "a.npz", "density", choice), allow_pickle=False) as file:
        x, y, z, log_density = (file[name] for name in ("x", "y", "z", "log_density"))
        units = json.loads(str(file["about"]))["units"]
    assert log_density.shape == (len(z), len(y), len(x)) == (20, 20, 20)
    assert units == {"x": "data units", "y": "data units", "z": "data units", "log_density": "nats"}
    cell = (x[1] - x[0]) * (y[1] - y[0]) * (z[1] - z[0])
    assert np.exp(logsumexp(log_density)) * cell == pytest.approx(1, abs=0.02)
    table = arro3.io.read_parquet(str(export_data(run, tmp_path / "a.parquet", "density", choice))).read_all()
    points = np.stack([np.asarray(table.column(axis).combine_chunks().to_numpy()) for axis in "xyz"], axis=1)
    assert np.allclose(log_density.ravel(), TrainedRun(run).log_density(points), atol=1e-3)


def test_a_grid_that_no_memory_holds_is_refused_with_the_largest_that_is_not(tmp_path):
    run = trained("cnf", target=TargetSpec("gaussian_3d"))
    with pytest.raises(UserError, match="300 x 300 x 300 cells is too large"):
        export_data(run, tmp_path / "a.csv", "density", DataChoice(resolution=300))


def test_curves_have_a_row_a_step_and_are_empty_where_nothing_was_measured(run, tmp_path):
    table = rows(export_data(run, tmp_path / "a.csv", "curves"))
    names, last = table[0], table[-1]
    assert names[0] == "step [training steps]" and "loss [nats]" in names and "sliced_w2 [shared frame]" in names
    assert [int(row[0]) for row in table[1:]] == sorted({int(row[0]) for row in table[1:]})
    loss = [float(row[names.index("loss [nats]")]) for row in table[1:] if row[names.index("loss [nats]")]]
    assert np.allclose(loss, run.losses["loss"]) and len(last) == len(names)


def test_curves_have_the_unit_that_the_method_gives_its_loss(tmp_path):
    units = {}
    for method, params in (
        ("flow_matching", {}),
        ("score_diffusion", {}),
        ("gradient_flow", {"functional": "interaction"}),
    ):
        names = rows(export_data(trained(method, **params), tmp_path / "a.csv", "curves"))[0]
        units[method] = next(name for name in names if name.startswith("loss ["))
        assert "straightness [ratio]" in names
    assert units == {
        "flow_matching": "loss [squared velocity]",
        "score_diffusion": "loss [weighted square]",
        "gradient_flow": "loss [squared distance]",
    }


def test_weights_come_back_by_name(run, tmp_path):
    from safetensors import safe_open

    path = export_data(run, tmp_path / "a.safetensors", "weights")
    with safe_open(str(path), framework="numpy") as file:
        assert json.loads(file.metadata()["run"])["flow"]["key"] == "cnf"
        assert set(file.keys()) == set(run.last.weights)
        assert all(np.array_equal(file.get_tensor(name), array) for name, array in run.last.weights.items())


WITHOUT_NETWORK = {"exact_diffusion", "gradient_flow"}
"""Their velocities are sums over all data points or particles, not functions that could stand alone."""
FIELDS = sorted(key for key, flow in FLOWS.items() if issubclass(flow, HasVelocity) and key not in WITHOUT_NETWORK)


@pytest.mark.parametrize("key", FIELDS)
def test_the_traceable_field_of_every_network_is_its_velocity(key):
    run = trained(key)
    flow = Deriver().flow(run.spec, run.last.weights)
    function, x = flow.traceable(), torch.randn(7, 2, generator=torch.Generator().manual_seed(0))
    assert function is not None
    for t in (0.0, 0.25, 0.5, 0.99, 1.0):
        assert torch.allclose(function(x, torch.tensor(t)), flow.velocity(x, t), atol=1e-5)


@pytest.mark.parametrize("key", sorted(WITHOUT_NETWORK & {key for key, _ in FLOWS.items()}))
def test_a_method_whose_field_cannot_be_exported_says_so(key, tmp_path):
    with pytest.raises(UserError, match="no velocity field that can be exported"):
        export_data(trained(key), tmp_path / "field.pt2", "velocity")
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def jko():
    return trained("jko", 6)


def field_of(run, x, t):
    return Deriver().flow(run.spec, run.last.weights).velocity(torch.tensor(x), t).numpy()


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_the_field_as_a_torch_program_gives_the_same_velocities(jko, tmp_path):
    path = export_data(jko, tmp_path / "field.pt2", "velocity")
    loaded = torch.export.load(path).module()
    x = np.random.default_rng(0).normal(size=(11, 2)).astype(np.float32)
    for t in (0.1, 0.6, 1.0):
        assert np.allclose(loaded(torch.tensor(x), torch.tensor(t)).detach().numpy(), field_of(jko, x, t), atol=1e-5)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_program_carries_its_noise_to_the_exported_samples_in_the_datas_own_units(run, tmp_path):
    about = {"about.json": ""}
    with export_data(run, tmp_path / "field.pt2", "velocity").open("rb") as file:
        loaded = torch.export.load(file, extra_files=about).module()
    said = json.loads(about["about.json"])
    assert json.loads(said["units"]) == {"x": "data units", "t": "flow time", "velocity": "data units per flow time"}
    assert said["start"].startswith("a normal distribution with mean (") and said["target"] == "far points"
    with np.load(export_data(run, tmp_path / "a.npz", "trajectories", SMALL), allow_pickle=False) as file:
        paths = file["paths"]
    shift, scale = (np.array(said[f"shared_frame_{name}"].split(", "), float) for name in ("shift", "scale"))
    assert np.abs((paths[0] - shift) / scale).max() < 5  # it begins with standard normal noise of that frame
    solved = solve_ivp(
        lambda t, x: loaded(torch.tensor(x.reshape(-1, 2), dtype=torch.float32), torch.tensor(t, dtype=torch.float32))
        .detach().numpy().ravel(),
        (0, 1), paths[0].ravel(), rtol=1e-5, atol=1e-3,
    )  # fmt: skip
    assert np.abs((solved.y[:, -1].reshape(-1, 2) - paths[-1]) / scale).max() < 2e-3


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("key", ["jko", "ot_flow"])
def test_the_field_in_onnx_gives_the_same_velocities(key, jko, tmp_path):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    run = jko if key == "jko" else trained(key)
    path = export_data(run, tmp_path / "field.onnx", "velocity")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [(i.name, i.type) for i in session.get_inputs()] == [("x", "tensor(float)"), ("t", "tensor(float)")]
    x = np.random.default_rng(0).normal(size=(13, 2)).astype(np.float32)
    for t in (0.1, 0.6, 1.0):
        (velocity,) = session.run(["velocity"], {"x": x, "t": np.array(t, np.float32)})
        assert np.allclose(velocity, field_of(run, x, t), atol=1e-5)
    assert session.get_modelmeta().custom_metadata_map["target"] == "two_moons"


@pytest.mark.parametrize(
    ("what", "name"), [("samples", "a.onnx"), ("weights", "a.csv"), ("velocity", "a"), ("curves", "a.xls")]
)
def test_a_suffix_that_does_not_fit_is_refused_with_those_that_do(run, tmp_path, what, name):
    with pytest.raises(UserError) as caught:
        export_data(run, tmp_path / name, what)
    assert name in caught.value.message and suffixes_for(what)[0] in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(run, tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        export_data(run, tmp_path / "nowhere" / "a.csv", "curves")


def test_a_missing_package_is_a_sentence(run, tmp_path, monkeypatch):
    import builtins

    real = builtins.__import__

    def refuse(name, *rest, **more):
        if name.startswith("arro3"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UserError, match="need the package arro3"):
        export_data(run, tmp_path / "a.parquet", "curves")
    assert not list(tmp_path.iterdir())


def test_the_command_writes_what_it_is_asked_for(run, tmp_path, capsys):
    from flowviz.cli import run_cli
    from flowviz.engine.run_file import save_run

    save_run(tmp_path / "run.flowviz", run)
    words = ["export", str(tmp_path / "run.flowviz"), "samples", "--out", str(tmp_path / "s.csv"), "-n", "12"]
    assert run_cli(words) == 0 and len(rows(tmp_path / "s.csv")) == 13
    assert "samples" in capsys.readouterr().out
    assert run_cli([*words[:3], "--out", str(tmp_path / "s.onnx")]) == 2
    assert "cannot be written as s.onnx" in capsys.readouterr().err


def test_numbers_in_csv_are_the_shortest_that_read_back():
    from flowviz.core.tables import Column, Table
    from flowviz.export.tables import TABLES

    values = np.array([0.1, 1 / 3, -2e-7, np.nan, 1e22])
    table = Table("t", (Column("v", "", values),), {"v": values}, {})
    file = io.BytesIO()
    TABLES.get(".csv")().write(table, file)
    texts = file.getvalue().decode().splitlines()
    assert texts[1] == "0.1" and texts[4] == "" and float(texts[2]) == 1 / 3 and float(texts[5]) == 1e22


def test_a_long_csv_is_written_in_pieces():
    import tracemalloc

    from flowviz.core.tables import Column, Table
    from flowviz.export.tables import TABLES

    class Nowhere(io.RawIOBase):
        def write(self, data):
            return len(data)

    values = np.random.default_rng(0).normal(size=24_000)
    table = Table("t", tuple(Column(name, "", values) for name in "xyzw"), {}, {})
    tracemalloc.start()
    try:
        TABLES.get(".csv")().write(table, Nowhere())
        assert tracemalloc.get_traced_memory()[1] < 3e6, "the whole text takes 8 MB"
    finally:
        tracemalloc.stop()


def test_a_file_nobody_wants_any_more_is_not_written(run, tmp_path):
    (tmp_path / "a.csv").write_text("older")
    with pytest.raises(Stopped):
        export_data(run, tmp_path / "a.csv", "curves", stopped=lambda: True)
    assert (tmp_path / "a.csv").read_text() == "older" and len(list(tmp_path.iterdir())) == 1


def test_the_command_writes_the_density_on_a_grid(run, tmp_path, capsys):
    from flowviz.cli import run_cli
    from flowviz.engine.run_file import save_run

    save_run(tmp_path / "run.flowviz", run)
    words = ["density", str(tmp_path / "run.flowviz"), "--grid", "8", "--out"]
    assert run_cli([*words, str(tmp_path / "d.csv")]) == 0
    table = rows(tmp_path / "d.csv")
    assert table[0] == ["x [data units]", "y [data units]", "log_density [nats]"] and len(table) > 8
    assert run_cli([*words, str(tmp_path / "d.npy")]) == 2
    assert "Use a name that ends in .npz or .csv or .parquet." in capsys.readouterr().err
