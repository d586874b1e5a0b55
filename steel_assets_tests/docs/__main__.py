"""``python -m steel_assets_tests.docs FOLDER``: what the site is built from, into ``FOLDER`` (``make docs`` builds it)."""

import sys
from pathlib import Path

from steel_assets_tests.docs.pages import stage

stage(Path(sys.argv[1]))
