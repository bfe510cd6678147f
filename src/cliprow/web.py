"""Where the built web app is: in the wheel, or in a checkout, where it is built when it is missing or old."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

from cliprow.errors import MissingDependency

#: What the wheel carries.
_PACKAGED = Path(str(files("cliprow"))) / "_web"
#: The sources, in a checkout.
SOURCES = Path(__file__).resolve().parents[2] / "web"
#: Everything the built files depend on.
_INPUTS = ("package-lock.json", "index.html", "vite.config.ts", "tsconfig.json", "src", "public")
_BUILD_S = 600


def built_folder() -> Path | None:
    """The folder with `index.html`, or None when nothing has been built."""
    for folder in (_PACKAGED, SOURCES / "dist"):
        if (folder / "index.html").is_file():
            return folder
    return None


def ensure_built(tell: Callable[[str], object]) -> Path | None:
    """The built app, made first in a checkout whose sources are newer; takes half a minute.

    Args:
        tell: is given a line before something that takes long.

    Raises:
        MissingDependency: there is nothing built, and it cannot be built here.
    """
    if _PACKAGED.is_dir() or not (SOURCES / "package.json").is_file():
        return built_folder()
    with (SOURCES / ".build.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = _digest()
        stamp = SOURCES / "dist" / ".sources"
        if stamp.is_file() and stamp.read_text() == wanted:
            return built_folder()
        npm = shutil.which("npm")
        if npm is None:
            raise MissingDependency(
                "The web app is not built, and there is no npm to build it with.",
                error_code="WEB_APP_NOT_BUILT",
                next_step="Install Node 20 or later, or install Cliprow from its wheel, which carries the app.",
            )
        tell("Building the web app, which takes a minute the first time.")
        ensure_packages(npm)
        _run(npm, "run", "--silent", "build")
        stamp.write_text(wanted)
    return built_folder()


def ensure_packages(npm: str = "npm") -> None:
    """Install what the web app is built with, unless it is there as package-lock.json has it."""
    lock = (SOURCES / "package-lock.json").read_bytes()
    installed = SOURCES / "node_modules" / ".cliprow-lock.json"
    if not installed.is_file() or installed.read_bytes() != lock:
        _run(npm, "ci", "--no-audit", "--no-fund", "--loglevel=error")
        installed.write_bytes(lock)


def _run(*command: str) -> None:
    try:
        done = subprocess.run(
            command, cwd=SOURCES, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_BUILD_S
        )
    except subprocess.TimeoutExpired as error:
        raise MissingDependency(
            f"{' '.join(command[1:])} did not end within {_BUILD_S} s.",
            error_code="WEB_APP_NOT_BUILT",
            next_step=f"Run it by hand in {SOURCES}; it may not reach the package registry.",
        ) from error
    if done.returncode:
        raise MissingDependency(
            f"The web app was not built: {(done.stderr or done.stdout).strip()[-2000:]}",
            error_code="WEB_APP_NOT_BUILT",
            next_step=f"Run `npm ci && npm run build` in {SOURCES}.",
        )


def _digest() -> str:
    made = hashlib.sha256()
    for file in _input_files():
        made.update(f"{file.relative_to(SOURCES)}\0".encode())
        made.update(file.read_bytes())
    return made.hexdigest()


def _input_files() -> Iterator[Path]:
    for name in _INPUTS:
        path = SOURCES / name
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file())
        elif path.is_file():
            yield path
