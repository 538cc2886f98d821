"""Which GPUs a variable like CUDA_VISIBLE_DEVICES leaves visible."""

from collections.abc import Sequence

__all__ = ["hides_all", "names_index", "visible_indices"]

_UUID_PREFIXES = ("GPU-", "MIG-")


def visible_indices(setting: str | None, uuids: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Return the positions of the visible devices, in the order in which the setting names them.

    `uuids` has one entry per device: its identifiers, those of its parts included. The setting is a comma
    list of positions and identifier prefixes; the first entry that names no device, or more than one, ends
    it, as in CUDA and ROCm. None leaves everything visible, an empty text nothing.
    """
    if setting is None:
        return tuple(range(len(uuids)))
    chosen: list[int] = []
    for entry in setting.split(","):
        index = _find(entry.strip(), uuids)
        if index is None:
            break
        chosen.append(index)
    return tuple(chosen)


def hides_all(setting: str | None) -> bool:
    """Whether the setting leaves nothing visible, whatever devices there are: "", "-1", "none"."""
    return setting is not None and not _is_entry(setting.split(",")[0].strip())


def names_index(setting: str | None) -> bool:
    """Whether the setting uses positions, so that the order of the devices matters."""
    return setting is not None and any(_is_index(entry.strip()) for entry in setting.split(","))


def _is_entry(entry: str) -> bool:
    return _is_index(entry) or entry.upper().startswith(_UUID_PREFIXES)


def _is_index(entry: str) -> bool:
    return entry.isascii() and entry.isdecimal() and len(entry) < 6


def _find(entry: str, uuids: Sequence[Sequence[str]]) -> int | None:
    if _is_index(entry):
        return int(entry) if int(entry) < len(uuids) else None
    if not _is_entry(entry):
        return None
    wanted = entry.lower()
    if wanted.startswith("mig-gpu-"):  # the older name of a MIG instance: its GPU, then its numbers
        wanted = wanted.removeprefix("mig-").split("/")[0]
    matching = [
        index for index, names in enumerate(uuids) if any(name.lower().startswith(wanted) for name in names)
    ]
    return matching[0] if len(matching) == 1 else None
