"""`rewheel release publish` and `release check` against our own index."""

import os
import subprocess
import sys
from pathlib import Path

from publishing.releases import gpu_wheel, make_sdist
from support.server import RunningServer
from support.wheel_factory import make_wheel


def rewheel(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REWHEEL_", "TWINE_"))}
    kept |= {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "PIP_CONFIG_FILE": os.devnull}
    command = [sys.executable, "-m", "rewheel", *words]
    return subprocess.run(
        command, cwd=folder, env=kept | environ, capture_output=True, text=True, check=False, timeout=100
    )


def test_a_release_is_published_checked_and_published_again(
    any_server: RunningServer, tmp_path: Path
) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    make_wheel(dist, "published")
    gpu_wheel(dist, "x1", "x1", name="published")
    gpu_wheel(dist, "x2", "x2", name="published")
    make_sdist(dist, "published")
    words = ["release", "publish", "dist", "--to", any_server.legacy]
    first = rewheel(tmp_path, *words, REWHEEL_TOKEN=any_server.token)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.count(": uploaded") == 4
    assert "published-1.0-variants.json: the index lists it" in first.stdout
    again = rewheel(tmp_path, *words, "--token", any_server.token)
    assert again.returncode == 0
    assert again.stdout.count(": there already") == 4
    checked = rewheel(tmp_path, "release", "check", f"{any_server.simple}published/")
    assert checked.returncode == 0, checked.stdout
    assert "5 files, nothing found" in checked.stdout
    assert any_server.token not in first.stdout + again.stdout


def test_a_refused_token_and_a_changed_file(any_server: RunningServer, tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    make_wheel(dist, "refused")
    words = ["release", "publish", "dist", "--to", any_server.legacy]
    wrong = rewheel(tmp_path, *words, "--token", "wrong-token-of-nobody")
    assert wrong.returncode == 1
    assert "the index does not let you upload" in wrong.stderr
    assert "wrong-token-of-nobody" not in wrong.stderr + wrong.stdout
    assert rewheel(tmp_path, *words, "--token", any_server.token).returncode == 0
    make_wheel(dist, "refused", requires=["something"])
    changed = rewheel(tmp_path, *words, "--token", any_server.token)
    assert changed.returncode == 1
    assert "the index has another file of this name" in changed.stderr
