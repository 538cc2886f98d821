"""Publish a folder of wheels: check each release, write its index file, and a static package index."""

from rewheel.publishing.directory import Release, SdistEntry, WheelEntry, read_directory
from rewheel.publishing.errors import Problem, PublishingError, UnpublishableRelease, UnusableDirectory
from rewheel.publishing.static_index import IndexReport, write_index

__all__ = [
    "IndexReport",
    "Problem",
    "PublishingError",
    "Release",
    "SdistEntry",
    "UnpublishableRelease",
    "UnusableDirectory",
    "WheelEntry",
    "read_directory",
    "write_index",
]
