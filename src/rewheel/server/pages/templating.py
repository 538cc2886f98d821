"""Templates: everything that goes into one is escaped, unless it is a description that was cleaned."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from rewheel.server.pages import wording
from rewheel.server.pages.assets import asset_url

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Site", "render"]


@dataclass(frozen=True, slots=True)
class Site:
    """What every page says about the index."""

    title: str
    index_url: str
    """What installers take as `--index-url`."""
    upload_url: str
    version: str
    has_admin: bool = True
    """Whether anything can be changed here."""


def render(template: str, site: Site, /, **context: object) -> bytes:
    """Render a template as UTF-8."""
    return _environment().get_template(template).render(site=site, **context).encode()


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("rewheel.server.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": wording.count,
        "day": wording.day,
        "few": _few,
        "hardware": _hardware,
        "label_list": _label_list,
        "size": wording.size,
    }
    environment.globals["asset"] = asset_url
    return environment


def _few(values: Sequence[str], most: int = 6) -> str:
    """List values, and of long lists the beginning and the end."""
    if len(values) <= most + 2:
        return ", ".join(values)
    return f"{', '.join(values[:most])}, … {values[-1]}"


_HARDWARE = {
    "aarch64": "Arm, by version",
    "amd": "AMD GPU",
    "ascend": "Ascend NPU",
    "blas_lapack": "a BLAS library",
    "intel": "Intel GPU",
    "nvidia": "NVIDIA GPU",
    "openmp": "an OpenMP runtime",
    "tpu": "Google TPU",
    "x86_64": "x86-64, by level",
}


def _hardware(namespaces: Sequence[str]) -> str:
    """Say what labels of these namespaces are for; none are for every machine of the platform."""
    return " with ".join(_HARDWARE.get(name, name) for name in namespaces) or "Any machine"


def _label_list(labels: Sequence[str]) -> str:
    return _few([label or "plain wheel" for label in labels], 4)
