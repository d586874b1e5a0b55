"""Fits use one thread of every numerical library, so that no core waits for another one."""

from __future__ import annotations

import subprocess
import sys

from steel_assets_tests.isolation import outside

CODE = """
import numpy
from steel_assets.core.models._one_thread import one_thread
with one_thread():
    pass
import sklearn.ensemble
from threadpoolctl import threadpool_info
with one_thread():
    print(*{(library["user_api"], library["num_threads"]) for library in threadpool_info()})
"""


def test_a_library_that_is_imported_after_the_first_fit_is_limited_too() -> None:
    """As scikit-learn's is, where a family that needs numpy alone is fitted before one that grows trees."""
    environment = outside() | {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    said = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True).stdout
    assert sorted(said.replace(") (", ")\n(").splitlines()) == ["('blas', 1)", "('openmp', 1)"]
