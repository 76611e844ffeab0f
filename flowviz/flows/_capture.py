"""A piece of training that is recorded once as a CUDA graph and replayed: small networks are launch-bound on a GPU."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

import torch
from torch import Tensor

Work = Callable[[Tensor], tuple[Tensor, ...]]
Recorder = Callable[[Work, Tensor], Work]

KEPT = 4
EAGER_CALLS = 3


class Replayed:
    """Calls a function of one batch; on CUDA its kernels are recorded after a few calls and replayed from then on.

    The function must do the same work whenever its key is the same: it may read other tensors (weights, changed in
    place between calls), but no number that the key does not hold, and must not wait for the GPU. Where recording
    fails the function is simply called.

    Args:
        recorder: makes a replayable function from a function and an example batch; None calls eagerly for ever.
    """

    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder
        self._calls: dict[Hashable, int] = {}
        self._recorded: OrderedDict[Hashable, Work] = OrderedDict()

    @classmethod
    def on(cls, device: torch.device) -> Replayed:
        """Recording where the device has graphs, plain calls elsewhere."""
        return cls(record if device.type == "cuda" else None)

    def __call__(self, key: Hashable, work: Work, x: Tensor) -> tuple[Tensor, ...]:
        """work(x), which belongs to the caller: a later call does not change it."""
        if self._recorder is None:
            return work(x)
        key = (key, x.shape)
        if key not in self._recorded and not self._record(key, work, x):
            return work(x)
        self._recorded.move_to_end(key)
        return self._recorded[key](x)

    def _record(self, key: Hashable, work: Work, x: Tensor) -> bool:
        """Record if it is time to; whether there is a recording now."""
        # Solver steps change often at first: what is called a few times only is not worth recording.
        self._calls[key] = self._calls.get(key, 0) + 1
        if self._recorder is None or self._calls[key] <= EAGER_CALLS:
            return False
        try:
            self._recorded[key] = self._recorder(work, x)
        except RuntimeError:  # a driver or an operation without graphs: slower, not wrong
            self._recorder = None
            return False
        while len(self._recorded) > KEPT:
            forgotten, _ = self._recorded.popitem(last=False)
            del self._calls[forgotten]
        return True


def record(work: Work, x: Tensor) -> Work:
    """The CUDA graph of work on batches of the shape of x.

    Raises:
        RuntimeError: something in it cannot be recorded.
    """
    fixed = x.clone()
    current = torch.cuda.current_stream(x.device)
    side = torch.cuda.Stream(x.device)
    side.wait_stream(current)
    with torch.cuda.stream(side):  # autograd sets itself up outside the recording
        work(fixed)
    current.wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    # Other threads answer questions on the same GPU meanwhile: only this thread's calls are watched.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        results = work(fixed)

    def replay(batch: Tensor) -> tuple[Tensor, ...]:
        fixed.copy_(batch)
        graph.replay()
        return tuple(result.clone() for result in results)

    return replay
