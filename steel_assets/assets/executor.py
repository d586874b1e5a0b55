"""Where the steps of a run are executed: in the run's process, in further processes beside it, or on many machines.

``celery`` is Dagster's executor for Celery, with the Redis of ``STEEL_REDIS_URL`` as broker and for results. A worker
acknowledges a step after finishing it, so the step of a lost worker is given to another one: at once if only its process died
(``celery_worker`` limits how often), after ``STEEL_STEP_LIMIT_SECONDS`` if its machine did. No step may run longer than that, so
no step runs twice at the same time.

``k8s`` is Dagster's executor for Kubernetes: each step is a Job in the run's cluster, with the image, settings and secrets that
the run launcher gives to runs (``deploy/kubernetes/``). A Job is stopped after ``STEEL_STEP_LIMIT_SECONDS``.
"""

from importlib.util import find_spec
from typing import Any

import dagster as dg

from steel_assets.adapters.google.secret_manager import Secrets
from steel_assets.core.problem import Problem
from steel_assets.settings import Settings

GRACE_SECONDS = 30
"""How much sooner a step is ended than it would be given to another worker."""


class ExecutorError(Problem):
    """The executor that the settings name cannot be used: a library or the Redis is missing."""


def chosen_executor(chosen: Settings, secrets: Secrets) -> dg.ExecutorDefinition:
    """The executor that the settings name.

    Raises:
        ExecutorError: ``celery`` without its library or without a Redis, ``k8s`` without its library.
        SecretError: the address of the Redis is a reference that cannot be looked up.
    """
    match chosen.executor:
        case "in_process":
            return dg.in_process_executor
        case "multiprocess":
            from joblib import cpu_count

            return dg.multiprocess_executor.configured({"max_concurrent": cpu_count()})
        case "celery":
            return _celery(chosen, secrets)
        case "k8s":
            return _k8s(chosen.step_limit_seconds)


def celery_arguments(chosen: Settings, secrets: Secrets) -> dict[str, Any]:
    """Broker, results and Celery's settings: the same for the run that sends steps and for the workers.

    Raises:
        ExecutorError: Celery's library or the address of the Redis is missing.
        SecretError: the address of the Redis is a reference that cannot be looked up.
    """
    if find_spec("dagster_celery") is None:
        raise ExecutorError("the executor celery needs a library that is not installed: pip install 'steel-assets[celery]'")
    redis = secrets.reveal(chosen.redis_url)
    if redis is None:
        raise ExecutorError(
            "the executor celery needs STEEL_REDIS_URL: the address of the Redis through which workers receive steps"
        )
    limit = chosen.step_limit_seconds
    ended = limit - GRACE_SECONDS
    return {
        "broker": redis.get_secret_value(),
        "backend": redis.get_secret_value(),
        "config_source": {
            "task_acks_late": True,
            "task_reject_on_worker_lost": True,
            "task_soft_time_limit": ended - min(GRACE_SECONDS, ended // 10),  # an exception in the step: it fails, alone
            "task_time_limit": ended,  # its process is killed, and the run fails with it
            "worker_prefetch_multiplier": 1,
            "broker_transport_options": {"visibility_timeout": limit},
            "broker_connection_retry_on_startup": True,
            "task_default_queue": "dagster",
        },
    }


def _celery(chosen: Settings, secrets: Secrets) -> dg.ExecutorDefinition:
    arguments = celery_arguments(chosen, secrets)
    from dagster_celery import celery_executor

    return celery_executor.configured(arguments, name="celery")


def _k8s(limit_seconds: int) -> dg.ExecutorDefinition:
    if find_spec("dagster_k8s") is None:
        raise ExecutorError("the executor k8s needs a library that is not installed: pip install 'steel-assets[k8s]'")
    from dagster_k8s import k8s_job_executor

    job = {"job_spec_config": {"active_deadline_seconds": limit_seconds}}
    return k8s_job_executor.configured({"step_k8s_config": job}, name="k8s")
