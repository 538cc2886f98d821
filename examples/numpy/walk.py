"""Turns the real numpy into variants, with the commands that anybody would use, and shows each of them.

    python walk.py FOLDER              the wheel of the index, repacked: a minute or two
    python walk.py FOLDER --compile    the source distribution, compiled for each level: an hour or more

Run by `make example-numpy`, and `make example-numpy COMPILE=1`. FOLDER receives everything.
"""

import shlex
import subprocess
import sys
from pathlib import Path

RELEASE = "numpy==2.2.6"
VARIANTS = Path(__file__).resolve().with_name("variants.toml")
LABELS = ("x86_64_v2", "x86_64_v3")


def rewheel(*words: object) -> None:
    """Show a command, and run it."""
    command = [str(word) for word in words]
    print(f"\n$ rewheel {shlex.join(command)}", flush=True)
    subprocess.run([sys.executable, "-m", "rewheel", *command], check=True)


def repack(folder: Path) -> None:
    """Make variants of the finished wheel: the same code under labels, to see what becomes of them."""
    rewheel(
        "download", RELEASE, "--no-deps", "--only-binary", "numpy", "--no-variants", "-d", folder / "dist"
    )
    (wheel,) = (folder / "dist").glob("numpy-*.whl")
    for label in LABELS:
        rewheel("variant", "make", wheel, "--pyproject", VARIANTS, "--label", label)


def compile_all(folder: Path) -> None:
    """Build the source distribution once for each label, and the plain wheel."""
    rewheel("download", RELEASE, "--no-deps", "--no-binary", "numpy", "-d", folder)
    (sources,) = folder.glob("numpy-*.tar.gz")
    rewheel("build", sources, "--pyproject", VARIANTS, "--all-variants", "-o", folder / "dist")


def main() -> int:
    """Walk from the index to an index of our own, and install from it."""
    folder = Path(sys.argv[1]).resolve()
    if (folder / "dist").exists():
        print(f"{folder}/dist is there already: remove it, or name another folder", file=sys.stderr)
        return 1
    if "--compile" in sys.argv:
        compile_all(folder)
        rewheel("release", "check", folder / "dist")
        rewheel("release", "index", folder / "dist")
        place = ["--index-url", (folder / "dist/simple").as_uri() + "/"]
    else:
        repack(folder)
        # The wheel of the index brings libgfortran, which has code for newer processors and asks before it
        # uses it, in a way that no look at the file tells.
        rewheel("release", "check", folder / "dist", "--ignore", "RW141")
        place = ["--no-index", "--find-links", str(folder / "dist")]  # a folder of wheels needs no index file
    rewheel("explain", "numpy", *place)
    rewheel("install", "numpy", *place, "--target", folder / "installed")
    script = "import numpy; print(f'numpy {numpy.__version__} says 6 =', int(numpy.arange(4).sum()))"
    subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": str(folder / "installed")}, check=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"that ended with exit code {error.returncode}")
