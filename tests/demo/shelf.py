"""A market for the tests: small wheels that are named like those of numpy."""

import shutil
from pathlib import Path

from rewheel.indexes import File
from support.wheel_factory import make_wheel

PLATFORMS = (
    "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "manylinux_2_17_aarch64.manylinux2014_aarch64",
    "macosx_11_0_arm64",
)
CP311 = {
    "cp311-cp311-manylinux_2_36_x86_64": 0,
    "cp311-cp311-manylinux_2_17_x86_64": 1,
    "cp311-abi3-manylinux_2_17_x86_64": 2,
    "cp310-abi3-manylinux_2_17_x86_64": 3,
    "py3-none-any": 4,
}


class Shelf:
    """Offers the files of a folder and remembers what was taken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken = []

    def put(self, version="2.2.5", python="cp311-cp311", platforms=PLATFORMS, **options):
        for platform in platforms:
            make_wheel(self.folder, "numpy", version, tag=f"{python}-{platform}", **options)
        return self

    def files(self, project):
        assert project == "numpy"
        return [file_of(path.name, path.stat().st_size) for path in sorted(self.folder.iterdir())]

    def download(self, files, into):
        self.taken += [file.filename for file in files]
        return [Path(shutil.copy(self.folder / file.filename, into)) for file in files]


def file_of(filename, size=1, yanked=None):
    return File(
        filename=filename,
        url=f"file:///nowhere/{filename}",
        hashes={},
        requires_python="",
        yanked=yanked,
        size=size,
        upload_time="",
        core_metadata=False,
        source=None,
    )
