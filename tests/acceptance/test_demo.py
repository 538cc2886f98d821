"""The whole demo on real packages, as `make demo` runs it."""

import os
import signal
import subprocess
import sys
import time

import pytest

NOWHERE = {
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple/",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_FIND_LINKS": "",
    "PIP_CONFIG_FILE": os.devnull,
}
"""An index that nobody serves, and no other."""

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def _own_world():
    """Leave the settings of this computer in place: they say where the real wheels are."""


def start_demo(cache, temporary, **environ):
    command = [sys.executable, "-m", "rewheel", "demo", "--cache-dir", str(cache)]
    environ = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), **environ}
    environ.pop("VIRTUAL_ENV", None)
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environ, stdout=pipe, stderr=pipe, text=True)


def run_demo(cache, temporary, **environ):
    process = start_demo(cache, temporary, **environ)
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def temporary(tmp_path):
    return tmp_path


def check(done):
    assert done.returncode == 0, done.stdout + done.stderr
    scenes = done.stdout.split("=== ")
    here, arm, cuda, no_gpu, matrix = scenes[1:]
    assert "$ rewheel install numpy --index-url http://127.0.0.1:" in here
    assert "imported numpy 2." in here
    assert "Installed numpy 2." in here
    assert "selected armv8.2a" in arm
    assert "Installed numpy 2.2.5 (variant armv8.2a)" in arm
    assert "rejected armv8.3a" in arm
    assert "selected cu128" in cuda
    assert "Installed torch 2.8.0 (variant cu128)" in cuda
    assert "rejected cu118" in no_gpu
    assert "rejected cu128" in no_gpu
    assert "torch-2.8.0-py3-none-any.whl" in no_gpu
    assert "arm" in matrix
    assert "x86_64_v4" in matrix


def test_the_four_scenes_are_shown_and_only_the_cache_is_left(cache, temporary):
    started = time.monotonic()
    done = run_demo(cache, temporary)
    check(done)
    assert time.monotonic() - started < 60
    assert names_in(temporary) == []


def test_afterwards_it_works_without_any_network(cache, temporary):
    done = run_demo(cache, temporary, **NOWHERE)
    check(done)
    assert names_in(temporary) == []


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
@pytest.mark.parametrize(
    ("number", "code", "message"), [(signal.SIGINT, 130, "error: interrupted\n"), (signal.SIGTERM, 143, "")]
)
def test_stopped_in_the_middle_nothing_is_left(cache, temporary, number, code, message):
    process = start_demo(cache, temporary)
    for line in process.stdout:
        if line.startswith("$ rewheel install"):
            break
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (code, message)
    assert names_in(temporary) == []


def test_without_network_the_first_run_is_one_clear_error(tmp_path_factory, temporary):
    cache = tmp_path_factory.mktemp("empty")
    done = run_demo(cache, temporary, **NOWHERE, REWHEEL_RETRIES="0")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error:") == 1
    assert "cannot be had" in done.stderr
    assert names_in(cache / "demo") == []
    assert names_in(temporary) == []
