"""Asking plugins: every form of the interface, every way to misbehave; all of it in real processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from rewheel.machines.plugin_api import (
    Endpoint,
    PluginError,
    PluginFeature,
    parse_answers,
    parse_features,
)
from rewheel.machines.plugins import PluginRunner, PreparedEnvironment, query_plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conftest import LocalEnvironments, Venv
    from rewheel.machines.plugin_api import PluginDescription

posix = pytest.mark.skipif(os.name != "posix", reason="about POSIX processes")

CONFIG = """
class Config:
    def __init__(self, name, values, **more):
        self.name = name
        self.values = values
        self.__dict__.update(more)
"""


@pytest.fixture
def ask(venv: Venv) -> Callable[..., tuple[PluginFeature, ...]]:
    """Ask a module what is supported, in the namespace "ns" unless told."""

    def asking(
        source: str,
        attribute: str = "",
        *,
        namespace: str = "ns",
        environ: Mapping[str, str] | None = None,
        timeout: float = 20.0,
    ) -> tuple[PluginFeature, ...]:
        endpoint = Endpoint(venv.add(CONFIG + "\n" + source), attribute)
        answers = query_plugin(
            venv.python,
            endpoint,
            namespace,
            ["get_supported_configs"],
            environ=dict(os.environ if environ is None else environ),
            timeout=timeout,
        )
        return parse_features(answers["get_supported_configs"], "get_supported_configs")

    return asking


Ask = "Callable[..., tuple[PluginFeature, ...]]"

EXPECTED = (PluginFeature("arch", ("x2", "x1")), PluginFeature("level", ("1.0",), multi_value=True))
LISTS = 'return [Config("arch", ["x2", "x1"]), Config("level", ("1.0",), multi_value=True)]'


@pytest.mark.parametrize(
    ("source", "attribute"),
    [
        pytest.param(f"def get_supported_configs():\n    {LISTS}", "", id="module functions"),
        pytest.param(
            f"class P:\n    @classmethod\n    def get_supported_configs(cls):\n        {LISTS}",
            "P",
            id="class method",
        ),
        pytest.param(
            f"class P:\n    @staticmethod\n    def get_supported_configs():\n        {LISTS}",
            "P",
            id="static method",
        ),
        pytest.param(
            f"class P:\n    def get_supported_configs():\n        {LISTS}",
            "P",
            id="plain function in a class",
        ),
        pytest.param(
            f"class P:\n    def get_supported_configs(self):\n        {LISTS}", "P", id="method with self"
        ),
        pytest.param(
            f"class P:\n    namespace = 'ns'\n    def get_supported_configs(self, known_properties):\n"
            f"        assert known_properties is None\n        {LISTS}",
            "P",
            id="known properties",
        ),
        pytest.param(
            f"class P:\n    @classmethod\n    def get_supported_configs(cls, context):\n"
            f"        assert context is None\n        {LISTS}",
            "P",
            id="context",
        ),
        pytest.param(
            f"def get_supported_configs(known_properties=()):\n"
            f"    assert known_properties == ()\n    {LISTS}",
            "",
            id="optional parameter",
        ),
        pytest.param(
            f"def get_supported_configs(*args, **kwargs):\n    assert not args\n    {LISTS}",
            "",
            id="any arguments",
        ),
        pytest.param(
            f"class P:\n    @property\n    def namespace(self):\n        return 'ns'\n"
            f"    @staticmethod\n    def get_supported_configs():\n        {LISTS}",
            "P",
            id="namespace as a property",
        ),
        pytest.param(
            f"class A:\n    class B:\n        @classmethod\n"
            f"        def get_supported_configs(cls):\n            {LISTS}",
            "A.B",
            id="nested",
        ),
        pytest.param(
            f"class P:\n    def get_supported_configs(self):\n        {LISTS}\nready = P()",
            "ready",
            id="an object",
        ),
        pytest.param(
            f"from abc import ABC, abstractmethod\nclass Base(ABC):\n    @classmethod\n    @abstractmethod\n"
            f"    def get_supported_configs(cls): ...\n"
            f"class P(Base):\n    @classmethod\n    def get_supported_configs(cls):\n        {LISTS}",
            "P",
            id="subclass of a protocol",
        ),
        pytest.param(
            'from collections import namedtuple\nC = namedtuple("C", "name values multi_value")\n'
            "def get_supported_configs():\n"
            '    yield C("arch", ["x2", "x1"], False)\n    yield C("level", ["1.0"], True)',
            "",
            id="generator of tuples",
        ),
        pytest.param(
            "from enum import Enum\nclass N(str, Enum):\n    a = 'arch'\n    x = 'x2'\n"
            "def get_supported_configs():\n"
            "    return [Config(N.a, [N.x, 'x1']), Config('level', ['1.0'], multi_value=True)]",
            "",
            id="subclasses of str",
        ),
    ],
)
def test_every_form_of_the_interface_is_understood(ask: Ask, source: str, attribute: str) -> None:
    assert ask(source, attribute) == EXPECTED


def test_empty_lists_are_answers(ask: Ask) -> None:
    assert ask("def get_supported_configs():\n    return []") == ()
    assert ask('def get_supported_configs():\n    return [Config("a", [])]') == (PluginFeature("a", ()),)


def returning(expression: str) -> str:
    return f"def get_supported_configs():\n    return {expression}"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (returning("None"), "returned None instead of a list"),
        (returning("'text'"), "returned a str instead of a list"),
        (returning("{'arch': ['x1']}"), "returned a dict instead of a list"),
        (returning("{1}"), "returned a set instead of a list"),
        (returning("[1]"), "returned a int without name and values"),
        (returning("[{'name': 'a', 'values': []}]"), "returned a dict without name and values"),
        (returning("[Config(1, ['x'])]"), "a feature name that is a int"),
        (returning("[Config('', ['x'])]"), "feature name '', which is not valid"),
        (returning("[Config('Arch', ['x'])]"), "feature name 'Arch', which is not valid"),
        (returning("[Config('a.b', ['x'])]"), "feature name 'a.b', which is not valid"),
        (returning("[Config('a\\n', ['x'])]"), "which is not valid"),
        (returning("[Config('a', ['x'])] * 2"), "returned feature 'a' twice"),
        (returning("[Config('a', 'xyz')]"), "returned a str as values of 'a'"),
        (returning("[Config('a', {'x', 'y'})]"), "returned a set as values of 'a'"),
        (returning("[Config('a', [1.0])]"), "a value of 'a' that is a float"),
        (returning("[Config('a', ['X'])]"), "the value 'X' of 'a', which is not valid"),
        (returning("[Config('a', ['x\\n'])]"), "which is not valid"),
        (returning("[Config('a', [''])]"), "the value '' of 'a', which is not valid"),
        (returning("[Config('a', ['x', 'y', 'x'])]"), "the value 'x' of 'a' twice"),
        (returning("[Config('a', ['x'], multi_value=1)]"), "a multi_value of 'a' that is a int"),
        (returning("[Config('a', ['x'], multi_value=None)]"), "a multi_value of 'a' that is None"),
        (returning("[Config('a', ['x' * 5_000_000])]"), "larger than"),
        (returning("(Config('a', []) for _ in iter(int, 1))"), "more than 10000 features"),
        (returning("[Config('a', ['x'] * 200_000)]"), "more than 100000 values"),
        ("def get_supported_configs(a, b): ...", "wants arguments that are unknown"),
        ("def get_supported_configs(*, a): ...", "wants arguments that are unknown"),
        ("async def get_supported_configs(): ...", "returned a coroutine"),
        ("get_supported_configs = 3", "it has no get_supported_configs()"),
        ("", "it has no get_supported_configs()"),
        (returning("1 / 0"), "get_supported_configs() failed: ZeroDivisionError: division by zero"),
        ("raise ValueError('no driver')", "failed: ValueError: no driver"),
        ("import a_module_that_nobody_has", "ModuleNotFoundError"),
        ("def f(:", "SyntaxError"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("class E(Exception):\n    def __str__(self): raise E\nraise E", "failed: E"),
        ("namespace = 'other'\n" + returning("[]"), "says that its namespace is 'other'"),
        (
            "import os\nclass C:\n    @property\n    def name(self): os.abort\n    values = []\n"
            + returning("[C()]"),
            "a feature name that is None",
        ),
    ],
)
def test_any_violation_refuses_the_whole_answer(ask: Ask, source: str, complaint: str) -> None:
    with pytest.raises(PluginError) as caught:
        ask(source)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_class_that_cannot_be_created_is_refused(ask: Ask) -> None:
    source = "class P:\n    def __init__(self, x): ...\n    def get_supported_configs(self): return []"
    with pytest.raises(PluginError, match=r"creating P\(\) without arguments failed: TypeError"):
        ask(source, "P")


def test_a_missing_module_or_object_is_named(ask: Ask, venv: Venv) -> None:
    with pytest.raises(PluginError, match=r"has no Missing\.Thing"):
        ask("", "Missing.Thing")
    with pytest.raises(PluginError, match="importing not_there failed: ModuleNotFoundError"):
        query_plugin(venv.python, Endpoint("not_there"), "ns", ["get_supported_configs"], environ=os.environ)


def test_the_namespace_of_a_class_is_compared_too(ask: Ask) -> None:
    source = "class P:\n    namespace = 'gpu'\n    @staticmethod\n    def get_supported_configs(): return []"
    assert ask(source, "P", namespace="gpu") == ()
    with pytest.raises(PluginError, match="its namespace is 'gpu'"):
        ask(source, "P", namespace="cpu")


def test_what_is_printed_means_nothing(ask: Ask, capfd: pytest.CaptureFixture[str]) -> None:
    source = """
