"""What the demo's index offers: the packages of the talk, their variants, and who knows about properties."""

from typing import Any

from rewheel.variants import DocumentKind, VariantMetadata, read_metadata

__all__ = [
    "AARCH64_LABELS",
    "APPLE_LABELS",
    "NUMPY",
    "NUMPY_VERSION",
    "RECIPE_VERSION",
    "TORCH",
    "TORCH_LABELS",
    "TORCH_VERSION",
    "X86_64_LABELS",
    "numpy_metadata",
    "torch_metadata",
]

RECIPE_VERSION = 1
"""To be raised whenever the same ingredients would give other wheels: older caches are then made anew."""

NUMPY = "numpy"
NUMPY_VERSION = "2.2.5"
TORCH = "torch"
TORCH_VERSION = "2.8.0"

_SCHEMA = "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json"
_NULL = "null"

_X86_64 = {f"x86_64_v{level}": f"v{level}" for level in (1, 2, 3, 4)}
_AARCH64 = {f"armv8.{minor}a": f"8.{minor}a" if minor else "8a" for minor in range(6)}
_CUDA = {f"cu{version.replace('.', '')}": version for version in ("11.8", "12.6", "12.8")}

X86_64_LABELS = (*_X86_64, _NULL)
AARCH64_LABELS = (*_AARCH64, _NULL)
APPLE_LABELS = ("armv8.4a", _NULL)
"""Every Apple chip that macOS runs on has at least 8.4a, so the lower labels would never be chosen."""
TORCH_LABELS = tuple(_CUDA)
"""Without a null variant: where no GPU is, the plain wheel is what remains."""


def numpy_metadata() -> VariantMetadata:
    """Return what the labels of numpy stand for; each wheel takes its own part of it."""
    variants: dict[str, Any] = {_NULL: {}}
    variants |= {label: {"x86_64": {"level": [level]}} for label, level in _X86_64.items()}
    variants |= {label: {"aarch64": {"version": [version]}} for label, version in _AARCH64.items()}
    return _metadata(
        {
            "x86_64": {
                "requires": ["provider-variant-x86-64"],
                "plugin-api": "provider_variant_x86_64.plugin:X8664Plugin",
            },
            "aarch64": {
                "requires": ["provider-variant-aarch64"],
                "plugin-api": "provider_variant_aarch64.plugin:AArch64Plugin",
            },
        },
        variants,
    )


def torch_metadata() -> VariantMetadata:
    """Return what the labels of the stand-in for torch stand for."""
    provider = {
        "requires": ["nvidia-variant-provider"],
        "plugin-api": "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
    }
    feature = "cuda_version_lower_bound"
    variants = {label: {"nvidia": {feature: [version]}} for label, version in _CUDA.items()}
    return _metadata({"nvidia": provider}, variants)


def _metadata(providers: dict[str, Any], variants: dict[str, Any]) -> VariantMetadata:
    document = {
        "$schema": _SCHEMA,
        "default-priorities": {"namespace": list(providers)},
        "providers": providers,
        "variants": variants,
    }
    return read_metadata(document, kind=DocumentKind.INDEX)
