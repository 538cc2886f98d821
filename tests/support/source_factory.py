"""Source trees and source distributions with a small build backend of their own: nothing is fetched."""

import io
import json
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BACKEND", "git", "make_sdist", "make_tree", "write_tree"]

BACKEND = r'''"""A backend that needs nothing but Python; `recipe.json` beside it says what it makes."""

import base64, hashlib, io, json, os, sys, tarfile, zipfile
from pathlib import Path

RECIPE = json.loads(Path("recipe.json").read_text())
NAME, VERSION = RECIPE["name"], RECIPE["version"]
MODULE = NAME.replace("-", "_").lower()
INFO = f"{MODULE}-{VERSION}.dist-info"


def note(hook):
    if "BUILD_DIARY" in os.environ:
        with open(os.environ["BUILD_DIARY"], "a") as diary:
            diary.write(f"{hook} {NAME} {VERSION}\n")
    print(f"{hook} of {NAME} runs")


def metadata():
    lines = ["Metadata-Version: 2.1", f"Name: {NAME}", f"Version: {VERSION}"]
    lines += [f"Requires-Python: {RECIPE['requires_python']}"] if "requires_python" in RECIPE else []
    lines += [f"Requires-Dist: {text}" for text in RECIPE.get("requires", [])]
    lines += [f"Provides-Extra: {text}" for text in RECIPE.get("extras", [])]
    return "\n".join(lines) + "\n"


def facts(settings):
    seen = {}
    for name in RECIPE.get("imports", []):
        try:
            module = __import__(name)
            seen[name] = getattr(module, "VERSION", getattr(module, "LABEL", True))
        except ImportError:
            seen[name] = None
    return {
        "settings": settings,
        "imports": seen,
        "cwd": os.getcwd(),
        "prefix": sys.prefix,
        "flags": os.environ.get("CFLAGS"),
        "path": os.environ.get("PYTHONPATH"),
    }


def steady_facts(settings):
    """What depends on neither the folder nor the time."""
    words = os.environ.get("CFLAGS", "").split()
    return {
        "settings": settings,
        "flags": " ".join(word for word in words if "prefix-map" not in word),
        "label": os.environ.get("REWHEEL_VARIANT_LABEL"),
        "mode": os.environ.get("MODE"),
        "epoch": os.environ.get("SOURCE_DATE_EPOCH"),
        "left": sorted(os.listdir("build")) if os.path.isdir("build") else [],
        "pyproject": "default-optional" in Path("pyproject.toml").read_text(),
    }


def wheel(directory, members):
    tag = RECIPE.get("tag", "py3-none-any")
    members = dict(members)
    members[f"{INFO}/METADATA"] = metadata()
    lines = ["Wheel-Version: 1.0", "Generator: tests", "Root-Is-Purelib: true", f"Tag: {tag}", ""]
    members[f"{INFO}/WHEEL"] = "\n".join(lines)
    if "scripts" in RECIPE:
        lines = "\n".join(f"{k} = {v}" for k, v in RECIPE["scripts"].items())
        members[f"{INFO}/entry_points.txt"] = f"[console_scripts]\n{lines}\n"
    record = []
    filename = RECIPE.get("filename", f"{MODULE}-{VERSION}-{tag}.whl")
    with zipfile.ZipFile(os.path.join(directory, filename), "w") as archive:
        for name, text in members.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(text.encode())}")
            archive.writestr(name, text)
        archive.writestr(f"{INFO}/RECORD", "\n".join([*record, f"{INFO}/RECORD,,", ""]))
    return filename


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    note("build_wheel")
    exec(RECIPE.get("before", ""), {"os": os, "sys": sys})
    seen = steady_facts(config_settings) if RECIPE.get("steady") else facts(config_settings)
    source = f"BUILT = {seen!r}\nSOURCE = {RECIPE.get('source', '')!r}\n"
    return wheel(wheel_directory, {f"{MODULE}.py": source})


def build_sdist(sdist_directory, config_settings=None):
    note("build_sdist")
    top = f"{MODULE}-{VERSION}"
    with tarfile.open(os.path.join(sdist_directory, f"{top}.tar.gz"), "w:gz") as archive:
        for path in sorted(Path().rglob("*")):
            if path.is_file() and not {"dist", "build", ".git", "__pycache__"} & set(path.parts):
                archive.add(path, f"{top}/{path}")
        data = metadata().encode()
        info = tarfile.TarInfo(f"{top}/PKG-INFO")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return f"{top}.tar.gz"


if "get_requires" in RECIPE:
    def get_requires_for_build_wheel(config_settings=None):
        note("get_requires_for_build_wheel")
        return RECIPE["get_requires"]


if RECIPE.get("prepares", True):
    def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
        note("prepare_metadata_for_build_wheel")
        folder = Path(metadata_directory, INFO)
        folder.mkdir()
        (folder / "METADATA").write_text(metadata())
        return INFO


if RECIPE.get("editable", True):
    def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
        note("build_editable")
        source = os.path.join(os.getcwd(), "src")
        return wheel(wheel_directory, {f"__editable__{MODULE}.pth": source + "\n"})
'''


def make_tree(folder: Path, name: str = "foo", version: str = "1.0", **recipe: Any) -> Path:
    """Write a source tree and return its folder.

    Of the keywords, `build_requires`, `pyproject` (text that is appended) and `files` (further ones) shape
    the tree; all others go into `recipe.json`, which the backend reads.
    """
    requires: Sequence[str] = recipe.pop("build_requires", ())
    pyproject: str = recipe.pop("pyproject", "")
    system: str = recipe.pop("build_system", "")
    files: Mapping[str, str] = recipe.pop("files", {})
    document = (
        f"[build-system]\nrequires = {json.dumps(list(requires))}\n"
        f'build-backend = "backend"\nbackend-path = ["."]\n{system}\n{pyproject}'
    )
    members = {
        "pyproject.toml": document,
        "backend.py": BACKEND,
        "recipe.json": json.dumps({"name": name, "version": version, **recipe}),
        f"src/{name.replace('-', '_')}.py": f"VERSION = {version!r}\nSOURCE = 'tree'\n",
        **files,
    }
    return write_tree(folder, members)


def write_tree(folder: Path, members: Mapping[str, str]) -> Path:
    """Write text files below a folder, and return it."""
    for path, text in members.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def make_sdist(
    directory: Path,
    name: str = "foo",
    version: str = "1.0",
    *,
    form: str = ".tar.gz",
    pkg_info: str | None = None,
    **recipe: Any,
) -> Path:
    """Write a source distribution and return its path; keywords as for `make_tree`.

    `pkg_info` are lines of PKG-INFO beyond name and version; without it there is no such file.
    """
    module = name.replace("-", "_").lower()
    top = f"{module}-{version}"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{top}{form}"
    workplace = directory.parent / f".{top}-{directory.name}{form}"
    tree = make_tree(workplace, name, version, **recipe)
    if pkg_info is not None:
        (tree / "PKG-INFO").write_text(f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n{pkg_info}")
    names = sorted(each.relative_to(tree).as_posix() for each in tree.rglob("*") if each.is_file())
    if form == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for each in names:
                archive.write(tree / each, f"{top}/{each}")
        return path
    mode = {".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz", ".tar": "w:"}[form]
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for each in names:
            data = (tree / each).read_bytes()
            info = tarfile.TarInfo(f"{top}/{each}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, with nothing of this computer's settings, and return what it prints."""
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
        },
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
