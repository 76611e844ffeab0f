import threading

import pytest

from flowviz.core.control import CancelledByUser, Control


def test_a_fresh_run_may_step():
    assert Control().may_step()


def test_a_paused_run_may_not_step_until_resumed():
    control = Control()
    control.pause()
    assert not control.may_step()
    assert control.is_paused
    control.resume()
    assert control.may_step()


def test_single_steps_are_used_up_one_by_one_and_leave_the_run_paused():
    control = Control()
    control.step_once()
    control.step_once()
    assert [control.may_step() for _ in range(3)] == [True, True, False]
    assert control.is_paused


def test_resume_forgets_single_steps_so_that_a_later_pause_holds():
    control = Control()
    control.step_once()
    control.resume()
    control.pause()
    assert not control.may_step()


def test_a_change_wakes_a_paused_run_without_allowing_a_step():
    control = Control()
    control.pause()
    control.change("rate", 0.5)
    control.wait()  # returns at once: there is something to do
    assert not control.may_step()
    assert control.take_changes() == {"rate": 0.5}
    assert control.take_changes() == {}


def test_the_latest_of_several_changes_wins():
    control = Control()
    control.change("rate", 0.5)
    control.change("rate", 0.1)
    assert control.take_changes() == {"rate": 0.1}


@pytest.mark.parametrize("wish", ["cancel", "resume", "step_once"])
def test_a_waiting_run_wakes_up(wish):
    control = Control()
    control.pause()
    woken = threading.Event()

    def wait():
        control.wait()
        woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    getattr(control, wish)()
    assert woken.wait(5)
    thread.join(5)


def test_a_stopped_run_says_so_even_while_paused():
    control = Control()
    control.pause()
    control.cancel()
    with pytest.raises(CancelledByUser) as caught:
        control.may_step()
    assert not caught.value.quick
    control.cancel(quick=True)
    with pytest.raises(CancelledByUser) as caught:
        control.may_step()
    assert caught.value.quick