import os, sys
print('{"answers": {"get_supported_configs": [{"name": "forged", "values": ["x"]}]}}')
os.write(1, b"raw")
sys.stderr.write("moan")
""" + returning("[Config('a', ['x'])]")
    assert ask(source) == (PluginFeature("a", ("x",)),)
    assert capfd.readouterr() == ("", "")


def test_endless_output_is_neither_kept_nor_in_the_way(ask: Ask) -> None:
    source = "import os\nfor _ in range(1000):\n    os.write(1, b'x' * 65536)\n" + returning(
        "[Config('a', ['x'])]"
    )
    assert ask(source) == (PluginFeature("a", ("x",)),)


def test_the_first_printed_lines_explain_a_failure(ask: Ask) -> None:
    source = """
import os
for number in range(1000):
    print("line", number, "\\x1b[31m", "x" * 1000)
os._exit(5)
"""
    with pytest.raises(PluginError, match="ended without an answer, with exit status 5") as caught:
        ask(source)
    assert 1 <= len(caught.value.output) <= 10
    assert all(line.isprintable() and len(line) <= 200 for line in caught.value.output)


def test_secrets_stay_out_of_what_is_told(ask: Ask) -> None:
    source = """
import os
print("index https://user:hunter2@example.org/simple", os.environ["MY_API_TOKEN"], os.environ["HARMLESS"])
raise RuntimeError("token " + os.environ["MY_API_TOKEN"] + " at ftp://me:pw@host/")
"""
    environ = {**os.environ, "MY_API_TOKEN": "s3cr3t-value", "HARMLESS": "harmless-value"}
    with pytest.raises(PluginError) as caught:
        ask(source, environ=environ)
    told = " ".join([str(caught.value), *caught.value.output])
    assert "hunter2" not in told
    assert "s3cr3t-value" not in told
    assert "me:pw" not in told
    assert "harmless-value" in told
    assert "example.org" in told


@posix
@pytest.mark.parametrize(
    ("source", "ending"),
    [
        ("import os\nos._exit(0)", "it ended without an answer"),
        ("import os\nos._exit(7)", "with exit status 7"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "it was killed by SIGSEGV"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "it was killed by SIGKILL"),
    ],
)
def test_a_crash_is_told_by_its_name(ask: Ask, source: str, ending: str) -> None:
    with pytest.raises(PluginError) as caught:
        ask(source)
    assert str(caught.value).endswith(ending)


def test_a_plugin_that_hangs_is_given_up(ask: Ask) -> None:
    with pytest.raises(PluginError, match=r"did not answer within 0\.5 s") as caught:
        ask("import time\nprint('waiting for the driver', flush=True)\ntime.sleep(600)", timeout=0.5)
    assert caught.value.output in ((), ("waiting for the driver",))


def test_threads_of_a_plugin_do_not_hold_up_its_answer(ask: Ask) -> None:
    source = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n" + returning(
        "[]"
    )
    assert ask(source) == ()


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def soon(condition: Callable[[], bool]) -> bool:
    for _ in range(100):
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("ending", ["", "import time; time.sleep(600)", "import os; os._exit(1)"])
def test_children_left_behind_are_killed(ask: Ask, tmp_path: Path, ending: str) -> None:
    source = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
{ending}
""" + returning("[]")
    with suppress(PluginError):
        ask(source, timeout=2.0)
    pid = int((tmp_path / "pid").read_text(encoding="utf-8"))
    assert soon(lambda: gone(pid))


