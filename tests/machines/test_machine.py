"""Machines as values: here, elsewhere, asked from many threads, and never raising."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

import rewheel.machines
from rewheel.machines import NATIVE, Machine, NamespaceSupport, Origin, OriginKind, Platform
from rewheel.machines.host import Host
from rewheel.machines.testing import pretend_machine

if TYPE_CHECKING:
    from conftest import Computer

ARM = Platform("Linux", "aarch64", "glibc", (2, 34))


class TestHere:
    def test_it_is_this_machine_and_its_interpreters_platform(self) -> None:
        machine = Machine.here({})
        assert machine.name == "this machine"
        assert machine.is_here
        assert machine.platform is None
        assert dict(machine.declared) == {}

    def test_the_interpreter_decides_over_the_architecture(self) -> None:
        """An x86_64 interpreter under Rosetta, or the reverse, runs code of its own architecture."""
        machine = Machine.here({}, interpreter_arch="riscv64")
        for namespace in ("x86_64", "aarch64"):
            support = machine.detect(namespace)
            assert support is not None
            assert not support.is_supported
        arm = Machine.here({}, interpreter_arch="arm64").detect("aarch64")
        assert arm is not None
        assert "8a" in arm.features["version"]

    def test_every_native_namespace_has_an_answer(self, computer: Computer) -> None:
        machine = computer.machine()
        for namespace, native in NATIVE.items():
            support = machine.detect(namespace)
            assert support is not None
            assert support.namespace == namespace
            assert support.provider == native.pin
            assert support.warnings == ()
        assert machine.detect("unheard_of") is None

    def test_answers_are_remembered_per_instance(self, computer: Computer) -> None:
        counter = computer.folder / "calls"
        computer.tool("npu-smi", f"echo x >> '{counter}'; exit 1")
        machine = computer.machine()
        assert machine.detect("ascend") is machine.detect("ascend")
        assert len(counter.read_text().split()) == 1
        computer.machine().detect("ascend")
        assert len(counter.read_text().split()) == 2

    def test_a_changed_override_is_heard_by_the_next_instance(self) -> None:
        environ = {"X86_64_VARIANT_PROVIDER_FORCE_LEVEL": "v3"}
        first = Machine.here(environ, interpreter_arch="x86_64")
        environ["X86_64_VARIANT_PROVIDER_FORCE_LEVEL"] = "v1"
        second = Machine.here(environ, interpreter_arch="x86_64")
        levels = [machine.detect("x86_64") for machine in (first, second)]
        assert [level and level.features["level"][0] for level in levels] == ["v3", "v1"]

    def test_many_threads_get_one_answer(self, computer: Computer) -> None:
        counter = computer.folder / "calls"
        computer.tool("npu-smi", f"echo x >> '{counter}'; /bin/sleep 0.1; exit 1")
        machine = computer.machine()
        answers: list[NamespaceSupport | None] = []
        threads = [
            threading.Thread(target=lambda: answers.append(machine.detect("ascend"))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(answer) for answer in answers}) == 1
        assert len(counter.read_text().split()) == 1

    def test_a_detector_that_fails_unexpectedly_costs_its_namespace_only(self) -> None:
        class BrokenHost(Host):
            __slots__ = ()

            def read_bytes(self, path: str, limit: int = 1 << 20) -> bytes | None:
                raise ZeroDivisionError(path)

        machine = Machine("broken", BrokenHost({}, "Linux", "x86_64"))
        support = machine.detect("x86_64")
        assert support is not None
        assert support.origin.kind is OriginKind.FAILED
        assert not support.is_supported
        assert support.warnings == (
            "the detection of x86_64 failed (ZeroDivisionError: /proc/cpuinfo); it counts as unsupported",
        )
        openmp = machine.detect("openmp")
        assert openmp is not None
        assert openmp.is_supported


class TestElsewhere:
    def test_nothing_of_this_computer_shows_through(self) -> None:
        supported = {}
        for machine in ("x86_64", "aarch64"):
            far = Machine.elsewhere(Platform("Linux", machine), {})
            assert not far.is_here
            for namespace in NATIVE:
                support = far.detect(namespace)
                assert support is not None
                if support.is_supported:
                    supported[machine, namespace] = dict(support.features)
        fixed = {
            (machine, namespace): NATIVE[namespace].all_values
            for machine in ("x86_64", "aarch64")
            for namespace in ("blas_lapack", "openmp")
        }
        assert supported == fixed | {
            ("x86_64", "x86_64"): {"level": ("v2", "v1")},
            ("aarch64", "aarch64"): {"version": ("8a",)},
        }

    def test_its_name_is_its_platform_unless_named(self) -> None:
        assert Machine.elsewhere(ARM, {}).name == "Linux aarch64 glibc 2.34"
        assert Machine.elsewhere(ARM, {}, name="graviton").name == "graviton"
        assert Machine.elsewhere(None, {}).platform is None

    def test_overrides_apply_because_they_are_said_on_purpose(self) -> None:
        machine = Machine.elsewhere(ARM, {"NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION": "12.8"})
        support = machine.detect("nvidia")
        assert support is not None
        assert support.features["cuda_version_lower_bound"][0] == "12.8"

    def test_what_is_declared_is_never_detected(self) -> None:
        machine = pretend_machine(
            {"nvidia": {}, "custom": {"colour": ["red", "blue"]}},
            environ={"NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION": "12.8"},
        )
        nvidia, custom = machine.detect("nvidia"), machine.detect("custom")
        assert nvidia is not None
        assert not nvidia.is_supported
        assert custom is not None
        assert custom.features == {"colour": ("red", "blue")}
        assert str(custom.origin) == "from pretend.toml"


class TestValues:
    def test_machines_compare_by_what_they_are_made_of(self) -> None:
        lists = {"n": {"a": ["1", "2"], "b": ["1"]}}
        assert pretend_machine(lists) == pretend_machine(lists)
        assert hash(pretend_machine(lists)) == hash(pretend_machine(lists))
        others = [
            pretend_machine(),
            pretend_machine(lists, name="other"),
            pretend_machine(lists, platform=ARM),
            pretend_machine({"n": {"a": ["2", "1"], "b": ["1"]}}),
            pretend_machine({"n": {"b": ["1"], "a": ["1", "2"]}}),
            pretend_machine(lists, environ={"A": "1"}),
        ]
        assert all(pretend_machine(lists) != other for other in others)
        assert pretend_machine(lists) != lists

    def test_declarations_cannot_be_changed_afterwards(self) -> None:
        with pytest.raises(TypeError):
            pretend_machine().declared["x"] = None  # type: ignore[index]

    @pytest.mark.parametrize(
        ("origin", "text"),
        [
            (Origin(OriginKind.DETECTOR, "/proc/cpuinfo"), "from /proc/cpuinfo"),
            (Origin(OriginKind.FILE, "m.toml"), "from m.toml"),
            (Origin(OriginKind.PLUGIN), "from plugin"),
            (Origin(OriginKind.DISABLED), "disabled"),
            (Origin(OriginKind.UNTRUSTED, "acme"), "not trusted (acme)"),
            (Origin(OriginKind.FAILED, "it hung"), "failed (it hung)"),
            (Origin(OriginKind.UNKNOWN, "no provider"), "unknown (no provider)"),
        ],
    )
    def test_origins_read_as_installers_print_them(self, origin: Origin, text: str) -> None:
        assert str(origin) == text

    def test_support_means_at_least_one_value(self) -> None:
        origin = Origin(OriginKind.FILE, "m.toml")
        assert NamespaceSupport("n", {"a": (), "b": ("1",)}, origin).is_supported
        assert not NamespaceSupport("n", {"a": ()}, origin).is_supported
        assert not NamespaceSupport("n", {}, origin).is_supported


class TestFrontDoor:
    def test_everything_promised_can_be_had(self) -> None:
        assert dir(rewheel.machines) == sorted(rewheel.machines.__all__)
        for name in rewheel.machines.__all__:
            assert getattr(rewheel.machines, name) is not None
        with pytest.raises(AttributeError):
            rewheel.machines.nothing  # noqa: B018
