"""The service starts from what its own lock file names and from the parts of the package that its image holds; nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement

from steel_assets.serving.keys import KEY_FILE, KeyStore
from steel_assets_tests.isolation import ROOT, outside
from steel_assets_tests.serving.running import PREDICT, free_port
from steel_assets_tests.serving.sample import publish

pytestmark = pytest.mark.slow

DOCKERFILE = ROOT / "deploy" / "docker" / "Dockerfile"
LARGEST_MB = 150
"""Of the environment; with Debian's minimal system and Python (128 MB) the image stays below 250 MB."""


def locked() -> Iterator[tuple[str, str]]:
    """The distributions of the lock file that belong on this machine, with their versions."""
    for line in (ROOT / "requirements-service.lock").read_text().splitlines():
        if re.match(r"[a-z0-9]", line):
            wanted = Requirement(line.rstrip("\\ "))
            if wanted.marker is None or wanted.marker.evaluate():
                yield wanted.name, str(wanted.specifier).removeprefix("==")


def install(name: str, version: str, site: Path) -> None:
    """Copy a distribution from the environment of the tests, which has the same version from the same file, by its hash."""
    found = distribution(name)
    assert found.version == version, f"{name}: run make setup"
    for file in found.files or ():
        source = Path(str(found.locate_file(file)))
        if ".." not in file.parts and source.is_file():
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``opt/steel`` and ``opt/steel-assets`` of the image ``service``, made by the lines of its Dockerfile."""
    folder = tmp_path_factory.mktemp("image")
    environment, package = folder / "steel", folder / "steel-assets"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    site = next(environment.glob("lib/python3*")) / "site-packages"
    for name, version in locked():
        install(name, version, site)
    stage = DOCKERFILE.read_text().partition("AS service-libraries")[2].partition("FROM ")[0]
    unwanted = re.search(r"slim\.py /opt/steel (.*)", stage)
    assert unwanted
    patterns = [pattern.strip("'") for pattern in unwanted.group(1).split()]
    subprocess.run([sys.executable, str(ROOT / "deploy/docker/slim.py"), str(environment), *patterns], check=True)
    for copied in re.findall(r"^COPY (steel_assets/.*) /opt/steel-assets/(\S+)$", stage, re.MULTILINE):
        *sources, target = [*copied[0].split(), package / copied[1]]
        for source in sources:
            found = ROOT / str(source)
            if found.is_dir():
                shutil.copytree(found, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                Path(target).mkdir(parents=True, exist_ok=True)
                shutil.copy(found, target)
    return folder


def environment(image: Path, home: Path, port: int) -> dict[str, str]:
    """As the image sets it."""
    return outside() | {"PYTHONPATH": str(image / "steel-assets"), "STEEL_HOME": str(home), "PORT": str(port)}


def test_the_service_answers_with_nothing_but_its_own_lock(image: Path, tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    publish(home)
    _, key = KeyStore(home / KEY_FILE).create("a program", ["read"], datetime.now(UTC))
    python = str(image / "steel" / "bin" / "python")
    with (tmp_path / "log").open("wb") as log:
        service = subprocess.Popen(
            [python, "-m", "steel_assets.serving"], env=environment(image, home, port), stdout=log, stderr=log, cwd=tmp_path
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"x-api-key": key}, trust_env=False, timeout=60) as client:
            answered = None
            while answered is None or answered.status_code == 503:
                assert service.poll() is None, (tmp_path / "log").read_text()
                try:
                    answered = client.get(PREDICT)
                except httpx.TransportError:
                    time.sleep(0.05)
            assert answered.status_code == 200, answered.text
            assert client.get("/dashboard").status_code == 200
        said = subprocess.run([python, "-m", "steel_assets.serving.healthy"], env=environment(image, home, port), check=False)
        assert said.returncode == 0
    finally:
        service.terminate()
        service.wait(60)
    assert subprocess.run([python, "-m", "steel_assets.serving.healthy"], env=environment(image, home, port)).returncode == 1


def test_its_commands_are_there_too(image: Path, tmp_path: Path) -> None:
    python = str(image / "steel" / "bin" / "python")
    for command in (["keys", "create", "a program"], ["keys", "list"], ["serve", "--help"]):
        done = subprocess.run(
            [python, str(ROOT / "deploy/docker/steel"), *command],
            env=environment(image, tmp_path, 1),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_no_library_that_computes_is_installed(image: Path) -> None:
    for name in ("dagster", "pandas", "numpy", "sklearn", "prophet", "duckdb", "pyarrow", "pip"):
        assert not list((image / "steel").glob(f"lib/python3*/site-packages/{name}")), name


def test_it_is_small(image: Path) -> None:
    sizes = {path: path.stat().st_size for path in image.rglob("*") if path.is_file() and not path.is_symlink()}
    compiled = {path for path in sizes if path.suffix == ".pyc"}
    assert sum(size for path, size in sizes.items() if path not in compiled) / 1e6 < LARGEST_MB