@posix
def test_a_child_that_ran_away_is_not_waited_for(ask: Ask, tmp_path: Path) -> None:
    source = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
""" + returning("[]")
    try:
        assert ask(source) == ()
    finally:
        os.kill(int((tmp_path / "pid").read_text(encoding="utf-8")), signal.SIGKILL)


@posix
def test_a_forked_copy_does_not_answer(ask: Ask) -> None:
    source = """
import os, time
def get_supported_configs():
    if os.fork() == 0:
        return [Config("from_the_copy", ["x"])]
    os.wait()
    return [Config("a", ["x"])]
"""
    assert ask(source) == (PluginFeature("a", ("x",)),)


@posix
@pytest.mark.parametrize(
    "forgery",
    [
        "os.symlink('/dev/zero', result)",
        "os.mkfifo(result)",
        "os.mkdir(result)",
        "open(result, 'w').write('{')",
        "open(result, 'w').write('[' * 100_000)",
        "open(result, 'wb').write(b'\\xff')",
        "open(result, 'w').write('x' * 5_000_000)",
        "open(result, 'w').write('null')",
        "open(result, 'w').write('{\"answers\": []}')",
        "open(result, 'w').write('{\"answers\": {}}')",
        "open(result, 'w').write('{\"failure\": 1}')",
    ],
)
def test_a_forged_result_is_refused(ask: Ask, forgery: str) -> None:
    source = f"import os\nresult = os.path.join(os.getcwd(), 'result.json')\n{forgery}\nos._exit(0)"
    with pytest.raises(PluginError):
        ask(source)


def test_the_current_directory_is_not_searched(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "inspect", "helper_of_the_plugin"):
        tmp_path.joinpath(f"{name}.py").write_text("raise SystemExit('shadowed')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    source = f"""
