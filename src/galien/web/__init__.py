"""The pages and the REST interface: one more face of a workspace, with no search of its own."""

from galien.web.application import create_app

__all__ = ["create_app"]
