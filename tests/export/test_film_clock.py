"""Where a film's clocks stand, picture by picture."""

import numpy as np
import pytest
from film_runs import small

from flowviz.core.camera import Camera
from flowviz.core.film import KeyFrame
from flowviz.engine._film_clock import instant

STEPS = (0, 400)


def all_of(film, total=101):
    return [instant(film, index, total, STEPS) for index in range(total)]


def times(film, total=101):
    return np.array([now.t for now in all_of(film, total)])


def test_once_goes_from_noise_to_data():
    t = times(small())
    assert t[0] == 0 and t[-1] == 1 and (np.diff(t) >= 0).all()


def test_backwards_goes_from_data_to_noise():
    t = times(small(direction="encode"))
    assert t[0] == 1 and t[-1] == 0 and (np.diff(t) <= 0).all()


def test_ping_pong_is_the_same_forwards_and_backwards():
    t = times(small(repeat="ping-pong"))
    assert t[50] == 1 and np.allclose(t, t[::-1]) and t[0] == t[-1] == 0


@pytest.mark.parametrize("clock", ["flow", "training", "both"])
def test_a_loop_of_n_pictures_would_go_on_with_its_first(clock):
    film, total = small(clock=clock, repeat="loop"), 60
    first, after = instant(film, 0, total, STEPS), instant(film, total, total, STEPS)
    assert after.t == pytest.approx(first.t, abs=1e-9) and after.step == pytest.approx(first.step, abs=1e-6)
    t = times(small(repeat="loop"), total)
    jumps = np.abs(np.diff(np.append(t, t[0])))
    assert jumps.max() < 2 * np.pi / total and jumps[-1] < jumps.max() / 4  # no jump, and slow where it turns


def test_a_film_over_training_keeps_flow_time_and_reaches_both_ends():
    nows = all_of(small(clock="training", t=0.8))
    assert {now.t for now in nows} == {0.8} and nows[0].step == 0 and nows[-1].step == 400
    assert [now.progress for now in nows] == sorted(now.progress for now in nows)


def test_training_and_then_flow_time_come_one_after_the_other():
    nows = all_of(small(clock="both"))
    turn = next(index for index, now in enumerate(nows) if now.step is None)
    steps = [now.step for now in nows[:turn]]
    assert steps == sorted(steps) and steps[-1] > 380 and all(now.t == 1 for now in nows[:turn])
    assert nows[turn].t == 0 and nows[-1].t == 1 and all(now.step is None for now in nows[turn:])


def test_the_camera_goes_around_once_and_meets_its_beginning():
    film, total = small(clock="camera", t=0.5), 36
    turns = [instant(film, index, total, STEPS).turn for index in range(total)]
    assert np.allclose(np.diff(turns), 10) and turns[0] == 0 and turns[-1] == 350
    swing = [instant(small(clock="camera", repeat="ping-pong"), index, 37, STEPS).turn for index in range(37)]
    assert swing[0] == swing[-1] == 0 and max(swing) == 180


def test_key_frames_are_reached_exactly_and_gently():
    keys = (
        KeyFrame(100, 0.2, ("particles",), (-1, 1, -1, 1)),
        KeyFrame(300, 0.8, ("density",), (-4, 4, -4, 4)),
        KeyFrame(300, 0.2, ("field",), (-2, 6, -4, 4)),
    )
    nows = all_of(small(clock="keys", keys=keys))
    for index, key in ((0, keys[0]), (50, keys[1]), (100, keys[2])):
        assert (nows[index].step, nows[index].t, nows[index].layers) == (key.step, pytest.approx(key.t), key.layers)
        assert nows[index].extent == pytest.approx(key.extent)
    t = np.array([now.t for now in nows])
    assert abs(t[1] - t[0]) < 0.1 * np.abs(np.diff(t)).max() and abs(t[51] - t[50]) < 0.1 * np.abs(np.diff(t)).max()
    half = nows[25].extent
    assert half[1] - half[0] == pytest.approx(4.0)  # halfway between widths 2 and 8, as one zooms


def test_key_frames_carry_the_camera():
    keys = (KeyFrame(0, 1.0, camera=Camera(azimuth=170)), KeyFrame(0, 1.0, camera=Camera(azimuth=-170)))
    nows = all_of(small(clock="keys", keys=keys), 3)
    assert abs(nows[1].camera.azimuth) == pytest.approx(180) and nows[2].camera == keys[1].camera


def test_the_number_of_pictures_can_be_exact():
    assert small(frames=77).frame_count == 77 and small(frames=77).pictures(33.3) == 77
    assert small(fps=10, seconds=1.2).pictures(33.3) == 40


def test_every_leg_has_the_stage_mode_of_the_key_frame_it_leaves():
    keys = tuple(KeyFrame(0, t, mode=mode) for t, mode in ((0.0, "flow"), (0.5, "strip"), (1.0, "journey")))
    nows = all_of(small(clock="keys", keys=keys))
    assert [now.mode for now in nows] == ["flow"] * 50 + ["strip"] * 50 + ["journey"]
