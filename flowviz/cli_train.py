"""`flowviz train`: a flow trained without a window, and the run file of it."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from flowviz import cli_base as types
from flowviz.cli_base import DONE, FAILED, blaming, check_out, complain
from flowviz.core.control import Control
from flowviz.core.errors import ParameterError
from flowviz.core.events import Cancelled, Failed
from flowviz.core.frames import StartInfo
from flowviz.core.params import parse_assignments
from flowviz.core.spec import Budget, RunSpec
from flowviz.engine.interrupts import stops
from flowviz.engine.terminal import Progress


def add_train(train: argparse.ArgumentParser) -> None:
    """The command's options."""
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
    train.set_defaults(command=run_train)


def run_train(options: argparse.Namespace) -> int:
    """Train and save; returns the exit status."""
    out = Path(options.out)
    if out.suffix.lower() != ".flowviz":
        raise ParameterError(f"{out.name} is no name of a run file.", "Let it end in .flowviz.", "out")
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
