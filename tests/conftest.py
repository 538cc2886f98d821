"""What holds for all tests."""

import os

# Modules would otherwise be compiled by processes that outlive the test; those of bytecode ask for it.
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
