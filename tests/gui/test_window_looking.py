import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QDialog, QSlider

from flowviz.core.queries import Answer, FieldQuery, TransportQuery
from flowviz.core.solver import Solver
from flowviz.gui.state.curves import CurveStore, History
from flowviz.gui.views._stage_axes import nice_ticks
from flowviz.scene.tokens import THEMES


@pytest.fixture
def trained(window, qtbot, scripted):
    window.run_controller.run_or_pause()
    scripted.train(10, 20, 30)
    qtbot.waitUntil(lambda: len(window.run.timeline) == 3, timeout=5000)
    window.playback.play(False)
    return window


def shown(window, qtbot, change, holds):
    with qtbot.waitSignal(window.presenter.shown, timeout=5000, check_params_cb=holds):
        change()


def pixels(widget):
    """What a widget shows now, (height, width, 3)."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.array(image.constBits()).reshape(image.height(), -1)[:, : 3 * image.width()]
    return rows.reshape(image.height(), -1, 3)


def test_before_a_run_the_stage_shows_the_target_and_a_hint(window, qtbot):
    qtbot.waitUntil(lambda: window.stage.picture is not None and window.presenter.is_idle, timeout=5000)
    assert window.stage.hint == "Press Run to watch noise flow into this shape"
    image = window.stage.picture.tiles[0].buffer
    assert len(np.unique(image.reshape(-1, 4), axis=0)) > 3


def test_scrubbing_back_in_training_lets_go_of_the_newest_and_the_end_takes_hold_again(trained, qtbot, scripted):
    track = trained.clocks.training.track
    qtbot.mouseClick(track, Qt.MouseButton.LeftButton, pos=QPoint(track.width() // 2, 12))
    assert trained.cursor_state.step == 20
    assert not trained.cursor_state.follow_latest
    assert not trained.clocks.follow_button.isChecked()
    scripted.train(40)
    qtbot.waitUntil(lambda: len(trained.run.timeline) == 4, timeout=5000)
    assert trained.cursor_state.step == 20
    qtbot.mouseClick(track, Qt.MouseButton.LeftButton, pos=QPoint(track.width() - 2, 12))
    assert trained.cursor_state.follow_latest
    assert trained.cursor_state.step == 40


def test_the_picture_is_a_function_of_both_clocks(trained, qtbot):
    shown(trained, qtbot, lambda: trained.playback.show_step(10), lambda p: p.job.frame.step == 10)
    shown(trained, qtbot, lambda: trained.playback.set_t(0.25), lambda p: p.job.t == 0.25 and p.job.frame.step == 10)


def test_holding_the_flow_clock_freezes_it_but_keeps_that_it_plays(trained, qtbot):
    trained.cursor_state.set_t(0.5)
    trained.playback.play()
    trained.playback.flow.scrub(True)
    trained.playback.flow._tick()
    assert trained.cursor_state.t == 0.5
    assert trained.cursor_state.playing
    trained.playback.flow.scrub(False)
    qtbot.waitUntil(lambda: trained.cursor_state.t > 0.5, timeout=5000)


def play_through(window, seconds, parts=40):
    for _ in range(parts):
        window.playback.flow.advance(seconds / parts)


def test_playing_once_stops_at_the_end(trained):
    trained.cursor_state.flow.set_loop("once")
    trained.playback.to_start()
    trained.cursor_state.flow.set_playing(True)
    play_through(trained, 12.0)
    assert trained.cursor_state.t == 1.0
    assert not trained.cursor_state.playing


def test_one_pass_takes_ten_seconds_at_speed_one(trained):
    trained.playback.to_start()
    trained.playback.flow.advance(5.0)
    assert trained.cursor_state.t == pytest.approx(0.5)
    trained.cursor_state.flow.set_speed(0.1)
    trained.playback.flow.advance(5.0)
    assert trained.cursor_state.t == pytest.approx(0.55)


def test_looping_starts_again_and_back_and_forth_turns_round(trained):
    trained.cursor_state.flow.set_loop("loop")
    trained.cursor_state.set_t(0.9)
    play_through(trained, 3.0)
    assert trained.cursor_state.t < 0.5
    trained.cursor_state.flow.set_loop("pingpong")
    trained.cursor_state.set_t(0.9)
    play_through(trained, 3.0)
    assert 0.6 < trained.cursor_state.t < 1.0


def test_data_to_noise_plays_the_other_way(trained):
    trained.playback.flip_direction()
    trained.playback.to_start()
    assert trained.cursor_state.t == 1.0
    trained.playback.flow.advance(1.0)
    assert trained.cursor_state.t == pytest.approx(0.9)
    assert trained.clocks.direction_button.text() == "Data to noise"


def test_number_keys_switch_layers_and_chips_show_it(trained, qtbot):
    trained.stage.setFocus()
    for key, layer in ((Qt.Key.Key_1, "target"), (Qt.Key.Key_4, "density"), (Qt.Key.Key_6, "grid")):
        before = layer in trained.options.value.layers
        qtbot.keyClick(trained.stage, key)
        assert (layer in trained.options.value.layers) is not before
        assert trained.layer_bar.chips[layer].isChecked() is not before


def test_keys_move_both_clocks(trained, qtbot):
    trained.stage.setFocus()
    trained.cursor_state.set_t(0.5)
    for key, modifier, t in (
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 0.51),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier, 0.41),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, 0.0),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, 1.0),
    ):
        qtbot.keyClick(trained.stage, key, modifier)
        assert trained.cursor_state.t == pytest.approx(t)
    qtbot.keyClick(trained.stage, Qt.Key.Key_Down)
    assert trained.cursor_state.step == 20
    qtbot.keyClick(trained.stage, Qt.Key.Key_Up)
    assert trained.cursor_state.step == 30
    qtbot.keyClick(trained.stage, Qt.Key.Key_Minus)
    assert trained.cursor_state.flow.speed == 0.5
    qtbot.keyClick(trained.stage, Qt.Key.Key_Space)
    assert trained.cursor_state.playing


def test_keys_typed_into_a_field_stay_there(trained, qtbot):
    box = trained.clocks.t_box
    box.setFocus()
    box.selectAll()
    playing = trained.cursor_state.playing
    layers = trained.options.value.layers
    qtbot.keyClicks(box, "0.25")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert trained.options.value.layers == layers
    assert trained.cursor_state.playing is playing
    assert trained.cursor_state.t == pytest.approx(0.25)


def test_another_solver_is_asked_of_the_engine_and_its_effort_is_shown(trained, qtbot, scripted):
    trained.clocks.solver_requested.emit(Solver("euler", 40))
    qtbot.waitUntil(lambda: trained.clocks.solver.nfe.text() == "NFE 48" and trained.presenter.is_idle, timeout=5000)
    assert any(isinstance(q, TransportQuery) and q.solver.name == "euler" for _, q in scripted.asked)
    asked = len(scripted.asked)
    trained.playback.set_t(0.3)
    qtbot.waitUntil(lambda: trained.presenter.is_idle, timeout=5000)
    assert len(scripted.asked) == asked, "the same question was asked twice"


def test_light_and_dark_change_the_stage(trained, qtbot):
    trained.options.update(layers=frozenset())
    shown(trained, qtbot, lambda: trained.theme.choose("light"), lambda p: p.job.tokens.name == "light")
    assert tuple(trained.stage.picture.tiles[0].buffer[5, 5, :3]) == (255, 255, 255)
    shown(trained, qtbot, lambda: trained.theme.choose("dark"), lambda p: p.job.tokens.name == "dark")


def test_no_part_of_the_stage_keeps_the_colours_of_the_theme_before(trained, qtbot):
    for mode in ("flow", "journey", "strip", "four_up", "compare"):
        trained.options.update(mode=mode)
        qtbot.waitUntil(lambda: trained.presenter.is_idle, timeout=5000)
        old, new = trained.theme.tokens, THEMES["light" if trained.theme.tokens.name == "dark" else "dark"]
        trained.theme.choose(new.name)  # the run is paused: nothing but the theme asks for a picture
        ground, at_once = QColor(new.stage).getRgb()[:3], pixels(trained.stage)
        assert not (at_once == QColor(old.stage).getRgb()[:3]).all(axis=2).any(), "the old ground is gone at once"
        qtbot.waitUntil(lambda new=new: trained.stage.picture.job.tokens is new, timeout=5000)
        assert (pixels(trained.stage) != ground).mean() > (at_once != ground).mean(), mode


def test_zooming_asks_for_a_picture_of_what_is_in_view_and_a_fits_again(trained, qtbot):
    whole, at = trained.stage.view(), trained.stage.to_world(QPointF(300, 200))
    shown(trained, qtbot, lambda: trained.stage.zoom(2.0, QPointF(300, 200)), lambda p: p.tiles[0].view != whole)
    assert trained.stage.to_world(QPointF(300, 200)) == at
    assert trained.stage.view()[1] - trained.stage.view()[0] == pytest.approx((whole[1] - whole[0]) / 2)
    qtbot.keyClick(trained.stage, Qt.Key.Key_A)
    assert trained.stage.view() == pytest.approx(whole)


def test_dragging_the_stage_moves_the_world_with_the_hand(trained, qtbot):
    stage = trained.stage
    under = stage.to_world(QPointF(200, 200))
    qtbot.mousePress(stage, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    qtbot.mouseMove(stage, QPoint(260, 180))
    qtbot.mouseRelease(stage, Qt.MouseButton.LeftButton, pos=QPoint(260, 180))
    place = stage.to_widget(under.x(), under.y())
    assert (place.x(), place.y()) == pytest.approx((260, 180))


def test_ticks_are_round_numbers_inside_the_view():
    assert nice_ticks(-4.2, 4.1, 5) == [-4, -2, 0, 2, 4]
    assert nice_ticks(0.11, 0.29, 4) == pytest.approx([0.15, 0.2, 0.25])


def test_every_control_has_a_name_and_every_menu_entry_something_to_do(window):
    kinds = (QAbstractButton, QComboBox, QAbstractSpinBox, QSlider)
    controls = [w for kind in kinds for w in window.findChildren(kind) if w.isVisibleTo(window)]
    nameless = [
        (type(w).__name__, w.objectName(), type(w.parent()).__name__)
        for w in controls
        if not (w.accessibleName() or getattr(w, "text", str)()) and not w.objectName().startswith("qt_")
    ]
    assert not nameless
    keys = [key for row in window.table.rows for key in row.shortcuts]
    assert len(keys) == len(set(keys))


def test_the_curve_store_keeps_means_in_bounded_memory():
    store = CurveStore()
    steps = np.arange(1, 100_001)
    for part in np.array_split(steps, 200):
        store.add(part, part * 2.0)
    x, y = store.curve()
    assert len(x) <= 800
    np.testing.assert_allclose(y, 2 * x)
    store.add(np.array([100_001]), np.array([np.nan]))
    assert np.isfinite(store.curve()[1]).all()


def test_a_history_keeps_its_newest_values_when_it_is_thinned():
    history = History(most=100)
    for step in range(1000):
        history.add(step, float(step))
    x, y = history.curve()
    assert len(x) <= 100
    assert (x[0], x[-1]) == (0, 999)
    np.testing.assert_array_equal(x, y)


def test_a_history_keeps_the_order_of_steps_whatever_comes_first():
    history = History()
    for step, value in ((10, 1.0), (30, 3.0), (20, 2.0), (30, 3.5), (10, 1.5)):
        history.add(step, value)
    x, y = history.curve()
    assert (x.tolist(), y.tolist()) == ([10, 20, 30], [1.5, 2.0, 3.5])
    assert history.last == 3.5


def test_every_menu_entry_can_be_pressed_without_harm(trained, qtbot, monkeypatch):
    pressed = []
    monkeypatch.setattr(type(trained.target_panel), "open_dialog", lambda self: pressed.append("open"))
    monkeypatch.setattr(type(trained.films), "ask", lambda self, *_: pressed.append("export"))
    QGuiApplication.clipboard().setText("Hello")  # for Paste: not what another test has left there
    for key, action in trained.table.actions.items():
        if key != "quit":
            action.trigger()
    assert pressed == ["open", "export"]
    qtbot.waitUntil(lambda: not trained.target_panel.is_busy(), timeout=30_000)
    assert trained.draft.target.key == "text", "what was pasted is there, too"
    for window in trained.findChildren(QDialog):
        window.close()
    if trained.isFullScreen():
        trained.toggle_full_screen()


def test_words_can_be_read_in_both_themes():
    for tokens in THEMES.values():
        for ground in (tokens.window, tokens.panel, tokens.stage, tokens.raised):
            assert contrast(tokens.text, ground) > 7
            assert contrast(tokens.muted, ground) > 4.5
        assert contrast(tokens.accent_text, tokens.accent) > 4.5


def contrast(first, second):
    """WCAG 2.1 contrast ratio."""

    def light(colour):
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        parts = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return parts @ [0.2126, 0.7152, 0.0722]

    high, low = sorted((light(first), light(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_tabs_above_the_stage_change_how_one_looks(trained, qtbot):
    tabs = trained.mode_bar.tabs
    for index, (key, panels) in enumerate([("flow", 1), ("journey", 1), ("strip", 2), ("four_up", 4)]):
        if index:
            place = tabs.tabRect(index).center()
            shown(
                trained,
                qtbot,
                lambda place=place: qtbot.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=place),
                lambda p, count=panels: len(p.tiles) == count,
            )
        assert trained.options.value.mode == key
        assert trained.mode_bar.angle.isVisible() == (key == "strip")
    assert not trained.layer_bar.chips["grid"].isEnabled()
    trained.options.update(mode="compare")
    assert trained.layer_bar.chips["grid"].isEnabled(), "the layers are what is compared"
    qtbot.keyClick(trained.stage, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert trained.options.value.mode == "flow"
    assert trained.layer_bar.chips["grid"].isEnabled()


def test_panels_of_the_same_plane_move_together_under_the_hand(trained, qtbot):
    shown(trained, qtbot, lambda: trained.options.update(mode="four_up"), lambda p: len(p.tiles) == 4)
    stage = trained.stage
    before = stage.spots()
    start = before[3].plot.center()
    qtbot.mousePress(stage, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(stage, start + QPoint(40, 0))
    qtbot.mouseRelease(stage, Qt.MouseButton.LeftButton, pos=start + QPoint(40, 0))
    moves = {round(new.view[0] - old.view[0], 6) for old, new in zip(before, stage.spots(), strict=True)}
    assert len(moves) == 1
    assert moves.pop() == pytest.approx(
        -40 * (before[3].view[1] - before[3].view[0]) / before[3].plot.width(), rel=0.01
    )


def test_a_strip_stays_where_it_is_and_turns_with_its_direction(trained, qtbot):
    shown(trained, qtbot, lambda: trained.options.update(mode="strip"), lambda p: len(p.tiles) == 2)
    views = [spot.view for spot in trained.stage.spots()]
    trained.stage.zoom(2.0, QPointF(200, 200))
    assert [spot.view for spot in trained.stage.spots()] == views
    shown(
        trained,
        qtbot,
        lambda: trained.mode_bar.angle.setValue(90.0),
        lambda p: p.scene.panels[0].title == "Marginal of y over t",
    )


def test_a_panel_that_the_engine_cannot_fill_says_why_instead_of_waiting(trained, qtbot, scripted, monkeypatch):
    ask = scripted.ask

    def refuse(spec, weights, query, lane=""):
        if not isinstance(query, FieldQuery):
            return ask(spec, weights, query, lane)
        number = next(scripted._numbers)
        scripted.events.append(Answer(number, {}, "The method has no velocity field.", "Show trajectories."))
        return number

    monkeypatch.setattr(scripted, "ask", refuse)
    trained.options.update(mode="four_up")

    def told(picture):
        return [label.text for label in picture.scene.panels[-1].labels] == ["The method has no velocity field."]

    qtbot.waitUntil(lambda: told(trained.stage.picture), timeout=5000)
    trained.options.update(mode="flow")
    trained.notice_bar.hide()
