import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from film_runs import SPEC, a_run, names, read_mp4, small
from PIL import Image

from flowviz.core.errors import FileError, ParameterError, UserError
from flowviz.core.spec import FlowSpec, RunSpec, TargetSpec
from flowviz.engine.film import FilmCancelledByUser, Filmed, FilmPainter, picture, render_film, title_of


def centre_of_light(image):
    """Mean column of what is orange (particles and trails) above the caption."""
    orange = image[:100, :, 0].astype(int) - image[:100, :, 2]
    weight = np.where(orange > 25, orange, 0).sum(axis=0)
    return (weight @ np.arange(image.shape[1])) / weight.sum()


def test_a_film_over_flow_time_moves_the_particles():
    run, film = a_run(), small()
    first, last = picture(run, film, 0), picture(run, film, film.frame_count - 1)
    assert first.shape == (128, 192, 3) and first.dtype == np.uint8
    assert centre_of_light(first) < 96 < centre_of_light(last)


def test_a_film_backwards_moves_them_back(monkeypatch):
    run, film = a_run(), small(direction="encode", layers=("particles",))
    painter = FilmPainter(run, film)
    paths = run.frames[-1].paths[::-1]
    answer = {"paths": paths, "times": run.frames[-1].times[::-1], "nfe": np.asarray(8)}
    painter._asker = SimpleNamespace(answer=lambda spec, weights, query: answer)
    assert painter.moment_of(0)[1] == 1.0 and painter.moment_of(film.frame_count - 1)[1] == 0.0
    assert centre_of_light(painter.picture(0)) > 96 > centre_of_light(painter.picture(film.frame_count - 1))


def test_a_film_over_training_goes_from_the_first_frame_to_the_last():
    run, film = a_run(), small(clock="training", layers=("particles",))
    painter = FilmPainter(run, film)
    steps = [painter.moment_of(index)[0].step for index in range(film.frame_count)]
    assert steps[0] == 0 and steps[-1] == 400 and steps == sorted(steps) and len(set(steps)) == 5
    assert centre_of_light(painter.picture(0)) < 96 < centre_of_light(painter.picture(film.frame_count - 1))


@pytest.mark.parametrize("mode", ["flow", "journey", "strip", "four_up"])
def test_every_stage_mode_can_be_filmed(mode):
    run, film = a_run(), small(width=320, height=240, options={"mode": mode})
    painter = FilmPainter(run, film)
    painter._asker = SimpleNamespace(answer=lambda spec, weights, query: {})
    first, last = painter.picture(0), painter.picture(film.frame_count - 1)
    assert first.shape == (240, 320, 3)
    assert (first != last).any(axis=2).mean() > 0.005, "nothing moved"
    ground = first[120, 2] if mode == "flow" else first[2, 2]
    assert (first[:200] != ground).any(axis=2).mean() > 0.005, "nothing was painted"


def test_a_film_in_an_unknown_mode_says_which_there_are():
    with pytest.raises(UserError, match="no stage mode called 'cube'") as caught:
        FilmPainter(a_run(), small(options={"mode": "cube"}))
    assert "journey" in caught.value.hint


def test_a_film_over_flow_time_rests_at_both_ends_and_never_runs_back():
    painter = FilmPainter(a_run(), small(seconds=10.0))
    times = np.array([painter.moment_of(index)[1] for index in range(100)])
    assert (np.diff(times) >= 0).all()
    assert (times == 0).sum() >= 4 and (times == 1).sum() >= 9


def test_a_film_can_show_an_earlier_training_step():
    painter = FilmPainter(a_run(), small(step=210))
    assert painter.moment_of(3)[0].step == 200


@pytest.mark.parametrize(("name", "count"), [("film.mp4", 12), ("film.gif", 12)])
def test_films_read_back_with_their_size_and_pictures(tmp_path, name, count):
    progress = []
    path = render_film(a_run(), small(), tmp_path / name, lambda done, total: progress.append((done, total)))
    assert path == tmp_path / name and names(tmp_path) == [name]
    assert progress == [(i + 1, count) for i in range(count)]
    if name.endswith("mp4"):
        head, pictures = read_mp4(path)
        assert head["size"] == (192, 128) and head["fps"] == 10 and len(pictures) == count
    else:
        with Image.open(path) as film:
            pictures, duration = [], 0
            for index in range(film.n_frames):
                film.seek(index)
                duration += film.info["duration"]
                pictures.append(np.asarray(film.convert("RGB")))
        assert pictures[0].shape == (128, 192, 3) and duration == 1200
    assert centre_of_light(pictures[0]) < 96 < centre_of_light(pictures[-1])


