"""Print every part that can be read, one JSON line each, the most wanted first; a part that cannot says why."""

from __future__ import annotations

import json
import sys

from steel_assets.bootstrap import platform
from steel_assets.serving.publication.parts import read_parts


def main() -> None:
    for part in read_parts(platform()):
        sys.stdout.write(json.dumps(part, separators=(",", ":")) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
