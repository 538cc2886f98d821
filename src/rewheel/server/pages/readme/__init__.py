"""Descriptions of projects, made into HTML that can do no harm."""

from rewheel.server.pages.readme.renderer import Readme, ReadmeRenderer

__all__ = ["Readme", "ReadmeRenderer"]
