"""The table of everything that the window can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence

from flowviz.core.block_edits import Equalise, Refine
from flowviz.core.camera import AXES, Axis
from flowviz.gui.actions import Action, ActionTable, separator
from flowviz.gui.control.camera import STEP
from flowviz.gui.theme.theme import ThemeChoice
from flowviz.gui.views._stage_gl import RendererChoice
from flowviz.scene.resolve import layers, modes

if TYPE_CHECKING:
    from flowviz.gui.documents import Documents
    from flowviz.gui.main_window import MainWindow


def window_actions(window: MainWindow) -> list[Action]:
    """All menus, in order."""
    return [
        *_file(window),
        separator("Edit"),
        Action("copy_python", "Edit", "Copy as Python", window.recipes.copy),
        *_run(window),
        *_time(window),
        *_key_frames(window),
        *_view(window),
        *_camera(window),
        *_help(window),
    ]


def make_menus(window: MainWindow) -> ActionTable:
    """The menus of the window, filled."""
    table = ActionTable(window, window_actions(window))
    stack = window.history.stack
    undo, redo = stack.createUndoAction(window, "Undo"), stack.createRedoAction(window, "Redo")
    undo.setShortcuts([QKeySequence("Ctrl+Z")])
    redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
    edit = table.menu("Edit")
    edit.insertActions(edit.actions()[0], [undo, redo])
    for key, dock in window.layout_of_docks.docks.items():
        if key != "clocks":
            table.menu("View").addAction(dock.toggleViewAction())
    return table


def _file(window: MainWindow) -> list[Action]:
    def there() -> bool:
        return window.documents is not None

    def wish(of: Callable[[Documents], None]) -> Callable[[], None]:
        return lambda: of(window.documents) if window.documents is not None else None

    return [
        Action("new", "File", "New", wish(lambda documents: documents.new()), ("Ctrl+N",), "", there),
        Action("open_any", "File", "Open…", wish(lambda documents: documents.ask_open()), ("Ctrl+O",), "open", there),
        separator("File/Open recent"),
        separator("File"),
        Action("save", "File", "Save", wish(lambda documents: documents.save()), ("Ctrl+S",), "", there),
        Action("save_as", "File", "Save as…", wish(lambda docs: docs.save_as()), ("Ctrl+Shift+S",), "", there),
        separator("File"),
        Action("open", "File", "Open target…", lambda: window.target_panel.open_dialog(), ("Ctrl+Shift+O",)),
        Action("paste", "File", "Paste as target", window.target_panel.paste, ("Ctrl+V",), "paste"),
        separator("File"),
        Action("export", "File", "Export film…", window.export_film, ("Ctrl+E",), "film", window.can_export),
        Action("export_data", "File", "Export data…", window.export_data, ("Ctrl+Shift+E",), "", window.can_export),
        separator("File"),
        Action("quit", "File", "Quit", window.close, ("Ctrl+Q",)),
    ]


def _key_frames(window: MainWindow) -> list[Action]:
    keys = window.keyframes
    menu = "Time/Key frames"
    return [
        Action("key_capture", menu, "Capture key frame", keys.capture, ("Alt+F",), "", window.can_export),
        Action("key_replace", menu, "Replace key frame", keys.replace, ("Alt+R",), "", keys.has_any),
        Action("key_delete", menu, "Delete key frame", keys.delete, ("Alt+D",), "", keys.has_any),
        Action("key_next", menu, "Next key frame", lambda: keys.visit(1), ("Alt+A",), "", keys.has_any),
        Action("key_previous", menu, "Previous key frame", lambda: keys.visit(-1), ("Alt+B",), "", keys.has_any),
    ]


def _run(window: MainWindow) -> list[Action]:
    control, run = window.run_controller, window.run
    return [
        Action(
            "run",
            "Run",
            "Run or pause",
            control.run_or_pause,
            ("Ctrl+Return", "Ctrl+Enter"),
            "play",
            lambda: control.can_run,
        ),
        Action("step", "Run", "One step", control.step_once, (".",), "step", lambda: control.can_run),
        Action("stop", "Run", "Stop", control.stop, ("Ctrl+.",), "stop", lambda: run.is_active),
        Action("restart", "Run", "Restart", control.restart, ("Ctrl+R",), "restart", lambda: control.can_run),
        Action(
            "continue",
            "Run",
            "Continue training",
            control.proceed,
            (),
            "",
            lambda: run.status in ("finished", "stopped", "failed"),
        ),
        separator("Run"),
        Action(
            "finish_block",
            "Run",
            "Finish this block, then pause",
            lambda: control.pause_after_block(not control.pauses_after_block),
            ("B",),
            "finish-block",
            lambda: run.status == "running" and bool(run.blocks),
            lambda: control.pauses_after_block,
        ),
        Action("add_block", "Run", "Add block", window.block_adder.add, (), "plus", lambda: not run.why_no_block),
        Action(
            "equalise",
            "Run",
            "Equalise the blocks",
            lambda: window.surgery.edit(Equalise()),
            ("Shift+E",),
            "",
            lambda: not run.why_no_edit(Equalise()),
        ),
        Action(
            "refine",
            "Run",
            "Refine: halve every block",
            lambda: window.surgery.edit(Refine()),
            ("Shift+R",),
            "",
            lambda: not run.why_no_edit(Refine()),
        ),
    ]


def _time(window: MainWindow) -> list[Action]:
    play, cursor = window.playback, window.cursor_state
    return [
        Action("play", "Time", "Play or pause", play.toggle, ("Space",), "play"),
        Action("back", "Time", "Step back", lambda: play.nudge(-0.01), ("Left",)),
        Action("forward", "Time", "Step forward", lambda: play.nudge(0.01), ("Right",)),
        Action("far_back", "Time", "Back 10 %", lambda: play.nudge(-0.1), ("Shift+Left",)),
        Action("far_forward", "Time", "Forward 10 %", lambda: play.nudge(0.1), ("Shift+Right",)),
        Action("start", "Time", "To the start", play.to_start, ("Home",)),
        Action("end", "Time", "To the end", play.to_end, ("End",)),
        separator("Time"),
        Action("play_training", "Time", "Play or pause the training", play.training.toggle, ("Shift+Space",)),
        Action("older", "Time", "Older training frame", lambda: play.walk_frames(-1), ("Down",)),
        Action("newer", "Time", "Newer training frame", lambda: play.walk_frames(1), ("Up",)),
        Action("far_older", "Time", "Training back 10 %", lambda: play.walk_training(-0.1), ("Shift+Down",)),
        Action("far_newer", "Time", "Training forward 10 %", lambda: play.walk_training(0.1), ("Shift+Up",)),
        Action("first_frame", "Time", "First training frame", play.training.to_start, ("Ctrl+Home",)),
        Action("last_frame", "Time", "Newest training frame", play.training.to_end, ("Ctrl+End",)),
        Action(
            "follow", "Time", "Follow latest", lambda: play.follow(not cursor.follow_latest), ("F",),
            checked_when=lambda: cursor.follow_latest,
        ),
        separator("Time"),
        Action("slower", "Time", "Slower", lambda: play.flow.faster(-1), ("-",)),
        Action("faster", "Time", "Faster", lambda: play.flow.faster(1), ("+", "=")),
        Action("loop", "Time", "Next loop mode", play.flow.next_loop, ("L",), "loop"),
        Action("training_slower", "Time", "Training slower", lambda: play.training.faster(-1), ("Shift+-",)),
        Action("training_faster", "Time", "Training faster", lambda: play.training.faster(1), ("*",)),
        Action("training_loop", "Time", "Next loop mode of the training", play.training.next_loop, ("Shift+L",)),
        Action("direction", "Time", "Turn the direction round", play.flip_direction, ("D",)),
    ]  # fmt: skip


def _view(window: MainWindow) -> list[Action]:
    options, theme = window.options, window.theme

    def layer(key: str, label: str, shortcut: str) -> Action:
        return Action(
            f"layer_{key}", "View/Layers", label, lambda: options.toggle_layer(key), (shortcut,),
            checked_when=lambda: key in options.value.layers,
        )  # fmt: skip

    def look(choice: ThemeChoice, text: str) -> Action:
        return Action(
            f"theme_{choice}",
            "View/Theme",
            text,
            lambda: theme.choose(choice),
            checked_when=lambda: theme.choice == choice,
        )

    def mode(key: str, label: str, number: int) -> Action:
        return Action(
            f"mode_{key}", "View/Stage", label, lambda: options.update(mode=key), (f"Ctrl+{number}",),
            checked_when=lambda: options.value.mode == key,
        )  # fmt: skip

    return [
        *(mode(key, made.label, number) for number, (key, made) in enumerate(modes(), 1)),
        *(layer(key, made.label, made.key) for key, made in layers()),
        Action("loop_probe", "View", "Draw a loop", window.probing.toggle_loop, ("O",), "lasso"),
        Action("clear_probes", "View", "Clear pins and loop (Esc on the stage)", window.probing.clear),
        Action("fit", "View", "Fit the view", window.stage.fit, ("A",), "fit"),
        separator("View"),
        look("light", "Light"),
        look("dark", "Dark"),
        look("system", "As the system"),
        Action(
            "full_screen", "View", "Full screen", window.toggle_full_screen, ("F11",), checked_when=window.isFullScreen
        ),
        Action(
            "present",
            "View",
            "Present",
            window.presentation.toggle,
            ("F5",),
            checked_when=lambda: window.presentation.is_on,
        ),
        Action("larger", "View", "Larger interface", lambda: theme.zoom_by(1), ("Ctrl++", "Ctrl+=")),
        Action("smaller", "View", "Smaller interface", lambda: theme.zoom_by(-1), ("Ctrl+-",)),
        Action("usual_size", "View", "Usual size", lambda: theme.zoom_by(0), ("Ctrl+0",)),
        Action("reset_layout", "View", "Reset layout", window.layout_of_docks.reset),
        separator("View"),
    ]


def _camera(window: MainWindow) -> list[Action]:
    camera = window.camera

    def look(axis: Axis) -> Action:
        sign, letter = ("", axis[1].upper()) if axis[0] == "+" else ("Shift+", axis[1].upper())
        words = axis.upper().replace("-", "\N{MINUS SIGN}")
        return Action(
            f"look_{axis}", "View/Camera", f"Look from {words}", lambda: camera.look_from(axis),
            (f"Alt+{sign}{letter}",), enabled_when=lambda: camera.is_there,
        )  # fmt: skip

    def orbit(key: str, words: str, right: float, up: float) -> Action:
        return Action(
            f"orbit_{key.lower()}", "View/Camera", f"Orbit {words}", lambda: camera.orbit(right, up),
            (f"Alt+{key}",), enabled_when=lambda: camera.is_there,
        )  # fmt: skip

    def renderer(choice: RendererChoice, text: str) -> Action:
        return Action(
            f"renderer_{choice}", "View/Renderer", text, lambda: window.stage.choose_renderer(choice),
            checked_when=lambda: window.stage.renderer.choice == choice,
        )  # fmt: skip

    return [
        Action("camera_reset", "View/Camera", "Reset the camera", camera.reset, ("R",)),
        *(look(axis) for axis in AXES),
        separator("View/Camera"),
        orbit("Left", "to the left", -STEP, 0.0),
        orbit("Right", "to the right", STEP, 0.0),
        orbit("Up", "up", 0.0, STEP),
        orbit("Down", "down", 0.0, -STEP),
        separator("View/Camera"),
        Action("slice_up", "View/Camera", "Slice up", lambda: window.layer_bar.slice_strip.nudge(5), ("PgUp",)),
        Action("slice_down", "View/Camera", "Slice down", lambda: window.layer_bar.slice_strip.nudge(-5), ("PgDown",)),
        separator("View/Camera"),
        Action(
            "parallel", "View/Camera", "Parallel projection", camera.flip_projection, ("P",),
            enabled_when=lambda: camera.is_there, checked_when=lambda: camera.is_parallel,
        ),
        renderer("auto", "Automatic"),
        renderer("painter", "Painter (any machine)"),
        renderer("opengl", "OpenGL (graphics card)"),
    ]  # fmt: skip


def _help(window: MainWindow) -> list[Action]:
    def box(name: str) -> None:
        from flowviz.gui.widgets import about  # with the versions of all that is installed: only when one asks

        getattr(about, name)(window).open()

    return [
        Action("tour", "Help", "Tour", window.first_start.show_tour),
        Action("example", "Help", "Open the example", window.first_start.open_example),
        Action("shortcuts", "Help", "Shortcuts", window.show_shortcuts, ("F1", "?"), "info"),
        Action("log", "Help", "Show log", lambda: box("LogBox")),
        Action("about", "Help", "About flowviz", lambda: box("AboutBox")),
    ]
