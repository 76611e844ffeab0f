"""Wishes about key frames: capture what is on the stage, go back to it, change it, take it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from flowviz.core.camera import Camera
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.history import History
from flowviz.gui.state.keyframes import Captured, KeyFrameState
from flowviz.gui.state.options import OptionsState
from flowviz.gui.state.run import RunState
from flowviz.scene.marks import Extent
from flowviz.scene.panels import Gazes


class Stage(Protocol):
    """What key frames need of the stage."""

    @property
    def gazes(self) -> Gazes: ...
    def view(self) -> Extent: ...
    def camera(self) -> Camera | None: ...
    def look_as(self, gazes: Gazes) -> None: ...


class Clocks(Protocol):
    """What key frames need of the playback."""

    def set_t(self, t: float) -> None: ...
    def show_step(self, step: int) -> None: ...


class KeyFrameController(QObject):
    """Captures and visits key frames.

    Args:
        state: the key frames.
        run, cursor, options, stage: what is on the stage.
        clocks: set the clocks.
        history: where captures and the like are undone.

    Signals:
        told(str message, str hint): what a press did.
    """

    told = Signal(str, str)

    def __init__(
        self,
        state: KeyFrameState,
        seen: tuple[RunState, CursorState, OptionsState],
        stage: Stage,
        clocks: Clocks,
        history: History,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.state = state
        self._run, self._cursor, self._options = seen
        self._stage, self._clocks, self._history = stage, clocks, history

    def has_any(self) -> bool:
        """Whether there is one to visit, replace or delete."""
        return bool(self.state.all)

    def capture(self) -> None:
        """What is on the stage becomes a key frame after the current one."""
        captured = self._captured()
        if captured is None:
            return
        self._change("Capture key frame", lambda: self.state.insert(captured))
        count = len(self.state.all)
        more = "Capture another one, then" if count < 2 else "Now"
        self.told.emit(f"{self._name()} captured.", f"{more} choose File > Export film…, Shows: Along key frames.")

    def replace(self) -> None:
        """What is on the stage takes the place of the current key frame."""
        captured = self._captured()
        if captured is not None and self.state.all:
            self._change("Replace key frame", lambda: self.state.replace(captured))
            self.told.emit(f"{self._name()} replaced.", "")

    def delete(self) -> None:
        """The current key frame goes."""
        if self.state.all:
            name = self._name()
            self._change("Delete key frame", self.state.delete)
            self.told.emit(f"{name} deleted; {len(self.state.all)} left.", "Ctrl+Z brings it back.")

    def _change(self, text: str, change: Callable[[], None]) -> None:
        """Do it as an undo step, of the run that is on the stage now."""
        run, before = self.state.run, (self.state.all, self.state.current)
        change()
        after = (self.state.all, self.state.current)
        self._history.do(text, lambda: self.state.put(run, after), lambda: self.state.put(run, before))

    def visit(self, step: int) -> None:
        """Bring the next (1) or the previous (-1) key frame onto the stage."""
        self._show(self.state.walk(step))

    def go(self, place: int) -> None:
        """Bring that key frame onto the stage."""
        self._show(self.state.go(place))

    def _show(self, captured: Captured | None) -> None:
        if captured is None:
            return
        key = captured.key
        self._clocks.show_step(key.step)
        self._clocks.set_t(key.t)
        modes = {"mode": key.mode} if key.mode else {}
        self._options.update(layers=frozenset(key.layers), **modes)
        self._stage.look_as(captured.gazes)
        self.told.emit(f"{self._name()}: t = {key.t:.2f}, step {key.step:,}.", "")

    def _name(self) -> str:
        return f"Key frame {self.state.current + 1} of {len(self.state.all)}"

    def _captured(self) -> Captured | None:
        from flowviz.core.film import KeyFrame  # on first use: the window opens without what films need

        frames = self._run.timeline.frames
        if not frames:
            return None
        step = frames[-1].step if self._cursor.follow_latest else self._cursor.step
        camera = self._stage.camera()
        extent = self._stage.view() if camera is None else None
        options = self._options.value
        key = KeyFrame(step, self._cursor.t, tuple(sorted(options.layers)), extent, camera, options.mode)
        return Captured(key, dict(self._stage.gazes))