import json, os, sys
assert os.getcwd() != {str(tmp_path)!r}
assert not {{"", ".", os.getcwd(), {str(tmp_path)!r}}} & set(sys.path), sys.path
try:
    import helper_of_the_plugin
except ModuleNotFoundError:
    pass
""" + returning("[Config('a', [str(len(sys.argv))])]")
    assert ask(source, environ=environ) == (PluginFeature("a", ("1",)),)


def test_our_own_packages_are_not_seen(ask: Ask) -> None:
    with pytest.raises(PluginError, match="ModuleNotFoundError"):
        ask("import rewheel")


def test_environment_variables_are_passed_on(ask: Ask) -> None:
    source = "import os\n" + returning("[Config('a', [os.environ['LEVEL']])]")
    assert ask(source, environ={**os.environ, "LEVEL": "v7"}) == (PluginFeature("a", ("v7",)),)


def test_nothing_can_be_read_from_the_terminal(ask: Ask) -> None:
    source = "import sys\n" + returning("[Config('a', ['none' if sys.stdin.read() == '' else 'some'])]")
    assert ask(source) == (PluginFeature("a", ("none",)),)


def test_an_interpreter_that_does_not_start_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="interpreter cannot be started"):
        query_plugin(tmp_path / "python", Endpoint("x"), "ns", ["get_supported_configs"], environ={})


def test_a_missing_temporary_folder_is_a_failure(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(PluginError, match="no place for its answer"):
        ask(returning("[]"))


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("package", Endpoint("package")),
        ("package.module", Endpoint("package.module")),
        ("package.module:Class", Endpoint("package.module", "Class")),
        ("package.module : Class.part", Endpoint("package.module", "Class.part")),
        ("_p:_q", Endpoint("_p", "_q")),
    ],
)
def test_endpoints_are_read(text: str, endpoint: Endpoint) -> None:
    assert Endpoint.parse(text) == endpoint
    assert Endpoint.parse(str(endpoint)) == endpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "a:",
        ":a",
        "a:b:c",
        "a b",
        "a-b",
        "1a",
        "a.1b",
        "a..b",
        ".a",
        "a.",
        "a:b.",
        "a:1",
        "a\n",
        " a",
        "a;b",
        "ä",
        "a:b()",
    ],
)
def test_malformed_endpoints_are_refused(text: str) -> None:
    with pytest.raises(PluginError, match="not of the form module:object"):
        Endpoint.parse(text)


@pytest.mark.parametrize(
    ("name", "module"),
    [("fancy-provider", "fancy_provider"), ("Fancy.-_Provider", "fancy_provider"), ("x86-64-p", "x86_64_p")],
)
def test_the_default_endpoint_is_the_distribution(name: str, module: str) -> None:
    assert Endpoint.of_distribution(name) == Endpoint(module)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_an_endpoint_is_made_of_identifiers(text: str) -> None:
    try:
        endpoint = Endpoint.parse(text)
    except PluginError:
        return
    parts = [*endpoint.module.split("."), *(endpoint.attribute.split(".") if endpoint.attribute else [])]
    assert all(part.isidentifier() for part in parts)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "values", "multi_value", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(json_values)
def test_any_answer_is_read_or_refused(answer: object) -> None:
    try:
        features = parse_features(answer, "get_supported_configs")
    except PluginError as error:
        assert "\n" not in str(error)
    else:
        assert len({feature.name for feature in features}) == len(features)


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_any_result_file_is_read_or_refused(data: bytes) -> None:
    with suppress(PluginError):
        parse_answers(data, ["get_supported_configs"])


@pytest.fixture
def runner(environments: LocalEnvironments) -> PluginRunner:
    return PluginRunner(environments, environ=os.environ)


def prepared(venv: Venv) -> PreparedEnvironment:
    return PreparedEnvironment(venv.python, ("p==1",), {})


def describe(
    runner: PluginRunner, venv: Venv, source: str, attribute: str = "", **options: object
) -> PluginDescription:
    endpoint = Endpoint(venv.add(CONFIG + source), attribute)
    return runner.describe(prepared(venv), endpoint, "ns", **options)


def test_a_plugin_describes_what_may_be_declared(runner: PluginRunner, venv: Venv) -> None:
    source = """
