"""The key frames that a person has captured for a film. Holds and signals, nothing more."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from flowviz.core.film import KeyFrame
from flowviz.scene.panels import Gazes


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """A key frame, and the looks at the stage that lead back to it."""

    key: KeyFrame
    gazes: Gazes


class KeyFrameState(QObject):
    """The captured key frames in the order of the film, and the one that was captured or visited last.

    Signals:
        changed(): key frames came, went or changed, or another one is current.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.all: tuple[Captured, ...] = ()
        self.current = -1

    @property
    def keys(self) -> tuple[KeyFrame, ...]:
        """The key frames alone."""
        return tuple(captured.key for captured in self.all)

    def insert(self, captured: Captured) -> None:
        """Put one after the current one, and make it current."""
        place = self.current + 1
        self.restore((*self.all[:place], captured, *self.all[place:]), place)

    def replace(self, captured: Captured) -> None:
        """Put one in the place of the current one; nothing without one."""
        if self.all:
            self.restore((*self.all[: self.current], captured, *self.all[self.current + 1 :]), self.current)

    def delete(self) -> None:
        """Take the current one out; the one before becomes current."""
        if self.all:
            rest = (*self.all[: self.current], *self.all[self.current + 1 :])
            self.restore(rest, max(self.current - 1, 0) if rest else -1)

    def clear(self) -> None:
        """Forget all."""
        self.restore((), -1)

    def go(self, place: int) -> Captured | None:
        """Make that one current and return it; None where there is none."""
        if not 0 <= place < len(self.all):
            return None
        self.restore(self.all, place)
        return self.all[place]

    def walk(self, step: int) -> Captured | None:
        """Make the next (1) or the one before (-1) current, around the ends, and return it; None without any."""
        return self.go((self.current + step) % len(self.all)) if self.all else None

    def restore(self, captured: tuple[Captured, ...], current: int) -> None:
        """Others in the place of all these (undo, an opened session)."""
        self.all, self.current = captured, min(current, len(captured) - 1)
        self.changed.emit()
