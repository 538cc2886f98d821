"""What the compared servers are filled with: many projects of a few files, and one of a thousand."""

import base64
import hashlib
import io
import os
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["BIG", "file_names", "lay_out", "wheel", "wheel_name"]

BIG = "large"
"""The project of a thousand files."""
_PYTHONS = ("cp311", "cp312", "cp313", "cp314", "cp314t")
_PLATFORMS = (
    "manylinux_2_28_x86_64",
    "manylinux_2_28_aarch64",
    "macosx_11_0_arm64",
    "win_amd64",
)
_LINKS = 30_000
"""Names of one file; file systems have a limit."""


def wheel_name(project: str, number: int) -> str:
    """Name the `number`th file of a project: twenty of each version, as a compiled project has them."""
    release, place = divmod(number, len(_PYTHONS) * len(_PLATFORMS))
    python, platform = _PYTHONS[place // len(_PLATFORMS)], _PLATFORMS[place % len(_PLATFORMS)]
    tag = python.removesuffix("t")
    return f"{project}-1.{release}-{tag}-{python}-{platform}.whl"


def file_names(projects: int, files: int, big: int) -> Iterator[tuple[str, list[str]]]:
    """Yield projects with their file names: `big` files of one project, the rest spread evenly."""
    yield BIG, [wheel_name(BIG, number) for number in range(big)]
    each, more = divmod(files - big, projects - 1)
    for index in range(projects - 1):
        name = f"project{index:05}"
        yield name, [wheel_name(name, number) for number in range(each + (index < more))]


def lay_out(flat: Path, tree: Path, projects: int, files: int, big: int) -> None:
    """Put the files into one folder, and into a folder for each project; all have one small content."""
    flat.mkdir(parents=True)
    tree.mkdir(parents=True)
    content = wheel(BIG, "1.0", size=200)
    source, names = flat.parent / "content-0", 0
    source.write_bytes(content)
    for project, filenames in file_names(projects, files, big):
        folder = tree / project
        folder.mkdir()
        for filename in filenames:
            if names % (_LINKS // 2) == 0:
                source = flat.parent / f"content-{names}"
                source.write_bytes(content)
            os.link(source, flat / filename)
            os.link(source, folder / filename)
            names += 1


def wheel(project: str, version: str, *, size: int, tag: str = "py3-none-any") -> bytes:
    """Make a wheel of about `size` bytes that cannot be packed smaller."""
    target = io.BytesIO()
    info = f"{project}-{version}.dist-info"
    members = {
        f"{project}/__init__.py": b"",
        f"{project}/data.bin": random.Random(f"{project} {version}").randbytes(size),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    record = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(content)}")
        record.append(f"{info}/RECORD,,")
        archive.writestr(f"{info}/RECORD", "\n".join(record) + "\n")
    return target.getvalue()
