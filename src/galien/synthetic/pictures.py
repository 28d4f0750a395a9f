"""Plausible pixels: bones, lungs, brains drawn from ellipses, with grain. Nobody's body."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float64]


def draw(picture: str, side: str, seed: int, *, size: int, slices: int) -> npt.NDArray[np.uint16]:
    """Pixels of a study.

    Parameters
    ----------
    picture : str
        One of `PICTURES`.
    size : int
        Rows and columns.
    slices : int
        1 for a radiograph, more for a volume.

    Returns
    -------
    numpy.ndarray of uint16, shape (slices, size, size), 0 to 4095
    """
    random = np.random.default_rng(seed)
    planes = []
    for i in range(slices):
        depth = 0.0 if slices == 1 else (i - (slices - 1) / 2) / (slices / 2)
        plane = _smooth(PICTURES[picture](size, depth))
        if side == "left":
            plane = plane[:, ::-1]
        planes.append(np.clip(plane * 3600 + random.normal(0, 55, plane.shape) + 120, 0, 4095))
    return np.stack(planes).astype(np.uint16)


def _grid(size: int) -> tuple[Plane, Plane]:
    line = np.linspace(-1, 1, size, dtype=np.float64)
    x, y = np.meshgrid(line, line)
    return x, y


def _ellipse(size: int, cx: float, cy: float, rx: float, ry: float, turn: float = 0.0) -> Plane:
    x, y = _grid(size)
    c, s = np.cos(turn), np.sin(turn)
    u, v = (x - cx) * c + (y - cy) * s, -(x - cx) * s + (y - cy) * c
    inside: Plane = ((u / rx) ** 2 + (v / ry) ** 2 <= 1).astype(np.float64)
    return inside


def _smooth(plane: Plane) -> Plane:
    for _ in range(3):
        plane = (
            plane + np.roll(plane, 1, 0) + np.roll(plane, -1, 0) + np.roll(plane, 1, 1) + np.roll(plane, -1, 1)
        ) / 5
    return plane


def _hip(size: int, depth: float) -> Plane:
    image: Plane = 0.25 * _ellipse(size, 0, 0, 0.98, 0.95)
    for sign in (-1, 1):
        image += 0.3 * (
            _ellipse(size, sign * 0.5, -0.45, 0.38, 0.42, sign * 0.5)
            - 0.7 * _ellipse(size, sign * 0.5, -0.5, 0.26, 0.3)
        )
        image += 0.35 * _ellipse(size, sign * 0.52, -0.08, 0.13, 0.13)
        image += 0.3 * _ellipse(size, sign * 0.6, 0.5, 0.1, 0.55, sign * -0.08)
        image += 0.3 * _ellipse(size, sign * 0.6, 0.02, 0.2, 0.07, sign * 0.7)
    return image


def _prosthesis(size: int, depth: float) -> Plane:
    image: Plane = _hip(size, depth)
    metal = _ellipse(size, 0.52, -0.1, 0.15, 0.15) + _ellipse(size, 0.6, 0.32, 0.05, 0.36, -0.08)
    return image + 0.6 * np.minimum(metal + _ellipse(size, 0.57, 0.0, 0.12, 0.035, 0.7), 1)


def _fracture(size: int, depth: float) -> Plane:
    return _hip(size, depth) * (1 - 0.75 * _ellipse(size, 0.6, 0.02, 0.02, 0.16, 0.7))


def _knee(size: int, depth: float) -> Plane:
    image: Plane = 0.2 * _ellipse(size, 0, 0, 0.5, 1.2)
    image += 0.4 * _ellipse(size, 0, -0.6, 0.2, 0.55) + 0.25 * _ellipse(size, 0, -0.14, 0.38, 0.18)
    return image + 0.4 * _ellipse(size, 0, 0.7, 0.19, 0.55) + 0.25 * _ellipse(size, 0, 0.2, 0.38, 0.14)


def _chest(size: int, depth: float, heart: float = 0.28) -> Plane:
    image: Plane = 0.5 * _ellipse(size, 0, 0, 0.95, 0.98)
    image -= 0.36 * _ellipse(size, -0.42, -0.05, 0.3, 0.62) + 0.36 * _ellipse(size, 0.42, -0.05, 0.3, 0.62)
    image += 0.28 * _ellipse(size, 0.12, 0.25, heart, 0.34, 0.4) + 0.2 * _ellipse(size, 0, 0, 0.07, 0.95)
    for rib in range(7):
        arc = _ellipse(size, 0, -0.75 + rib * 0.22, 0.85, 0.28) - _ellipse(size, 0, -0.72 + rib * 0.22, 0.84, 0.27)
        image += 0.07 * np.maximum(arc, 0)
    return image


def _large_heart(size: int, depth: float) -> Plane:
    return (
        _chest(size, depth, 0.46)
        + 0.18 * _ellipse(size, 0.45, 0.55, 0.28, 0.14)
        + 0.18 * _ellipse(size, -0.45, 0.55, 0.28, 0.14)
    )


def _consolidation(size: int, depth: float) -> Plane:
    return _chest(size, depth) + 0.26 * _ellipse(size, 0.45, 0.3, 0.22, 0.24)


def _abdomen(size: int, depth: float) -> Plane:
    shrink = 1 - 0.1 * abs(depth)
    image = 0.35 * _ellipse(size, 0, 0, 0.92 * shrink, 0.7 * shrink)
    image += 0.12 * _ellipse(size, -0.42, -0.12, 0.36, 0.34) + 0.4 * _ellipse(size, 0, 0.4, 0.13, 0.13)
    image += 0.14 * (_ellipse(size, -0.36, 0.28, 0.12, 0.17) + _ellipse(size, 0.36, 0.28, 0.12, 0.17))
    return image - 0.2 * _ellipse(size, 0.3, -0.25, 0.14, 0.09) + 0.2 * _ellipse(size, 0.02, 0.2, 0.06, 0.06)


def _brain(size: int, depth: float) -> Plane:
    r = float(np.sqrt(max(0.05, 1 - 0.8 * depth * depth)))
    image = 0.8 * (_ellipse(size, 0, 0, 0.78 * r, 0.95 * r) - _ellipse(size, 0, 0, 0.72 * r, 0.89 * r))
    image += 0.42 * _ellipse(size, 0, 0, 0.7 * r, 0.87 * r) + 0.08 * _ellipse(size, 0, 0, 0.5 * r, 0.66 * r)
    ventricles = _ellipse(size, -0.12, -0.05, 0.06 * r, 0.26 * r, 0.2) + _ellipse(
        size, 0.12, -0.05, 0.06 * r, 0.26 * r, -0.2
    )
    return image - 0.3 * ventricles


def _brain_lesion(size: int, depth: float) -> Plane:
    spot = max(0.0, 1 - 1.6 * abs(depth))
    return _brain(size, depth) + 0.35 * spot * _ellipse(size, 0.38, 0.05, 0.18, 0.24)


def _breast(size: int, depth: float) -> Plane:
    image: Plane = 0.45 * _ellipse(size, -1.0, 0, 1.3, 0.9)
    for k in range(9):
        image += 0.05 * _ellipse(size, -0.7 + 0.1 * k, 0.5 * np.sin(k * 2.1), 0.22, 0.05, k * 0.5)
    return image + 0.35 * _ellipse(size, -0.35, -0.3, 0.07, 0.07)


PICTURES: dict[str, Callable[[int, float], Plane]] = {
    "hip": _hip,
    "hip_prosthesis": _prosthesis,
    "hip_fracture": _fracture,
    "knee": _knee,
    "chest": _chest,
    "chest_heart": _large_heart,
    "chest_pneumonia": _consolidation,
    "abdomen": _abdomen,
    "brain": _brain,
    "brain_lesion": _brain_lesion,
    "breast": _breast,
}
"""Every picture that a scenario may ask for."""
