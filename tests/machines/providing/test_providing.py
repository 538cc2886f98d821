"""What is supported in a namespace, and who is asked in which order."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from rewheel.machines.machine import Machine
from rewheel.machines.machine_file import read_machine_file
from rewheel.machines.platform import Platform
from rewheel.machines.plugins import PluginRunner
from rewheel.machines.policy import ProviderPolicy
from rewheel.machines.providing import Providers, as_supported
from rewheel.machines.support import OriginKind
from rewheel.machines.trust import TrustStore
from rewheel.progress import RecordingReporter
from rewheel.variants import Provider, ProviderKind, read_metadata

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LocalEnvironments
    from rewheel.machines.support import NamespaceSupport
    from rewheel.variants import VariantMetadata

MARKERS = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "6.1",
    "platform_system": "Linux",
    "platform_version": "#1",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}

PLUGIN = """
from collections import namedtuple
Config = namedtuple("Config", "name values")
def get_supported_configs():
    return [Config("level", ["2", "1"]), Config("nothing", [])]
"""

KNOWN = {
    "requires": ["blas-lapack-variant-provider>=0.0.1"],
    "plugin-api": "blas_lapack_variant_provider",
}
BLAS = {"provider": ("accelerate", "openblas", "mkl")}
STATIC = {"static-properties": {"lib": ["a", "b"]}}


def metadata(**providers: dict[str, Any]) -> VariantMetadata:
    """Metadata of a release with one variant per namespace."""
    return read_metadata(
        {
            "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
            "default-priorities": {"namespace": list(providers)},
            "providers": providers,
            "variants": {f"label_{name}": {name: {"level": ["1"]}} for name in providers},
        }
    )


def without_providers(*namespaces: str) -> VariantMetadata:
    """Metadata in the dialect that does not say who provides."""
    return read_metadata(
        {
            "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
            "default-priorities": {"namespace": list(namespaces)},
            "variants": {f"label_{name}": {name: {"level": ["1"]}} for name in namespaces},
        }
    )


class Session:
    """Everything that one command would put together, with sensible parts."""

    def __init__(self, environments: LocalEnvironments, folder: Path) -> None:
        self.environments = environments
        self.folder = folder
        self.environ = dict(os.environ)
        self.store = TrustStore(folder / "trust.toml")
        self.reporter = RecordingReporter()
        self.machine = Machine.here(self.environ)
        self.markers: dict[str, str] = dict(MARKERS)
        self.with_plugins = True
        self.with_store = True

    def policy(self, **texts: list[str]) -> ProviderPolicy:
        return ProviderPolicy.parse(**texts)

    def providers(self, **texts: list[str]) -> Providers:
        return Providers(
            self.machine,
            policy=self.policy(**texts),
            plugins=PluginRunner(self.environments, environ=self.environ) if self.with_plugins else None,
            trust=self.store if self.with_store else None,
            reporter=self.reporter,
            marker_environment=self.markers,
        )

    def ask(
        self,
        *,
        project: str = "torch",
        provider: dict[str, Any] | None = None,
        ns: str = "fancy",
        **texts: list[str],
    ) -> NamespaceSupport:
        """Ask a new session about one namespace with one provider."""
        found = metadata(**{ns: provider}) if provider is not None else without_providers(ns)
        answers = self.providers(**texts).support(found, [ns], project=project, source="https://index")
        assert list(answers) == [ns]
        return answers[ns]

    def use_machine_file(self, text: str) -> None:
        path = self.folder / "desk.toml"
        path.write_text(text, encoding="utf-8")
        self.machine = read_machine_file(path, self.environ)


@pytest.fixture
def session(environments: LocalEnvironments, tmp_path: Path) -> Session:
    environments.release("fancy-provider", PLUGIN)
    return Session(environments, tmp_path)


FANCY = {"requires": ["fancy-provider"]}
MACHINE_FILE = """
[[provider]]
namespace = "fancy"
properties = { level = ["9"] }

