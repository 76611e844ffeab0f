"""The wheel, installed into an environment of its own."""

import os
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESOURCES = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "resources").rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
}


def run(*words, **more):
    answer = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **more)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, so that nothing is left in the checkout; setuptools is taken from where it is."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("flowviz", "resources", "pyproject.toml", "README.md", "LICENSE"):
        (folder / name).symlink_to(ROOT / name)
    code = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    run(sys.executable, "-c", code, folder, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_every_module_and_every_resource(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "flowviz").rglob("*.py")}
    assert modules <= held
    assert {f"flowviz/{name}" for name in RESOURCES} <= held
    assert not any("tests/" in name or "__pycache__" in name for name in held)


def test_it_works_in_a_fresh_environment_with_its_resources(wheel, tmp_path):
    venv.create(tmp_path / "env", with_pip=False, symlinks=os.name == "posix")
    scripts = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    target = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").strip())
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    # dependencies come from this environment: nothing is downloaded
    shared = [path for path in [*site.getsitepackages(), *sys.path] if path.endswith("site-packages")]
    (target / "shared.pth").write_text("\n".join(dict.fromkeys(shared)))
    code = (
        "import flowviz, sys; from flowviz.core.resources import resource; "
        "print(flowviz.__file__); print(resource('icons/app.svg')); print(resource('licences/LGPL-3.0.txt'))"
    )
    environment = {**os.environ, "PYTHONPATH": "", "QT_QPA_PLATFORM": "offscreen"}
    for line in run(python, "-c", code, cwd=tmp_path, env=environment).split():
        assert Path(line).is_relative_to(tmp_path / "env")
    flowviz = scripts / ("flowviz.exe" if os.name == "nt" else "flowviz")
    assert run(flowviz, "--version", cwd=tmp_path, env=environment).startswith("flowviz ")
    out = run(flowviz, "selftest", "--no-window", cwd=tmp_path, env={**environment, "OMP_NUM_THREADS": "1"})
    assert "all hold" in out and "FAILED" not in out
