"""Ask the CUDA driver library for its version and for the GPUs, in CUDA's own order.

A stand-alone script, run in its own process: `python -I -S cuda.py LIBRARY…`. The first library that
loads is asked. Prints one marked line of JSON of the same form as `nvml.py`.
"""

import ctypes
import json
import os
import sys

MOST_DEVICES = 256
NO_DEVICE = 100
CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76


def load(names: list[str]) -> tuple[str, ctypes.CDLL | None]:
    """Load the first library that can be loaded; ("", None) if there is none."""
    for name in names:
        try:
            return name, ctypes.CDLL(name)
        except OSError:
            continue
    return "", None


def call(library: ctypes.CDLL, name: str, *arguments: object) -> int:
    """Call a function and return its status; -1 if the library does not have it."""
    function = getattr(library, name, None)
    return -1 if function is None else int(function(*arguments))


def driver(library: ctypes.CDLL) -> int | None:
    """Return the version as 1000 * major + 10 * minor; needs no initialisation."""
    version = ctypes.c_int()
    return version.value if call(library, "cuDriverGetVersion", ctypes.byref(version)) == 0 else None


def devices(library: ctypes.CDLL) -> list[dict[str, object]] | None:
    """List the GPUs; one that cannot be asked keeps its place. None if they cannot be listed."""
    status = call(library, "cuInit", ctypes.c_uint(0))
    count = ctypes.c_int()
    if status == NO_DEVICE:
        return []
    if status != 0 or call(library, "cuDeviceGetCount", ctypes.byref(count)) != 0:
        return None
    return [device(library, index) for index in range(min(count.value, MOST_DEVICES))]


def device(library: ctypes.CDLL, index: int) -> dict[str, object]:
    """Describe one GPU as far as it answers."""
    handle = ctypes.c_int()
    if call(library, "cuDeviceGet", ctypes.byref(handle), ctypes.c_int(index)) != 0:
        return {"uuids": [], "capability": None}
    capability = []
    for attribute in (CAPABILITY_MAJOR, CAPABILITY_MINOR):
        number = ctypes.c_int()
        status = call(library, "cuDeviceGetAttribute", ctypes.byref(number), ctypes.c_int(attribute), handle)
        capability += [number.value] if status == 0 else []
    return {
        "uuids": identifier(library, handle),
        "capability": capability if len(capability) == 2 else None,
    }


def identifier(library: ctypes.CDLL, handle: ctypes.c_int) -> list[str]:
    """Return the identifier of a GPU as a list of one, or of none."""
    raw = (ctypes.c_ubyte * 16)()
    for name in ("cuDeviceGetUuid_v2", "cuDeviceGetUuid"):
        if call(library, name, ctypes.byref(raw), handle) == 0:
            digits = bytes(raw).hex()
            return [f"GPU-{'-'.join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))}"]
    return []


def main() -> None:
    """Ask and print."""
    name, library = load(sys.argv[1:])
    answer: dict[str, object] = {"library": name or None, "driver": None, "devices": None}
    if library is not None:
        answer["driver"] = driver(library)
        answer["devices"] = devices(library)
    sys.stdout.write(f"\nrewheel-probe:{json.dumps(answer)}\n")
    sys.stdout.flush()
    os._exit(0)  # the answer is out; a driver that crashes while it is unloaded shall not spoil it


if __name__ == "__main__":
    main()