[[provider]]
namespace = "blas_lapack"
properties = { level = ["9"] }
"""


# The order


def test_disabled_comes_before_everything(session: Session) -> None:
    for provider in (STATIC, KNOWN, FANCY, None):
        answer = session.ask(provider=provider, disable=["fancy"], trust=["fancy-provider"])
        assert answer.origin.kind is OriginKind.DISABLED
        assert not answer.is_supported
    assert session.environments.prepared == []
    assert session.reporter.warnings == []


@pytest.mark.parametrize("provider", [STATIC, FANCY])
def test_optional_providers_wait_until_they_are_enabled(session: Session, provider: dict[str, Any]) -> None:
    optional = {**provider, "optional": True}
    answer = session.ask(provider=optional, trust=["fancy-provider"])
    assert answer.origin.kind is OriginKind.DISABLED
    assert "--enable-provider fancy" in answer.origin.detail
    assert session.environments.prepared == []
    assert session.reporter.warnings == []
    assert not session.ask(provider=optional, enable=["numpy:fancy"], trust=["fancy-provider"]).is_supported
    assert session.ask(provider=optional, enable=["torch:fancy"], trust=["fancy-provider"]).is_supported
    assert session.ask(provider=optional, enable=["fancy"], trust=["fancy-provider"]).is_supported
    both = session.ask(provider=optional, enable=["fancy"], disable=["fancy"], trust=["fancy-provider"])
    assert both.origin.kind is OriginKind.DISABLED


def test_the_packages_own_lists_are_taken_as_they_are(session: Session) -> None:
    provider = {"static-properties": {"z": ["b", "a"], "a": [], "m": ["1"]}, "feature-order": ["z", "a", "m"]}
    answer = session.ask(provider=provider)
    assert list(answer.features.items()) == [("z", ("b", "a")), ("m", ("1",))]
    assert answer.origin.kind is OriginKind.STATIC
    assert str(answer.origin) == "from the package's static list"


def test_the_package_outranks_the_machine_file_which_outranks_detection(session: Session) -> None:
    session.use_machine_file(MACHINE_FILE)
    assert session.ask(provider=STATIC).features == {"lib": ("a", "b")}
    for provider in (FANCY, KNOWN, None):
        answer = session.ask(provider=provider, trust=["fancy-provider"])
        assert answer.origin.kind is OriginKind.FILE
        assert answer.features == {"level": ("9",)}
    assert session.environments.prepared == []


def test_a_well_known_provider_is_not_installed_but_detected(session: Session) -> None:
    answer = session.ask(provider=KNOWN, ns="blas_lapack", trust=["blas-lapack-variant-provider"])
    assert answer.features == BLAS
    assert session.environments.prepared == []
    assert session.reporter.warnings == []


def test_without_a_provider_the_name_of_the_namespace_decides(session: Session) -> None:
    assert session.ask(ns="blas_lapack").features == BLAS
    answer = session.ask(ns="fancy")
    assert answer.origin.kind is OriginKind.UNKNOWN
    (warning,) = session.reporter.warnings
    assert warning.startswith("provider of fancy: ")


@pytest.mark.parametrize(
    "provider",
    [
        {**KNOWN, "plugin-api": "blas_lapack_variant_provider.other"},
        {**KNOWN, "requires": ["blas-lapack-variant-provider>=900"]},
        {**KNOWN, "requires": ["blas-lapack-variant-provider", "fancy-provider"]},
        {**KNOWN, "requires": ["blas-lapack-variant-provider[extra]"]},
        {**KNOWN, "requires": ["blas-lapack-variant-provider @ https://example.org/x-1-py3-none-any.whl"]},
    ],
)
def test_what_only_looks_well_known_is_a_strangers_plugin(session: Session, provider: dict[str, Any]) -> None:
    answer = session.ask(provider=provider, ns="blas_lapack")
    assert answer.origin.kind is OriginKind.UNTRUSTED
    assert "does not stand in for it" in answer.origin.detail
    (warning,) = session.reporter.warnings
    assert "does not stand in for it" in warning
    assert any("does not stand in for it" in detail for detail in session.reporter.details)


def test_a_well_known_provider_of_another_namespace_is_a_strangers_plugin(session: Session) -> None:
    answer = session.ask(provider=KNOWN, ns="fancy")
    assert answer.origin.kind is OriginKind.UNTRUSTED
    assert any("its package provides blas_lapack" in detail for detail in session.reporter.details)


# Conditions


def test_enable_if_is_about_the_target(session: Session) -> None:
    document = {
        "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
        "default-priorities": {"namespace": ["blas_lapack"]},
        "providers": {"blas_lapack": {**KNOWN, "enable-if": "platform_machine == 'x86_64'"}},
        "variants": {"x": {"blas_lapack": {"provider": ["mkl"]}}},
    }
    found = read_metadata(document)
    answer = session.providers().support(found, ["blas_lapack"], project="torch", source="")["blas_lapack"]
    assert answer.is_supported
    session.markers["platform_machine"] = "aarch64"
    answer = session.providers().support(found, ["blas_lapack"], project="torch", source="")["blas_lapack"]
    assert answer.origin.kind is OriginKind.DISABLED
    assert "platform_machine" in answer.origin.detail
    assert session.reporter.warnings == []


def test_markers_pick_the_requirements_and_with_them_the_default_endpoint(session: Session) -> None:
    session.environments.release("other-provider", PLUGIN)
    provider = {
        "requires": [
            "Other.Provider; sys_platform == 'win32'",
            "Fancy_Provider>=0.5; sys_platform == 'linux'",
        ]
    }
    answer = session.ask(provider=provider, trust=["fancy-provider"])
    assert answer.features == {"level": ("2", "1")}
    assert answer.plugin_api == "fancy_provider"
    ((requirements, source),) = session.environments.prepared
    assert len(requirements) == 1
    assert "linux" not in requirements[0]
    assert source == "https://index"


def test_requirements_of_which_none_applies_are_a_failure(session: Session) -> None:
    answer = session.ask(
        provider={"requires": ["fancy-provider; sys_platform == 'win32'"]}, trust=["fancy-provider"]
    )
    assert answer.origin.kind is OriginKind.FAILED
    assert len(session.reporter.warnings) == 1


@pytest.mark.parametrize("endpoint", ["fancy_provider:Missing", "fancy_provider:a:b", "nowhere.to.be.found"])
def test_bad_endpoints_are_failures(session: Session, endpoint: str) -> None:
    found = metadata(fancy={**FANCY, "plugin-api": "fancy_provider"})
    provider = Provider("fancy", ProviderKind.PLUGIN, requires=("fancy-provider",), plugin_api=endpoint)
    answers = session.providers(trust=["fancy-provider"]).support(
        found.with_providers([provider]), ["fancy"], project="torch", source=""
    )
    assert answers["fancy"].origin.kind is OriginKind.FAILED
    (warning,) = session.reporter.warnings
    assert "fancy-provider" in warning


def test_versions_of_other_packages_are_recognised_and_reported(session: Session) -> None:
    builtin = session.ask(provider={"builtin": "abi_dependency"}, ns="deps")
    reserved = session.ask(ns="abi_dependency")
    for answer in (builtin, reserved):
        assert answer.origin.kind is OriginKind.UNKNOWN
        assert "abi_dependency" in answer.origin.detail
    assert not session.reporter.warnings  # whoever resolves versions has the answer


def test_an_unknown_built_in_provider_is_unsupported(session: Session) -> None:
    answer = session.ask(provider={"builtin": "phase_of_the_moon"})
    assert answer.origin.kind is OriginKind.UNKNOWN
    assert "phase_of_the_moon" in answer.origin.detail


def test_no_plugin_runs_for_another_machine(session: Session) -> None:
    session.machine = Machine.elsewhere(Platform("Linux", "aarch64", "glibc", (2, 28)), session.environ)
    answer = session.ask(provider=FANCY, trust=["fancy-provider"])
    assert answer.origin.kind is OriginKind.UNKNOWN
    assert "another machine" in answer.origin.detail
    assert session.environments.prepared == []
    assert len(session.reporter.warnings) == 1


def test_without_a_way_to_run_plugins_they_are_unsupported(session: Session) -> None:
    session.with_plugins = False
    answer = session.ask(provider=FANCY, trust=["fancy-provider"])
    assert answer.origin.kind is OriginKind.UNKNOWN
    assert len(session.reporter.warnings) == 1


# Consent


def test_without_consent_nothing_is_installed(session: Session) -> None:
    answer = session.ask(provider=FANCY)
    assert answer.origin.kind is OriginKind.UNTRUSTED
    assert "rewheel machine trust fancy-provider" in answer.origin.detail
    assert not answer.is_supported
    (warning,) = session.reporter.warnings
    assert "fancy-provider" in warning
    assert "--trust-provider fancy-provider" in warning
    assert session.environments.prepared == []
    assert not session.store.path.exists()


def test_consent_on_the_command_line_runs_and_pins(session: Session) -> None:
    answer = session.ask(provider=FANCY, trust=["Fancy_Provider"])
    assert answer.features == {"level": ("2", "1")}
    assert answer.origin.kind is OriginKind.PLUGIN
    assert answer.provider == "fancy-provider==1.0"
    assert "fancy-provider==1.0" in str(answer.origin)
    (entry,) = session.store.entries()
    assert (entry.package, entry.namespace) == ("fancy-provider", "fancy")
    assert entry.resolved == ("fancy-provider==1.0",)
    assert entry.hashes["fancy-provider"].startswith("sha256:")
    assert session.ask(provider=FANCY).is_supported, "consent is remembered"
    assert session.reporter.warnings == []
    other = session.ask(provider=FANCY, ns="other")
    assert other.origin.kind is OriginKind.UNTRUSTED, "consent names the namespace"


def test_stored_consent_without_pins_is_pinned_by_the_first_run(session: Session) -> None:
    session.environments.release("helper", "", version="3.1")
    session.environments.release("fancy-provider", PLUGIN, version="1.1", needs=("helper",))
    session.store.grant("fancy-provider")
    assert session.ask(provider=FANCY).is_supported
    (entry,) = session.store.entries()
    assert entry.namespace == "*"
    assert entry.resolved == ("fancy-provider==1.1", "helper==3.1")
    assert session.ask(provider=FANCY, ns="other").is_supported


def test_a_newer_release_is_not_taken_without_new_consent(session: Session) -> None:
    session.ask(provider=FANCY, trust=["fancy-provider"])
    session.environments.release("fancy-provider", PLUGIN.replace('"2"', '"3"'), version="2.0")
    answer = session.ask(provider=FANCY)
    assert answer.provider == "fancy-provider==1.0"
    session.environments.prepared.clear()
    answer = session.ask(provider={"requires": ["fancy-provider>=1.5"]})
    assert answer.origin.kind is OriginKind.UNTRUSTED
    assert "1.0 that was trusted" in answer.origin.detail
    assert session.environments.prepared == [], "known before anything is installed"
    assert len(session.reporter.warnings) == 1
    answer = session.ask(provider={"requires": ["fancy-provider>=1.5"]}, trust=["fancy-provider"])
    assert answer.features["level"] == ("3", "1")
    assert session.store.pins("fancy-provider", "fancy") == {"fancy-provider": "2.0"}


def test_another_file_of_the_same_version_needs_new_consent(session: Session) -> None:
    session.ask(provider=FANCY, trust=["fancy-provider"])
    marker = session.folder / "it-ran"
    session.environments.releases.clear()
    session.environments.release(
        "fancy-provider", f"open({str(marker)!r}, 'w')\n{PLUGIN}", digest="sha256:" + "f" * 64
    )
    answer = session.ask(provider=FANCY)
    assert answer.origin.kind is OriginKind.UNTRUSTED
    assert "hash" in answer.origin.detail
    assert not marker.exists()


def test_a_new_dependency_needs_new_consent(session: Session) -> None:
    session.ask(provider=FANCY, trust=["fancy-provider"])
    session.environments.release("helper", "")
    session.environments.releases["fancy-provider"][0].needs = ("helper",)
    answer = session.ask(provider=FANCY)
    assert answer.origin.kind is OriginKind.UNTRUSTED
    assert "helper 1.0 was not part of what was trusted" in answer.origin.detail


def test_every_required_package_needs_consent(session: Session) -> None:
    session.environments.release("helper", "")
    provider = {"requires": ["fancy-provider", "helper"]}
    answer = session.ask(provider=provider, trust=["fancy-provider"])
    assert answer.origin.kind is OriginKind.UNTRUSTED
    assert "machine trust helper" in answer.origin.detail
    assert "machine trust fancy-provider" not in answer.origin.detail
    assert session.environments.prepared == []
    answer = session.ask(provider=provider, trust=["fancy-provider", "helper"])
    assert answer.provider == "fancy-provider==1.0, helper==1.0"
    assert [entry.package for entry in session.store.entries()] == ["fancy-provider", "helper"]
    assert session.ask(provider=provider).is_supported


def test_consent_counts_without_a_store_and_when_it_cannot_be_written(session: Session) -> None:
    session.with_store = False
    assert not session.ask(provider=FANCY).is_supported
    assert session.ask(provider=FANCY, trust=["fancy-provider"]).is_supported
    session.with_store = True
    session.store.path.mkdir()
    session.reporter.warnings.clear()
    assert session.ask(provider=FANCY, trust=["fancy-provider"]).is_supported
    (warning,) = session.reporter.warnings
    assert "trust.toml" in warning


def test_a_broken_trust_file_is_no_consent(session: Session) -> None:
    session.store.path.write_text("[[trusted]]\npackage = 'fancy-provider'\n", encoding="utf-8")
    answer = session.ask(provider=FANCY)
    assert answer.origin.kind is OriginKind.UNTRUSTED
    (warning,) = session.reporter.warnings
    assert "trust.toml: trusted[1].namespace" in warning
    assert session.environments.prepared == []


# Failures, and what they leave alone


def test_a_failing_plugin_is_told_in_one_line_with_details_for_those_who_ask(session: Session) -> None:
    session.environments.release(
        "fancy-provider", "import os\nprint('no\\x1b[31m device')\nraise OSError('boom')"
    )
    answer = session.ask(provider=FANCY, trust=["fancy-provider"])
    assert answer.origin.kind is OriginKind.FAILED
    (warning,) = session.reporter.warnings
    assert "boom" in warning
    assert "device" not in warning
    assert any("device" in detail and detail.isprintable() for detail in session.reporter.details)


def test_a_provider_that_cannot_be_installed_is_a_failure(session: Session) -> None:
    answer = session.ask(provider={"requires": ["fancy-provider>7"]}, trust=["fancy-provider"])
    assert answer.origin.kind is OriginKind.FAILED
    assert "no version of fancy-provider fits" in answer.origin.detail
    assert len(session.reporter.warnings) == 1


def test_trouble_in_one_namespace_leaves_the_others_alone(session: Session) -> None:
    found = metadata(fancy=FANCY, blas_lapack=KNOWN, own=STATIC, moon={"builtin": "moon"})
    answers = session.providers().support(
        found, ["own", "fancy", "blas_lapack", "own", "unlisted"], project="torch", source=""
    )
    assert list(answers) == ["own", "fancy", "blas_lapack", "unlisted"]
    assert [answer.is_supported for answer in answers.values()] == [True, False, True, False]
    supported = as_supported(answers)
    assert set(supported) == {"own", "blas_lapack"}
    assert supported["own"] == {"lib": ("a", "b")}


def test_each_problem_is_told_once_per_session(session: Session) -> None:
    providers = session.providers()
    found = metadata(fancy=FANCY, moon={"builtin": "moon"})
    for project in ("torch", "vllm", "torch"):
        providers.support(found, ["fancy", "moon"], project=project, source="")
    assert len(session.reporter.warnings) == 2
    assert len(session.reporter.details) == len(set(session.reporter.details))


def test_warnings_of_the_machine_are_told_once(session: Session) -> None:
    session.environ["X86_64_VARIANT_PROVIDER_FORCE_LEVEL"] = "nonsense"
    session.machine = Machine.here(session.environ, interpreter_arch="x86_64")
    providers = session.providers()
    for project in ("torch", "vllm"):
        answers = providers.support(without_providers("x86_64"), ["x86_64"], project=project, source="")
        assert not answers["x86_64"].is_supported
    assert len(session.reporter.warnings) == 1


COUNTING = (
    PLUGIN
    + """
import os
with open(os.environ["COUNT_FILE"], "a") as stream:
    stream.write("x")
"""
)


def test_one_answer_serves_all_packages_and_threads(session: Session) -> None:
    count = session.folder / "count"
    session.environ["COUNT_FILE"] = str(count)
    session.environments.release("fancy-provider", COUNTING, version="1.5")
    providers = session.providers(trust=["fancy-provider"])
    answers: list[Any] = []

    def ask(project: str) -> None:
        answers.append(
            providers.support(metadata(fancy=FANCY), ["fancy"], project=project, source="s")["fancy"]
        )

    threads = [threading.Thread(target=ask, args=(f"project-{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].is_supported
    assert count.read_text(encoding="utf-8") == "x"
    assert len(session.environments.prepared) == 1
    session.environ["SOMETHING"] = "changed"
    ask("again")
    assert count.read_text(encoding="utf-8") == "xx"
