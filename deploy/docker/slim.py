"""Take out of a virtual environment what no image needs at run time: pip, setuptools, and tests that libraries carry along.

``slim.py FOLDER [PATTERN …]``; further patterns, below ``site-packages``, name what one image alone does not need. What was
compiled goes too: modules are compiled afterwards, so that none is left whose source is gone.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

UNWANTED = (
    "pip",
    "pip-*.dist-info",
    "setuptools",
    "setuptools-*.dist-info",
    "pkg_resources",
    "_distutils_hack",
    "distutils-precedence.pth",
    "*/tests",
    "*/*/tests",
    "*/.agents",
    "*.dist-info/sboms",
    "**/__pycache__",
)

for site in Path(sys.argv[1]).glob("lib/python3*/site-packages"):
    for pattern in (*UNWANTED, *sys.argv[2:]):
        for found in list(site.glob(pattern)):
            shutil.rmtree(found) if found.is_dir() else found.unlink()
