"""Both images are built from this checkout and run: what `platform` makes on its volume, `service` answers from.

Needs root, buildah and debootstrap (Debian packages), and a package index; the first build on a machine takes many minutes.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from steel_assets_tests.deploy.images import LACKING, MISSING, STATE, Image, build, mounted, of_this_machine
from steel_assets_tests.serving.running import PREDICT, free_port

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.xdist_group("chaos"),
    pytest.mark.timeout(7200),
    pytest.mark.skipif(bool(LACKING), reason=MISSING),
]

LARGEST_SERVICE_MB = 250
SECRET = re.compile(r"(^|/)(\.env|keys\.json|.*\.pem|.*\.key|id_[a-z0-9]+|\.netrc|\.git)$")
PUBLIC = ("/cacert.pem", "/roots.pem")
"""Certificates of authorities, which libraries carry."""


def image(target: str) -> Iterator[Image]:
    """An image of this checkout, or a skip that says why there is none."""
    try:
        name = build(target)
    except OSError as problem:
        pytest.skip(f"no image could be built here: {problem}")
    with mounted(name) as found:
        yield found


@pytest.fixture(scope="module")
def service() -> Iterator[Image]:
    yield from image("service")


@pytest.fixture(scope="module")
def platform() -> Iterator[Image]:
    yield from image("platform")


@pytest.fixture(params=["service", "platform"])
def each(request: pytest.FixtureRequest) -> Image:
    found: Image = request.getfixturevalue(request.param)
    return found


def secrets_of(found: Image) -> set[str]:
    """Files that may hold a secret, and values of this machine in what is said of the image."""
    ours = [path for name in ("opt", "var/lib/steel", "etc", "root", "tmp") for path in (found.root / name).rglob("*")]
    names = {f"/{path.relative_to(found.root)}" for path in ours if path.is_file() and not path.is_symlink()}
    files = {name for name in names if SECRET.search(name) and not name.endswith(PUBLIC) and not name.startswith("/etc/ssl/")}
    settings = {str(path) for path in (found.root / "etc/pip.conf",) if path.stat().st_size}
    return files | settings | {value for value in of_this_machine() if value in str(found.inspected)}


def test_the_service_image_is_small(service: Image) -> None:
    assert service.megabytes <= LARGEST_SERVICE_MB


def test_no_layer_holds_a_secret_or_a_setting_of_the_machine_that_built_it(each: Image) -> None:
    assert secrets_of(each) == set()


def test_an_image_writes_to_its_volume_and_its_temporary_folder_only(each: Image, tmp_path: Path) -> None:
    assert each.config["User"] == "10001:10001"
    assert set(each.config["Volumes"]) == {STATE}
    state = each.volume(tmp_path)
    for place in ("/opt/steel/x", "/opt/steel-assets/x", "/etc/x", "/usr/x", "/x"):
        assert subprocess.run(each.command(state, ["touch", place]), capture_output=True, check=False).returncode
    for place in (f"{STATE}/x", "/tmp/x"):  # noqa: S108  # of the image
        subprocess.run(each.command(state, ["touch", place]), check=True)
    said = subprocess.run(each.command(state, ["id", "-u"]), capture_output=True, text=True, check=True).stdout
    assert said.strip() == "10001"


def test_the_service_image_answers_from_what_the_platform_image_made(service: Image, platform: Image, tmp_path: Path) -> None:
    state = platform.volume(tmp_path)
    made = platform.run(state, "steel", "demo")
    assert made.returncode == 0, made.stdout[-3000:] + made.stderr[-3000:]
    for command in (["steel", "doctor"], ["steel", "run", "performance_monitoring"]):
        said = platform.run(state, *command)
        assert said.returncode == 0, said.stdout[-3000:] + said.stderr[-3000:]
    created = service.run(state, "steel", "keys", "create", "a program")
    assert created.returncode == 0, created.stderr
    key = next(word for word in created.stdout.split() if len(word) > 30)
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen(service.command(state, PORT=str(port)), stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"x-api-key": key}, trust_env=False, timeout=60) as client:
            answered = None
            while answered is None or answered.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                assert running.poll() is None, (tmp_path / "log").read_text()
                try:
                    answered = client.get(PREDICT)
                except httpx.TransportError:
                    continue
            assert answered.status_code == httpx.codes.OK, answered.text
            assert answered.headers["x-simulated"] == "true"
        assert service.healthy(state, PORT=str(port))
    finally:
        running.terminate()
        running.wait(60)
    assert not service.healthy(state, PORT=str(port))


def test_a_daemon_in_the_platform_image_is_well_by_its_own_health_check(platform: Image, tmp_path: Path) -> None:
    state = platform.volume(tmp_path)
    assert not platform.healthy(state)
    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen(platform.command(state), stdout=log, stderr=log)
    try:
        while not platform.healthy(state):
            assert running.poll() is None, (tmp_path / "log").read_text()
    finally:
        running.terminate()
        running.wait(120)
