"""The command line: the same engine without a window.

Results go to standard output, progress to standard error. Exit status: 0 done, 1 failed, 2 used wrongly,
130 stopped with Ctrl+C (143 by a request to end). torch is imported only by the commands that need it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from flowviz import __version__
from flowviz import cli_base as types
from flowviz.cli_base import DONE, FAILED, STOPPED, WRONG, blaming, check_out, complain
from flowviz.cli_data import add_export, run_grid
from flowviz.cli_desktop import add_desktop
from flowviz.cli_films import add_render
from flowviz.core.control import Control
from flowviz.core.errors import FileError, ParameterError, RunError, UserError
from flowviz.core.events import Cancelled, Failed
from flowviz.core.frames import StartInfo
from flowviz.core.params import parse_assignments
from flowviz.core.solver import SOLVER_NAMES, Solver
from flowviz.core.spec import Budget, RunSpec
from flowviz.engine.interrupts import Interrupted, ends_in_order, stops
from flowviz.engine.terminal import Progress

METRIC_LABELS = {"w2": "W2", "sliced_w2": "Sliced W2", "mmd": "MMD²"}


def run_cli(arguments: Sequence[str], more: Sequence[Callable[[Any], None]] = ()) -> int:
    """Run one command; returns the exit status. Never shows a traceback, but with FLOWVIZ_DEBUG set.

    Args:
        arguments: the words after the program's name.
        more: add further commands to the parser (those that know the window).
    """
    try:
        with ends_in_order():
            options = _parser(more).parse_args(arguments)
            status = int(options.command(options))
            sys.stdout.flush()
            return status
    except SystemExit as end:  # argparse: --help, --version, bad use
        return int(end.code or 0) if not isinstance(end.code, str) else WRONG
    except KeyboardInterrupt as stop:
        return complain("Stopped.", stop.status if isinstance(stop, Interrupted) else STOPPED)
    except BrokenPipeError:  # whoever read our results went away (`| head`)
        _drop_output()
        return FAILED
    except MemoryError:
        return complain("There is not enough memory for that. Ask for less at a time.", FAILED)
    except OSError as error:
        _drop_output()
        where = error.filename or "The results"
        hint = "Change its permissions, or choose another place."
        return complain(f"{where} could not be read or written: {error.strerror or error}. {hint}", FAILED)
    except UserError as error:
        wrong = not isinstance(error, (FileError, RunError))
        return complain(str(error), WRONG if wrong else FAILED)
    except Exception as error:
        if os.environ.get("FLOWVIZ_DEBUG"):
            raise
        text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return complain(f"Something unexpected happened: {text}. Set FLOWVIZ_DEBUG=1 to see where.", FAILED)


def _drop_output() -> None:
    """Python must not complain once more at exit of what cannot be written any more."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong."""

    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:]
        self.exit(WRONG, f"{self.prog}: {sentence}{'' if sentence.endswith('.') else '.'} Try {self.prog} --help.\n")


def _parser(more: Sequence[Callable[[Any], None]]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="flowviz",
        description="Train generative flows on distributions in the plane and in space, without a window.",
    )
    parser.add_argument("--version", action="version", version=f"flowviz {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_train(commands)
    _add_sample(commands)
    _add_density(commands)
    _add_evaluate(commands)
    add_render(commands)
    add_export(commands)
    add_desktop(commands)
    for add in more:
        add(commands)
    listing = commands.add_parser("list", help="show targets, methods, metrics and devices, with their parameters")
    listing.add_argument("--json", action="store_true", help="as one JSON object")
    listing.set_defaults(command=_list)
    return parser


def _add_train(commands: Any) -> None:
    train = commands.add_parser("train", help="train a flow and write a run file")
    train.add_argument(
        "--target",
        metavar="KEY-or-FILE",
        help='preset, "preset:name=value", image, point cloud, mesh, table, "table.csv#x,y", "table.csv#pca3", '
        '"table.csv#x,y,weights=n" (each point counts so much), or "text:WORDS"',
    )
    train.add_argument("--target-param", metavar="NAME=VALUE", action="append", default=[], help="a target's parameter")
    train.add_argument("--source", metavar="KEY-or-FILE", help="where the flow begins, as --target (default: noise)")
    train.add_argument("--source-param", metavar="NAME=VALUE", action="append", default=[], help="a source's parameter")
    train.add_argument("--flow", metavar="METHOD", help="method (see flowviz list)")
    train.add_argument("--param", metavar="NAME=VALUE", action="append", default=[], help="a method's parameter")
    train.add_argument("--steps", type=types.count, help="end after that many training steps")
    train.add_argument("--seconds", type=types.seconds, help="end after that many seconds of training")
    train.add_argument("--seed", type=types.seed, help="of all random numbers (default 0)")
    train.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), help="where to train (default auto)")
    train.add_argument("--resume", metavar="RUN", help="train this run on instead of beginning afresh")
    train.add_argument("--out", metavar="RUN", required=True, help="run file to write")
    train.set_defaults(command=_train)


def _add_sample(commands: Any) -> None:
    sample = _on_run(commands, "sample", "draw points from the model")
    sample.add_argument("-n", type=types.count, default=1000, help="how many (default 1000)")
    sample.add_argument("--seed", type=types.seed, default=0, help="of the noise (default 0)")
    sample.add_argument("--out", metavar="FILE", required=True, help=".npy, .csv, .tsv, .txt or .xyz")
    sample.set_defaults(command=_sample)


