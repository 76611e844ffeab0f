"""Wires of the window that need nothing of it but its parts: from the panels' wishes to the controllers, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowviz.gui.main_window import MainWindow


def connect_training(window: MainWindow) -> None:
    """The buttons that train, the form of the method, and the engine's events."""
    bar, form, control = window.top_bar, window.method_panel, window.run_controller
    window.pump.batch.connect(control.take)
    window.pump.batch.connect(window.presenter.take)
    bar.run_requested.connect(control.run_or_pause)
    bar.step_requested.connect(control.step_once)
    bar.stop_requested.connect(control.stop)
    bar.restart_requested.connect(control.restart)
    form.method_chosen.connect(window.choices.set_method)
    form.param_chosen.connect(window.choices.set_param)
    form.budget_chosen.connect(window.choices.set_budget)
    form.seed_chosen.connect(window.choices.set_seed)
    form.device_chosen.connect(window.choices.set_device)
    window.blocks.pause_after_block_requested.connect(control.pause_after_block)


def connect_runs(window: MainWindow) -> None:
    """The list of runs, and what is made of a run."""
    panel, control = window.runs_panel, window.runs_controller
    panel.bring_back_requested.connect(control.bring_back)
    panel.rename_requested.connect(control.rename)
    panel.remove_requested.connect(control.remove)
    panel.curves_toggled.connect(control.show_curves)
    panel.compare_requested.connect(control.run_with)
    panel.compare_requested.connect(lambda _method: window.options.update(mode="compare"))
    window.runs.changed.connect(window.presenter.refresh)
    control.brought_back.connect(window.error_bar.hide)
    control.brought_back.connect(lambda: window.playback.follow(True))
    window.blocks.add_block_requested.connect(window.block_adder.add)
    window.blocks.edit_requested.connect(window.surgery.edit)
    window.blocks.refused.connect(window.show_notice)
    for speaker in (control, window.recipes, window.surgery):
        speaker.notice.connect(window.show_notice)
    window.keyframes.told.connect(window.show_notice)
    window.run.entered.connect(lambda: window.keyframes.state.enter(window.runs.stage))
    window.theme.changed.connect(panel.refresh)
    window.draft.changed.connect(lambda what: panel.refresh() if what == "method" else None)  # names of methods


def connect_looking(window: MainWindow) -> None:
    """Clocks, stage, layers, probes and theme."""
    _connect_clocks(window)
    _connect_stage(window)
    clocks, curves = window.clocks, window.curves
    window.presenter.solver_told.connect(clocks.show_solver)
    window.presenter.question_failed.connect(window.show_notice)
    for restyle in (window.stage.restyle, curves.restyle, window.layer_bar.refresh, clocks.update):
        window.theme.changed.connect(restyle)
    window.theme.changed.connect(window.layout_of_docks.follow_zoom)


def _connect_clocks(window: MainWindow) -> None:
    play, clocks = window.playback, window.clocks
    for row, clock in ((clocks.flow, play.flow), (clocks.training, play.training)):
        row.play_requested.connect(clock.toggle)
        row.start_requested.connect(clock.to_start)
        row.end_requested.connect(clock.to_end)
        row.loop_requested.connect(clock.next_loop)
        row.held.connect(clock.scrub)
        row.speed_requested.connect(clock.set_speed)
    clocks.flow.walk_requested.connect(play.walk_flow)
    clocks.training.walk_requested.connect(play.walk_frames)
    clocks.direction_requested.connect(play.flip_direction)
    clocks.t_requested.connect(play.set_t)
    clocks.step_requested.connect(play.show_step)
    clocks.follow_requested.connect(play.follow)
    clocks.solver_requested.connect(window.options.choose_solver)
    clocks.typed.connect(window.stage.setFocus)
    window.curves.step_requested.connect(play.show_step)


def _connect_stage(window: MainWindow) -> None:
    layer_bar, probe, probes = window.layer_bar, window.curves.probe, window.probes
    layer_bar.layer_toggled.connect(window.options.toggle_layer)
    layer_bar.fit_requested.connect(window.stage.fit)
    layer_bar.loop_requested.connect(window.probing.toggle_loop)
    window.probing.loop_mode_changed.connect(layer_bar.show_loop_mode)
    window.probing.refused.connect(window.show_notice)
    for bar in (layer_bar, window.mode_bar):
        bar.options_chosen.connect(window.options.choose)
    window.presenter.shown.connect(probe.show_picture)
    for bar in (layer_bar, window.mode_bar):
        window.presenter.shown.connect(bar.show_picture)
    probe.t_requested.connect(window.playback.set_t)
    probes.changed.connect(lambda: window.curves.show_probe_page(bool(probes.value.pins)))
