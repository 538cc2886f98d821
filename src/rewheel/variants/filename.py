"""The names of wheels and of index files, with or without a variant label (PEP 825, variant label).

Index pages hold thousands of names, so a name is split by hand instead of by a regular expression.
"""

from functools import lru_cache

from rewheel.rows import NamedTuple
from rewheel.variants.errors import InvalidFilename
from rewheel.variants.label import NULL_LABEL, check_label, is_label

__all__ = ["IndexFilename", "WheelFilename", "normalize_project"]

_LONGEST_NAME = 4096  # no file system comes close; keeps numbers and sets of tags small
_MOST_TAGS = 4096  # "py2.py3-none-any" has two; a name must not unfold into millions
_INDEX_SUFFIX = "-variants.json"
_DIGITS = "0123456789"


@lru_cache(maxsize=4096)
def normalize_project(name: str) -> str:
    """Normalise a project name: lowercase, every run of `-`, `_` and `.` a single `-` (PEP 503).

    >>> normalize_project("Foo._-bar")
    'foo-bar'
    """
    dashed = name.lower().replace("_", "-").replace(".", "-")
    while "--" in dashed:
        dashed = dashed.replace("--", "-")
    return dashed


class WheelFilename(NamedTuple):
    """The parts of a wheel's file name, as they are written there.

    `build` is empty when the wheel has no build tag, `label` when it is a plain wheel.
    """

    distribution: str
    version: str
    build: str
    python: str
    abi: str
    platform: str
    label: str = ""
    extension: str = "whl"

    @classmethod
    def parse(cls, filename: str) -> "WheelFilename":
        """Split a file name, which must already be percent-decoded; raises `InvalidFilename`.

        >>> WheelFilename.parse("numpy-2.3.2-cp313-cp313-linux_x86_64-x86_64_v3.whl").label
        'x86_64_v3'
        """
        if filename.endswith(".whl"):
            stem, extension = filename[:-4], "whl"
        elif filename.endswith(".whlx"):
            stem, extension = filename[:-5], "whlx"
        else:
            raise InvalidFilename(filename, "a wheel's name ends in '.whl' or '.whlx'")
        parts = stem.split("-")
        match parts:
            case [distribution, version, python, abi, platform]:
                build = label = ""
            case [distribution, version, build, python, abi, platform] if _starts_with_digit(build):
                label = ""
            case [distribution, version, python, abi, platform, label]:
                build = ""
            case [distribution, version, build, python, abi, platform, label] if _starts_with_digit(build):
                pass
            case _:
                raise InvalidFilename(filename, _wrong_shape(parts))
        name = cls(distribution, version, build, python, abi, platform, label, extension)
        problem = name._problem(parts, stem)
        if problem:
            raise InvalidFilename(filename, problem)
        return name

    def _problem(self, parts: list[str], stem: str) -> str:
        """Say what is wrong with the parts; an empty text if nothing is."""
        if "" in parts:
            return "a part of the name is empty"
        if " " in stem or "/" in stem or "\\" in stem or "~" in stem or not stem.isprintable():
            return "a name has no whitespace, no path separators, no '~' and only printable characters"
        if len(parts) > 5 and self.label and not is_label(self.label):
            return f"{ascii(self.label)[:60]} is not a variant label (lowercase letters, digits, '_' and '.')"
        if _starts_with_digit(self.python):
            return f"the Python tag {self.python!r} starts with a digit"
        if self.abi == "any" or "any" in self.abi.split(".") or "none" in self.python.split("."):
            return (
                "the tags are shifted: a Python tag must not start with a digit or be taken for a build tag"
            )
        if len(stem) > _LONGEST_NAME:
            return f"a name has at most {_LONGEST_NAME} characters"
        count = (self.python.count(".") + 1) * (self.abi.count(".") + 1) * (self.platform.count(".") + 1)
        return "the compressed set of tags is too large" if count > _MOST_TAGS else ""

    @property
    def project(self) -> str:
        """The normalised project name (PEP 503)."""
        return normalize_project(self.distribution)

    @property
    def build_key(self) -> tuple[()] | tuple[int, str]:
        """Sorts build tags: by leading number, then by the rest; no build tag comes first."""
        if not self.build:
            return ()
        rest = self.build.lstrip(_DIGITS)
        return (int(self.build[: len(self.build) - len(rest)]), rest)

    @property
    def is_plain(self) -> bool:
        """Whether this is an ordinary wheel, without label."""
        return not self.label

    @property
    def is_null(self) -> bool:
        """Whether this is the variant without properties."""
        return self.label == NULL_LABEL

    def tags(self) -> list[str]:
        """Return the platform tags of the compressed set, each as `python-abi-platform` in lower case."""
        return [
            f"{python}-{abi}-{platform}"
            for python in self.python.lower().split(".")
            for abi in self.abi.lower().split(".")
            for platform in self.platform.lower().split(".")
        ]

    def with_label(self, label: str) -> "WheelFilename":
        """Return the name with another label; an empty one makes it plain. Raises `InvalidLabel`."""
        return self._replace(label=check_label(label) if label else "")

    def __str__(self) -> str:
        parts = [
            self.distribution,
            self.version,
            self.build,
            self.python,
            self.abi,
            self.platform,
            self.label,
        ]
        return "-".join(part for part in parts if part) + "." + self.extension