def _add_density(commands: Any) -> None:
    density = _on_run(commands, "density", "natural log-density of the model at points, or on a grid")
    where = density.add_mutually_exclusive_group(required=True)
    where.add_argument("--points", metavar="FILE", help="points in the data's own units, one a row")
    where.add_argument("--grid", metavar="CELLS", type=types.cells, help="a grid around the target, so many cells long")
    out = ".npy, .csv, .tsv, .txt or .xyz; a grid as .npz, .csv or .parquet"
    density.add_argument("--out", metavar="FILE", required=True, help=out)
    density.set_defaults(command=_density)


def _add_evaluate(commands: Any) -> None:
    evaluate = _on_run(commands, "evaluate", "compare the model with data")
    evaluate.add_argument(
        "--data", metavar="FILE", help="points in the data's own units (default: fresh draws of the target)"
    )
    evaluate.add_argument(
        "--size", type=types.points, default=1000, help="most points in W2, sliced W2 and MMD (default 1000)"
    )
    evaluate.add_argument("--seed", type=types.seed, default=0, help="of all draws (default 0)")
    evaluate.add_argument("--json", action="store_true", help="as one JSON object")
    evaluate.set_defaults(command=_evaluate)


def _on_run(commands: Any, name: str, help: str) -> Any:
    parser = commands.add_parser(name, help=help)
    parser.add_argument("run", help="run file")
    parser.add_argument("--solver", choices=SOLVER_NAMES, default="rk4", help="ODE solver (default rk4)")
    parser.add_argument("--solver-steps", type=types.count, default=0, help="its steps (default: the method's own)")
    return parser


def _train(options: argparse.Namespace) -> int:
    out = Path(options.out)
    check_out(options.out)
    kept = (options.target, options.target_param, options.source, options.source_param, options.flow)
    if options.resume and (any(kept) or options.seed is not None):
        hint = "Leave out --target, --source, their parameters, --flow and --seed, or --resume."
        raise ParameterError("A resumed run keeps its target, source, method and seed.", hint)
    if not options.resume and not (options.target and options.flow):
        raise ParameterError("train needs a target and a method.", "Give --target and --flow, or --resume.")
    from flowviz.engine import training
    from flowviz.engine.reports import TrainedRun
    from flowviz.engine.run_file import open_run

    budget = Budget(options.steps, options.seconds)
    earlier = open_run(options.resume) if options.resume else None
    if earlier is not None:
        changes = parse_assignments(options.param)
        with blaming(options.resume):
            TrainedRun(earlier)
        spec = training.continued(earlier, budget, changes, options.device)
    else:
        spec = _new_run(options, budget)
    control, progress = Control(), Progress(sys.stderr)
    with stops(control.cancel) as told:
        ending, saved = training.train(spec, out, control, progress.event, earlier)
    progress.close()
    if isinstance(ending, Failed):
        reached = f" What was reached until step {saved.last.step} is in {out}." if saved else ""
        return complain(f"{ending.message} {ending.hint}{reached}".strip(), FAILED)
    assert saved is not None
    if isinstance(ending, Cancelled):
        return complain(f"Stopped at step {ending.step}; what was reached is in {out}.", told.status)
    print(f"{out}: {ending.step} steps in {ending.seconds:.1f} s, seed {spec.seed}{_nll_words(saved)}")
    if saved.last.start is not None:
        print(_start_words(saved, saved.last.start))
    return DONE


def _new_run(options: argparse.Namespace, budget: Budget) -> RunSpec:
    from flowviz.engine import training

    loaded = training.chosen_target(options.target, options.target_param)
    source = training.chosen_target(options.source, options.source_param) if options.source else None
    for note in loaded.notes + (source.notes if source else ()):
        print(note, file=sys.stderr)
    if options.source_param and source is None:
        raise ParameterError("There is no source to take those parameters.", "Give --source too.")
    flow = training.chosen_flow(options.flow, options.param)
    spec = RunSpec(loaded.spec, flow, budget, options.seed or 0, options.device or "auto")
    return training.from_source(spec, source.spec if source else None)


def _volume(run: Any) -> float:
    """What turns nats of the run's own unit of length into nats of the data's."""
    from flowviz.targets import build

    return build(run.spec.target).frame.log_volume


def _start_words(run: Any, start: StartInfo) -> str:
    from flowviz.scene.start_story import of_fit

    return of_fit(replace(start, nll=start.nll + _volume(run)), None)


def _nll_words(run: Any) -> str:
    nll = run.last.metrics.get("nll")
    if nll is None:
        return ""
    volume = _volume(run)
    entropy = f" (entropy {run.entropy + volume:.3f})" if run.entropy is not None else ""
    return f", NLL {nll + volume:.3f} nats{entropy}"


def _trained(options: argparse.Namespace) -> Any:
    from flowviz.engine.reports import TrainedRun
    from flowviz.engine.run_file import open_run

    solver = Solver(options.solver, options.solver_steps)
    run = open_run(options.run)
    with blaming(options.run):
        return TrainedRun(run, solver)


def _sample(options: argparse.Namespace) -> int:
    from flowviz.engine.points_file import check_suffix, write_array

    check_suffix(options.out)
    check_out(options.out)
    write_array(options.out, _trained(options).sample(options.n, options.seed))
    print(f"{options.out}: {options.n} point{'s' * (options.n > 1)}, seed {options.seed}")
    return DONE


def _density(options: argparse.Namespace) -> int:
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


def _evaluate(options: argparse.Namespace) -> int:
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


def _list(options: argparse.Namespace) -> int:
    from flowviz.engine.service import describe
    from flowviz.engine.terminal import listing, print_listing
    from flowviz.targets import TARGETS

    table = listing(describe(), [(key, cls) for key, cls in TARGETS.items()])
    if options.json:
        print(json.dumps(table, indent=1))
    else:
        print_listing(table)
    return DONE
