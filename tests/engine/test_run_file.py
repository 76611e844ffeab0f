import io
import json
import os
import pickle
import zipfile
import zlib
from dataclasses import replace

import numpy as np
import pytest

from flowviz.core.errors import FileError
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec
from flowviz.engine import run_file
from flowviz.engine._archive import npy_bytes
from flowviz.engine._atomic import whole_file
from flowviz.engine._paths import coded, decoded
from flowviz.engine.collector import Collector
from flowviz.engine.run import run
from flowviz.engine.run_file import open_run, save_run, thinned


@pytest.fixture(scope="module")
def trained():
    points = np.random.default_rng(0).standard_normal((50, 2)) * [3, 1] + [10, 0]
    points.flags.writeable = False
    target = TargetSpec("points", {}, {"points": points}, "fifty")
    flow = FlowSpec("jko", {"width": 8, "batch_size": 32, "blocks": 2})
    collector = Collector()
    for event in run(RunSpec(target, flow, Budget(steps=6), 3, "cpu", Recording(40, 5, 0.0, 0.5, 30))):
        collector.add(event)
    return collector.run_file()


@pytest.fixture
def saved(trained, tmp_path):
    save_run(tmp_path / "a.flowviz", trained)
    return tmp_path / "a.flowviz"


def test_a_run_comes_back_as_it_was(trained, saved):
    back = open_run(saved)
    assert back.spec == trained.spec and back.floors == trained.floors and back.entropy == trained.entropy
    assert np.array_equal(back.loss_steps, [1, 2, 3, 4, 5, 6])
    assert back.losses.keys() == trained.losses.keys() and back.metrics.keys() == trained.metrics.keys()
    for ours, theirs in zip(back.frames, trained.frames, strict=True):
        assert (ours.step, ours.wall_s, ours.phase, ours.metrics) == (
            theirs.step,
            theirs.wall_s,
            theirs.phase,
            theirs.metrics,
        )
        tolerance = 0.0 if ours.step == trained.last.step else 1e-4  # others are kept to 16 bits of their box
        assert np.allclose(ours.paths, theirs.paths, 0, tolerance) and np.array_equal(ours.times, theirs.times)
        assert len(ours.blocks) == 2 and ours.blocks[0].status == theirs.blocks[0].status
        assert all(np.array_equal(array, theirs.weights[name], equal_nan=True) for name, array in ours.weights.items())
    assert back.version and back.created
    assert back.terms == trained.terms and back.terms[0].unit == "nats"


def test_a_free_block_comes_back_with_its_infinite_step(tmp_path):
    params = {"blocks": 2, "free_block": True, "width": 8, "batch_size": 32, "pool": 256}
    spec = RunSpec(TargetSpec("two_moons"), FlowSpec("jko", params), Budget(steps=4), device="cpu")
    collector = Collector()
    for event in run(spec):
        collector.add(event)
    save_run(tmp_path / "a.flowviz", collector.run_file())
    last = open_run(tmp_path / "a.flowviz").last.blocks[-1]
    assert last.is_free and last.step_size == float("inf")


def test_arrays_come_back_read_only_and_shared_ones_shared(saved):
    frames = open_run(saved).frames
    assert not any(a.flags.writeable for f in frames for a in (f.paths, f.times, *f.weights.values()))
    seen = [id(array) for frame in frames for array in frame.weights.values()]
    assert len(set(seen)) < len(seen)


def test_a_run_that_came_back_can_be_trained_on(saved):
    back = open_run(saved)
    events = list(run(replace(back.spec, budget=Budget(steps=2)), weights=back.last.weights, step=back.last.step))
    assert events[-1].step == 8
    # All blocks were trained, so one more is added: it moves the times of the others, not where they lead.
    assert np.allclose(events[1].frame.paths[-1], back.last.paths[-1], atol=1e-5)


def test_the_file_is_a_zip_without_any_pickle(saved):
    with zipfile.ZipFile(saved) as archive:
        names = archive.namelist()
        assert {name.rsplit(".", 1)[1] for name in names} == {"json", "safetensors", "npy"}
        assert json.loads(archive.read("run.json"))["spec"]["seed"] == 3
        for name in names:
            if name.endswith(".npy"):
                np.load(io.BytesIO(archive.read(name)), allow_pickle=False)


def test_a_long_run_is_thinned_evenly(trained):
    frames = [replace(trained.frames[0], step=step) for step in range(1000)]
    kept = thinned(frames, run_file.MOST_FRAMES)
    assert len(kept) <= run_file.MOST_FRAMES and kept[0].step == 0 and kept[-1].step == 999
    assert max(np.diff([frame.step for frame in kept])) <= 8