class IndexFilename(NamedTuple):
    """The name of an index file, `{name}-{version}-variants.json`, as it is written."""

    distribution: str
    version: str

    @classmethod
    def parse(cls, filename: str) -> "IndexFilename":
        """Split a file name, which must already be percent-decoded; raises `InvalidFilename`.

        >>> IndexFilename.parse("Foo_Bar-1.0-variants.json").project
        'foo-bar'
        """
        parts = filename.removesuffix(_INDEX_SUFFIX).split("-")
        if not filename.endswith(_INDEX_SUFFIX) or len(parts) != 2 or "" in parts:
            raise InvalidFilename(filename, "an index file is called '{name}-{version}-variants.json'")
        if len(filename) > _LONGEST_NAME or not _is_tidy(filename):
            raise InvalidFilename(filename, "a name has no whitespace, no path separators and is printable")
        return cls(parts[0], parts[1])

    @classmethod
    def for_release(cls, project: str, version: str) -> "IndexFilename":
        """Return the name of the index file of a release; raises `InvalidFilename` for an unusable version.

        Name and version are normalised as in wheel file names.
        """
        distribution = normalize_project(project).replace("-", "_")
        name = cls(distribution, _normal_version(version))
        return cls.parse(str(name))

    @property
    def project(self) -> str:
        """The normalised project name (PEP 503)."""
        return normalize_project(self.distribution)

    def describes(self, project: str, version: str) -> bool:
        """Tell whether this is the index file of the release, however name and version are spelled.

        Versions are compared as such (PEP 440): `1.0` and `1.0.0` are the same release.
        """
        if self.project != normalize_project(project):
            return False
        return self.version == version or _same_version(self.version, version)

    def __str__(self) -> str:
        return f"{self.distribution}-{self.version}{_INDEX_SUFFIX}"


def _starts_with_digit(text: str) -> bool:
    return "0" <= text[:1] <= "9"


def _is_tidy(text: str) -> bool:
    return text.isprintable() and not any(character in text for character in " /\\")


def _wrong_shape(parts: list[str]) -> str:
    if len(parts) == 7:
        return f"the build tag {ascii(parts[2])[:60]} does not start with a digit"
    return f"a wheel's name has five to seven parts between '-', this has {len(parts)}"


def _normal_version(version: str) -> str:
    from packaging.version import Version

    try:
        return str(Version(version))
    except ValueError as error:  # InvalidVersion, or a number too long for Python
        raise InvalidFilename(f"{version}{_INDEX_SUFFIX}", "its version is not valid (PEP 440)") from error


def _same_version(one: str, other: str) -> bool:
    from packaging.version import Version

    try:
        # A wheel's file name writes the local part's separators as "_", which PEP 440 reads like ".".
        return Version(one) == Version(other)
    except ValueError:
        return False
