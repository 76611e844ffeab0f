"""A whole session in one file: it comes back as it was, damage is told, and old run files open too."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from flowviz.core.errors import FileError
from flowviz.core.frames import BlockInfo, Frame
from flowviz.core.records import RunEntry, RunFile
from flowviz.core.session import Session
from flowviz.core.spec import FlowSpec, RunSpec, TargetSpec, frozen_array
from flowviz.core.timeline import KEPT_PATHS
from flowviz.engine.run_file import open_run, save_run
from flowviz.engine.session_file import FRAMES, SessionFiles

POINTS = frozen_array(np.random.default_rng(1).standard_normal((500, 2)))
TARGET = TargetSpec("points", {"standardise": True}, {"points": POINTS}, "fünfhundert")
TIMES = frozen_array(np.linspace(0, 1, 5))


def run_of(method, count, seed=0):
    """A run of so many frames that share their weights in pairs."""
    rng = np.random.default_rng(seed)
    weights = [frozen_array(rng.standard_normal(20).astype(np.float32)) for _ in range(count)]
    frames = tuple(
        Frame(
            10 * i, 0.5 * i, f"block {i}", TIMES, frozen_array(rng.standard_normal((5, 200, 2)).astype(np.float32)),
            {"w2": 1.0 / (i + 1)}, (BlockInfo(0, "trained", 0.25, 0.0, 1.0, 0.3, {"loss": 1.0}, 2.5, 3.0, 0.1),),
            {"w": weights[i // 2]},
        )
        for i in range(count)
    )  # fmt: skip
    steps, losses = np.arange(4), {"loss": np.array([3.0, 2.0, np.nan, 1.0])}
    floors = {"w2": (0.1, 0.05, 0.15)}
    spec = RunSpec(TARGET, FlowSpec(method, {"width": 8}), seed=7, device="cpu", source=TargetSpec("rings"))
    return RunFile(spec, frames, steps, losses, {"w2": np.array([[0, 1.0], [10, 0.5]])}, floors, 2.3)


@pytest.fixture(scope="module")
def session():
    drawing = np.zeros((256, 256), np.float32)
    drawing[3, 4] = 1.5
    return Session(
        RunSpec(TARGET, FlowSpec("jko", {"blocks": 3}), seed=3, source=TargetSpec("gaussian")),
        {"jko": {"blocks": 3}, "cnf": {"width": 32, "solver": "rk4"}},
        {"source": drawing},
        (
            RunEntry(1, "first", False, "finished", run_of("cnf", 3)),
            RunEntry(4, "the one", True, "stopped", run_of("jko", 6, 1)),
        ),
        4,
        {"clocks": {"t": 0.25}, "layers": ["particles"], "layout": "AAAA"},
    )


@pytest.fixture
def saved(session, tmp_path):
    SessionFiles().save(str(tmp_path / "a.flowviz"), session)
    return tmp_path / "a.flowviz"


def test_everything_comes_back(session, saved):
    back = SessionFiles().open(str(saved))
    assert back.draft == session.draft and back.params == session.params and back.look == session.look
    assert np.array_equal(back.drawings["source"], session.drawings["source"]) and back.stage == 4
    for ours, theirs in zip(back.runs, session.runs, strict=True):
        assert (ours.number, ours.name, ours.is_shown, ours.status) == (
            theirs.number,
            theirs.name,
            theirs.is_shown,
            theirs.status,
        )
        assert ours.record.spec == theirs.record.spec and ours.record.floors == theirs.record.floors
        assert np.array_equal(ours.record.losses["loss"], theirs.record.losses["loss"], equal_nan=True)
        for a, b in zip(ours.record.frames, theirs.record.frames, strict=True):
            assert (a.step, a.phase, a.blocks) == (b.step, b.phase, b.blocks)
            is_last = b is theirs.record.last
            assert np.allclose(a.paths, b.paths, 0, 0 if is_last else 1e-4), "all but the last in 16 bits"
            assert np.array_equal(a.weights["w"], b.weights["w"])


def test_data_that_all_runs_share_is_written_once_and_shared_again(session, saved):
    with zipfile.ZipFile(saved) as archive:
        assert sum(name.endswith("points.npy") for name in archive.namelist()) == 1
    back = SessionFiles().open(str(saved))
    arrays = [back.draft.target.data["points"], *(e.record.spec.target.data["points"] for e in back.runs)]
    assert all(array is arrays[0] for array in arrays)


def test_a_session_is_a_run_file_of_the_run_on_the_stage(session, saved):
    assert open_run(saved).spec == session.runs[1].record.spec


def test_a_run_file_opens_as_a_session_of_one_run(session, tmp_path):
    save_run(tmp_path / "alone.flowviz", session.runs[1].record)
    back = SessionFiles().open(str(tmp_path / "alone.flowviz"))
    assert [(entry.number, entry.name) for entry in back.runs] == [(1, "alone")] and back.stage == 1
    assert back.draft.flow.key == "jko" and back.draft.target == TARGET


def test_a_session_without_runs_comes_back_and_is_no_run_file(session, tmp_path):
    SessionFiles().save(str(tmp_path / "a.flowviz"), replace(session, runs=(), stage=0, drawings={}))
    back = SessionFiles().open(str(tmp_path / "a.flowviz"))
    assert back.runs == () and back.drawings == {} and back.draft == session.draft
    with pytest.raises(FileError, match="holds no run yet"):
        open_run(tmp_path / "a.flowviz")


def test_frames_are_thinned_in_files_and_paths_too_in_light_ones(session, tmp_path):
    long = replace(session, runs=(RunEntry(4, "long", record=run_of("cnf", 300)),))
    SessionFiles().save(str(tmp_path / "a.flowviz"), long)
    SessionFiles().save(str(tmp_path / "b.flowviz"), long, light=True)
    whole, light = (SessionFiles().open(str(tmp_path / f"{name}.flowviz")).runs[0].record.frames for name in "ab")
    assert len(whole) == FRAMES[0] and whole[0].step == 0 and whole[-1].step == 2990
    assert all(frame.paths.shape[1] == 200 for frame in whole)
    assert {frame.paths.shape[1] for frame in light[:-1]} == {KEPT_PATHS} and light[-1].paths.shape[1] == 200
    assert (tmp_path / "b.flowviz").stat().st_size < (tmp_path / "a.flowviz").stat().st_size / 4


def _with_document(path, **change):
    """The session with other words in its document."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(parts["session.json"])
    parts["session.json"] = json.dumps({**document, **change}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return str(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "written by a newer flowviz. Open it with that version"),
        ({"file": "recipe"}, ""),
        ({"stage": 17}, "contradicts itself"),
        ({"look": 3}, "no description"),
        ({"runs": [{"number": -1, "name": "x", "is_shown": True, "status": "stopped"}], "stage": 0}, "makes no sense"),
        ({"runs": [{"number": 9, "name": "x", "is_shown": True, "status": "stopped"}], "stage": 9}, ""),
        ({"params": ["a"]}, "damaged"),
        ({"draft": {}}, ""),
    ],
)
def test_a_session_that_makes_no_sense_is_refused_in_one_sentence(saved, change, words):
    path = _with_document(saved, **change)
    try:
        back = SessionFiles().open(path)
    except FileError as error:
        assert "a.flowviz" in error.message and words in str(error)
        assert "Traceback" not in str(error)
    else:
        assert change.get("file") or change.get("stage") == 9, "a run file is left of it"
        assert len(back.runs) == 1


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_session_that_is_cut_off_is_refused(saved, share):
    data = saved.read_bytes()
    saved.write_bytes(data[: int(share * len(data))])
    with pytest.raises(FileError, match=r"a\.flowviz"):
        SessionFiles().open(str(saved))


