"""What a session says of how one looked: clocks, stage, camera, layout; written as plain JSON, read with doubt."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from PySide6.QtCore import QByteArray

from flowviz.core.camera import Camera, camera_from_json
from flowviz.core.errors import UserError
from flowviz.core.film_json import key_from_json, key_to_json
from flowviz.core.probes import loop_from_json, loop_to_json, pin_from_json, pin_to_json
from flowviz.gui.state.cursor import SPEEDS, LoopMode
from flowviz.gui.state.keyframes import Captured, Kept
from flowviz.gui.state.probes import MOST_PINS
from flowviz.scene._mode import MODES
from flowviz.scene.options import Direction, options_from_mapping, options_to_mapping
from flowviz.scene.panels import Gazes
from flowviz.scene.resolve import layers
from flowviz.scene.view import Gaze

if TYPE_CHECKING:
    from flowviz.gui.main_window import MainWindow
_MOST_KEY_FRAMES = 1000


def look_of(window: MainWindow) -> dict[str, Any]:
    """How a window looks now."""
    cursor, options = window.cursor_state, window.options.value
    return {
        "clocks": {
            "step": cursor.step,
            "t": cursor.t,
            "follow": cursor.follow_latest,
            "speeds": [cursor.flow.speed, cursor.training.speed],
            "loops": [cursor.flow.loop, cursor.training.loop],
            "direction": options.direction,
        },
        "pins": [pin_to_json(pin) for pin in window.probes.value.pins],
        "loop": loop_to_json(window.probes.value.loop),
        "key_frames": {str(run): _keys_document(kept) for run, kept in window.keyframes.state.by_run().items()},
        "layers": sorted(options.layers),
        "options": options_to_mapping(options),
        "gazes": _gaze_documents(window.stage.gazes),
        "curves": window.curves.tabText(window.curves.currentIndex()),
        "log_axes": window.curves.log_axes,
        "layout": base64.b64encode(bytes(window.layout_of_docks.state().data())).decode(),
    }


def show_look(window: MainWindow, look: Mapping[str, Any]) -> None:
    """Look like that again. A part that is missing, or makes no sense, leaves the window as it is there."""
    for part, show in (
        ("clocks", _show_clocks), ("options", _show_options), ("gazes", _show_gazes), ("layout", _show_layout),
        ("pins", _show_pins), ("loop", _show_loop), ("curves", _show_curves),
        ("key_frames", _show_key_frames), ("log_axes", _show_axes),
    ):  # fmt: skip
        if part in look:
            try:
                show(window, look)
            except (UserError, KeyError, TypeError, ValueError, AttributeError, OverflowError):
                continue  # how one looked is no reason to keep back what one made


def _show_clocks(window: MainWindow, look: Mapping[str, Any]) -> None:
    clocks, cursor = look["clocks"], window.cursor_state
    step, t = int(clocks["step"]), float(clocks["t"])
    if not math.isfinite(t):
        raise ValueError("t is no number")
    for clock, speed, loop in zip((cursor.flow, cursor.training), clocks["speeds"], clocks["loops"], strict=True):
        clock.set_playing(False)
        if speed in SPEEDS:
            clock.set_speed(speed)
        if loop in get_args(LoopMode):
            clock.set_loop(loop)
    window.playback.show_step(step)
    if clocks["follow"] is True:
        window.playback.follow(True)
    cursor.set_t(t)


def _show_options(window: MainWindow, look: Mapping[str, Any]) -> None:
    known = {key for key, _ in layers()}
    direction: Direction = "encode" if look["clocks"]["direction"] == "encode" else "generate"
    values = options_from_mapping(look["options"], [key for key in look["layers"] if key in known], direction)
    MODES.get(values.mode)
    window.options.replace(values)


def _show_gazes(window: MainWindow, look: Mapping[str, Any]) -> None:
    window.stage.look_as(_gazes(look["gazes"]))


def _show_key_frames(window: MainWindow, look: Mapping[str, Any]) -> None:
    everything = {int(run): _keys(document) for run, document in look["key_frames"].items()}
    for run, kept in everything.items():
        window.keyframes.state.put(run, kept)


def _keys_document(kept: Kept) -> dict[str, Any]:
    captured, current = kept
    every = [{"key": key_to_json(c.key), "gazes": _gaze_documents(c.gazes)} for c in captured]
    return {"all": every, "current": current}


def _keys(document: Mapping[str, Any]) -> Kept:
    known_layers, known_modes = {key for key, _ in layers()}, {"", *(key for key, _ in MODES.items())}
    captured = []
    for item in document["all"][:_MOST_KEY_FRAMES]:
        key = key_from_json(item["key"])
        if not (0 <= key.t <= 1 and known_layers.issuperset(key.layers) and key.mode in known_modes):
            raise ValueError("a key frame shows nothing that there is")
        captured.append(Captured(key, _gazes(item["gazes"])))
    return tuple(captured), max(-1, int(document["current"]))


def _show_pins(window: MainWindow, look: Mapping[str, Any]) -> None:
    pins = tuple(pin_from_json(pin) for pin in look["pins"][:MOST_PINS])
    window.probes.clear()
    window.probes.restore(pins)


def _show_loop(window: MainWindow, look: Mapping[str, Any]) -> None:
    loop = loop_from_json(look["loop"])
    if loop is not None:
        window.probes.draw_loop(loop)


def _show_layout(window: MainWindow, look: Mapping[str, Any]) -> None:
    window.layout_of_docks.restore(QByteArray(base64.b64decode(str(look["layout"]), validate=True)))


def _show_curves(window: MainWindow, look: Mapping[str, Any]) -> None:
    """After the pins, the first of which brings its own page to the front."""
    curves = window.curves
    for index in range(curves.count()):
        if curves.tabText(index) == look["curves"] and curves.isTabVisible(index):
            curves.setCurrentIndex(index)


def _show_axes(window: MainWindow, look: Mapping[str, Any]) -> None:
    window.curves.choose_axes({str(metric): is_log is True for metric, is_log in look["log_axes"].items()})


def _gaze_documents(gazes: Gazes) -> dict[str, Any]:
    return {link: _gaze_document(gaze) for link, gaze in gazes.items()}


def _gazes(documents: Mapping[str, Any]) -> Gazes:
    return {str(link): _gaze(document) for link, document in documents.items()}


def _gaze_document(gaze: Gaze | Camera) -> dict[str, Any]:
    if isinstance(gaze, Camera):
        return {"camera": gaze.to_json()}
    return {"zoom": gaze.zoom, "shift": list(gaze.shift)}


def _gaze(document: Mapping[str, Any]) -> Gaze | Camera:
    if "camera" in document:
        return camera_from_json(document["camera"])
    zoom, (x, y) = float(document["zoom"]), document["shift"]
    gaze = Gaze(zoom, (float(x), float(y)))
    if not all(math.isfinite(value) for value in (zoom, *gaze.shift)) or zoom <= 0:
        raise ValueError("no way to look at a plane")
    return gaze
