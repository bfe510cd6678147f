"""Font families that a brand may choose: those installed here. `pip install fontpkg-...` adds one.

Inter and Noto Sans are always there. Others are packages of fontpkg, whose `metadata.json` names family and files.
"""

from __future__ import annotations

import functools
import importlib.util
import pkgutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cliprow.errors import FailForGood, MissingDependency

_PREFIX = "fontpkg_"


@dataclass(frozen=True)
class Face:
    """One font file (or one face of a collection)."""

    name: str
    path: str
    index: int = 0


class _File(msgspec.Struct):
    path: str
    style: str = "normal"
    #: One file for all weights, which headings, points and captions need.
    variable: bool = False


class _Metadata(msgspec.Struct):
    family: str
    files: list[_File] = []


@functools.cache
def families() -> dict[str, Face]:
    """Every family by name, upright and of any weight; Inter, the default, first."""
    found = [_of_package(module.name) for module in pkgutil.iter_modules() if module.name.startswith(_PREFIX)]
    others = {face.name: face for face in found if face is not None}
    others["Noto Sans"] = Face("Noto Sans", str(package_folder("manimgx_fonts") / "NotoSans[wght].ttf"))
    names = sorted(others, key=lambda name: (name != "Inter", name))
    return {name: others[name] for name in names}


def family(name: str) -> Face:
    """The face of a family.

    Raises:
        FailForGood: FONT_MISSING, it is not installed here.
    """
    face = families().get(name)
    if face is None:
        raise FailForGood(
            f"The font {name} of the brand is not installed here.",
            error_code="FONT_MISSING",
            next_step=f"Install its package (like fontpkg-{name.lower().replace(' ', '-')}) for all workers and retry the "
            "job, which keeps its font; or choose another in the brand and submit the topic again.",
        )
    return face


def _of_package(module: str) -> Face | None:
    """What a font package holds; None where it has no file for all weights."""
    folder = package_folder(module)
    try:
        told = msgspec.json.decode((folder / "metadata.json").read_bytes(), type=_Metadata)
    except (OSError, msgspec.DecodeError):  # another package of such a name, or another layout
        return None
    files = [each.path for each in told.files if each.variable and each.style == "normal"]
    return Face(told.family, str(folder / files[0])) if files else None


@functools.cache
def package_folder(package: str) -> Path:
    """Return where a font package lies, without running its code."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise MissingDependency(f"The font package {package.replace('_', '-')} is not installed.")
    return Path(spec.origin).parent
