"""What ships and how it starts: the wheel, the sdist, the public names, the scripts of a checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import offtake

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL = [
    ".ci", ".gitignore", "LICENSE", "README.md", "bin", "instances", "models", "pyproject.toml", "src", "tests",
]  # fmt: skip
HEAVY = ["highspy", "numpy", "pandas", "pydantic", "pyomo", "scipy", "yaml"]
SHIPPED = [("src/offtake", "offtake"), ("models/offtake_models", "offtake_models"), ("instances", "offtake/instances")]

pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="not in a checkout")


def run(*command: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], text=True, capture_output=True, **options)


def test_nothing_else_stands_at_the_top_of_the_repository():
    listed = run("git", "ls-files", cwd=ROOT)
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert {line.partition("/")[0] for line in listed.stdout.splitlines()} <= set(TOP_LEVEL)


def expected_files() -> set[str]:
    """Paths inside the wheel of everything that is to ship."""
    found = set()
    for folder, inside in SHIPPED:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc" and not path.name.endswith(".plan.json"):
                found.add(f"{inside}/{path.relative_to(ROOT / folder).as_posix()}")
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the sdist, and the wheels of the checkout and of the sdist."""
    out = tmp_path_factory.mktemp("built")
    for kind, source in (("checkout", ROOT), ("sdist", None)):
        if source is None:
            shutil.unpack_archive(next(out.glob("*.tar.gz")), out)
            source = next(path for path in out.iterdir() if path.name.startswith("offtake-") and path.is_dir())
        what = ["--sdist", "--wheel"] if kind == "checkout" else ["--wheel"]
        done = run(sys.executable, "-m", "build", "--no-isolation", *what, "--outdir", out / kind, source)
        assert done.returncode == 0, done.stdout + done.stderr
        for archive in (out / kind).glob("*.tar.gz"):
            archive.rename(out / archive.name)
    return out