def test_a_gif_keeps_its_length_when_its_rate_is_rounded(tmp_path):
    path = render_film(a_run(), small(fps=30, seconds=1.2), tmp_path / "film.gif")
    with Image.open(path) as film:
        duration = 0
        for index in range(film.n_frames):
            film.seek(index)
            duration += film.info["duration"]
    assert duration == pytest.approx(1200, abs=30)


def test_the_caption_shows_the_clock_and_can_be_left_out():
    run = a_run()
    with_words, again = picture(run, small(), 0), picture(run, small(), 11)
    assert np.abs(with_words[-9:].astype(int) - again[-9:]).sum() > 0
    bare = picture(run, small(parts=("scale",)), 0)
    assert bare[-1].std() < with_words[-9:].std()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_theme_is_the_films(theme):
    corner = picture(a_run(), small(theme=theme), 0)[2, 100]
    assert (corner.mean() > 200) == (theme == "light")


def test_pictures_do_not_depend_on_their_order():
    run, film = a_run(), small()
    painter = FilmPainter(run, film)
    backwards = [painter.picture(index) for index in (11, 5, 0)][::-1]
    for index, image in zip((0, 5, 11), backwards, strict=True):
        assert np.array_equal(image, picture(run, film, index))


def test_cancelling_leaves_nothing_and_keeps_the_old_film(tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"older film")
    seen = []
    with pytest.raises(FilmCancelledByUser):
        render_film(
            a_run(),
            small(seconds=60),
            tmp_path / "film.mp4",
            lambda done, total: seen.append(done),
            lambda: len(seen) >= 3,
        )
    assert len(seen) == 3
    assert names(tmp_path) == ["film.mp4"] and (tmp_path / "film.mp4").read_bytes() == b"older film"


def test_a_bad_path_is_known_before_any_picture_is_painted(tmp_path):
    seen = []
    with pytest.raises(FileError):
        render_film(a_run(), small(), tmp_path / "no" / "film.mp4", lambda *progress: seen.append(progress))
    assert not seen


def test_what_cannot_be_shown_is_said_in_words(tmp_path):
    with pytest.raises(UserError, match="no layer called"):
        FilmPainter(a_run(), small(layers=("confetti",)))
    with pytest.raises(ParameterError, match="no stage option"):
        FilmPainter(a_run(), small(options={"glitter": 1}))
    with pytest.raises(UserError, match="no frames"):
        FilmPainter(Filmed(SPEC, ()), small())


def test_titles_name_method_and_target():
    assert title_of(SPEC) == "CNF on Eight Gaussians"
    assert title_of(RunSpec(TargetSpec("two_moons"), FlowSpec("jko"))).startswith("JKO flow on ")


def test_a_film_of_recorded_paths_does_not_load_torch(tmp_path):
    code = (
        "from flowviz.engine.film import render_film; import sys; sys.path.insert(0, sys.argv[1]); "
        "import film_runs as t; render_film(t.a_run(), t.small(seconds=0.2), sys.argv[2]); "
        "print('torch' in sys.modules)"
    )
    folder = str(Path(__file__).parent)
    command = [sys.executable, "-c", code, folder, str(tmp_path / "film.mp4")]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False"]


def test_every_layer_can_be_filmed_from_a_trained_flow():
    from flowviz.core.events import FrameReady
    from flowviz.core.spec import Budget, Recording
    from flowviz.engine.run import run as train

    recording = Recording(particles=60, n_times=5, min_gap_s=0.0)
    spec = RunSpec(SPEC.target, SPEC.flow, Budget(steps=2), recording=recording, metrics=())
    frames = tuple(event.frame for event in train(spec) if isinstance(event, FrameReady))
    layers = ("target", "particles", "trails", "density", "field", "grid")
    run = Filmed(spec, frames)
    for options in ({}, {"density": "exact", "solver": "euler", "solver_steps": 4}):
        image = picture(run, small(layers=layers, options=options), 6)
        assert image[:100].std() > 5


