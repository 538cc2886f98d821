"""What holds for all tests."""

import os

from hypothesis import HealthCheck, settings

# Modules would otherwise be compiled by processes that outlive the test; those of bytecode ask for it.
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

# A slow or busy machine is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