def test_what_a_failed_run_does_again_is_not_kept_twice(scripted):
    from flowviz.core.control import Control
    from flowviz.engine.run import Run

    broken, collector = Run(scripted(20, bad_step=9, failure="error")), Collector()
    for budget in (None, Budget(steps=20)):
        for event in broken.stretch(Control(), budget):
            collector.add(event)
    steps = collector.run_file().loss_steps
    assert np.array_equal(steps, np.arange(1, len(steps) + 1))


def test_a_failed_save_leaves_the_older_file_and_no_other(saved, trained, monkeypatch):
    before = saved.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="No space left"):
        save_run(saved, trained)
    assert saved.read_bytes() == before and list(saved.parent.iterdir()) == [saved]


def test_a_file_that_cannot_be_written_is_named(trained, tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        save_run(tmp_path / "nowhere" / "a.flowviz", trained)
    with pytest.raises(FileError, match="is a folder"):
        save_run(tmp_path, trained)


def test_an_error_while_writing_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "a") as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_refused(saved, share):
    data = saved.read_bytes()
    saved.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(FileError, match=r"a\.flowviz"):
        open_run(saved)


def test_every_flipped_part_is_noticed_or_harmless(saved):
    data = bytearray(saved.read_bytes())
    for place in np.linspace(0, len(data) - 1, 60).astype(int):
        changed = bytearray(data)
        changed[place] ^= 0xFF
        saved.write_bytes(changed)
        try:
            open_run(saved)
        except FileError as error:
            assert "a.flowviz" in error.message


def _rewritten(path, **parts):
    """The file with some of its parts replaced."""
    with zipfile.ZipFile(path) as archive:
        old = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**old, **{key.replace("__", "/"): value for key, value in parts.items()}}.items():
            if data is not None:
                archive.writestr(name, data)
    return path


def test_pickled_objects_are_not_opened(saved):
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(FileError, match="does not hold numbers"):
        open_run(_rewritten(saved, **{"curves/steps.npy": stream.getvalue()}))


def test_a_header_that_promises_too_much_is_not_believed(saved):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (10**6, 10**6, 2)})
    with pytest.raises(FileError, match="not what its header says"):
        open_run(_rewritten(saved, **{"frames/0/code.npy": stream.getvalue()}))


def test_a_part_that_blows_up_is_not_unpacked(saved):
    with zipfile.ZipFile(saved, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(50 * 2**20))
    with pytest.raises(FileError, match="blows up"):
        open_run(saved)


@pytest.mark.parametrize(
    ("part", "data", "words"),
    [("weights.safetensors", b"\xff" * 100, "damaged"), ("weights.safetensors", None, "lacks"),
     ("run.json", b"{", "not JSON"), ("run.json", b"[]", "no flowviz"), ("run.json", b'{"file": "x"}', "no flowviz"),
     ("curves/steps.npy", pickle.dumps([1]), "not an array"), ("frames/0/code.npy", None, "lacks")],
)  # fmt: skip
def test_damaged_parts_are_named(saved, part, data, words):
    with pytest.raises(FileError, match=words):
        open_run(_rewritten(saved, **{part: data}))


@pytest.mark.parametrize(
    ("change", "words"),
    [({"format": 99}, "newer flowviz"), ({"frames": 5}, "damaged"), ({"spec": {"schema": 1}}, "incomplete"),
     ({"floors": {"w2": [1]}}, "damaged"), ({"spec": {"schema": 7}}, "newer flowviz"),
     ({"format": "x"}, "in which format"), ({"frames": []}, "no moment")],
)  # fmt: skip
def test_strange_descriptions_are_refused(saved, change, words):
    with zipfile.ZipFile(saved) as archive:
        document = json.loads(archive.read("run.json"))
    with pytest.raises(FileError, match=words):
        open_run(_rewritten(saved, **{"run.json": json.dumps({**document, **change})}))


def test_a_file_that_is_no_run_gets_a_sentence(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(FileError, match="no flowviz run"):
        open_run(tmp_path / "a.txt")
    with pytest.raises(FileError, match="no file"):
        open_run(tmp_path / "b.txt")
    with pytest.raises(FileError):
        open_run(tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"seed": -5}, "the seed -5"), ({"seed": 10**40}, "the seed"),
     ({"budget": {"steps": "x", "seconds": None}}, "budget"),
     ({"recording": {"particles": 10**12}}, "recordings")],
)  # fmt: skip
def test_a_run_that_asks_for_the_impossible_is_refused(saved, change, words):
    with zipfile.ZipFile(saved) as archive:
        document = json.loads(archive.read("run.json"))
    document["spec"].update(change)
    with pytest.raises(FileError, match=words):
        open_run(_rewritten(saved, **{"run.json": json.dumps(document)}))


