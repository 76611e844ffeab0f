"""`flowviz render`: films and stills without a window, by the same painter and the same choices as the dialog."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, get_args

from flowviz import cli_base as types
from flowviz.cli_base import DONE, blaming, complain
from flowviz.core.camera import AXES, Camera, camera_from_json
from flowviz.core.control import Control
from flowviz.core.errors import FileError, ParameterError, UserError
from flowviz.core.film import PARTS, Beside, FilmClock, FilmSpec, Repeat, curves_of
from flowviz.core.film_json import film_from_json
from flowviz.core.records import RunFile
from flowviz.engine.interrupts import stops
from flowviz.engine.terminal import Progress

MOST_BESIDE = 3


def camera(text: str) -> dict[str, Any]:
    """Where a film in space is seen from, "30,20" or "+x", as the JSON of a camera."""
    if text in AXES:
        return Camera().seen_from(text).to_json()
    try:
        azimuth, elevation = (float(part) for part in text.split(","))
        return camera_from_json({"azimuth": azimuth, "elevation": elevation}).to_json()
    except (ValueError, UserError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither AZIMUTH,ELEVATION in degrees (elevation -90 to 90) nor one of {', '.join(AXES)}"
        ) from None


_GIVEN: dict[str, dict[str, Any]] = {
    "clock": {"choices": get_args(FilmClock), "help": "what moves (default flow)"},
    "repeat": {"choices": get_args(Repeat), "help": "default once"},
    "fps": {"type": types.count, "help": "frames a second (default 30)"},
    "seconds": {"type": types.seconds, "help": "length (default 10)"},
    "frames": {"type": types.count, "help": "exact number of frames, instead of fps times seconds"},
    "scale": {"type": types.factor, "help": "enlarge size and type by this factor"},
    "step": {"type": int, "help": "training step shown while flow time moves (default the last)"},
    "t": {"type": types.flow_time, "help": "flow time shown while training moves, and by a still (default 1)"},
    "direction": {"choices": ("generate", "encode"), "help": "noise to data (default), or back"},
    "layers": {
        "type": types.names,
        "metavar": "A,B",
        "help": "layers to show, named by `flowviz list` (default particles,trails)",
    },
    "camera": {
        "type": camera,
        "metavar": "AZ,EL",
        "help": "in space: degrees around and above from where it is seen, or +x, -x, +y, -y, +z, -z (default -60,22)",
    },
    "theme": {"choices": ("dark", "light"), "help": "default dark"},
    "background": {"metavar": "COLOUR", "help": "theme (default), transparent, or #rrggbb"},
    "parts": {"type": types.names, "metavar": "A,B", "help": f"of {','.join(PARTS)}; none (default title,clock,scale)"},
    "dither": {"choices": ("none", "bayer", "diffuse"), "help": "how a GIF mixes colours (default bayer)"},
}


def add_render(render: argparse.ArgumentParser) -> None:
    """The command's options; each is a field of FilmSpec."""
    render.add_argument("run", help="run file")
    formats = ".mp4, .webm, .gif, .webp, .frames (a folder of PNG); stills: .png, .svg, .pdf"
    render.add_argument("--out", metavar="FILM", required=True, help=formats)
    render.add_argument("--film", metavar="JSON", help="a film's choices as the window copies them, or a file of them")
    render.add_argument("--size", type=types.size, help="WIDTHxHEIGHT (default 1280x720)")
    render.add_argument("--mode", help="way to look at the flow, named by `flowviz list` (default flow)")
    beside = "another run on the same target, to stand beside it in --mode compare; up to three"
    render.add_argument("--beside", metavar="RUN", action="append", default=[], help=beside)
    for name, details in _GIVEN.items():
        render.add_argument(f"--{name}", **details)
    render.add_argument("--parallel", action="store_true", help="in space: parallel instead of perspective projection")
    render.set_defaults(command=run_render)


