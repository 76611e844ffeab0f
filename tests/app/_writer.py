"""Writes a session again and again until it is killed, its seed one more each time. Argument: the file."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace

import numpy as np

from flowviz.core.frames import Frame
from flowviz.core.records import RunEntry, RunFile
from flowviz.core.session import Session
from flowviz.core.spec import FlowSpec, RunSpec, TargetSpec
from flowviz.engine.session_file import SessionFiles

TIMES = np.linspace(0, 1, 33)
SPEC = RunSpec(TargetSpec("rings"), FlowSpec("cnf"))


def main(path: str) -> None:
    """Until killed."""
    frames = tuple(
        Frame(i, 0.1, "", TIMES, np.zeros((33, 2000, 2), np.float32), weights={"w": np.ones(9)}) for i in range(12)
    )
    session = Session(SPEC, {}, {}, (RunEntry(1, "run", record=RunFile(SPEC, frames)),), 1)
    for count in itertools.count(1):
        SessionFiles().save(path, replace(session, draft=replace(SPEC, seed=count)))
        if count == 1:
            print("{}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
