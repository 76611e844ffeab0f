"""A whole session on disk: the run file's format grown. No pickle.

The run on the stage lies where a run file has it, so that whatever reads run files reads sessions too; the other runs
lie in folders of their own, and `session.json` says the rest. The window's process imports this module: no torch.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from flowviz import __version__
from flowviz.core.errors import FileError
from flowviz.core.params import ParamValue
from flowviz.core.records import RunEntry, RunFile
from flowviz.core.session import DRAWINGS, Session
from flowviz.core.spec import Array, RunSpec, from_json, to_json
from flowviz.engine._archive import Archive, Damaged, Parts
from flowviz.engine._atomic import whole_file
from flowviz.engine.run_file import FORMAT as RUN_FORMAT
from flowviz.engine.run_file import MARK as RUN_MARK
from flowviz.engine.run_file import SESSION, check_spec, known_document, now, read_run, reading, write_run

MARK = "flowviz session"
FORMAT = 1
FRAMES = (80, 32)
"""Frames kept of the run on the stage, and of each other run."""
LIGHT_FRAMES = (24, 8)
MOST_RUNS = 10_000
_ENDINGS = ("finished", "stopped", "failed")


class SessionFiles:
    """See core.session.SessionStore."""

    def save(self, path: str, session: Session, light: bool = False) -> None:
        """Write a session; a crash at any moment leaves the older file of that name, or none."""
        on_stage, others = LIGHT_FRAMES if light else FRAMES
        draft, arrays = to_json(session.draft)
        document = {
            "file": MARK,
            "format": FORMAT,
            "version": __version__,
            "created": now(),
            "draft": draft,
            "draft_arrays": sorted(arrays),
            "params": {method: dict(values) for method, values in session.params.items()},
            "drawings": sorted(session.drawings),
            "runs": [_entry_document(entry) for entry in session.runs],
            "stage": session.stage,
            "look": dict(session.look),
        }
        with whole_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            parts = Parts(archive)
            parts.json(SESSION, document)
            for name, array in arrays.items():
                parts.array(f"draft/{name}.npy", array, is_packed=True)
            for end, drawing in session.drawings.items():
                parts.array(f"drawings/{end}.npy", drawing, is_packed=True)
            for entry in session.runs:
                if entry.record is not None:
                    most = on_stage if entry.number == session.stage else others
                    write_run(parts, entry.record, _place(entry.number, session.stage), most, light)
            parts.finish()

    def open(self, path: str) -> Session:
        """Read a session, or a run file as a session of one run."""
        name = Path(path).name
        with reading(path) as archive:
            if known_document(archive, SESSION, MARK, FORMAT) is not None:
                return _read(archive, name)
            if known_document(archive, "run.json", RUN_MARK, RUN_FORMAT) is not None:
                return _session_of(read_run(archive, name), Path(path).stem)
            raise FileError(f"The file {name} is a zip, but no flowviz session.", "Choose a file that flowviz wrote.")


def _place(number: int, stage: int) -> str:
    """Where a run lies in the zip."""
    return "" if number == stage else f"runs/{number}/"


def _entry_document(entry: RunEntry) -> dict[str, Any]:
    return {"number": entry.number, "name": entry.name, "is_shown": entry.is_shown, "status": entry.status}


def _session_of(run: RunFile, name: str) -> Session:
    flow = run.spec.flow
    return Session(run.spec, {flow.key: dict(flow.params)}, {}, (RunEntry(1, name or "Run 1", record=run),), 1)


def _read(archive: Archive, name: str) -> Session:
    document = archive.json(SESSION)
    stage = document["stage"]
    numbers = [entry["number"] for entry in document["runs"]]
    if len(set(numbers)) < len(numbers) or stage not in (0, *numbers):
        raise Damaged("has a list of runs that contradicts itself")
    runs = tuple(_entry(archive, name, entry, stage) for entry in document["runs"][:MOST_RUNS])
    look = document["look"]
    if not isinstance(look, dict):
        raise Damaged("has no description of what is shown")
    return Session(
        _draft(archive, document),
        _params(document["params"]),
        {end: _drawing(archive, end) for end in document["drawings"] if end in DRAWINGS},
        runs,
        stage,
        look,
    )


def _draft(archive: Archive, document: Mapping[str, Any]) -> RunSpec:
    draft = from_json(document["draft"], {key: archive.array(f"draft/{key}.npy") for key in document["draft_arrays"]})
    check_spec(draft)
    return draft


def _entry(archive: Archive, name: str, entry: Mapping[str, Any], stage: int) -> RunEntry:
    number, status = entry["number"], entry["status"]
    if type(number) is not int or not 1 <= number < 2**31 or status not in _ENDINGS:
        raise Damaged("has a list of runs that makes no sense")
    record = read_run(archive, name, _place(number, stage))
    return RunEntry(number, str(entry["name"])[:200], bool(entry["is_shown"]), status, record)


def _params(document: Mapping[str, Any]) -> dict[str, dict[str, ParamValue]]:
    """Only plain values come through; whether they are in range is checked where they are used."""
    return {
        str(method): {str(key): value for key, value in values.items() if isinstance(value, (bool, int, float, str))}
        for method, values in document.items()
    }


def _drawing(archive: Archive, end: str) -> Array:
    drawing = archive.array(f"drawings/{end}.npy")
    if drawing.ndim < 2 or drawing.dtype != np.float32 or not np.isfinite(drawing).all():
        raise Damaged("has a drawing that is none")
    return drawing
