"""Show what this build is for, and how fast it is: `python -m dotprod`."""

import time
from array import array

from dotprod import LEVEL, dot

LENGTH = 4096
REPEATS = 20000


def main() -> None:
    """Print the level and the speed in multiplications a second."""
    a = array("f", [1.0, 0.5] * (LENGTH // 2))
    b = array("f", [0.5, 1.0] * (LENGTH // 2))
    assert dot(a, b) == LENGTH / 2
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(REPEATS):
            dot(a, b)
        best = min(best, time.perf_counter() - start)
    print(f"dotprod for {LEVEL}: {LENGTH * REPEATS / best / 1e9:.1f} billion multiplications a second")


if __name__ == "__main__":
    main()
