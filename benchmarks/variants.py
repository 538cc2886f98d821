"""What the variants room costs: importing it, reading and ranking 1,000 and 10,000 labels.

Beside it, in the same run, stand variantlib and the algorithm of PEP 825 written down step by step; all three
must give the same order. `python benchmarks/variants.py` prints the section of RESULTS.md.
"""

import itertools
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import measuring

Tables = dict[str, dict[str, dict[str, list[str]]]]
"""What every label stands for: label, namespace, feature, values."""

NAMESPACES = ["nvidia", "x86_64", "blas_lapack", "openmp"]
SIZES = (1_000, 10_000)
RUNS = 9
SLOW_RUNS = 3
IMPORT_RUNS = 25

SUPPORTED = {
    "nvidia": {
        "cuda_version_lower_bound": [
            *(f"12.{minor}" for minor in range(8, -1, -1)),
            "12",
            *(f"11.{minor}" for minor in range(20, -1, -1)),
            "11",
        ],
        "sm_arch": ["90_real", "90_virtual", "89_real", "86_real", "80_real"],
    },
    "x86_64": {"level": ["v3", "v2", "v1"], "avx2": ["on"], "fma": ["on"], "aes": ["on"]},
    "blas_lapack": {"provider": ["openblas", "mkl"]},
    "openmp": {"provider": ["gnu", "intel", "llvm"]},
}
"""A machine with an NVIDIA card, a CUDA 12.8 driver and a CPU of level v3."""


class Row(NamedTuple):
    """One figure: what was done, by whom, in how many seconds (one per run)."""

    case: str
    subject: str
    seconds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def release(size: int) -> Tables:
    """A release of `size` variants like those of real projects, with up to five features and many values."""
    random_source = random.Random(825)
    choices: dict[tuple[str, str], list[list[str]]] = {
        ("nvidia", "cuda_version_lower_bound"): [[f"{a}.{b}"] for a in (11, 12) for b in range(10)],
        ("nvidia", "sm_arch"): [
            ["70_real", "80_real", "90_real"],
            ["80_real", "86_real", "89_real", "90_virtual"],
            ["90_real"],
        ],
        ("x86_64", "level"): [["v1"], ["v2"], ["v3"], ["v4"]],
        ("x86_64", "avx2"): [["on"]],
        ("x86_64", "fma"): [["on"]],
        ("blas_lapack", "provider"): [["mkl"], ["openblas"], ["mkl", "openblas"]],
        ("openmp", "provider"): [["gnu"], ["intel"], ["llvm"]],
    }
    made: Tables = {}
    for number in itertools.count():
        if len(made) == size:
            return made
        table: dict[str, dict[str, list[str]]] = {}
        for namespace, feature in sorted(random_source.sample(sorted(choices), random_source.randint(2, 5))):
            values = random_source.choice(choices[namespace, feature])
            table.setdefault(namespace, {})[feature] = sorted(values)
        made[f"v{number:05d}"] = table
    raise AssertionError


def document(tables: Tables) -> str:
    """The index file of a release, as it would be served."""
    return json.dumps(
        {
            "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json",
            "default-priorities": {"namespace": NAMESPACES},
            "variants": tables,
        }
    )


def naive_order(tables: Tables) -> list[str]:
    """PEP 825, variant ordering, step by step: compare sorted lists of properties, looking positions up."""

    def best_values(table: dict[str, dict[str, list[str]]]) -> list[tuple[str, str, str]] | None:
        found = []
        for namespace, features in table.items():
            for feature, values in features.items():
                for value in SUPPORTED.get(namespace, {}).get(feature, []):
                    if value in values:
                        found.append((namespace, feature, value))
                        break
                else:
                    return None
        return found

    def key(item: tuple[str, str, str]) -> tuple[int, int, int]:
        namespace, feature, value = item
        return (
            NAMESPACES.index(namespace),
            list(SUPPORTED[namespace]).index(feature),
            SUPPORTED[namespace][feature].index(value),
        )

    class Wheel:
        def __init__(self, label: str, best: list[tuple[str, str, str]]) -> None:
            self.label = label
            self.properties = sorted(best, key=key)

        def __lt__(self, other: "Wheel") -> bool:
            for ours, theirs in zip(self.properties, other.properties, strict=False):
                if ours != theirs:
                    return key(ours) < key(theirs)
            if len(self.properties) != len(other.properties):
                return len(self.properties) > len(other.properties)
            return self.label < other.label

    best = ((label, best_values(table)) for label, table in tables.items())
    return [
        wheel.label for wheel in sorted(Wheel(label, values) for label, values in best if values is not None)
    ]


