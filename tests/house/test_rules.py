"""The rules of the house, held by tests."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "flowviz").rglob("*.py"))
ALLOWED_AT_TOP = {
    "flowviz", "resources", "tests", "pyproject.toml", "README.md", "build_app.spec",
    "Makefile", "LICENSE", "requirements.lock", ".gitignore", ".ci",
}  # fmt: skip


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)


def test_rooms_import_only_what_they_may() -> None:
    answer = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout


def test_ruff_finds_nothing() -> None:
    answer = run("ruff", "check", "flowviz", "tests")
    assert answer.returncode == 0, answer.stdout


def test_the_code_is_formatted() -> None:
    answer = run("ruff", "format", "--check", "flowviz", "tests")
    assert answer.returncode == 0, answer.stdout


def test_mypy_finds_nothing() -> None:
    answer = run("mypy")
    assert answer.returncode == 0, answer.stdout


def test_files_read_in_one_sitting() -> None:
    long = {str(path.relative_to(ROOT)): n for path in SOURCES if (n := len(path.read_text().splitlines())) > 400}
    assert not long


def test_functions_fit_on_one_screen() -> None:
    long = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 60:
                long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert not long


def test_every_package_goes_into_the_wheel() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    packages = {".".join(path.parent.relative_to(ROOT).parts) for path in SOURCES if path.name == "__init__.py"}
    assert listed == packages | {"flowviz.resources"}


@pytest.mark.skipif(shutil.which("git") is None, reason="what is part of the project is asked of git")
def test_nothing_else_lies_at_the_top() -> None:
    answer = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        pytest.skip("not a git checkout")
    assert {line.split("/")[0] for line in answer.stdout.splitlines()} <= ALLOWED_AT_TOP


@pytest.mark.parametrize("module", ["flowviz.flows", "flowviz.engine.run", "flowviz.targets", "flowviz.metrics"])
def test_the_numerics_know_nothing_of_qt(module: str) -> None:
    code = (
        f"import importlib, sys; importlib.import_module({module!r}); "
        "sys.exit(any(name.split('.')[0] in ('PySide6', 'pyqtgraph') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    "module", ["flowviz.gui.main_window", "flowviz.app", "flowviz.engine.process", "flowviz.scene"]
)
def test_the_windows_process_does_not_import_torch(module: str) -> None:
    code = f"import importlib, sys; importlib.import_module({module!r}); sys.exit('torch' in sys.modules)"
    environment = {"QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin", "HOME": str(Path.home())}
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False).returncode == 0
