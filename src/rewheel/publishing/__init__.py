"""Publish a folder of wheels: check each release, write its index file, and a static package index."""

from rewheel.publishing.checking import FileReport, check_file, check_files
from rewheel.publishing.checkup import Checkup, Questions, check_directory, checkup_of
from rewheel.publishing.directory import Contents, read_directory
from rewheel.publishing.entries import Entry, IndexEntry, Release, SdistEntry, WheelEntry, releases_of
from rewheel.publishing.errors import PublishingError, UnpublishableRelease, UnusableDirectory
from rewheel.publishing.findings import Finding, Severity
from rewheel.publishing.release_checks import check_release
from rewheel.publishing.rules import RULES, Rule
from rewheel.publishing.static_index import IndexReport, write_index

__all__ = [
    "RULES",
    "Checkup",
    "Contents",
    "Entry",
    "FileReport",
    "Finding",
    "IndexEntry",
    "IndexReport",
    "PublishingError",
    "Questions",
    "Release",
    "Rule",
    "SdistEntry",
    "Severity",
    "UnpublishableRelease",
    "UnusableDirectory",
    "WheelEntry",
    "check_directory",
    "check_file",
    "check_files",
    "check_release",
    "checkup_of",
    "read_directory",
    "releases_of",
    "write_index",
]
