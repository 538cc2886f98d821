"""Ask NVIDIA's management library for the CUDA version of the driver and for the GPUs, in PCI order.

A stand-alone script, run in its own process: `python -I -S nvml.py LIBRARY…`. The first library that
loads is asked. Prints one marked line of JSON with `library` (null if none loads), `driver` (null or the
version as 1000 * major + 10 * minor) and `devices` (null if they cannot be listed), each with `uuids`
(the GPU's own, then those of its MIG instances) and `capability` (null if unknown).
"""

import ctypes
import json
import os
import sys

MOST_DEVICES = 256


def load(names: list[str]) -> tuple[str, ctypes.CDLL | None]:
    """Load the first library that can be loaded; ("", None) if there is none."""
    for name in names:
        try:
            return name, ctypes.CDLL(name)
        except OSError:
            continue
    return "", None


def call(library: ctypes.CDLL, names: tuple[str, ...], *arguments: object) -> bool:
    """Call the first of these functions that exists and succeeds; tell whether one did."""
    for name in names:
        function = getattr(library, name, None)
        if function is not None and function(*arguments) == 0:
            return True
    return False


def driver(library: ctypes.CDLL) -> int | None:
    """Return the CUDA version of the driver; `_v2` is missing from old ones."""
    version = ctypes.c_int()
    names = ("nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion")
    return version.value if call(library, names, ctypes.byref(version)) else None


def devices(library: ctypes.CDLL) -> list[dict[str, object]] | None:
    """List the GPUs; one that cannot be asked keeps its place."""
    count = ctypes.c_uint()
    if not call(library, ("nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"), ctypes.byref(count)):
        return None
    return [device(library, index) for index in range(min(count.value, MOST_DEVICES))]


def device(library: ctypes.CDLL, index: int) -> dict[str, object]:
    """Describe one GPU as far as it answers."""
    handle = ctypes.c_void_p()
    names = ("nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex")
    if not call(library, names, ctypes.c_uint(index), ctypes.byref(handle)):
        return {"uuids": [], "capability": None}
    major, minor = ctypes.c_int(), ctypes.c_int()
    known = call(
        library,
        ("nvmlDeviceGetCudaComputeCapability",),
        handle,
        ctypes.byref(major),
        ctypes.byref(minor),
    )
    uuids = uuid(library, handle) + instances(library, handle)
    return {"uuids": uuids, "capability": [major.value, minor.value] if known else None}


def uuid(library: ctypes.CDLL, handle: ctypes.c_void_p) -> list[str]:
    """Return the identifier of a GPU or MIG instance as a list of one, or of none."""
    text = ctypes.create_string_buffer(96)
    known = call(library, ("nvmlDeviceGetUUID",), handle, text, ctypes.c_uint(len(text)))
    return [text.value.decode("ascii", "replace")] if known else []


def instances(library: ctypes.CDLL, handle: ctypes.c_void_p) -> list[str]:
    """List the identifiers of a GPU's MIG instances."""
    count = ctypes.c_uint()
    if not call(library, ("nvmlDeviceGetMaxMigDeviceCount",), handle, ctypes.byref(count)):
        return []
    found = []
    for index in range(min(count.value, MOST_DEVICES)):
        instance = ctypes.c_void_p()
        names = ("nvmlDeviceGetMigDeviceHandleByIndex",)
        if call(library, names, handle, ctypes.c_uint(index), ctypes.byref(instance)):
            found += uuid(library, instance)
    return found


def main() -> None:
    """Ask and print."""
    name, library = load(sys.argv[1:])
    answer: dict[str, object] = {"library": name or None, "driver": None, "devices": None}
    if library is not None and call(library, ("nvmlInit_v2", "nvmlInit")):
        answer["driver"] = driver(library)
        answer["devices"] = devices(library)
        call(library, ("nvmlShutdown",))
    sys.stdout.write(f"\nrewheel-probe:{json.dumps(answer)}\n")
    sys.stdout.flush()
    os._exit(0)  # the answer is out; a driver that crashes while it is unloaded shall not spoil it


if __name__ == "__main__":
    main()
