"""A process that collects everything, once for each line it reads, in a child of its own, and says the child's number.

``python -m steel_assets_tests.chaos.victim SANDBOX_URL`` reads homes from standard input; for each it forks (it has
collected once by then, so that everything is imported and a kill hits the collection), prints the child's process id, and waits.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from steel_assets_tests.chaos.world import EVE, GROUPS, gather, platform_at, small_catalog


def main(url: str) -> None:
    """Serve until standard input ends."""
    with TemporaryDirectory() as home:
        _collect(url, Path(home))
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _collect(url, Path(line.strip()))
            os._exit(0)
        print(child, flush=True)  # noqa: T201  this is the answer
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else os.WEXITSTATUS(status), flush=True)  # noqa: T201


def _collect(url: str, home: Path) -> None:
    platform = platform_at(home, url, small_catalog())
    for source in GROUPS:
        gather(platform, source, EVE)


if __name__ == "__main__":
    main(sys.argv[1])
