"""From the plain wheel that a backend made to the wheels of a release: METADATA, variant.json, label."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from rewheel.builds.matrix.abi import record_abi
from rewheel.builds.matrix.declaration import Declaration
from rewheel.metadata import edit_metadata
from rewheel.variants import NULL_LABEL, VariantMetadata
from rewheel.wheels import make_variant, settle_variant_markers, tidy_wheel

__all__ = ["edit_for_label", "finish_wheel"]


def edit_for_label(content: bytes, label: str, declaration: Declaration) -> bytes:
    """Return METADATA as the wheel of a label has it: its dependencies, and the default extras (PEP 771).

    A plain wheel, whose label is empty, has its variant markers settled: other tools refuse them.
    """
    extras, recipe = declaration.default_extras, declaration.recipe(label)
    edited = edit_metadata(
        content,
        add=recipe.dependencies.add,
        drop=recipe.dependencies.drop,
        default_extras=extras.names if extras.path else None,
    )
    return edited if label else settle_variant_markers(edited, "the wheel")[0]


def finish_wheel(
    built: Path,
    output: Path,
    *,
    label: str,
    declaration: Declaration,
    metadata: VariantMetadata | None,
    versions: Mapping[str, str],
    epoch: int,
) -> Path:
    """Write the wheel of a label into the folder `output`, and return its path.

    An empty label makes the plain wheel. `metadata` are those of the declaration with all providers fit for
    a wheel; `versions` are the packages that the build saw. The same arguments give the same bytes. Raises
    `RewheelError`.
    """
    recipe = declaration.recipe(label)

    def edited(content: bytes) -> bytes:
        return edit_for_label(content, label, declaration)

    if not label or metadata is None:
        return tidy_wheel(built, output=output, metadata=edited, epoch=epoch)
    described = metadata if label == NULL_LABEL else record_abi(metadata, label, recipe, versions)
    with tempfile.TemporaryDirectory(dir=built.parent, ignore_cleanup_errors=True) as folder:
        tidy = tidy_wheel(built, output=Path(folder), metadata=edited, epoch=epoch)
        return make_variant(tidy, metadata=described, label=label, output=output, epoch=epoch)