def test_the_wheel_holds_everything_and_nothing_else(built):
    with zipfile.ZipFile(next((built / "checkout").glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == expected_files()
    assert any(name.endswith(".schema.json") for name in names)
    assert any(name.startswith("offtake/instance/catalogue") and name.endswith(".yaml") for name in names)


def test_the_wheel_of_the_sdist_is_the_same(built):
    with (
        zipfile.ZipFile(next((built / "checkout").glob("*.whl"))) as a,
        zipfile.ZipFile(next((built / "sdist").glob("*.whl"))) as b,
    ):
        assert sorted(a.namelist()) == sorted(b.namelist())
        assert all(a.read(name) == b.read(name) for name in a.namelist())


def test_the_installed_wheel_answers_as_the_checkout_does(built, tmp_path):
    site = tmp_path / "site"
    wheel = next((built / "checkout").glob("*.whl"))
    done = run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", site, wheel)
    assert done.returncode == 0, done.stderr
    program = "import offtake, sys; print(offtake.__file__, file=sys.stderr); from offtake.cli import main; main()"
    instance = site / "offtake" / "instances" / "quickstart.yaml"
    environment = {**os.environ, "PYTHONPATH": str(site)}
    shipped = run(sys.executable, "-c", program, "check", instance, env=environment, cwd=tmp_path)
    assert shipped.stderr.splitlines()[0] == str(site / "offtake" / "__init__.py")
    assert shipped.returncode == 0, shipped.stderr
    local = run(sys.executable, "-c", program, "check", ROOT / "instances" / "quickstart.yaml", cwd=tmp_path)
    assert shipped.stdout == local.stdout != ""


def test_the_version_is_that_of_the_project():
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert offtake.__version__ == tomllib.load(file)["project"]["version"]


def test_every_public_name_is_there():
    assert dir(offtake) == sorted(offtake.__all__)
    for name in offtake.__all__:
        assert getattr(offtake, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'slove'"):
        _ = offtake.slove


@pytest.mark.parametrize("first", ["", "import offtake.solve, offtake.audit", "from offtake.solve import Limits"])
def test_folders_and_functions_of_one_name_do_not_collide(first):
    """`offtake.solve` is called by users and imported by the engine, in any order."""
    program = f"""
{first}
import offtake, inspect
assert callable(offtake.solve) and callable(offtake.audit)
from offtake.solve import Limits
from offtake.audit import audit_document
assert callable(offtake.solve) and callable(offtake.audit)
try:
    offtake.solve()
except TypeError as error:
    assert "instance" in str(error), error
"""
    done = run(sys.executable, "-c", program)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"], ["solve", "--help"], ["slove"]])
def test_help_imports_nothing_heavy(arguments):
    program = f"""
import sys
from offtake.cli import main
try:
    main({arguments!r}, prog_name="offtake")
except SystemExit:
    pass
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    assert run(sys.executable, "-c", program).stderr.splitlines()[-1] == "[]"


def copy_of_checkout(folder: Path) -> Path:
    """The files of a fresh clone, in a folder with a space in its name."""
    target = folder / "a clone"
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache", ".venv", "*.plan.json")
    target.mkdir()
    for name in TOP_LEVEL:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=ignored)
        elif (ROOT / name).is_file():
            shutil.copy(ROOT / name, target / name)
    return target


@pytest.mark.parametrize("script", ["bin/offtake", "bin/test", "bin/bench", ".ci/run"])
def test_scripts_can_be_run(script):
    assert os.access(ROOT / script, os.X_OK)
    assert run("sh", "-n", ROOT / script).returncode == 0


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [("echo 3.9", "Python 3.11 or newer is needed; python3 is 3.9"), (None, "found no python3")],
)
def test_a_start_without_a_fitting_python_says_so(tmp_path, answer, sentence):
    """`python3` is a script that fails the question for 3.11 and answers the one for its version."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("readlink", "dirname", "sh"):
        (tools / name).symlink_to(shutil.which(name))
    if answer:
        (tools / "python3").write_text(f'#!/bin/sh\ncase "$*" in *print*) {answer} ;; *) exit 1 ;; esac\n')
        (tools / "python3").chmod(0o755)
    done = run(copy_of_checkout(tmp_path) / "bin" / "offtake", "--version", env={"PATH": str(tools)})
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert "OFFTAKE_PYTHON=" in done.stderr


def bare(home: Path, **more: str) -> dict[str, str]:
    """The environment of a machine on which nothing was set up; what tells pip where its index is stays."""
    home.mkdir(exist_ok=True)
    kept = {key: value for key, value in os.environ.items() if key.startswith("PIP_") or "proxy" in key.lower()}
    return {"PATH": os.environ["PATH"], "HOME": str(home), "OFFTAKE_PYTHON": sys._base_executable, **kept, **more}


@pytest.mark.full
def test_the_first_start_makes_the_environment_and_the_second_finds_it(tmp_path):
    clone, elsewhere = copy_of_checkout(tmp_path), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "link").symlink_to(clone / "bin" / "offtake")
    first = run(elsewhere / "link", "--version", env=bare(tmp_path / "home"), cwd=elsewhere)
    assert (first.returncode, first.stdout) == (0, f"offtake {offtake.__version__}\n"), first.stderr
    assert "making the environment in" in first.stderr
    second = run(clone / "bin" / "offtake", "--version", env=bare(tmp_path / "home"))
    assert (second.stdout, second.stderr) == (first.stdout, "")
    (clone / ".venv" / ".offtake-installed-base").unlink()
    third = run(clone / "bin" / "offtake", "--version", env=bare(tmp_path / "home"))
    assert "making the environment in" in third.stderr, "an interrupted installation is done again"


@pytest.mark.full
def test_the_first_start_says_when_the_index_cannot_be_reached(tmp_path):
    closed = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    environment = {**bare(tmp_path / "home"), **closed}
    environment.pop("PIP_FIND_LINKS", None)
    done = run(copy_of_checkout(tmp_path) / "bin" / "offtake", "--version", env=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install failed" in done.stderr
    assert "can this machine reach its package index?" in done.stderr
