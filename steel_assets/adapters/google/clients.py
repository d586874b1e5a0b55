"""Creates Google's clients, with application default credentials, or without for a server on this machine.

Each function returns one unmodified client, and is the only place that imports it, so an installation without Google's services
never does. An endpoint is another address of the same API: a private one (``https://``, with credentials) or a test server
(``http://``, without).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from steel_assets.core.problem import Problem

if TYPE_CHECKING:
    from google.cloud import bigquery, secretmanager_v1, storage
    from google.cloud.aiplatform_v1 import DatasetServiceClient, JobServiceClient, PipelineServiceClient

USER_AGENT = "steel-assets"


class GoogleNotInstalled(Problem):
    """A Google client library is not installed; the message says how to install it."""


def storage_client(endpoint: str | None = None) -> storage.Client:
    """A client of Cloud Storage. Raises google.auth's DefaultCredentialsError where there are no credentials."""
    from google.api_core.client_info import ClientInfo
    from google.cloud import storage

    return storage.Client(project="none", client_info=ClientInfo(user_agent=USER_AGENT), **_where(endpoint))


def bigquery_client(project: str, endpoint: str | None = None) -> bigquery.Client:
    """A client of BigQuery whose jobs ``project`` pays for. Raises DefaultCredentialsError as ``storage_client`` does."""
    from google.api_core.client_info import ClientInfo
    from google.cloud import bigquery

    return bigquery.Client(project=project, client_info=ClientInfo(user_agent=USER_AGENT), **_where(endpoint))


def secret_client(endpoint: str | None = None) -> secretmanager_v1.SecretManagerServiceClient:
    """A client of Secret Manager, over REST as the others. Raises DefaultCredentialsError as ``storage_client`` does."""
    from google.cloud import secretmanager_v1
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceRestTransport

    if endpoint is None or not _unprotected(endpoint):
        return secretmanager_v1.SecretManagerServiceClient(transport="rest", client_options={"api_endpoint": endpoint})
    from google.auth.credentials import AnonymousCredentials

    transport = SecretManagerServiceRestTransport(
        host=urlsplit(endpoint).netloc, url_scheme="http", credentials=AnonymousCredentials()
    )
    return secretmanager_v1.SecretManagerServiceClient(transport=transport)


@dataclass(frozen=True)
class VertexClients:
    """The three Vertex AI clients that AutoML needs."""

    datasets: DatasetServiceClient
    pipelines: PipelineServiceClient
    jobs: JobServiceClient


def vertex_clients(location: str, endpoint: str | None = None) -> VertexClients:
    """Clients of Vertex AI in ``location``, over REST as the others.

    Raises:
        GoogleNotInstalled: google-cloud-aiplatform is not there.
        google.auth's DefaultCredentialsError: as ``storage_client`` does.
    """
    try:
        from google.cloud import aiplatform_v1
        from google.cloud.aiplatform_v1.services.dataset_service.transports import DatasetServiceRestTransport
        from google.cloud.aiplatform_v1.services.job_service.transports import JobServiceRestTransport
        from google.cloud.aiplatform_v1.services.pipeline_service.transports import PipelineServiceRestTransport
    except ImportError as error:
        raise GoogleNotInstalled("Vertex AI needs its client: pip install 'steel-assets[vertex]'") from error

    names = ("DatasetServiceClient", "PipelineServiceClient", "JobServiceClient")
    kinds = [getattr(aiplatform_v1, name) for name in names]
    if endpoint is None or not _unprotected(endpoint):
        options = {"api_endpoint": endpoint or f"{location}-aiplatform.googleapis.com"}
        return VertexClients(*(kind(transport="rest", client_options=options) for kind in kinds))
    from google.auth.credentials import AnonymousCredentials

    there: dict[str, Any] = {"host": urlsplit(endpoint).netloc, "url_scheme": "http", "credentials": AnonymousCredentials()}
    transports = (DatasetServiceRestTransport, PipelineServiceRestTransport, JobServiceRestTransport)
    return VertexClients(*(kind(transport=transport(**there)) for kind, transport in zip(kinds, transports, strict=True)))


def _where(endpoint: str | None) -> dict[str, Any]:
    if endpoint is None:
        return {}
    options: dict[str, Any] = {"client_options": {"api_endpoint": endpoint}}
    if _unprotected(endpoint):
        from google.auth.credentials import AnonymousCredentials

        options["credentials"] = AnonymousCredentials()
    return options


def _unprotected(endpoint: str) -> bool:
    return endpoint.startswith("http://")
