from __future__ import annotations

import pytest

from rewheel.errors import UsageError
from rewheel.machines.policy import ProviderPolicy


def test_options_are_read_into_scopes() -> None:
    policy = ProviderPolicy.parse(
        enable=["nvidia", "My.Project:amd"], disable=["torch : intel"], trust=["Some_Provider"]
    )
    assert policy.enabled == {("", "nvidia"), ("my-project", "amd")}
    assert policy.disabled == {("torch", "intel")}
    assert policy.trusted == {"some-provider"}


def test_an_enabled_namespace_counts_for_the_project_or_for_all() -> None:
    policy = ProviderPolicy.parse(enable=["nvidia", "torch:amd"])
    assert policy.enables("numpy", "nvidia")
    assert policy.enables("torch", "amd")
    assert not policy.enables("numpy", "amd")


@pytest.mark.parametrize(
    ("enable", "disable", "disabled"),
    [
        ([], ["nvidia"], True),
        ([], ["torch:nvidia"], True),
        ([], ["numpy:nvidia"], False),
        (["nvidia"], ["nvidia"], True),
        (["torch:nvidia"], ["nvidia"], False),
        (["nvidia"], ["torch:nvidia"], True),
        (["torch:nvidia"], ["torch:nvidia"], True),
    ],
)
def test_the_narrower_decision_wins_and_then_the_negative_one(
    enable: list[str], disable: list[str], disabled: bool
) -> None:
    assert ProviderPolicy.parse(enable=enable, disable=disable).disables("torch", "nvidia") is disabled


@pytest.mark.parametrize(
    "text", ["", "NVIDIA", "a b", "torch:", ":nvidia", "-x:nvidia", "a::b c", "nvidia\n\n;"]
)
def test_nonsense_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="--enable-provider"):
        ProviderPolicy.parse(enable=[text])


def test_only_distributions_can_be_trusted() -> None:
    with pytest.raises(UsageError, match="--trust-provider"):
        ProviderPolicy.parse(trust=["not a name"])
