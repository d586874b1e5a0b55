"""The Celery application of a worker: ``celery --app steel_assets.assets.celery_worker worker --concurrency 1``.

The worker needs the platform's settings, ``DAGSTER_HOME`` with the instance that it shares with the daemon, and the daemon's
release. Each process of its pool executes one step at a time.
"""

from types import SimpleNamespace

from dagster_celery.make_app import make_app
from dagster_celery.tasks import create_task

from steel_assets.assets.executor import celery_arguments
from steel_assets.bootstrap import platform

_parts = platform()
_arguments = celery_arguments(_parts.settings, _parts.secrets)
app = make_app(_arguments | {"config_source": SimpleNamespace(**_arguments["config_source"])})  # type: ignore[no-untyped-call]
execute_plan = create_task(app)  # type: ignore[no-untyped-call]
