"""Pixels to pictures: DICOM frames windowed and drawn, thumbnails."""

from galien.images.rendering import Rendered, render, thumbnail

__all__ = ["Rendered", "render", "thumbnail"]