def test_a_transparent_picture_over_a_ground_is_the_opaque_one():
    """Over the stage's own colour it gives back what is painted there; elsewhere nothing is covered."""
    run, layers = a_run(), ("particles", "trails")
    clear = FilmPainter(run, small(layers=layers, background="transparent", parts=())).picture(6).astype(float)
    plain = FilmPainter(run, small(layers=layers, parts=())).picture(6).astype(float)
    assert clear.shape == (128, 192, 4) and (clear[..., 3] == 0).mean() > 0.5
    alpha = clear[..., 3:] / 255
    over = clear[..., :3] * alpha + plain[0, 0] * (1 - alpha)
    assert np.abs(over - plain).max() <= 3


def test_a_plain_background_is_the_whole_pictures():
    picture = FilmPainter(a_run(), small(background="#123456")).picture(6)
    assert tuple(picture[1, 100]) == tuple(picture[-2, 100]) == (0x12, 0x34, 0x56)


def test_curves_stand_beside_the_stage_up_to_the_shown_step():
    from flowviz.core.film import Curves

    steps = np.arange(0, 401, 100.0)
    curves = Curves({"NLL, nats": np.stack([steps, 4 - steps / 200], axis=1)}, {"NLL, nats": (2.0, 1.9, 2.1)})
    run = Filmed(SPEC, a_run().frames, curves)
    film = small(width=640, height=360, clock="training", parts=("curves",), layers=("particles",))
    with_curves = FilmPainter(run, film)
    bare = FilmPainter(run, small(width=640, height=360, clock="training", parts=(), layers=("particles",))).picture(0)
    first, last = with_curves.picture(0), with_curves.picture(film.frame_count - 1)
    blue = [np.flatnonzero((image[180, 460:, 2].astype(int) - image[180, 460:, 0]) > 120) for image in (first, last)]
    assert blue[0].size and blue[1].size and blue[1].max() > blue[0].max() + 50  # the clock's line has moved right
    assert first.shape == bare.shape and np.abs(first[:, 460:].astype(int) - bare[:, 460:]).max() > 100


def test_the_legend_names_the_layers_and_can_be_left_out():
    painter = FilmPainter(a_run(), small(parts=("legend",), layers=("target", "particles", "trails")))
    shot = painter._shot(6)
    assert [entry.label for entry in shot.legend] == ["Particles", "Trajectories", "Target samples"]
    bare = FilmPainter(a_run(), small(parts=(), layers=("target", "particles", "trails"))).picture(6)
    corner = np.abs(painter.picture(6).astype(int) - bare)[:40, 96:]
    assert corner.max() > 50


def test_the_scale_factor_enlarges_everything():
    film = small(width=960, height=720)
    plain, large = picture(a_run(), film, 6), picture(a_run(), small(width=960, height=720, scale=2.0), 6)
    assert large.shape == (1440, 1920, 3)
    halved = np.asarray(Image.fromarray(large).resize((960, 720), Image.Resampling.BOX)).astype(int)
    assert np.abs(halved - plain).mean() < 2


@pytest.mark.parametrize(
    ("film", "word"),
    [
        ({"scale": 0.001}, "times as large"),
        ({"frames": 0}, "0 frames"),
        ({"t": 1.5}, "Flow time"),
        ({"background": "mauve"}, "mauve"),
        ({"parts": ("title", "confetti")}, "confetti"),
        ({"clock": "keys"}, "at least two"),
    ],
)
def test_a_film_that_cannot_be_is_refused_in_a_sentence(film, word):
    with pytest.raises(ParameterError, match=word):
        small(**film)


def test_a_format_without_opacity_refuses_a_transparent_background(tmp_path):
    with pytest.raises(UserError, match="no transparent background"):
        render_film(a_run(), small(background="transparent"), tmp_path / "film.mp4")
    assert names(tmp_path) == []