@pytest.mark.parametrize("times", [np.zeros(0), np.zeros(1), np.linspace(1, 0, 5), np.full(5, np.nan)])
def test_paths_whose_times_do_not_increase_are_refused(saved, times):
    parts = {"times": times, "paths": np.zeros((len(times), 4, 2), np.float32)}
    with pytest.raises(FileError, match=r"has a part frames/0 whose (times|paths)"):
        open_run(_rewritten(saved, **{f"frames/0/{name}.npy": npy_bytes(array) for name, array in parts.items()}))


@pytest.mark.parametrize(
    ("box", "words"), [([[0, 0]], "damaged"), ([[0], [1]], "not coded"), ([[0, 0], [1, 0]], "no box"), (3, "damaged")]
)
def test_paths_in_a_box_that_makes_no_sense_are_refused(saved, box, words):
    with zipfile.ZipFile(saved) as archive:
        document = json.loads(archive.read("run.json"))
    document["frames"][0]["box"] = box
    with pytest.raises(FileError, match=words):
        open_run(_rewritten(saved, **{"run.json": json.dumps(document)}))


def test_a_run_of_the_first_format_is_read_as_it_was(trained, saved):
    with zipfile.ZipFile(saved) as archive:
        document = json.loads(archive.read("run.json"))
    parts = {f"frames/{i}/paths.npy": npy_bytes(frame.paths) for i, frame in enumerate(trained.frames)}
    for frame in document["frames"]:
        del frame["box"]
    del document["course"]
    back = open_run(_rewritten(saved, **parts, **{"run.json": json.dumps({**document, "format": 1})}))
    assert all(np.array_equal(a.paths, b.paths) for a, b in zip(back.frames, trained.frames, strict=True))


@pytest.mark.parametrize("shape", [(2, 3, 2), (33, 500, 2), (9, 200, 3)])
def test_coded_paths_are_smaller_off_by_less_than_can_be_seen_and_the_same_when_coded_again(shape):
    rng = np.random.default_rng(0)
    ends, t = rng.standard_normal((2, *shape[1:])) * 3 + 50, np.linspace(0, 1, shape[0])[:, None, None]
    paths = ((1 - t**2) * ends[0] + t**2 * ends[1]).astype(np.float32)
    code, box = coded(paths)
    back = decoded(code, box)
    extent = paths.max((0, 1)) - paths.min((0, 1))
    assert (np.abs(back - paths).max((0, 1)) <= extent / 131_000 + 1e-5).all()
    assert all(np.array_equal(a, b) for a, b in zip(coded(back), (code, box), strict=True))
    if shape[0] == 33:
        assert len(zlib.compress(code.tobytes(), 1)) < paths.nbytes / 4


def test_paths_with_a_far_outlier_or_none_that_differ_are_not_coded():
    paths = np.random.default_rng(0).standard_normal((3, 5000, 2)).astype(np.float32)
    assert coded(np.zeros_like(paths)) is None
    paths[2, 0] = 1e6
    assert coded(paths) is None


def test_paths_that_hardly_differ_are_still_read(trained, tmp_path):
    """They pack so well that a reader might take them for a part that blows up."""
    paths = np.zeros((9, 60_000, 2), np.float32)
    paths[:, :30_000] = 1.0
    paths.flags.writeable = False
    still = replace(trained.frames[0], times=np.linspace(0, 1, 9), paths=paths)
    save_run(tmp_path / "a.flowviz", replace(trained, frames=(still, trained.last)))
    assert np.allclose(open_run(tmp_path / "a.flowviz").frames[0].paths, paths, atol=1e-4)


def test_a_file_is_named_once(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.flowviz", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(FileError) as caught:
        open_run(tmp_path / "a.flowviz")
    assert str(caught.value).count("a.flowviz") == 1


def test_a_round_of_reflow_has_a_frame_where_it_ended_and_comes_back(tmp_path):
    flow = FlowSpec("rectified_flow", {"width": 8, "batch_size": 32, "waves": 8, "reflows": 1})
    spec = RunSpec(TargetSpec("two_moons"), flow, Budget(steps=8), 3, "cpu", Recording(40, 5, 60.0, 0.5, 30), ())
    collector = Collector()
    for event in run(spec):
        collector.add(event)
    kept = collector.run_file()
    assert [len(frame.rounds) for frame in kept.frames if frame.step in (4, 8)] == [1, 2]
    assert [done.step for done in kept.last.rounds] == [4, 8]
    save_run(tmp_path / "a.flowviz", kept)
    assert open_run(tmp_path / "a.flowviz").last.rounds == kept.last.rounds