all_properties_compatible = True
def get_all_configs():
    return [Config("a", ["x", "y"], multi_value=True), Config("b", ["z"])]
def get_supported_configs():
    return [Config("a", ["x"])]
"""
    description = describe(runner, venv, source, with_supported=True, properties=[("a", "x")])
    assert description.valid == (PluginFeature("a", ("x", "y"), multi_value=True), PluginFeature("b", ("z",)))
    assert description.supported == (PluginFeature("a", ("x",)),)
    assert description.fixed
    assert description.accepts("a", "y")
    assert not description.accepts("b", "y")
    assert not description.accepts("c", "y")
    assert description.allows_several("a")
    assert not description.allows_several("b")
    assert not description.allows_several("c")


@pytest.mark.parametrize("flag", ["all_properties_compatible", "is_build_plugin", "is_aot_plugin"])
def test_the_flag_for_building_has_earlier_names(runner: PluginRunner, venv: Venv, flag: str) -> None:
    source = "def get_all_configs(): return []\n"
    assert describe(runner, venv, f"{source}{flag} = True").fixed
    assert not describe(runner, venv, f"{source}{flag} = False").fixed
    with pytest.raises(PluginError, match=f"its {flag} is a str instead of True or False"):
        describe(runner, venv, f"{source}{flag} = 'yes'")


def test_the_flag_may_be_a_property(runner: PluginRunner, venv: Venv) -> None:
    source = """
