"""A run on disk: one zip with JSON, safetensors (weights) and npy (paths, curves, target data). No pickle.

The window's process imports this module, so nothing here may import torch.
"""

from __future__ import annotations

import contextlib
import datetime
import itertools
import math
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from flowviz import __version__
from flowviz.core.course_json import course_from_json, course_to_json
from flowviz.core.errors import FileError, UserError
from flowviz.core.frames import BlockInfo, Frame, RoundInfo, StartInfo
from flowviz.core.losses import LossTerm, Terms
from flowviz.core.records import RunFile, thinned
from flowviz.core.spec import Array, RunSpec, from_json, to_json
from flowviz.core.timeline import checkpoint
from flowviz.engine._archive import Archive, Damaged, NewerFile, Parts
from flowviz.engine._atomic import whole_file
from flowviz.engine._paths import Box, coded, decoded

MARK = "flowviz run"
SESSION = "session.json"
FORMAT = 2
"""2: the paths of all frames but the last may be coded, see _paths. 1: all are float32."""
MOST_FRAMES = 160


def save_run(path: str | Path, run: RunFile) -> None:
    """Write a run; a crash leaves the older file of that name, or none.

    Raises:
        FileError: it cannot be written there.
    """
    with whole_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        parts = Parts(archive)
        write_run(parts, run)
        parts.finish()


def write_run(parts: Parts, run: RunFile, place: str = "", most: int = MOST_FRAMES, light: bool = False) -> None:
    """Write a run into a zip.

    Args:
        parts: the zip.
        run: what is written.
        place: folder in the zip, ending in a slash, or "" for the top.
        most: frames kept.
        light: only the last frame keeps all its paths.
    """
    frames = thinned(run.frames, most)
    if light:
        frames = (*(checkpoint(frame) for frame in frames[:-1]), *frames[-1:])
    tensors: dict[str, Array] = {}
    names: dict[int, str] = {}
    frame_documents = []
    for frame in frames:
        for array in frame.weights.values():
            if id(array) not in names:  # weights that several frames share are written once
                names[id(array)] = f"w{len(names)}"
                tensors[names[id(array)]] = np.ascontiguousarray(array)
        frame_documents.append(_frame_document(frame, {key: names[id(a)] for key, a in frame.weights.items()}))
    for index, frame in enumerate(frames):
        frame_documents[index]["box"] = _write_paths(parts, f"{place}frames/{index}", frame, frame is frames[-1])
    spec, arrays = to_json(run.spec)
    document = {
        "file": MARK,
        "format": FORMAT,
        "version": __version__,
        "created": now(),
        "spec": spec,
        "spec_arrays": sorted(arrays),
        "frames": frame_documents,
        "losses": sorted(run.losses),
        "metrics": sorted(run.metrics),
        "floors": {key: list(values) for key, values in run.floors.items()},
        "course": course_to_json(run.course),
        "entropy": run.entropy if run.entropy is not None and math.isfinite(run.entropy) else None,
        "terms": [asdict(term) for term in run.terms],
    }
    parts.json(f"{place}run.json", document)
    parts.bytes(f"{place}weights.safetensors", save_tensors(tensors))
    for name, array in arrays.items():
        parts.array(f"{place}spec/{name}.npy", array, is_packed=True)
    parts.array(f"{place}curves/steps.npy", run.loss_steps)
    for name, array in run.losses.items():
        parts.array(f"{place}curves/losses/{name}.npy", array)
    for name, array in run.metrics.items():
        parts.array(f"{place}curves/metrics/{name}.npy", array)


def _write_paths(parts: Parts, place: str, frame: Frame, is_exact: bool) -> Box | None:
    """Write a frame's times and paths; the box of the paths if they are coded."""
    parts.array(f"{place}/times.npy", frame.times)
    code = None if is_exact else coded(frame.paths)
    if code is None:
        parts.array(f"{place}/paths.npy", frame.paths)
        return None
    parts.array(f"{place}/code.npy", code[0], is_packed=True)
    return code[1]


