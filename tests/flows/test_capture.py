"""Recording and replaying, with a recorder that needs no GPU."""

import torch

from flowviz.flows._capture import EAGER_CALLS, KEPT, Replayed


class Tape:
    """Counts recordings; what it records fills one buffer again and again, as a graph does."""

    def __init__(self):
        self.recordings = 0

    def __call__(self, work, x):
        self.recordings += 1
        results = [torch.empty_like(result) for result in work(x)]

        def replay(batch):
            for result, value in zip(results, work(batch), strict=True):
                result.copy_(value)
            return tuple(result.clone() for result in results)

        return replay


def double(x):
    return (2 * x,)


def test_what_is_called_often_is_recorded_once_and_gives_the_same():
    tape = Tape()
    replayed = Replayed(tape)
    batches = [torch.full((3,), float(i)) for i in range(EAGER_CALLS + 4)]
    results = [replayed("key", double, x)[0] for x in batches]
    assert tape.recordings == 1
    assert all(torch.equal(result, 2 * x) for result, x in zip(results, batches, strict=True))


def test_another_key_or_another_size_is_another_recording():
    tape = Tape()
    replayed = Replayed(tape)
    for key, size in (("a", 3), ("b", 3), ("a", 5)):
        for _ in range(EAGER_CALLS + 1):
            assert torch.equal(replayed(key, double, torch.ones(size))[0], torch.full((size,), 2.0))
    assert tape.recordings == 3


def test_only_the_latest_recordings_are_kept():
    tape = Tape()
    replayed = Replayed(tape)

    def often(key):
        for _ in range(EAGER_CALLS + 1):
            replayed(key, double, torch.ones(1))

    for key in range(KEPT + 1):
        often(key)
    often(KEPT)
    assert tape.recordings == KEPT + 1
    often(0)
    assert tape.recordings == KEPT + 2


def test_where_recording_fails_the_function_is_called():
    attempts = []

    def broken(work, x):
        attempts.append(x)
        raise RuntimeError("operation not permitted when stream is capturing")

    replayed = Replayed(broken)
    results = [replayed("key", double, torch.ones(2))[0] for _ in range(EAGER_CALLS + 5)]
    assert len(attempts) == 1
    assert all(torch.equal(result, torch.full((2,), 2.0)) for result in results)