class P:
    @property
    def all_properties_compatible(self):
        return True
    @classmethod
    def get_all_configs(cls):
        return []
"""
    assert describe(runner, venv, source, "P").fixed


def test_the_earlier_interface_judges_single_properties(runner: PluginRunner, venv: Venv) -> None:
    source = """
class P:
    namespace = "ns"
    def validate_property(self, variant_property):
        assert variant_property.namespace == "ns"
        return variant_property.feature == "a" and variant_property.value in ("x", "y")
    def get_supported_configs(self, known_properties):
        return [Config("a", ["x"])]
"""
    description = describe(runner, venv, source, "P", properties=[("a", "x"), ("a", "z"), ("b", "x")])
    assert description.valid is None
    assert not description.fixed
    assert description.accepts("a", "x")
    assert not description.accepts("a", "z")
    assert not description.accepts("b", "x")
    assert not description.accepts("a", "y"), "was not asked about"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("", "neither get_all_configs"),
        ("def validate_property(p): return 1", "returned a int instead of True or False"),
        ("def validate_property(p): raise OSError('x')", "OSError: x"),
        ("def get_all_configs(): return [Config('A', [])]", "which is not valid"),
    ],
)
def test_bad_descriptions_are_refused(runner: PluginRunner, venv: Venv, source: str, complaint: str) -> None:
    with pytest.raises(PluginError, match=complaint):
        describe(runner, venv, source, properties=[("a", "x")])


COUNTING = """
import os
def get_supported_configs():
    with open(os.environ["COUNT_FILE"], "a") as stream:
        stream.write("x")
    return [Config("a", [os.environ.get("LEVEL", "none")])]
"""


def test_an_answer_is_remembered_until_something_that_counts_changes(
    environments: LocalEnvironments, venv: Venv, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    environ = {**os.environ, "COUNT_FILE": str(count)}
    runner = PluginRunner(environments, environ=environ)
    module = Endpoint(venv.add(CONFIG + COUNTING))
    first = PreparedEnvironment(venv.python, ("p==1",), {"p": "sha256:1"})
    assert runner.supported(first, module, "ns") == (PluginFeature("a", ("none",)),)
    assert runner.supported(first, module, "ns") == (PluginFeature("a", ("none",)),)
    assert count.read_text(encoding="utf-8") == "x"
    environ["LEVEL"] = "v2"
    assert runner.supported(first, module, "ns") == (PluginFeature("a", ("v2",)),)
    del environ["LEVEL"]
    assert runner.supported(first, module, "ns") == (PluginFeature("a", ("none",)),)
    assert count.read_text(encoding="utf-8") == "xx"
    runner.supported(PreparedEnvironment(venv.python, ("p==2",), {"p": "sha256:1"}), module, "ns")
    runner.supported(PreparedEnvironment(venv.python, ("p==1",), {"p": "sha256:2"}), module, "ns")
    runner.supported(first, module, "other")
    assert count.read_text(encoding="utf-8") == "xxxxx"


def test_a_failure_is_remembered_too(environments: LocalEnvironments, venv: Venv, tmp_path: Path) -> None:
    count = tmp_path / "count"
    runner = PluginRunner(environments, environ={**os.environ, "COUNT_FILE": str(count)})
    module = Endpoint(venv.add(CONFIG + COUNTING.replace("return", "raise OSError #")))
    for _ in range(2):
        with pytest.raises(PluginError, match="OSError"):
            runner.supported(prepared(venv), module, "ns")
    assert count.read_text(encoding="utf-8") == "x"
