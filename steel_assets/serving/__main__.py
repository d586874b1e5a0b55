"""``python -m steel_assets.serving``: the service without the command line, for containers.

It listens on 0.0.0.0 and the port in the environment's ``PORT`` (Cloud Run), 8000 by default.
"""

from steel_assets.serving.run import serve
from steel_assets.settings import settings

if __name__ == "__main__":
    serve("0.0.0.0", settings().port)  # noqa: S104  a container's own network; without a key nothing is open
