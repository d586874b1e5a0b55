"""Settings that refer to a secret: ``sm://project/secret`` or ``sm://project/secret/version``.

A secret is requested once and kept for the life of the process; a new version of ``latest`` is used after a restart. No message
contains a secret's text or the service's answer about it, only the reference, which is not secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import SecretStr

from steel_assets.adapters.google.clients import secret_client
from steel_assets.adapters.google.errors import Diagnosis, Trouble, explained
from steel_assets.core.problem import Problem

if TYPE_CHECKING:
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient

SCHEME = "sm://"
REFERENCE = re.compile(
    r"sm://(?P<project>[a-z0-9.:-]{1,80})/(?P<secret>[A-Za-z0-9_-]{1,255})(?:/(?P<version>[0-9]{1,9}|latest))?"
)
RETRY_SECONDS = 30.0


class SecretError(Problem):
    """A secret cannot be read; the message names the reference and the remedy.

    Attributes:
        trouble: the kind of error, for example ``permission`` or ``missing``.
    """

    def __init__(self, message: str, trouble: str = "refused") -> None:
        super().__init__(message)
        self.trouble = trouble


class Secrets:
    """Looks up references. Imports Google's client only if there are any."""

    def __init__(
        self, connect: Callable[[], SecretManagerServiceClient] = secret_client, *, retry_seconds: float = RETRY_SECONDS
    ) -> None:
        self.retry_seconds = retry_seconds
        self._connect = connect
        self._revealed: dict[str, SecretStr] = {}

    def reveal(self, value: SecretStr | None) -> SecretStr | None:
        """The secret: ``value`` itself, or what it refers to.

        Raises:
            SecretError: it cannot be read.
        """
        if value is None or not value.get_secret_value().startswith(SCHEME):
            return value
        reference = value.get_secret_value()
        if reference not in self._revealed:
            self._revealed[reference] = self._look_up(reference)
        return self._revealed[reference]

    def _look_up(self, reference: str) -> SecretStr:
        match = REFERENCE.fullmatch(reference)
        if match is None:
            raise SecretError("a setting that starts with sm:// must be sm://project/secret or sm://project/secret/version")
        name = f"projects/{match['project']}/secrets/{match['secret']}/versions/{match['version'] or 'latest'}"

        def refused(diagnosis: Diagnosis) -> SecretError:
            return SecretError(f"could not look up {reference}: {diagnosis.sentence}", diagnosis.trouble)

        with explained(refused):
            payload = self._connect().access_secret_version(name=name, timeout=self.retry_seconds).payload
        return SecretStr(_text(payload.data, payload.data_crc32c, reference))


def _text(content: bytes, crc32c: int, reference: str) -> str:
    import google_crc32c

    if google_crc32c.value(content) != crc32c:
        raise SecretError(f"{reference} arrived with a wrong checksum; try again", Trouble.DAMAGED)
    try:
        return content.decode().strip()
    except UnicodeDecodeError:
        raise SecretError(f"{reference} is not text; store the secret as UTF-8") from None
