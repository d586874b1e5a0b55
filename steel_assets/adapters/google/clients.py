"""How Google's clients are made: application default credentials, or none at all against a server on this machine.

Each function returns one unmodified client, and is the only place that imports it: an installation without Google's services
never does. An endpoint is another address of the same interface: a private one (``https://``, with credentials) or a test server
(``http://``, without).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from google.cloud import bigquery, secretmanager_v1, storage

USER_AGENT = "steel-assets"


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