def now() -> str:
    """The time that goes into a file, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def open_run(path: str | Path) -> RunFile:
    """Read a run, or of a session the run on the stage.

    Raises:
        FileError: there is no such file, it is no run, it is damaged, or a newer flowviz wrote it.
    """
    with reading(path) as archive:
        return read_run(archive, Path(path).name)


@contextlib.contextmanager
def reading(path: str | Path) -> Iterator[Archive]:
    """A flowviz file to read from.

    Raises:
        FileError: whatever goes wrong in the block, in a sentence that names the file.
    """
    name = Path(path).name
    try:
        with zipfile.ZipFile(path) as file:
            yield Archive(file)
    except FileNotFoundError as error:
        raise FileError(f"There is no file {path}.", "Check the name.") from error
    except IsADirectoryError as error:
        raise FileError(f"{path} is a folder.", "Choose a file in it.") from error
    except zipfile.BadZipFile as error:
        hint = "Choose a file that flowviz wrote."
        raise FileError(f"The file {name} is no flowviz run, or is cut off.", hint) from error
    except OSError as error:
        raise FileError(f"The file {name} cannot be read: {error.strerror or error}.", "Check its rights.") from error
    except FileError:
        raise
    except UserError as error:
        raise FileError(f"The file {name}: {error.message}", error.hint) from error
    except Damaged as error:
        raise FileError(f"The file {name} {error}.", error.hint) from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, SafetensorError, RuntimeError, EOFError,
            NotImplementedError, OverflowError, MemoryError, zlib.error) as error:  # fmt: skip
        raise FileError(f"The file {name} is damaged ({error}).", "Use a copy of it.") from error


def known_document(archive: Archive, part: str, mark: str, newest: int) -> dict[str, Any] | None:
    """A document that says what it is and in which format; None where there is none of that mark.

    Raises:
        Damaged: it does not say its format, or a newer flowviz wrote it.
    """
    document = archive.json(part) if part in archive.names else None
    if not isinstance(document, dict) or document.get("file") != mark:
        return None
    if not isinstance(document["format"], int):
        raise Damaged("does not say in which format it is")
    if document["format"] > newest:
        raise NewerFile
    return document


def read_run(archive: Archive, name: str, place: str = "") -> RunFile:
    """Read a run from a zip.

    Args:
        archive: the zip.
        name: of the file, for the sentence.
        place: as in `write_run`.

    Raises:
        FileError, Damaged and others: see `reading`, which makes sentences of them.
    """
    document = known_document(archive, f"{place}run.json", MARK, FORMAT)
    if document is None and SESSION in archive.names:
        raise FileError(f"The session {name} holds no run yet.", "Train one in it, and save it again.")
    if document is None:
        raise FileError(f"The file {name} is a zip, but no flowviz run.", "Choose a file that flowviz wrote.")
    arrays = {key: archive.array(f"{place}spec/{key}.npy") for key in document["spec_arrays"]}
    tensors = load_tensors(archive.read(f"{place}weights.safetensors"))
    for tensor in tensors.values():
        tensor.flags.writeable = False
    frames = tuple(_frame(archive, f"{place}frames/{i}", e, tensors) for i, e in enumerate(document["frames"]))
    if not frames:
        raise Damaged("holds no moment of a training")
    if any(a.step >= b.step for a, b in itertools.pairwise(frames)):
        raise Damaged("has frames that are not in order")
    steps = archive.array(f"{place}curves/steps.npy")
    losses = {key: archive.array(f"{place}curves/losses/{key}.npy") for key in document["losses"]}
    metrics = {key: archive.array(f"{place}curves/metrics/{key}.npy") for key in document["metrics"]}
    if any(a.shape != steps.shape for a in losses.values()) or any(a.shape[1:] != (2,) for a in metrics.values()):
        raise Damaged("has curves of different lengths")
    floors = {str(key): (float(a), float(b), float(c)) for key, (a, b, c) in document["floors"].items()}
    entropy = None if document["entropy"] is None else float(document["entropy"])
    entropy = None if entropy is None or not math.isfinite(entropy) else entropy
    spec = from_json(document["spec"], arrays)
    check_spec(spec)
    written = (str(document["created"]), str(document["version"]))
    told = (_terms(document.get("terms", [])), course_from_json(document.get("course", [])))
    return RunFile(spec, frames, steps, losses, metrics, floors, entropy, *written, *told)


def _terms(documents: list[dict[str, Any]]) -> Terms:
    names = ("name", "label", "unit", "tip")
    return tuple(LossTerm(*(str(document[name]) for name in names)) for document in documents)


def check_spec(spec: RunSpec) -> None:
    """What later code relies on without looking; parameters are checked where targets and methods are built."""
    recording, budget = spec.recording, spec.budget
    counts = [recording.particles, recording.n_times, recording.metric_points]
    limits = [value for value in (budget.steps, budget.seconds) if value is not None]
    if not 0 <= spec.seed < 2**63:
        raise Damaged(f"has the seed {spec.seed}")
    if any(type(count) is not int or not 2 <= count <= 1_000_000 for count in counts):
        raise Damaged(f"asks for recordings of {counts} particles, times and points")
    if any(type(value) not in (int, float) or not 0 < value < math.inf for value in limits):
        raise Damaged(f"has the budget {limits}")
    if any(
        type(value) not in (int, float) or not 0 <= value < math.inf for value in (recording.min_gap_s, recording.duty)
    ):
        raise Damaged("has a recording that cannot be kept")


def _frame_document(frame: Frame, weights: Mapping[str, str]) -> dict[str, Any]:
    return {
        "step": frame.step,
        "wall_s": frame.wall_s,
        "phase": frame.phase,
        "metrics": _finite(frame.metrics),
        "blocks": [_block_document(block) for block in frame.blocks],
        "rounds": [asdict(done) for done in frame.rounds],
        "start": None if frame.start is None else asdict(frame.start),
        "weights": dict(weights),
    }


def _block_document(block: BlockInfo) -> dict[str, Any]:
    document = asdict(block)
    if block.is_free:  # JSON has no infinity
        document["step_size"] = None
    document["losses"] = _finite(block.losses)
    return document


def _finite(values: Mapping[str, float]) -> dict[str, float]:
    """JSON has no infinity, and no figure that is not a number."""
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _frame(archive: Archive, place: str, entry: Mapping[str, Any], tensors: Mapping[str, Array]) -> Frame:
    times, box = archive.array(f"{place}/times.npy"), entry.get("box")
    paths = archive.array(f"{place}/paths.npy") if box is None else decoded(archive.array(f"{place}/code.npy"), box)
    if paths.ndim != 3 or times.shape != paths.shape[:1] or paths.dtype != np.float32 or 0 in paths.shape:
        raise Damaged(f"has a part {place} whose paths have the shape {paths.shape}")
    if len(times) < 2 or not (np.diff(times) > 0).all():
        raise Damaged(f"has a part {place} whose times do not increase")
    return Frame(
        step=int(entry["step"]),
        wall_s=float(entry["wall_s"]),
        phase=str(entry["phase"]),
        times=times,
        paths=paths,
        metrics={str(key): float(value) for key, value in entry["metrics"].items()},
        blocks=tuple(_blocks(entry["blocks"])),
        weights={str(key): tensors[name] for key, name in entry["weights"].items()},
        rounds=tuple(_round(done) for done in entry.get("rounds", [])),
        start=_start(entry.get("start")),
    )


def _start(entry: Mapping[str, Any] | None) -> StartInfo | None:
    if entry is None:
        return None
    return StartInfo(int(entry["steps"]), *(float(entry[key]) for key in ("seconds", "nll_before", "nll")))


def _round(entry: Mapping[str, Any]) -> RoundInfo:
    figures = {key: float(entry[key]) for key in ("straightness", "energy", "miss", "w2")}
    steps = None if entry["euler_steps"] is None else int(entry["euler_steps"])
    return RoundInfo(int(entry["index"]), int(entry["step"]), euler_steps=steps, **figures)


def _blocks(entries: Iterable[Mapping[str, Any]]) -> Iterable[BlockInfo]:
    for entry in entries:
        losses = {str(key): float(value) for key, value in entry["losses"].items()}
        step_size = math.inf if entry["step_size"] is None else entry["step_size"]
        yield BlockInfo(**{**entry, "step_size": step_size, "losses": losses})
