"""The user's machine, out of reach of the tests: no setting, home, default address or folder of theirs is met.

``isolate`` runs when this package is imported, so before anything of ours is: in pytest, in each of its workers, and in
``python -m steel_assets_tests.…``. A child process that a test starts inherits what is left, and is given the rest on purpose.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
INSIDE = "TESTS_OF_STEEL_ASSETS"
"""Set in every process that a test starts: what it finds in its environment was put there by a test. Names the folder."""

OURS = ("STEEL_", "DAGSTER_")
OTHERS = ("GOOGLE_", "CLOUDSDK_", "GCLOUD_", "BIGQUERY_", "STORAGE_", "SECRET_MANAGER_", "PG", "REDIS", "XDG_", "UVICORN_")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "FTP_PROXY")
TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC")
SCREEN = ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
COMPILED = "PYTHONDONTWRITEBYTECODE"
"""Whoever exports it has every process of a run compile the same files again; beside the sources, git ignores what is kept."""

NAMES = frozenset({*PROXIES, *TRUST, *SCREEN, "PORT", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS", "PYTHONPATH", COMPILED})
"""What else changes how programs that we start behave; compared in upper case."""

PAID_FOR = "STEEL_TEST_GCP_PROJECT"
"""Who sets it asks for tests against their own Google project, with their own credentials."""

NOBODY = "http://127.0.0.1:9"
"""An address where nothing listens."""

ADDRESSES = {"STEEL_DAGSTER_URL": NOBODY, "STEEL_SANDBOX_URL": NOBODY}
"""In place of the default addresses, at which a user's own server may answer: a test that forgets to choose one fails."""


def isolate() -> None:
    """Empty this process's environment of what is the user's; once, in the outermost process."""
    if INSIDE in os.environ:
        return
    google = _google_of_the_user() if os.environ.get(PAID_FOR) else {}
    for name in list(os.environ):
        if name.startswith((*OURS, *OTHERS)) or name.upper() in NAMES:
            del os.environ[name]
    sys.dont_write_bytecode = False
    folder = Path(tempfile.mkdtemp(prefix="steel-tests-"))
    here = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == here else None)
    for name in ("home", "work"):
        (folder / name).mkdir()
    home = folder / "home"
    places = {"CONFIG": ".config", "CACHE": ".cache", "DATA": ".local/share", "STATE": ".local/state"}
    os.environ |= {f"XDG_{name}_HOME": str(home / place) for name, place in places.items()}
    os.environ |= {"HOME": str(home), INSIDE: str(folder), "PYTHONPATH": str(ROOT)} | ADDRESSES | google


def workplace() -> Path:
    """A folder to work in: what is written to a relative path lands there, not in the checkout."""
    return Path(os.environ[INSIDE]) / "work"


def outside() -> dict[str, str]:
    """The environment for a program as a user starts it: none of our settings, but the addresses of nobody."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | ADDRESSES


def _google_of_the_user() -> dict[str, str]:
    """The project to test against and where the user's credentials for it are."""
    kept = {name: os.environ[name] for name in (PAID_FOR, "GOOGLE_APPLICATION_CREDENTIALS") if name in os.environ}
    return {"CLOUDSDK_CONFIG": os.environ.get("CLOUDSDK_CONFIG") or str(Path.home() / ".config" / "gcloud")} | kept
