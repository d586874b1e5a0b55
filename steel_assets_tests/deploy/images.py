"""The images of ``deploy/docker/Dockerfile``, built by Debian's buildah on a Debian made here, and run as the images say.

The base that the Dockerfile names is on Docker Hub, which a test cannot count on. This one has what matters of it: Debian 12
without documentation, and Python 3.11 with venv. What runs is confined as compose does it: the image's root is read-only,
``/tmp`` is a tmpfs, ``/var/lib/steel`` a folder of the test's; the user is the image's, without capabilities. The network is
this machine's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from steel_assets_tests.isolation import ROOT

NEEDED = ("buildah", "debootstrap", "unshare", "setpriv")
LACKING = [name for name in NEEDED if shutil.which(name) is None]
MISSING = f"images are built by root with buildah and debootstrap (Debian packages), which are not here: {', '.join(LACKING)}"

BASE = "localhost/steel-test-base"
STATE = "/var/lib/steel"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
LEFT_OUT = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "var/lib/apt/lists", "var/cache/apt")
"""What a slim image of Debian has not either."""


def debian(folder: Path, *packages: str) -> None:
    """A minimal Debian 12 in a folder, with further packages and what they need, and without documentation."""
    included = ",".join(("ca-certificates", *packages))
    told = ["debootstrap", "--variant=minbase", f"--include={included}", "bookworm", str(folder)]
    done = subprocess.run(told, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"debootstrap: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    for name in LEFT_OUT:
        shutil.rmtree(folder / name, ignore_errors=True)


def base() -> str:
    """The name of an image of Debian and Python, made once on a machine."""
    if not _buildah("images", "--quiet", "--filter", f"reference={BASE}", check=False):
        with tempfile.TemporaryDirectory(prefix="steel-base-") as name:
            root = Path(name) / "root"
            debian(root, "python3", "python3-venv")
            (root / "etc/pip.conf").touch()
            container = _buildah("from", "scratch")
            try:
                _buildah("copy", container, str(root), "/")
                _buildah("commit", container, BASE)
            finally:
                _buildah("rm", container)
    return BASE


def build(target: str) -> str:
    """The name of the image of a target, built from this checkout; layers of an earlier build of the same lines are used again.

    How this machine reaches a package index is mounted for the time of the build, so that it is in no layer.
    """
    name = f"localhost/steel-test-{target}"
    with tempfile.TemporaryDirectory(prefix="steel-build-") as folder:
        settings = Path(folder) / "pip.conf"
        settings.write_text(_pip_settings())
        mounted = [f"{settings}:/etc/pip.conf:ro", f"{CERTIFICATES}:{CERTIFICATES}:ro"]
        volumes = [word for volume in mounted for word in ("--volume", volume)]
        told = ["--layers", "--isolation", "chroot", "--format", "docker", "--build-arg", f"BASE={base()}", *volumes]
        _buildah("bud", *told, "--target", target, "--tag", name, "--file", str(ROOT / "deploy/docker/Dockerfile"), str(ROOT))
    return name


def _pip_settings() -> str:
    """Of this machine's pip: the index and the certificates, as a pip.conf."""
    said = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    pairs = [line.partition("=")[::2] for line in said.splitlines()]
    wanted = {key.rpartition(".")[2].replace("_", "-"): value.strip("'\"") for key, value in pairs}
    taken = {key: value for key, value in wanted.items() if key in ("index-url", "trusted-host", "proxy")}
    return "\n".join(["[global]", f"cert = {CERTIFICATES}", *(f"{key} = {value}" for key, value in taken.items()), ""])


class Image:
    """An image whose root is mounted, to be looked at and run."""

    def __init__(self, name: str, root: Path) -> None:
        """``root`` is where its files are; ``megabytes`` is the size of its layers, as buildah says it."""
        self.root = root
        number, unit = _buildah("images", "--format", "{{.Size}}", name).split()
        self.megabytes = float(number) * {"MB": 1, "GB": 1000}[unit]
        self.inspected = json.loads(_buildah("inspect", "--type", "image", name))
        self.config: dict[str, Any] = self.inspected["Docker"]["config"]

    def command(self, state: Path, words: Sequence[str] | None = None, **settings: str) -> list[str]:
        """The command that runs the image's own command, or other words, confined; ``state`` is its volume.

        ``settings`` are added to the environment that the image sets.
        """
        user, _, group = str(self.config["User"]).partition(":")
        environment = [*self.config["Env"], *(f"{name}={value}" for name, value in settings.items())]
        if words is None:
            words = [*(self.config.get("Entrypoint") or []), *self.config["Cmd"]]
        as_user = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
        inside = ["chroot", str(self.root), *as_user, "env", "-i", "-C", self.config["WorkingDir"], *environment, *words]
        mounts = """
            set -eu
            root=$1 state=$2
            shift 2
            mount --bind "$root" "$root"
            mount -o remount,bind,ro "$root"
            mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
            mount --bind "$state" "$root/var/lib/steel"
            mount -t proc proc "$root/proc"
            mount --rbind /dev "$root/dev"
            exec "$@"
        """
        apart = ["unshare", "--mount", "--propagation", "private"]
        return [*apart, "sh", "-c", mounts, "sh", str(self.root), str(state), *inside]

    def run(self, state: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """What a command in the image said, through the image's entrypoint."""
        through = [*(self.config.get("Entrypoint") or []), *words]
        return subprocess.run(self.command(state, through, **settings), capture_output=True, text=True, check=False)

    def healthy(self, state: Path, **settings: str) -> bool:
        """Whether the image's own health check says so."""
        how, *words = self.config["Healthcheck"]["Test"]
        assert how == "CMD"
        return subprocess.run(self.command(state, words, **settings), capture_output=True, check=False).returncode == 0

    def volume(self, folder: Path) -> Path:
        """A folder as the image's volume begins: the one that is in the image, with its owner and rights."""
        state = folder / "state"
        there = (self.root / STATE.lstrip("/")).stat()
        state.mkdir(mode=there.st_mode & 0o777)
        os.chown(state, there.st_uid, there.st_gid)
        return state


@contextmanager
def mounted(name: str) -> Iterator[Image]:
    """An image with its files mounted, for as long as the block."""
    container = _buildah("from", name)
    try:
        yield Image(name, Path(_buildah("mount", container)))
    finally:
        _buildah("rm", container)


def of_this_machine(environment: Mapping[str, str] = os.environ) -> set[str]:
    """Values of this machine's environment and pip settings that no image may hold: addresses and secrets."""
    named = {value for name, value in environment.items() if name.startswith(("PIP_", "UV_", "HTTP", "http"))}
    return {value for value in {*named, *_pip_settings().split()} if "://" in value}


def _buildah(*words: str, check: bool = True) -> str:
    done = subprocess.run(["buildah", *words], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise OSError(f"buildah {words[0]}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout.strip()
