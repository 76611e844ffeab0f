"""A whole session as one immutable value, and the door to whoever keeps it in files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from flowviz.core.params import ParamValue
from flowviz.core.records import RunEntry
from flowviz.core.spec import Array, RunSpec

SUFFIX = ".flowviz"
DRAWINGS = ("target", "source", "target_in_space", "source_in_space")
"""The canvases of both ends of the flow, in the plane and in space."""


@dataclass(frozen=True, slots=True)
class Session:
    """Everything that a person would miss.

    Attributes:
        draft: the choices in the panels: target, source, method, parameters, budget, seed, device.
        params: chosen parameters of all methods, by method.
        drawings: the ink (n, n) or (n, n, n) float32 on the canvases by their names in DRAWINGS, where something
            else was chosen in its place.
        runs: all runs, oldest first.
        stage: number of the run on the stage; 0 for none.
        look: clocks, stage, camera and layout as plain JSON; what of it a window does not know it leaves alone.
    """

    draft: RunSpec
    params: Mapping[str, Mapping[str, ParamValue]] = field(default_factory=dict)
    drawings: Mapping[str, Array] = field(default_factory=dict)
    runs: tuple[RunEntry, ...] = ()
    stage: int = 0
    look: Mapping[str, Any] = field(default_factory=dict)


class SessionStore(Protocol):
    """Keeps sessions in files. Both methods may take seconds: call them beside the window."""

    def save(self, path: str, session: Session, light: bool = False) -> None:
        """Write a session; a crash at any moment leaves the older file of that name, or none.

        Args:
            path: where to.
            session: what.
            light: with fewer frames of each run, quickly written.

        Raises:
            FileError: it cannot be written there.
        """
        ...

    def open(self, path: str) -> Session:
        """Read a session, or a run file as a session of one run.

        Raises:
            FileError: there is no such file, it is foreign or damaged, or a newer flowviz wrote it.
        """
        ...
