"""The inner loops over pixels, compiled for this machine and kept on disk so that worker children start fast.

All planes are uint8 and two-dimensional, rows first. Every kernel runs without the interpreter's lock, so
composing one frame overlaps with encoding another.

The compiler takes 70 MB, so whoever needs this imports it when it draws: an idle worker does not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import platformdirs

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: Kernels are compiled once per user and machine type; compiled code is executable, so nobody else may write here.
_CACHE = platformdirs.user_cache_path("cliprow") / "kernels"


def _cache_is_usable() -> bool:
    try:
        _CACHE.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:  # a read-only home: compile in memory, about two seconds a process
        return False
    return os.access(_CACHE, os.W_OK)


_CACHED = _cache_is_usable()
if _CACHED:
    numba.config.CACHE_DIR = str(_CACHE)  # type: ignore[attr-defined]


def _kernel(function: _Function) -> _Function:
    """Compile on first use."""
    return cast(
        _Function, numba.njit(nogil=True, cache=_CACHED, boundscheck=False, error_model="numpy")(function)
    )


@_kernel
def mix_rows(source, target, rows, weights):  # type: ignore[no-untyped-def]
    """Write `target[y]` as source rows `rows[y]` and the next, mixed by `weights[y]` of 128 (bilinear along y)."""
    for y in range(target.shape[0]):
        row, weight = rows[y], weights[y]
        rest = np.uint16(128 - weight)
        for x in range(target.shape[1]):
            target[y, x] = np.uint8(
                (
                    np.uint16(source[row, x]) * rest
                    + np.uint16(source[row + np.uintp(1), x]) * weight
                    + np.uint16(64)
                )
                >> np.uint16(7)
            )


@_kernel
def _swapped(low, high, shift, mask):  # type: ignore[no-untyped-def]
    """Return two words after the upper bits of the first and the lower bits of the second changed places."""
    moved = ((low >> shift) ^ high) & mask
    return low ^ (moved << shift), high ^ moved


@_kernel
def transpose(source, target):  # type: ignore[no-untyped-def]
    """Write `source` transposed; both are uint64 views of byte planes whose sides are multiples of 8.

    Eight rows of eight bytes are turned inside eight registers: halves, quarters and eighths change places.
    """
    halves, quarters, eighths = (
        np.uint64(0xFFFFFFFF),
        np.uint64(0x0000FFFF0000FFFF),
        np.uint64(0x00FF00FF00FF00FF),
    )
    n32, n16, n8 = np.uint64(32), np.uint64(16), np.uint64(8)
    for block in range(source.shape[0] // 8):
        y = block * 8
        for x in range(source.shape[1]):
            a, b, c, d = source[y, x], source[y + 1, x], source[y + 2, x], source[y + 3, x]
            e, f, g, h = source[y + 4, x], source[y + 5, x], source[y + 6, x], source[y + 7, x]
            a, e = _swapped(a, e, n32, halves)
            b, f = _swapped(b, f, n32, halves)
            c, g = _swapped(c, g, n32, halves)
            d, h = _swapped(d, h, n32, halves)
            a, c = _swapped(a, c, n16, quarters)
            b, d = _swapped(b, d, n16, quarters)
            e, g = _swapped(e, g, n16, quarters)
            f, h = _swapped(f, h, n16, quarters)
            a, b = _swapped(a, b, n8, eighths)
            c, d = _swapped(c, d, n8, eighths)
            e, f = _swapped(e, f, n8, eighths)
            g, h = _swapped(g, h, n8, eighths)
            row = x * 8
            target[row, block], target[row + 1, block], target[row + 2, block], target[row + 3, block] = (
                a,
                b,
                c,
                d,
            )
            target[row + 4, block], target[row + 5, block], target[row + 6, block], target[row + 7, block] = (
                e,
                f,
                g,
                h,
            )


@_kernel
def tint(target, mask, value, alpha):  # type: ignore[no-untyped-def]
    """Blend one plane's `value` over `target` where `mask` (same shape) says, by `alpha` of 256."""
    for y in range(target.shape[0]):
        for x in range(target.shape[1]):
            weight = (np.uint16(mask[y, x]) * np.uint16(alpha) + np.uint16(128)) >> np.uint16(8)
            weight += weight >> np.uint16(7)
            target[y, x] = np.uint8(
                (
                    np.uint16(target[y, x]) * (np.uint16(256) - weight)
                    + np.uint16(value) * weight
                    + np.uint16(128)
                )
                >> np.uint16(8)
            )


@_kernel
def fill_slanted(target, left, right, slope, value):  # type: ignore[no-untyped-def]
    """Fill between two parallel slanted edges: at row y from `left + slope*y` to `right + slope*y` (pixels)."""
    height, width = target.shape
    for y in range(height):
        start = max(0, min(width, int(left + slope * y)))
        end = max(0, min(width, int(right + slope * y)))
        for x in range(start, end):
            target[y, x] = value


def warm_up() -> None:
    """Compile or load every kernel now, so that the first frame does not wait for it."""
    plane = np.zeros((16, 16), np.uint8)
    other = np.zeros((16, 16), np.uint8)
    mix_rows(plane, other, np.zeros(16, np.uintp), np.zeros(16, np.uint16))
    transpose(plane.view(np.uint64), other.view(np.uint64))
    tint(plane, other, 0, 0)
    fill_slanted(plane, 0.0, 0.0, 0.0, 0)
