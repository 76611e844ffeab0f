"""`flowviz selftest`: does all that was shipped work on this machine? For the frozen app and for wheels alike."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from flowviz import __version__
from flowviz.core.errors import UserError
from flowviz.core.film import FilmSpec
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec

_SMALL = Recording(particles=100, n_times=5, min_gap_s=0.0, metric_points=50)
_WINDOW_S = 240.0


def add_selftest(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--no-window", action="store_true", help="leave out what needs Qt")
    parser.add_argument("--only", metavar="CHECK", choices=sorted(_checks()), help=f"one of {', '.join(_checks())}")
    parser.set_defaults(command=run_selftest)


def run_selftest(options: argparse.Namespace) -> int:
    """Run all checks and print a line for each; returns 0 only when all hold."""
    started = time.perf_counter()
    kind = "frozen app" if getattr(sys, "frozen", False) else "Python package"
    print(f"flowviz {__version__}, {kind}, Python {sys.version.split()[0]}, {sys.platform}")
    checks = _checks()
    if options.no_window:
        del checks["window"]
    if options.only:
        checks = {options.only: _checks()[options.only]}
    failed = 0
    with tempfile.TemporaryDirectory(prefix="flowviz-selftest-") as folder:
        for name, check in checks.items():
            failed += not _holds(name, check, Path(folder))
    print(f"{'all hold' if not failed else f'{failed} of {len(checks)} failed'}, {time.perf_counter() - started:.1f} s")
    return 1 if failed else 0


def _checks() -> dict[str, Callable[[Path], str]]:
    return {
        "registries": _registries, "training": _training, "picture": _picture, "film": _film, "session": _session,
        "data": _data, "window": _window,
    }  # fmt: skip


def _holds(name: str, check: Callable[[Path], str], folder: Path) -> bool:
    start = time.perf_counter()
    try:
        words = check(folder)
    except Exception as error:  # whatever it is, the next checks shall run, and a person shall read it
        if os.environ.get("FLOWVIZ_DEBUG"):
            raise
        reason = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        print(f"FAILED  {name:<11} {reason}", flush=True)
        return False
    print(f"ok      {name:<11} {words} ({time.perf_counter() - start:.1f} s)", flush=True)
    return True


def _must(holds: object, sentence: str) -> None:
    if not holds:
        raise UserError(sentence)


def _registries(folder: Path) -> str:
    from flowviz.export import EXPORTERS
    from flowviz.flows import FLOWS
    from flowviz.metrics import METRICS
    from flowviz.scene._layer import LAYERS
    from flowviz.scene._mode import MODES
    from flowviz.targets import TARGETS

    known: dict[str, Any] = {
        "targets": TARGETS, "methods": FLOWS, "metrics": METRICS, "layers": LAYERS, "stage modes": MODES,
        "film formats": EXPORTERS,
    }  # fmt: skip
    counts = {name: len(list(registry.items())) for name, registry in known.items()}
    for name, count in counts.items():
        _must(count, f"No {name} are registered.")
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _trained(flow: str) -> Any:
    """A run file of one training step."""
    from flowviz.engine.collector import Collector
    from flowviz.engine.run import run

    params = {"width": 8, "batch_size": 64}
    spec = RunSpec(TargetSpec("two_moons"), FlowSpec(flow, params), Budget(steps=1), recording=_SMALL, metrics=())
    collector = Collector()
    for event in run(spec):
        _must(type(event).__name__ != "Failed", f"Training {flow} failed: {getattr(event, 'message', '')}")
        collector.add(event)
    record = collector.run_file()
    _must(record.frames and np.isfinite(record.last.paths).all(), f"Training {flow} gave no frame.")
    return record


def _training(folder: Path) -> str:
    for flow in ("cnf", "jko"):
        _must(_trained(flow).last.step == 1, f"One step of {flow} was not done.")
    return "one step of cnf and of jko"


def _film_of(record: Any, **choices: Any) -> tuple[Any, FilmSpec]:
    from flowviz.engine.film import Filmed

    film = FilmSpec(width=320, height=180, fps=10, seconds=0.5, layers=("target", "particles", "density"), **choices)
    return Filmed(record.spec, record.frames), film


def _picture(folder: Path) -> str:
    from flowviz.engine.film import picture, render_film

    run, film = _film_of(_trained("cnf"))
    painted = picture(run, film, 3)
    _must(painted.shape == (180, 320, 3) and painted.std() > 3, "The picture is empty.")
    sizes = [render_film(run, film, folder / f"still{suffix}").stat().st_size for suffix in (".png", ".svg", ".pdf")]
    _must(min(sizes) > 1000, "A still is empty.")
    return "drawn off-screen; PNG, SVG and PDF written"


def _film(folder: Path) -> str:
    import imageio_ffmpeg

    from flowviz.engine.film import render_film

    run, film = _film_of(_trained("cnf"))
    path = render_film(run, film, folder / "film.mp4")
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(path))
    _must(frames == 5 and abs(seconds - 0.5) < 0.05, f"The film read back has {frames} frames in {seconds} s, not 5.")
    return f"{frames} frames of MP4 written and read back"


def _session(folder: Path) -> str:
    from flowviz.core.session import RunEntry, Session
    from flowviz.engine.session_file import SessionFiles

    record = _trained("jko")
    session = Session(record.spec, {}, {}, (RunEntry(1, "Run 1", record=record),), 1)
    path = str(folder / "session.flowviz")
    SessionFiles().save(path, session)
    opened = SessionFiles().open(path).runs[0].record
    _must(opened is not None and np.array_equal(opened.last.paths, record.last.paths), "The session came back changed.")
    return "saved and opened"


def _data(folder: Path) -> str:
    from flowviz.core.data import What
    from flowviz.engine.data_export import DATA_FORMATS, export_data

    record = _trained("cnf")
    written: tuple[tuple[What, str], ...] = (
        ("curves", ".npz"), ("curves", ".csv"), ("weights", ".safetensors"), ("velocity", ".pt2"),
    )  # fmt: skip
    for what, suffix in written:
        _must(export_data(record, folder / f"{what}{suffix}", what).stat().st_size, f"{suffix} came out empty.")
    return f"{', '.join(DATA_FORMATS)} known; NPZ, CSV, safetensors and .pt2 written"


def _window(folder: Path) -> str:
    """The real window in a process of its own, as a double click starts it, timed from the process's start."""
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "flowviz"]
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    words = [*program, "--started", repr(time.time())]
    answer = subprocess.run(
        words, env=environment, capture_output=True, text=True, timeout=_WINDOW_S, check=False, cwd=folder
    )
    lines = (answer.stdout or answer.stderr or f"exit status {answer.returncode}").strip().splitlines()
    _must(answer.returncode == 0, f"The window did not open: {lines[-1]}")
    return lines[-1]
