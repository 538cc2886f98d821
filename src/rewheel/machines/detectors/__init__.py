"""Our own detectors, one module per well-known namespace, each a function from a `Host` to a `Detection`.

Every namespace's module has `detect(host)`; `ALL_VALUES`, its features in order, each with every value
that a wheel may use; and `OVERRIDES`, the variables that it honours. None of them needs the hardware that
it looks for, and for foreign reasons none raises anything but `MalformedOverride`.
"""
