"""`python -m tests.bench [part of a name ...]`: run the benchmarks, print a table, write bench.json."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from tests.bench._measure import Measurement

HERE = Path(__file__).parent


def main(words: list[str]) -> int:
    """Run every `*_bench.py` whose name holds one of the words; 1 when a bound is passed."""
    results: list[Measurement] = []
    for path in sorted(HERE.glob("*_bench.py")):
        if words and not any(word in path.stem for word in words):
            continue
        print(f"… {path.stem}", file=sys.stderr, flush=True)
        results += importlib.import_module(f"tests.bench.{path.stem}").measure()
    width = max((len(result.name) for result in results), default=10)
    for result in results:
        sign = "<=" if result.better == "lower" else ">="
        bound = f"{sign} {result.bound:g}" if result.bound is not None else ""
        verdict = "" if result.bound is None else ("holds" if result.holds else "FALLS SHORT")
        print(f"{result.name:<{width}}  {result.value:>10.4g} {result.unit:<8} {bound:<10} {verdict}")
    fields = ("name", "value", "unit", "bound", "holds")
    rows = [{field: getattr(result, field) for field in fields} for result in results]
    Path("bench.json").write_text(json.dumps(rows, indent=2) + "\n")
    return 0 if all(result.holds for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