def chosen_film(options: argparse.Namespace) -> FilmSpec:
    """The film that the options describe.

    Raises:
        UserError: it cannot be.
    """
    film = film_from_json(_document(options.film)) if options.film else FilmSpec()
    given = {name: getattr(options, name) for name in _GIVEN if getattr(options, name) is not None}
    if options.size is not None:
        given["width"], given["height"] = options.size
    if options.mode is not None:
        given["options"] = {**film.options, "mode": options.mode}
    if options.camera is not None or options.parallel:
        camera = dict(options.camera or (film.camera or Camera()).to_json())
        given["camera"] = {**camera, "projection": "parallel"} if options.parallel else camera
        given["fit"] = options.camera is not None or film.camera is None
    return film_from_json(given, film)


def _document(text: str) -> dict[str, Any]:
    """JSON given on the command line, or the JSON of a file."""
    try:
        if not text.lstrip().startswith("{"):
            text = Path(text).read_text(encoding="utf-8")
        document = json.loads(text)
    except OSError as error:
        raise FileError(
            f"The film {text} cannot be read: {error.strerror or error}.", "Give JSON, or a file."
        ) from None
    except ValueError as error:
        raise ParameterError(f"The film is not JSON: {error}.", "Copy it from the window's dialog.", "film") from None
    if not isinstance(document, dict):
        raise ParameterError("The film is not a JSON object.", "Copy it from the window's dialog.", "film")
    return document


def run_render(options: argparse.Namespace) -> int:
    """Make the film; returns the exit status."""
    from flowviz.engine.film import FilmCancelledByUser, Filmed, render_film
    from flowviz.engine.run_file import open_run
    from flowviz.export import EXPORTERS, nbytes_of, suffix_words, suffixes
    from flowviz.targets import build

    suffix = Path(options.out).suffix.lower()
    if suffix not in suffixes():
        hint = f"Use a name that ends in {suffix_words()}."
        raise ParameterError(f"{Path(options.out).name} names no format for films.", hint, "out")
    film = chosen_film(options)
    control, progress = Control(), Progress(sys.stderr)
    run = open_run(options.run)
    with blaming(options.run):
        build(run.spec.target)
    others = _others(options.beside, run)
    try:
        with stops(control.cancel) as told:
            name = Path(options.run).stem if others else ""
            filmed = Filmed(run.spec, run.frames, curves_of(run), others, name)
            path = render_film(filmed, film, options.out, progress.pictures, lambda: control.is_cancelled)
    except FilmCancelledByUser:
        progress.close()
        return complain("Stopped; no film was written.", told.status)
    progress.close()
    exporter = EXPORTERS.get(suffix)
    width, height = film.size
    if exporter.is_still:
        print(f"{options.out}: {width} x {height}, {nbytes_of(path)} bytes")
        return DONE
    rate = exporter.rate(film.fps)  # a GIF cannot have every rate
    count = film.pictures(rate)
    print(f"{options.out}: {count} frame{'s' * (count > 1)} at {rate:g} a second, {nbytes_of(path)} bytes")
    return DONE


def _others(paths: list[str], run: RunFile) -> tuple[Beside, ...]:
    """The runs beside the filmed one.

    Raises:
        UserError: one cannot be read, or has other ends; or there are too many.
    """
    from flowviz.engine.run_file import open_run

    if len(paths) > MOST_BESIDE:
        hint = "Leave some out."
        raise ParameterError(f"{len(paths)} runs cannot stand beside one, {MOST_BESIDE} can.", hint, "beside")
    result = []
    for number, path in enumerate(paths, 1):
        other = open_run(path)
        if (other.spec.target, other.spec.source) != (run.spec.target, run.spec.source):
            hint = "Compare runs between the same two ends."
            raise ParameterError(f"{Path(path).name} has another target or source.", hint, "beside")
        result.append(Beside(number, Path(path).stem, other.spec, other.frames))
    return tuple(result)
