"""`flowviz export`: a run's numbers and its model, as files for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from flowviz import cli_base as types
from flowviz.cli_base import DONE, blaming, check_out
from flowviz.core.data import MOST_DRAWS, WHATS, DataChoice, What

draws = types.number(int, lambda n: 1 <= n <= MOST_DRAWS, f"a whole number from 1 to {MOST_DRAWS:,}")


def add_export(export: argparse.ArgumentParser) -> None:
    """The command's options."""
    export.add_argument("run", help="run file")
    export.add_argument("what", choices=WHATS, help="what is written")
    formats = "tables .npz, .csv, .parquet; weights .safetensors; velocity .pt2 (PyTorch), .onnx"
    export.add_argument("--out", metavar="FILE", required=True, help=formats)
    export.add_argument("-n", type=draws, default=2000, help="samples or trajectories (default 2000)")
    export.add_argument("--seed", type=types.seed, default=0, help="of their noise (default 0)")
    export.add_argument("--t", type=types.flow_time, default=1.0, help="flow time of samples and density (default 1)")
    export.add_argument(
        "--resolution", type=types.cells, help="cells along the density's grid (default 128, in space 48)"
    )
    export.add_argument("--step", type=int, help="training step of the model (default the last)")
    export.set_defaults(command=run_export)


def run_export(options: argparse.Namespace) -> int:
    """Write the file; returns the exit status."""
    choice = DataChoice(options.n, options.seed, options.t, options.resolution, options.step)
    return _write(options, options.what, choice)


def run_grid(options: argparse.Namespace) -> int:
    """`flowviz density --grid`: the density on a grid; returns the exit status."""
    return _write(options, "density", DataChoice(resolution=options.grid))


def _write(options: argparse.Namespace, what: What, choice: DataChoice) -> int:
    from flowviz.engine.data_export import check_suffix, export_data
    from flowviz.engine.run_file import open_run
    from flowviz.targets import build

    check_suffix(Path(options.out), what)
    check_out(options.out)
    run = open_run(options.run)
    with blaming(options.run):
        build(run.spec.target)
    path = export_data(run, Path(options.out), what, choice)
    print(f"{options.out}: {what}, {path.stat().st_size} bytes")
    return DONE