def test_foreign_files_are_refused(tmp_path):
    (tmp_path / "a.flowviz").write_text("x,y\n1,2\n")
    with zipfile.ZipFile(tmp_path / "b.flowviz", "w") as archive:
        archive.writestr("hello.txt", "hello")
    for name, words in (("a", "no flowviz"), ("b", "no flowviz session"), ("c", "There is no file")):
        with pytest.raises(FileError, match=words):
            SessionFiles().open(str(tmp_path / f"{name}.flowviz"))


def test_a_write_that_fails_leaves_the_older_file_and_no_rest(session, saved):
    before = saved.read_bytes()
    broken = replace(session, look={"bad": float("nan")})
    with pytest.raises(ValueError):
        SessionFiles().save(str(saved), broken)
    assert saved.read_bytes() == before and list(saved.parent.iterdir()) == [saved]


def test_figures_that_are_no_numbers_do_not_keep_a_session_from_being_written(session, tmp_path):
    run = session.runs[0].record
    frames = (*run.frames[:-1], replace(run.last, metrics={"w2": float("nan"), "nll": float("inf"), "mmd": 0.5}))
    odd = replace(run, frames=frames, metrics={"w2": np.array([[0, np.nan]])}, entropy=-float("inf"))
    SessionFiles().save(str(tmp_path / "a.flowviz"), replace(session, runs=(RunEntry(4, "odd", record=odd),)))
    back = SessionFiles().open(str(tmp_path / "a.flowviz")).runs[0].record
    assert back.last.metrics == {"mmd": 0.5} and back.entropy is None
