"""Wires of the window that need nothing of it but its parts: from the panels' wishes to the controllers, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowviz.gui.main_window import MainWindow


def connect_runs(window: MainWindow) -> None:
    """The list of runs, and what is made of a run."""
    panel, control = window.runs_panel, window.runs_controller
    panel.bring_back_requested.connect(control.bring_back)
    panel.rename_requested.connect(control.rename)
    panel.remove_requested.connect(control.remove)
    panel.curves_toggled.connect(control.show_curves)
    panel.compare_requested.connect(control.run_with)
    control.brought_back.connect(window.error_bar.hide)
    control.brought_back.connect(lambda: window.playback.follow(True))
    for speaker in (control, window.recipes):
        speaker.notice.connect(window.show_notice)
    window.theme.changed.connect(panel.refresh)
