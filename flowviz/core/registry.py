"""Registries: adding a thing is one new file with one registered class."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from flowviz.core.errors import UserError

E = TypeVar("E")


class Registry(Generic[E]):
    """Classes of one kind by their key, in the order in which their files sort.

    Args:
        kind: what the entries are called in messages ("target", "method").
        package: the package whose public modules hold the entries; imported on first use.
    """

    def __init__(self, kind: str, package: str) -> None:
        self._kind = kind
        self._package = package
        self._entries: dict[str, type[E]] = {}
        self._loaded = False
        self._lock = threading.RLock()

    def register(self, key: str) -> Callable[[type[E]], type[E]]:
        """Class decorator that files the class under `key`."""

        def add(cls: type[E]) -> type[E]:
            if key in self._entries:
                raise ValueError(f"two {self._kind}s are called {key!r}")
            self._entries[key] = cls
            return cls

        return add

    def get(self, key: str) -> type[E]:
        """The class filed under `key`.

        Raises:
            UserError: nothing is filed under that key.
        """
        if key not in self._entries:
            self._load_file(key)
        if key not in self._entries:
            self._load()
        if key not in self._entries:
            raise UserError(f"There is no {self._kind} called {key!r}.", f"Known: {', '.join(self._entries)}.")
        return self._entries[key]

    def items(self) -> Iterator[tuple[str, type[E]]]:
        """All (key, class) pairs."""
        self._load()
        return iter(list(self._entries.items()))

    def __contains__(self, key: object) -> bool:
        self._load()
        return key in self._entries

    def _load_file(self, key: str) -> None:
        """Import the file that is called as the key, if any: to start, the window needs one target of thirty."""
        if key.isidentifier() and not key.startswith("_") and not self._loaded:
            name = f"{self._package}.{key}"
            if importlib.util.find_spec(name) is not None:
                importlib.import_module(name)

    def _load(self) -> None:
        with self._lock:  # whoever comes while another thread loads waits until all are there
            if not self._loaded:
                self._loaded = True
                load_plugins(self._package)
                self._entries = dict(sorted(self._entries.items(), key=lambda entry: entry[1].__module__))


def load_plugins(package: str) -> None:
    """Import every public module of a package, so that its classes register themselves."""
    root = importlib.import_module(package)
    for module in sorted(info.name for info in pkgutil.iter_modules(root.__path__)):
        if not module.startswith("_"):
            importlib.import_module(f"{package}.{module}")