def variantlib_order(tables: Tables) -> Callable[[], list[str]]:
    """The filter and sort of variantlib, without the objects that it needs first."""
    from variantlib.models.variant import VariantDescription, VariantProperty
    from variantlib.resolver.lib import sort_and_filter_supported_variants

    supported = [VariantProperty(n, f, v) for n, fs in SUPPORTED.items() for f, vs in fs.items() for v in vs]
    feature_order = {namespace: list(features) for namespace, features in SUPPORTED.items()}
    described = [
        VariantDescription(
            [VariantProperty(n, f, v) for n, fs in t.items() for f, vs in fs.items() for v in vs], label
        )
        for label, t in tables.items()
    ]

    def order() -> list[str]:
        # As its get_variants_by_priority calls it, once it knows what is supported.
        ordered = sort_and_filter_supported_variants(
            list(described), supported, NAMESPACES, feature_order, filter_values=True
        )
        return [item.label for item in ordered if item.label != "null"]

    return order


def measure_ranking(size: int) -> list[Row]:
    """Rank one release by all three, in turn; they must agree."""
    from rewheel.variants import rank, read_metadata

    tables = release(size)
    text = document(tables)
    metadata = read_metadata(text)
    labels = list(tables)
    subjects: dict[str, tuple[Callable[[], object], int]] = {
        "rewheel": (lambda: list(rank(labels, metadata, SUPPORTED).order), RUNS),
        "PEP 825, naive": (lambda: naive_order(tables), SLOW_RUNS),
        "variantlib": (variantlib_order(tables), SLOW_RUNS),
    }
    taken: dict[str, list[float]] = {name: [] for name in subjects}
    orders: dict[str, object] = {}
    for turn in range(RUNS):
        for name, (order, runs) in subjects.items():
            if turn < runs:
                begin = time.perf_counter()
                orders[name] = order()
                taken[name].append(time.perf_counter() - begin)
    first = orders["rewheel"]
    assert first and all(order == first for order in orders.values()), "the three orders differ"
    rows = [Row(f"rank {size:,} labels", name, seconds) for name, seconds in taken.items()]
    reasons = _timed(
        lambda: [verdict.reason for verdict in rank(labels, metadata, SUPPORTED).verdicts.values()]
    )
    rows.append(Row(f"rank {size:,} labels and give every reason", "rewheel", reasons))
    rows.append(Row(f"read an index file of {size:,} labels", "rewheel", _timed(lambda: read_metadata(text))))
    return rows


def measure_imports() -> list[Row]:
    """Whole processes, each beside a bare interpreter; what is given is the difference of the medians."""
    work = (
        "from rewheel.variants import rank, read_metadata; "
        'm = read_metadata(\'{"$schema": "v0.1.1.json", "default-priorities": {"namespace": ["a"]}, '
        '"variants": {"b": {"a": {"c": ["d"]}}}}\'); '
        "rank(['b'], m, {'a': {'c': ['d']}}).verdicts['b'].reason"
    )
    usual = "from rewheel.variants import rank, read_metadata"
    statements = {
        "bare interpreter": "pass",
        "import rewheel.variants": "import rewheel.variants",
        usual: usual,
        "the same, then read, rank and explain one label": work,
        "import variantlib.api": "import variantlib.api",
    }
    commands = {name: [sys.executable, "-c", statement] for name, statement in statements.items()}
    taken = measuring.interleaved(commands, runs=IMPORT_RUNS)
    bare = statistics.median(taken.pop("bare interpreter"))
    return [
        Row("over a bare interpreter", name, [each - bare for each in runs]) for name, runs in taken.items()
    ]


def measure() -> list[Row]:
    """Take all figures."""
    return [*measure_imports(), *(row for size in SIZES for row in measure_ranking(size))]


def section() -> str:
    """The Markdown section about variants."""
    rows = measure()
    fastest = {row.case: row.median for row in rows if row.subject == "rewheel"}
    body = [
        [row.case, row.subject, measuring.milliseconds(row.seconds), _ratio(row, fastest.get(row.case))]
        for row in rows
    ]
    head = ["what", "who", "ms", "times rewheel"]
    notes = (
        "Labels carry two to five features from four namespaces, some with several values; four in five "
        "fit the machine. Objects that variantlib needs are made beforehand. All orders were equal."
    )
    return f"## Variants\n\n{measuring.table(head, body)}\n\n{notes}\n"


def main() -> None:
    """Print the section."""
    sys.stdout.write(section())


def _timed(work: Callable[[], object]) -> list[float]:
    seconds = []
    for _ in range(SLOW_RUNS):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return seconds


def _ratio(row: Row, ours: float | None) -> str:
    return f"{row.median / ours:.1f}" if ours and row.subject != "rewheel" else ""


if __name__ == "__main__":
    main()
