"""The environment that runs this checkout: `check` says by its exit status that it is up to date, `make` makes it.

    environment.py check|make CHECKOUT FOLDER [EXTRA]

Called by environment.sh with the environment's own Python (check) or any Python that will do (make); uses
nothing but the standard library. The stamp is written last, so an interrupted installation is done again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

LOCK = ".offtake-lock"


class Failure(Exception):
    """What went wrong, in sentences for the user."""


def say(text: str) -> None:
    print(f"offtake: {text}", file=sys.stderr, flush=True)


def stamp_file(folder: Path, extra: str) -> Path:
    return folder / f".offtake-installed-{extra or 'base'}"


def stamp(checkout: Path, python: str) -> list[str]:
    """What an environment depends on. All but the last line say what it is, the last one what is in it."""
    digest = hashlib.sha256((checkout / "pyproject.toml").read_bytes()).hexdigest()
    return [str(sys.implementation.cache_tag), str(checkout), python, digest]


def stamps(checkout: Path, folder: Path, extra: str) -> tuple[list[str], list[str]]:
    """The stamp found (empty: none) and the one wanted. A Python that nobody names may stay what it is."""
    try:
        found = stamp_file(folder, extra).read_text(encoding="utf-8").split("\n")
    except OSError:
        found = []
    named = os.environ.get("OFFTAKE_PYTHON", "")
    return found, stamp(checkout, named or "".join(found[2:3]))


def up_to_date(checkout: Path, folder: Path, extra: str) -> bool:
    found, wanted = stamps(checkout, folder, extra)
    return found == wanted


def sound(checkout: Path, folder: Path) -> bool:
    """Whether pip can bring what is there up to date; otherwise it is made anew."""
    found, wanted = stamps(checkout, folder, "")
    return found[:3] == wanted[:3] and os.access(folder / "bin" / "python", os.X_OK)


def run(command: list[str | Path], what: str, hint: str) -> None:
    """Run quietly; when it fails, the last lines of what it said are the explanation."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip().splitlines()[-12:]
        raise Failure("\n".join([f"{what} failed:", *(f"    {line}" for line in said), f"offtake: {hint}"]))


def create(folder: Path) -> None:
    """An empty environment with pip, in place of whatever an interrupted start left. Keeps the lock."""
    if not find_spec("venv") or not find_spec("ensurepip"):
        debian = "apt install python{}.{}-venv".format(*sys.version_info)
        raise Failure(
            f"{sys.executable} comes without the modules venv and ensurepip;\n"
            f"offtake: install them ({debian}, on Debian and Ubuntu) or name another Python in OFFTAKE_PYTHON"
        )
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()
    run([sys.executable, "-I", "-m", "venv", folder], "making the environment", "is the disk full?")


def install(checkout: Path, folder: Path, extra: str) -> None:
    """Let pip put the checkout and what it needs into the environment, then write the stamp."""
    target = f"{checkout}[{extra}]" if extra else str(checkout)
    pip: list[str | Path] = [folder / "bin" / "python", "-I", "-m", "pip", "install", "--editable", target]
    options = ["--quiet", "--no-input", "--disable-pip-version-check"]
    run([*pip, *options], "pip install", "can this machine reach its package index?")
    text = "\n".join(stamp(checkout, os.environ.get("OFFTAKE_PYTHON", "")))
    for name in dict.fromkeys(["", extra]):
        stamp_file(folder, name).write_text(text, encoding="utf-8")


def make(checkout: Path, folder: Path, extra: str) -> None:
    """Make what is missing, under a lock so that two first starts do not collide.

    An environment that the user made keeps what is in it.
    """
    users_own = (folder / "pyvenv.cfg").exists() and not (folder / LOCK).exists()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another start that is making the environment")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if up_to_date(checkout, folder, extra):
            return
        say(f"making the environment in {folder} (Python {sys.version.split()[0]}; once, about a minute)")
        if not users_own and not sound(checkout, folder):
            create(folder)
        install(checkout, folder, extra)
        say("the environment is ready")


def main(action: str, checkout: str, folder: str, extra: str = "") -> int:
    if action == "check":
        return 0 if up_to_date(Path(checkout), Path(folder), extra) else 1
    try:
        make(Path(checkout), Path(folder), extra)
    except Failure as failure:
        say(str(failure))
    except OSError as error:
        say(f"cannot make the environment in {folder}: {error.strerror or error}")
        say("name a folder that can be written: OFFTAKE_VENV=/path/to/folder")
    except KeyboardInterrupt:
        say("interrupted; the next start makes the environment again")
        return 130
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
