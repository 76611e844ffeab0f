"""`flowviz sample`, `density` and `evaluate`: what a trained model draws, says and is worth."""

from __future__ import annotations

import argparse
import json
from typing import Any

from flowviz import cli_base as types
from flowviz.cli_base import DONE, blaming, check_out
from flowviz.cli_data import draws, run_grid
from flowviz.core.solver import SOLVER_NAMES, Solver

METRIC_LABELS = {"w2": "W2", "sliced_w2": "Sliced W2", "mmd": "MMD²"}


def add_sample(sample: argparse.ArgumentParser) -> None:
    """The command's options."""
    _on_run(sample)
    sample.add_argument("-n", type=draws, default=1000, help="how many (default 1000)")
    sample.add_argument("--seed", type=types.seed, default=0, help="of the noise (default 0)")
    sample.add_argument("--out", metavar="FILE", required=True, help=".npy, .csv, .tsv, .txt or .xyz")
    sample.set_defaults(command=run_sample)


def add_density(density: argparse.ArgumentParser) -> None:
    """The command's options."""
    _on_run(density)
    where = density.add_mutually_exclusive_group(required=True)
    where.add_argument("--points", metavar="FILE", help="points in the data's own units, one a row")
    where.add_argument("--grid", metavar="CELLS", type=types.cells, help="a grid around the target, so many cells long")
    out = ".npy, .csv, .tsv, .txt or .xyz; a grid as .npz, .csv or .parquet"
    density.add_argument("--out", metavar="FILE", required=True, help=out)
    density.set_defaults(command=run_density)


def add_evaluate(evaluate: argparse.ArgumentParser) -> None:
    """The command's options."""
    _on_run(evaluate)
    evaluate.add_argument(
        "--data", metavar="FILE", help="points in the data's own units (default: fresh draws of the target)"
    )
    evaluate.add_argument(
        "--size", type=types.points, default=1000, help="most points in W2, sliced W2 and MMD (default 1000)"
    )
    evaluate.add_argument("--seed", type=types.seed, default=0, help="of all draws (default 0)")
    evaluate.add_argument("--json", action="store_true", help="as one JSON object")
    evaluate.set_defaults(command=run_evaluate)


def _on_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help="run file")
    parser.add_argument("--solver", choices=SOLVER_NAMES, default="rk4", help="ODE solver (default rk4)")
    parser.add_argument("--solver-steps", type=types.count, default=0, help="its steps (default: the method's own)")


def _trained(options: argparse.Namespace) -> Any:
    from flowviz.engine.reports import TrainedRun
    from flowviz.engine.run_file import open_run

    solver = Solver(options.solver, options.solver_steps)
    run = open_run(options.run)
    with blaming(options.run):
        return TrainedRun(run, solver)


def run_sample(options: argparse.Namespace) -> int:
    """Write points drawn from the model; returns the exit status."""
    from flowviz.engine.points_file import check_suffix, write_array

    check_suffix(options.out)
    check_out(options.out)
    write_array(options.out, _trained(options).sample(options.n, options.seed))
    print(f"{options.out}: {options.n} point{'s' * (options.n > 1)}, seed {options.seed}")
    return DONE


def run_density(options: argparse.Namespace) -> int:
    """Write log-densities; returns the exit status."""
    if options.grid is not None:
        return run_grid(options)
    from flowviz.engine.points_file import check_suffix, read_points, write_array

    check_suffix(options.out)
    check_out(options.out)
    trained = _trained(options)
    values = trained.log_density(read_points(options.points, trained.target.dim))
    write_array(options.out, values)
    print(f"{options.out}: {len(values)} log-densities, mean {values.mean():.4f} nats")
    return DONE


def run_evaluate(options: argparse.Namespace) -> int:
    """Print how far the model is from data; returns the exit status."""
    from flowviz.engine.points_file import read_points

    trained = _trained(options)
    data = read_points(options.data, trained.target.dim) if options.data else None
    report = trained.evaluate(data, options.size, options.seed)
    if options.json:
        print(json.dumps(report))
        return DONE
    for key in ("nll", "entropy"):
        print(f"{key:<10} {'unknown' if report[key] is None else f'{report[key]:.4f} nats'}")
    for key, label in METRIC_LABELS.items():
        print(f"{label:<10} {report[key]['value']:.4f}   (floor {report[key]['floor']:.4f})")
    return DONE
