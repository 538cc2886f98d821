"""A first `[variant]` table for projects of a known kind, with comments that say what to change."""

from pathlib import Path

from rewheel.builds.errors import InvalidProject
from rewheel.builds.matrix.declaration import read_declaration

__all__ = ["KINDS", "write_first_table"]

_CPU = """\
# The builds of this project, for more and more of what newer x86-64 processors can do (PEP 825).
# The plain wheel is for all others; it is built besides, and so is `null`, which needs no mention.
[variant.default-priorities]
namespace = ["x86_64"]

# Who tells what a machine supports; installers know this one without running it (PEP 850).
[variant.providers.x86_64]
requires = ["x86-64-variant-provider>=0.2"]

# A label, and the properties that a machine must have. Labels are part of file names.
[variant.variants.x86_64_v2]
x86_64.level = ["v2"]

[variant.variants.x86_64_v3]
x86_64.level = ["v3"]

# How each label is built. Flags are added to what the compilers are given anyway.
[tool.rewheel.variant.x86_64_v2]
flags.CFLAGS = "-march=x86-64-v2"
flags.CXXFLAGS = "-march=x86-64-v2"

[tool.rewheel.variant.x86_64_v3]
flags.CFLAGS = "-march=x86-64-v3"
flags.CXXFLAGS = "-march=x86-64-v3"
"""

_CUDA = """\
# The builds of this project, for several versions of CUDA (PEP 825). The plain wheel is for machines without.
[variant.default-priorities]
namespace = ["nvidia"]

# Who tells what a machine supports; installers know this one without running it (PEP 850).
[variant.providers.nvidia]
requires = ["nvidia-variant-provider>=0.0.2,<1"]
plugin-api = "nvidia_variant_provider.plugin:NvidiaVariantPlugin"

# A label, and the properties that a machine must have: a driver for CUDA 12.8 or newer, below 14, and one
# of these GPUs (_real: code for just this one; _virtual: code that is compiled for newer ones when it runs).
[variant.variants.cu128]
nvidia.cuda_version_lower_bound = ["12.8"]
nvidia.cuda_version_upper_bound = ["14"]
nvidia.sm_arch = ["80_real", "90_real", "90_virtual"]

[variant.variants.cu130]
nvidia.cuda_version_lower_bound = ["13.0"]
nvidia.cuda_version_upper_bound = ["14"]
nvidia.sm_arch = ["80_real", "90_real", "100_real", "120_real", "120_virtual"]

# How each label is built, and what its wheel needs besides.
[tool.rewheel.variant.cu128]
environment = { CUDA_HOME = "/usr/local/cuda-12.8", USE_CUDA = "1" }
dependencies = { add = ["nvidia-cuda-runtime-cu12>=12.8,<13"] }

[tool.rewheel.variant.cu130]
environment = { CUDA_HOME = "/usr/local/cuda-13.0", USE_CUDA = "1" }
dependencies = { add = ["nvidia-cuda-runtime>=13,<14"] }
"""

_ROCM = """\
# The builds of this project, for versions of ROCm (PEP 825). The plain wheel is for machines without.
[variant.default-priorities]
namespace = ["amd"]

# Who tells what a machine supports; installers know this one without running it (PEP 850).
[variant.providers.amd]
requires = ["amd-variant-provider>=0.0.2,<1"]
plugin-api = "amd_variant_provider.plugin:AMDVariantPlugin"

# A label, and the properties that a machine must have: this version of ROCm, and one of these GPUs.
[variant.variants.rocm64]
amd.rocm_version = ["6.4"]
amd.gfx_arch = ["gfx90a", "gfx942", "gfx1100"]

[variant.variants.rocm70]
amd.rocm_version = ["7.0"]
amd.gfx_arch = ["gfx90a", "gfx942", "gfx1100", "gfx1201"]

# How each label is built.
[tool.rewheel.variant.rocm64]
environment = { ROCM_PATH = "/opt/rocm-6.4.0", PYTORCH_ROCM_ARCH = "gfx90a;gfx942;gfx1100" }

[tool.rewheel.variant.rocm70]
environment = { ROCM_PATH = "/opt/rocm-7.0.0", PYTORCH_ROCM_ARCH = "gfx90a;gfx942;gfx1100;gfx1201" }
"""

_BLAS = """\
# The builds of this project, with several implementations of BLAS and LAPACK (PEP 825).
[variant.default-priorities]
namespace = ["blas_lapack"]

# Every machine supports all of them: nobody is asked, the list stands in the wheels, best first (PEP 850).
[variant.providers.blas_lapack]
static-properties.provider = ["openblas", "mkl"]

[variant.variants.openblas]
blas_lapack.provider = ["openblas"]

[variant.variants.mkl]
blas_lapack.provider = ["mkl"]

# How each label is built: these settings are for meson-python, others have their own.
[tool.rewheel.variant.openblas]
config-settings.setup-args = ["-Dblas=openblas", "-Dlapack=openblas"]
build-dependencies = { add = ["scipy-openblas32"] }

[tool.rewheel.variant.mkl]
config-settings.setup-args = ["-Dblas=mkl", "-Dlapack=mkl"]
build-dependencies = { add = ["mkl-devel"] }
dependencies = { add = ["mkl"] }
"""

KINDS = {"cpu": _CPU, "cuda": _CUDA, "rocm": _ROCM, "blas": _BLAS}
"""The first table of each kind of project."""


def write_first_table(path: Path, kind: str) -> None:
    """Add the first table of a kind to the end of a pyproject.toml, in which nothing else changes.

    Raises `InvalidProject` if there is no such file, if it is broken, or if it says something of variants
    already.
    """
    from rewheel.wheels import replacing

    if not path.is_file():
        raise InvalidProject(
            f"there is no {path.name} in {path.parent}",
            hint="name the project's folder, or make the file first",
        )
    declaration = read_declaration(path)
    if declaration.metadata is not None:
        raise InvalidProject(
            f"{declaration.where('variant')}: there is a table [variant] already", hint="edit it by hand"
        )
    data = path.read_bytes()
    end = b"\r\n" if b"\r\n" in data else b"\n"
    gap = b"" if not data or data.endswith(end) else end
    with replacing(path) as file:
        file.write(data + gap + end + KINDS[kind].replace("\n", end.decode()).encode())
    read_declaration(path)
