"""A run on disk: one zip with JSON, safetensors (weights) and npy (paths, curves, target data). No pickle.

The window's process imports this module, so nothing here may import torch.
"""

from __future__ import annotations

import datetime
import itertools
import json
import math
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from flowviz import __version__
from flowviz.core.errors import FileError, UserError
from flowviz.core.events import FloorsReady, FrameReady, Losses, MetricsReady, RunEvent, Started
from flowviz.core.frames import BlockInfo, Frame
from flowviz.core.records import Floors, RunFile, thinned
from flowviz.core.spec import Array, RunSpec, from_json, to_json
from flowviz.core.timeline import Timeline
from flowviz.engine._archive import Archive, Damaged, npy_bytes
from flowviz.engine._atomic import whole_file

MARK = "flowviz run"
FORMAT = 1
MOST_FRAMES = 160


class Collector:
    """Gathers a run file from the events of a run.

    Args:
        earlier: the run so far, when it is gone on with.
        budget: most bytes of frames kept.
    """

    def __init__(self, earlier: RunFile | None = None, budget: int = 256 * 2**20) -> None:
        self._timeline = Timeline(budget)
        self._steps: list[Array] = []
        self._losses: list[Mapping[str, Array]] = []
        self._metrics: dict[str, list[Array]] = {}
        self._floors: Floors = {}
        self._entropy: float | None = None
        self.spec: RunSpec | None = None
        if earlier is not None:
            for frame in earlier.frames:
                self._timeline.append(frame)
            self._steps, self._losses = [earlier.loss_steps], [earlier.losses]
            self._metrics = {key: [values] for key, values in earlier.metrics.items()}
            self._floors = earlier.floors

    def add(self, event: RunEvent) -> None:
        """Take note of one event."""
        match event:
            case Started():
                self.spec, self._entropy = event.spec, event.entropy
                self._floors = event.floors or self._floors
                self._forget_after(event.step)
            case FrameReady():
                self._timeline.append(event.frame)
            case Losses():
                self._steps.append(event.steps)
                self._losses.append(event.values)
            case MetricsReady():
                for key, value in event.values.items():
                    self._metrics.setdefault(key, []).append(np.array([[event.step, value]]))
            case FloorsReady():
                self._floors = event.floors

    def _forget_after(self, step: int) -> None:
        """A failed run goes on from its last frame: what came after that is done again."""
        for i, steps in enumerate(self._steps):
            if len(steps) and steps[-1] > step:
                kept = steps <= step
                self._steps[i] = steps[kept]
                self._losses[i] = {name: values[kept] for name, values in self._losses[i].items()}

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The frames so far."""
        return self._timeline.frames

    def run_file(self) -> RunFile:
        """All so far.

        Raises:
            UserError: the run never started.
        """
        if self.spec is None:
            raise UserError("The run never started, so there is nothing to save.")
        names = list(dict.fromkeys(name for values in self._losses for name in values))
        gap = [np.full(len(steps), np.nan) for steps in self._steps]
        losses = {
            name: np.concatenate([values.get(name, nan) for values, nan in zip(self._losses, gap, strict=True)])
            for name in names
        }
        steps = np.concatenate(self._steps) if self._steps else np.empty(0, np.int64)
        metrics = {key: np.concatenate(values) for key, values in self._metrics.items()}
        return RunFile(self.spec, self.frames, steps, losses, metrics, self._floors, self._entropy)


def save_run(path: str | Path, run: RunFile) -> None:
    """Write a run; a crash leaves the older file of that name, or none.

    Raises:
        FileError: it cannot be written there.
    """
    frames = thinned(run.frames, MOST_FRAMES)
    tensors: dict[str, Array] = {}
    names: dict[int, str] = {}
    frame_documents = []
    for frame in frames:
        for array in frame.weights.values():
            if id(array) not in names:  # weights that several frames share are written once
                names[id(array)] = f"w{len(names)}"
                tensors[names[id(array)]] = np.ascontiguousarray(array)
        frame_documents.append(_frame_document(frame, {key: names[id(a)] for key, a in frame.weights.items()}))
    spec, arrays = to_json(run.spec)
    document = {
        "file": MARK,
        "format": FORMAT,
        "version": __version__,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "spec": spec,
        "spec_arrays": sorted(arrays),
        "frames": frame_documents,
        "losses": sorted(run.losses),
        "metrics": sorted(run.metrics),
        "floors": {key: list(values) for key, values in run.floors.items()},
        "entropy": run.entropy,
    }
    with whole_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        text = json.dumps(document, indent=1, allow_nan=False, default=_plain)
        archive.writestr("run.json", text, zipfile.ZIP_DEFLATED)
        archive.writestr("weights.safetensors", save_tensors(tensors))
        for name, array in arrays.items():
            archive.writestr(f"spec/{name}.npy", npy_bytes(array), zipfile.ZIP_DEFLATED)
        for index, frame in enumerate(frames):
            archive.writestr(f"frames/{index}/times.npy", npy_bytes(frame.times))
            archive.writestr(f"frames/{index}/paths.npy", npy_bytes(frame.paths))
        archive.writestr("curves/steps.npy", npy_bytes(run.loss_steps))
        for name, array in run.losses.items():
            archive.writestr(f"curves/losses/{name}.npy", npy_bytes(array))
        for name, array in run.metrics.items():
            archive.writestr(f"curves/metrics/{name}.npy", npy_bytes(array))


def open_run(path: str | Path) -> RunFile:
    """Read a run.

    Raises:
        FileError: there is no such file, it is no run, it is damaged, or a newer flowviz wrote it.
    """
    name = Path(path).name
    try:
        with zipfile.ZipFile(path) as file:
            return _read(Archive(file), name)
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
        raise FileError(f"The file {name} {error}.", "It is damaged or no flowviz run; use a copy of it.") from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, SafetensorError, RuntimeError, EOFError,
            NotImplementedError, OverflowError, MemoryError, zlib.error) as error:  # fmt: skip
        raise FileError(f"The file {name} is damaged ({error}).", "Use a copy of it.") from error


def _read(archive: Archive, name: str) -> RunFile:
    document = archive.json("run.json") if "run.json" in archive.names else None
    if not isinstance(document, dict) or document.get("file") != MARK:
        raise FileError(f"The file {name} is a zip, but no flowviz run.", "Choose a file that flowviz wrote.")
    if not isinstance(document["format"], int):
        raise Damaged("does not say in which format it is")
    if document["format"] > FORMAT:
        raise FileError(f"The file {name} was written by a newer flowviz.", "Open it with that version.")
    arrays = {key: archive.array(f"spec/{key}.npy") for key in document["spec_arrays"]}
    tensors = load_tensors(archive.read("weights.safetensors"))
    for tensor in tensors.values():
        tensor.flags.writeable = False
    frames = tuple(_frame(archive, index, entry, tensors) for index, entry in enumerate(document["frames"]))
    if not frames:
        raise Damaged("holds no moment of a training")
    if any(a.step >= b.step for a, b in itertools.pairwise(frames)):
        raise Damaged("has frames that are not in order")
    steps = archive.array("curves/steps.npy")
    losses = {key: archive.array(f"curves/losses/{key}.npy") for key in document["losses"]}
    metrics = {key: archive.array(f"curves/metrics/{key}.npy") for key in document["metrics"]}
    if any(a.shape != steps.shape for a in losses.values()) or any(a.shape[1:] != (2,) for a in metrics.values()):
        raise Damaged("has curves of different lengths")
    floors = {str(key): (float(a), float(b), float(c)) for key, (a, b, c) in document["floors"].items()}
    entropy = None if document["entropy"] is None else float(document["entropy"])
    entropy = None if entropy is None or not math.isfinite(entropy) else entropy
    spec = from_json(document["spec"], arrays)
    _check_spec(spec)
    return RunFile(
        spec, frames, steps, losses, metrics, floors, entropy, str(document["created"]), str(document["version"])
    )


def _check_spec(spec: RunSpec) -> None:
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
        "metrics": dict(frame.metrics),
        "blocks": [_block_document(block) for block in frame.blocks],
        "weights": dict(weights),
    }


def _block_document(block: BlockInfo) -> dict[str, Any]:
    document = asdict(block)
    if block.is_free:  # JSON has no infinity
        document["step_size"] = None
    document["losses"] = {name: value for name, value in block.losses.items() if math.isfinite(value)}
    return document


def _frame(archive: Archive, index: int, entry: Mapping[str, Any], tensors: Mapping[str, Array]) -> Frame:
    times, paths = archive.array(f"frames/{index}/times.npy"), archive.array(f"frames/{index}/paths.npy")
    if paths.ndim != 3 or times.shape != paths.shape[:1] or paths.dtype != np.float32 or 0 in paths.shape:
        raise Damaged(f"has a frame {index} whose paths have the shape {paths.shape}")
    if len(times) < 2 or not (np.diff(times) > 0).all():
        raise Damaged(f"has a frame {index} whose times do not increase")
    return Frame(
        step=int(entry["step"]),
        wall_s=float(entry["wall_s"]),
        phase=str(entry["phase"]),
        times=times,
        paths=paths,
        metrics={str(key): float(value) for key, value in entry["metrics"].items()},
        blocks=tuple(_blocks(entry["blocks"])),
        weights={str(key): tensors[name] for key, name in entry["weights"].items()},
    )


def _blocks(entries: Iterable[Mapping[str, Any]]) -> Iterable[BlockInfo]:
    for entry in entries:
        losses = {str(key): float(value) for key, value in entry["losses"].items()}
        step_size = math.inf if entry["step_size"] is None else entry["step_size"]
        yield BlockInfo(**{**entry, "step_size": step_size, "losses": losses})


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
