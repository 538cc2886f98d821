import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from rewheel.demo import DemoError
from rewheel.demo.session import ended_in_order, open_session


def run_python(session, code):
    session._run([sys.executable, "-c", code], "python")


def test_commands_do_not_see_how_the_user_configured_installers(tmp_path, capfd):
    environ = dict(os.environ) | {
        "PIP_INDEX_URL": "https://index.invalid/",
        "PIP_FIND_LINKS": "/wheels",
        "REWHEEL_OFFLINE": "1",
        "PYTHONPATH": "src",
        "X86_64_VARIANT_PROVIDER_FORCE_LEVEL": "v2",
    }
    with open_session(environ, print) as session:
        run_python(session, "import os, json; print(json.dumps(dict(os.environ)))")
        seen = json.loads(capfd.readouterr().out)
        assert {name for name in seen if name.startswith("PIP_")} == {"PIP_CONFIG_FILE"}
        assert seen["PIP_CONFIG_FILE"] == os.devnull
        assert "REWHEEL_OFFLINE" not in seen
        assert seen["PYTHONPATH"] == str(Path("src").absolute())
        for name in ("REWHEEL_CONFIG_FILE", "REWHEEL_CACHE_DIR", "VIRTUAL_ENV", "TMPDIR", "TEMP"):
            assert seen[name].startswith(str(session.folder))
        assert seen["X86_64_VARIANT_PROVIDER_FORCE_LEVEL"] == "v2"


def test_a_failing_command_is_an_error_that_names_it():
    with open_session(os.environ, print) as session, pytest.raises(DemoError, match="exit code 3"):
        run_python(session, "raise SystemExit(3)")


def test_the_folder_is_gone_afterwards_whatever_happens():
    with pytest.raises(KeyboardInterrupt), open_session(os.environ, print) as session:
        session.create_environment()
        folder = session.folder
        raise KeyboardInterrupt
    assert not folder.exists()


def test_the_environment_is_fresh_and_its_python_is_isolated(capfd):
    lines = []
    with open_session(os.environ, lines.append) as session:
        session.create_environment()
        session.python("import sys; print(sys.prefix)")
        assert os.path.realpath(capfd.readouterr().out.strip()) == str(session.folder / "venv")
    assert lines == ['$ python -c "import sys; print(sys.prefix)"']


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_being_terminated_ends_in_order():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit), ended_in_order():
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(5)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_thread_may_run_the_demo_too():
    failures = []

    def work():
        try:
            with ended_in_order():
                pass
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert failures == []
