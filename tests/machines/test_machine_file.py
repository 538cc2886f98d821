"""Machine files: read what uv's prototype writes, write what can be read, refuse what makes no sense."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from rewheel.errors import RewheelError
from rewheel.machines import (
    NATIVE,
    Machine,
    MachineFileError,
    NamespaceSupport,
    Origin,
    OriginKind,
    Platform,
    read_machine_file,
    write_machine_file,
)
from rewheel.machines.testing import pretend_machine

if TYPE_CHECKING:
    from conftest import Computer

PROTOTYPE = """\
[metadata]
created-by = "tool-that-created-the-file" # Freeform string
version = "0.1" # PEP 440 version

[[provider]]
resolved = ["cpu_level_provider==0.1"]
plugin-api = "cpu_level_provider"
namespace = "cpu_level"

[provider.properties]
x86_64_level = ["v1", "v2"]

[[provider]]
resolved = ["nvidia-variant-provider==0.0.1", "helper @ https://example.org/helper.whl"]
plugin-api = "nvidia_variant_provider.plugin:NvidiaVariantPlugin"
namespace = "nvidia"

[provider.properties]
sm_arch = ["100_real", "90_real"]
cuda_version_lower_bound = ["12.8"]
"""


def read(folder: Path, text: str | bytes, environ: dict[str, str] | None = None) -> Machine:
    path = folder / "m.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_machine_file(path, environ or {}, interpreter_arch="x86_64")


class TestReading:
    def test_the_prototypes_files_are_understood(self, tmp_path: Path) -> None:
        machine = read(tmp_path, PROTOTYPE)
        assert machine.name == "m"
        assert machine.platform is None
        assert not machine.is_here
        assert list(machine.declared) == ["cpu_level", "nvidia"]
        nvidia = machine.declared["nvidia"]
        assert list(nvidia.features.items()) == [
            ("sm_arch", ("100_real", "90_real")),
            ("cuda_version_lower_bound", ("12.8",)),
        ]
        assert nvidia.origin == Origin(OriginKind.FILE, "m.toml")
        assert nvidia.provider == "nvidia-variant-provider==0.0.1, helper @ https://example.org/helper.whl"
        assert nvidia.plugin_api == "nvidia_variant_provider.plugin:NvidiaVariantPlugin"
        assert machine.detect("cpu_level") is machine.declared["cpu_level"]

    def test_unlisted_namespaces_have_the_baseline(self, tmp_path: Path) -> None:
        machine = read(tmp_path, PROTOTYPE)
        x86_64, amd = machine.detect("x86_64"), machine.detect("amd")
        assert x86_64 is not None
        assert x86_64.features == {"level": ("v2", "v1")}
        assert amd is not None
        assert not amd.is_supported

    def test_unlisted_namespaces_can_be_overridden_listed_ones_not(self, tmp_path: Path) -> None:
        environ = {
            "X86_64_VARIANT_PROVIDER_FORCE_LEVEL": "v4",
            "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION": "11.8",
        }
        machine = read(tmp_path, PROTOTYPE, environ)
        x86_64, nvidia = machine.detect("x86_64"), machine.detect("nvidia")
        assert x86_64 is not None
        assert x86_64.features["level"][0] == "v4"
        assert nvidia is not None
        assert nvidia.features["cuda_version_lower_bound"] == ("12.8",)

    def test_a_platform_describes_another_computer(self, tmp_path: Path) -> None:
        machine = read(
            tmp_path,
            '[platform]\nsystem = "Linux"\nmachine = "aarch64"\nlibc = "glibc"\nlibc-version = "2.34"\n',
        )
        assert machine.platform == Platform("Linux", "aarch64", "glibc", (2, 34))
        aarch64, x86_64 = machine.detect("aarch64"), machine.detect("x86_64")
        assert aarch64 is not None
        assert aarch64.features == {"version": ("8a",)}
        assert x86_64 is not None
        assert not x86_64.is_supported

    @pytest.mark.parametrize(
        ("table", "platform"),
        [
            (
                'system = "darwin"\nmachine = "arm64"\nos-version = "14.5.1"',
                Platform("Darwin", "arm64", "", (14, 5)),
            ),
            (
                'system = "macOS"\nmachine = "arm64"\nos-version = "14"',
                Platform("Darwin", "arm64", "", (14, 0)),
            ),
            ('system = "Windows"\nmachine = "AMD64"', Platform("Windows", "AMD64")),
            (
                'system = "Linux"\nmachine = "x86_64"\nlibc = "musl"\nos-version = "1.2"\nmemory = 3',
                Platform("Linux", "x86_64", "musl", (1, 2)),
            ),
        ],
    )
    def test_platforms_of_every_system(self, tmp_path: Path, table: str, platform: Platform) -> None:
        assert read(tmp_path, f"[platform]\n{table}\n").platform == platform

    @pytest.mark.parametrize(
        "text",
        [
            "",
            '[metadata]\nversion = "0.1"\nname = "m"\ndate = 2026-01-01\nfuture = [1]\n',
            '[[provider]]\nnamespace = "gpu"\n',
            '[[provider]]\nnamespace = "gpu"\nproperties = {}\ncomment = "new"\n[[future]]\na = 1\n',
            '[metadata]\nversion = "0.2"\n',
        ],
    )
    def test_little_is_needed_and_unknown_keys_are_ignored(self, tmp_path: Path, text: str) -> None:
        machine = read(tmp_path, text)
        assert not any(support.is_supported for support in machine.declared.values())

    def test_an_empty_list_and_an_empty_namespace_are_unsupported(self, tmp_path: Path) -> None:
        machine = read(
            tmp_path, '[[provider]]\nnamespace = "x86_64"\n[provider.properties]\nlevel = []\nsse = []\n'
        )
        assert machine.declared["x86_64"].features == {"level": (), "sse": ()}
        support = machine.detect("x86_64")
        assert support is not None
        assert not support.is_supported

    def test_keys_come_in_any_order(self, tmp_path: Path) -> None:
        text = '[[provider]]\nproperties = { level = ["v3"] }\nnamespace = "x86_64"\nresolved = []\n'
        assert read(tmp_path, text).declared["x86_64"].features == {"level": ("v3",)}

    def test_a_name_in_the_file_names_the_machine(self, tmp_path: Path) -> None:
        assert read(tmp_path, '[metadata]\nname = "DGX in the cellar"\n').name == "DGX in the cellar"


PROVIDER = '[[provider]]\nnamespace = "gpu"\n'


class TestRefusing:
    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("metadata = 1", "metadata is not a table"),
            ("[metadata]\nversion = 0.1", "metadata.version is not a string"),
            ('[metadata]\nversion = "new"', "is not a version"),
            ('[metadata]\nversion = "1.0"', "newer than this rewheel can read"),
            ("[metadata]\ncreated-by = 1", "metadata.created-by is not a string"),
            ('[metadata]\nname = "a\\nb"', "metadata.name is not one short line"),
            ("provider = 1", "provider is not an array of tables"),
            ("[provider]\nnamespace = 'gpu'", "provider is not an array of tables"),
            ("provider = [1]", "provider is not an array of tables"),
            ("[[provider]]", "provider 1 has no namespace"),
            ("[[provider]]\nnamespace = 1", "provider 1: namespace is not a string"),
            ('[[provider]]\nnamespace = "GPU"', "provider 1: namespace 'GPU' is not a name"),
            ('[[provider]]\nnamespace = "gpu\\n"', "is not a name"),
            (PROVIDER + PROVIDER, "namespace gpu is listed twice"),
            (PROVIDER + "resolved = 'x==1'", "gpu: resolved is not a list of strings"),
            (PROVIDER + "resolved = [1]", "gpu: resolved is not a list of strings"),
            (PROVIDER + "resolved = ['x>=1']", "is not of the form name==version"),
            (PROVIDER + "resolved = ['x==1, y==2']", "is not of the form name==version"),
            (PROVIDER + "plugin-api = 1", "gpu: plugin-api is not a string"),
            (PROVIDER + "plugin-api = 'a b'", "plugin-api 'a b' is not of the form module:object"),
            (PROVIDER + "properties = []", "gpu: properties is not a table"),
            (PROVIDER + "properties.arch = 'x'", "[gpu :: arch] is not a list of values"),
            (PROVIDER + "properties.arch = {}", "[gpu :: arch] is not a list of values"),
            (PROVIDER + "properties.arch = [1]", "[gpu :: arch]: 1 is not a value"),
            (PROVIDER + "properties.arch = ['X']", "[gpu :: arch]: 'X' is not a value"),
            (PROVIDER + 'properties.arch = ["x\\n"]', "is not a value"),
            (PROVIDER + "properties.arch = ['']", "[gpu :: arch]: '' is not a value"),
            (PROVIDER + "properties.arch = ['x', 'y', 'x']", "[gpu :: arch] lists x twice"),
            (PROVIDER + "properties.'a-b' = ['x']", "gpu: feature 'a-b' is not a name"),
            (PROVIDER + "properties.a = ['x']\nproperties.a = ['y']", "it is not valid TOML"),
            ("platform = 1", "platform is not a table"),
            ("[platform]", "platform.system is not one of"),
            ("[platform]\nsystem = 'BeOS'\nmachine = 'x86'", "platform.system is not one of"),
            ("[platform]\nsystem = 'Linux'", "platform.machine '' is not an architecture"),
            ("[platform]\nsystem = 'Linux'\nmachine = '../x'", "is not an architecture"),
            ("[platform]\nsystem = 'Linux'\nmachine = 'x'\nlibc = 'bionic'", "platform.libc is neither"),
            ("[platform]\nsystem = 'Darwin'\nmachine = 'x'\nlibc = 'musl'", "platform.libc is neither"),
            ("[platform]\nsystem = 'Linux'\nmachine = 'x'\nlibc-version = 'two'", "is not a version"),
            ("[platform]\nsystem = 'Linux'\nmachine = 'x'\nlibc-version = '2'\nos-version = '3'", "has both"),
            ("[", "it is not valid TOML"),
            ("a = 1\na = 2", "it is not valid TOML"),
            ("a = " + "[" * 100_000, "it is nested too deeply"),
            ("a = " + "9" * 10_000, "it is not valid TOML"),
            (b"\xff\xfe", "it is not UTF-8 text"),
            (b"\x00", "it is not valid TOML"),
            ("#" * (1 << 20) + "\n", "it is larger than 1 MiB"),
        ],
    )
    def test_every_problem_is_one_clear_sentence(
        self, tmp_path: Path, text: str | bytes, problem: str
    ) -> None:
        with pytest.raises(MachineFileError) as caught:
            read(tmp_path, text)
        message = str(caught.value)
        assert problem in message
        assert str(tmp_path / "m.toml") in message
        assert len(message) < 400
        assert message.isprintable()

    def test_a_missing_file_comes_with_a_hint(self, tmp_path: Path) -> None:
        with pytest.raises(MachineFileError, match="cannot be read: No such file") as caught:
            read_machine_file(tmp_path / "none.toml", {})
        assert "machine save" in caught.value.hint
        assert isinstance(caught.value, RewheelError)
        with pytest.raises(MachineFileError, match="cannot be read"):
            read_machine_file(tmp_path, {})
        with pytest.raises(MachineFileError, match="cannot be read"):
            read_machine_file(Path("a\0b"), {})

    @given(st.binary(max_size=300))
    def test_any_bytes_are_read_or_refused(self, data: bytes) -> None:
        with TemporaryDirectory() as folder:
            try:
                machine = read(Path(folder), data)
            except MachineFileError:
                return
            assert machine.name == "m"


names = st.text("abcz019_", min_size=1, max_size=6)
values = st.text("abcz019_.", min_size=1, max_size=6)
features = st.dictionaries(names, st.lists(values, max_size=4, unique=True).map(tuple), max_size=4)
platforms = st.one_of(
    st.none(),
    st.builds(
        Platform,
        st.just("Linux"),
        st.sampled_from(["x86_64", "aarch64", "riscv64"]),
        st.sampled_from(["glibc", "musl", ""]),
        st.tuples(st.integers(0, 999), st.integers(0, 999)),
    ),
    st.builds(
        Platform,
        st.sampled_from(["Darwin", "Windows"]),
        st.sampled_from(["arm64", "AMD64"]),
        st.just(""),
        st.tuples(st.integers(0, 99), st.integers(0, 99)),
    ),
)
providers = st.sampled_from(["", "a==1.0", "a-b.c==1!2.0+local, d @ https://example.org/d.whl"])
machine_names = st.text(min_size=1, max_size=20).filter(str.isprintable)


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    declared = {
        namespace: NamespaceSupport(
            namespace,
            draw(features),
            Origin(OriginKind.FILE, "m.toml"),
            draw(providers),
            draw(st.sampled_from(["", "pkg", "pkg.mod:Class.attr"])),
        )
        for namespace in draw(st.lists(names, max_size=4, unique=True))
    }
    return Machine.elsewhere(draw(platforms), {}, name=draw(machine_names), declared=declared)


class TestWriting:
    @given(machines())
    @settings(max_examples=60)
    def test_what_is_written_is_read_again(self, machine: Machine) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "m.toml"
            write_machine_file(path, machine, namespaces=machine.declared)
            assert read_machine_file(path, {}) == machine

    def test_everything_that_this_machine_supports_is_saved(self, computer: Computer, tmp_path: Path) -> None:
        computer.write("/proc/cpuinfo", "flags : cx16 lahf_lm popcnt ssse3 sse4_1 sse4_2 sse sse2\n")
        machine = computer.machine(
            NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION="12.8",
            NV_VARIANT_PROVIDER_FORCE_SM_ARCH="9.0",
        )
        path = tmp_path / "cellar.toml"
        write_machine_file(path, machine)
        there = read_machine_file(path, {"NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION": "11.0"})
        assert there.name == "cellar"
        assert list(there.declared) == list(NATIVE)
        for namespace in NATIVE:
            mine, theirs = machine.detect(namespace), there.detect(namespace)
            assert mine is not None
            assert theirs is not None
            assert list(mine.features.items()) == list(theirs.features.items())
            assert (mine.provider, mine.plugin_api) == (theirs.provider, theirs.plugin_api)
        assert there.platform is not None
        assert there.platform.arch == "x86_64"

    def test_the_file_has_the_prototypes_form(self, computer: Computer, tmp_path: Path) -> None:
        path = tmp_path / "m.toml"
        date = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
        machine = computer.machine(AMD_VARIANT_PROVIDER_FORCE_GFX_ARCH="gfx942")
        write_machine_file(path, machine, ["amd", "tpu", "unheard_of"], date=date)
        text = path.read_text()
        document = tomllib.loads(text)
        assert document["metadata"]["version"] == "0.1"
        assert document["metadata"]["created-by"].startswith("rewheel ")
        assert document["metadata"]["date"] == date
        assert document["platform"]["machine"]
        assert document["provider"] == [
            {
                "resolved": ["amd-variant-provider==0.0.2"],
                "plugin-api": "amd_variant_provider.plugin:AMDVariantPlugin",
                "namespace": "amd",
                "properties": {"gfx_arch": ["gfx942"]},
            },
            {
                "resolved": ["tpu-variant-provider==0.1.0"],
                "plugin-api": "tpu_variant_provider.plugin:TpuVariantPlugin",
                "namespace": "tpu",
                "properties": {"present": ["false"]},
            },
        ]
        assert 'gfx_arch = ["gfx942"]\n' in text

    def test_long_lists_stay_readable(self, computer: Computer, tmp_path: Path) -> None:
        path = tmp_path / "m.toml"
        machine = computer.machine(NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION="12.8")
        write_machine_file(path, machine, ["nvidia"])
        assert max(map(len, path.read_text().splitlines())) <= 100
        assert len(path.read_text().splitlines()) < 40

    def test_answers_of_plugins_are_saved_with_the_rest(self, tmp_path: Path) -> None:
        origin = Origin(OriginKind.PLUGIN, "acme==1.0")
        acme = NamespaceSupport("acme", {"speed": ("high", "low")}, origin, "acme==1.0", "acme:Plugin")
        nvidia = NamespaceSupport("nvidia", {}, origin)
        path = tmp_path / "m.toml"
        write_machine_file(path, pretend_machine(), ["nvidia"], more={"acme": acme, "nvidia": nvidia})
        declared = read_machine_file(path, {}).declared
        assert declared["acme"].features == {"speed": ("high", "low")}
        assert declared["acme"].provider == "acme==1.0"
        assert declared["nvidia"].provider == ""

    def test_a_described_machine_can_be_saved_again(self, tmp_path: Path) -> None:
        machine = read(tmp_path, PROTOTYPE)
        write_machine_file(tmp_path / "copy.toml", machine)
        copy = read_machine_file(tmp_path / "copy.toml", {}, interpreter_arch="x86_64")
        assert copy.name == "m"
        assert copy.platform is None
        assert list(copy.declared)[:2] == ["cpu_level", "nvidia"]
        assert copy.declared["x86_64"].features == {"level": ("v2", "v1")}

    def test_a_file_that_cannot_be_written_is_an_error_and_leaves_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        for path in (Path("/"), tmp_path / "none" / "m.toml", tmp_path / "file" / "m.toml", tmp_path):
            with pytest.raises(MachineFileError, match="cannot be written"):
                write_machine_file(path, pretend_machine())
        with pytest.raises(MachineFileError):
            write_machine_file(tmp_path / "a\0b.toml", pretend_machine())
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

    def test_an_old_file_is_replaced_as_a_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "m.toml"
        path.write_text("x" * 100_000)
        write_machine_file(path, pretend_machine(), ["tpu"])
        assert list(read_machine_file(path, {}).declared) == ["tpu"]
        assert [path.name for path in tmp_path.iterdir()] == ["m.toml"]
