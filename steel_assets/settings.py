"""Every setting of the platform, from environment variables that start with ``STEEL_``. The one place that reads them.

What the environment does not say, the file ``.env`` in the folder of a process may; Dagster's own processes read it too. The
defaults run everything on a laptop: local files, DuckDB, no servers, no keys, the sandbox instead of the world.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from io import StringIO
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, Self

from dotenv.parser import parse_stream
from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from steel_assets.core.problem import Problem

REAL_PROVIDERS = {
    "yahoo_finance": "https://query1.finance.yahoo.com",
    "alpha_vantage": "https://www.alphavantage.co",
    "fred_api": "https://api.stlouisfed.org",
    "trading_economics": "https://api.tradingeconomics.com",
}


ENV_FILE = Path(".env")
NOT_OURS = ("STEEL_TEST_",)
"""Beginnings of variables that the tests read, not the platform."""


class SettingsError(Problem, ValueError):
    """The file of settings cannot be read."""


class Settings(BaseSettings):
    """All settings, typed. See ``deploy/env.example`` for the list with explanations."""

    model_config = SettingsConfigDict(env_prefix="STEEL_", env_ignore_empty=True, extra="ignore", frozen=True)

    home: Path = Field(default=Path(".steel"), description="folder of everything the platform stores locally")
    lake: str | None = Field(default=None, description="folder of the lake, or gs://bucket/prefix; default <home>/lake")
    warehouse: str | None = Field(
        default=None, description="DuckDB file, or bigquery://project/dataset; default <home>/warehouse.duckdb"
    )
    redis_url: SecretStr | None = Field(default=None, description="Redis for the cache; default a local cache in <home>/cache")
    drop_dir: str | None = Field(
        default=None, description="folder, or gs://bucket/prefix, watched for files to import; default <home>/drop"
    )
    catalog_dir: Path | None = Field(default=None, description="your own folder of YAML that extends the shipped catalogue")

    bigquery_location: str | None = Field(default=None, description="where the dataset must be, and is made; else US")
    bigquery_max_gib_billed: float = Field(default=1.0, gt=0, le=1024, description="a query that bills more does not run")
    storage_endpoint: str | None = Field(
        default=None,
        validation_alias=AliasChoices("STEEL_STORAGE_ENDPOINT", "STORAGE_EMULATOR_HOST", "storage_endpoint"),
        description="another address of Cloud Storage; one with http:// is a test server and gets no credentials",
    )
    bigquery_endpoint: str | None = Field(
        default=None, validation_alias=AliasChoices("STEEL_BIGQUERY_ENDPOINT", "BIGQUERY_EMULATOR_HOST", "bigquery_endpoint")
    )
    secret_manager_endpoint: str | None = None

    sources: Literal["sandbox", "live", "files"] = Field(
        default="sandbox", description="sandbox: the local simulated market; live: the real providers; files: imports only"
    )
    sandbox_url: str = Field(default="http://127.0.0.1:8765", description="where the sandbox answers")

    yahoo_finance_base_url: str | None = None
    alpha_vantage_base_url: str | None = None
    fred_api_base_url: str | None = None
    trading_economics_base_url: str | None = None
    alpha_vantage_api_key: SecretStr | None = None
    fred_api_api_key: SecretStr | None = None
    trading_economics_api_key: SecretStr | None = None

    alpha_vantage_outputsize: Literal["compact", "full"] = Field(default="compact", description="full needs a paid key")
    history_years: int = Field(default=10, ge=1, le=30, description="years asked for on the first collection")
    http_timeout_seconds: float = Field(default=30.0, gt=0, le=600, description="total time for one answer of a provider")

    port: int = Field(
        default=8000, ge=1, le=65535, validation_alias=AliasChoices("STEEL_PORT", "PORT"), description="port of a container"
    )
    dagster_url: str = Field(default="http://127.0.0.1:3000", description="the Dagster webserver that operations are sent to")
    dagster_public_url: str | None = Field(
        default=None, description="the Dagster UI as people reach it, for the links in alerts; default STEEL_DAGSTER_URL"
    )
    public_url: str | None = Field(default=None, description="the prediction service as people reach it, for the links in alerts")
    language: Literal["en", "es"] = Field(default="en", description="of alerts, and of whoever has not chosen another")
    signing_key: SecretStr | None = Field(
        default=None, description="signs models and publications; once it is set, what is not signed with it is refused"
    )
    ui_hosts: str = Field(
        default="", description="names by which the Dagster UI is reached from elsewhere, through a proxy, separated by commas"
    )
    dashboard_user_header: str | None = Field(
        default=None, description="header by which a reverse proxy says who logged in; it must strip it from what it receives"
    )
    dashboard_proxies: str = Field(
        default="", description="addresses or networks of that proxy, separated by commas: from others the header counts nothing"
    )
    dashboard_proxy_secret: SecretStr | None = Field(
        default=None, description="what the proxy must send in the header X-Steel-Proxy-Secret too"
    )

    slack_webhook_url: SecretStr | None = Field(default=None, description="incoming webhook of the channel that alerts go to")
    smtp_host: str | None = Field(default=None, description="mail server for alerts")
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = Field(default="starttls", description="none: without a password only")
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    email_from: str | None = None
    email_to: str = Field(default="", description="addresses, separated by commas; ana@acme.mx=es reads Spanish")
    twilio_account_sid: str | None = Field(default=None, description="account for text messages, for critical alerts only")
    twilio_auth_token: SecretStr | None = None
    twilio_base_url: str = "https://api.twilio.com"
    sms_from: str | None = None
    sms_to: str = Field(default="", description="numbers such as +5215512345678, separated by commas; +52…=es reads Spanish")
    alert_webhook_url: SecretStr | None = Field(default=None, description="gets every alert as JSON")
    alert_webhook_format: Literal["steel", "alertmanager"] = Field(
        default="steel", description="alertmanager: as Prometheus Alertmanager's webhook, version 4"
    )
    pagerduty_routing_key: SecretStr | None = Field(
        default=None, description="integration key of a PagerDuty service (Events API v2), for what is high or critical"
    )
    pagerduty_url: str = "https://events.pagerduty.com/v2/enqueue"
    alert_webhook_secret: SecretStr | None = Field(default=None, description="signs what the webhook gets")

    @field_validator(
        "twilio_base_url",
        "pagerduty_url",
        "sandbox_url",
        "storage_endpoint",
        "bigquery_endpoint",
        "secret_manager_endpoint",
        "dagster_url",
        "dagster_public_url",
        "public_url",
        "yahoo_finance_base_url",
        "alpha_vantage_base_url",
        "fred_api_base_url",
        "trading_economics_base_url",
    )
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} must start with http:// or https://")
        return url.rstrip("/") if url else url

    @field_validator("lake", "drop_dir", "warehouse")
    @classmethod
    def _is_a_path_or_an_address(cls, place: str | None, info: ValidationInfo) -> str | None:
        address = "bigquery://project/dataset" if info.field_name == "warehouse" else "gs://bucket/prefix"
        if place and ":/" in place and not place.startswith(address.partition("/")[0] + "//"):
            raise ValueError(f"{place!r} must be a path on this machine or {address}")
        return place

    @field_validator("email_to", "sms_to")
    @classmethod
    def _languages_are_spoken(cls, listed: str) -> str:
        for one in listed.split(","):
            name, equals, language = one.strip().partition("=")
            if equals and (language not in ("en", "es") or not name):
                raise ValueError(f"{one.strip()!r}: after = comes the recipient's language, en or es")
        return listed

    @field_validator("dashboard_proxies")
    @classmethod
    def _are_networks(cls, listed: str) -> str:
        for one in listed.split(","):
            if one.strip():
                try:
                    ip_network(one.strip())
                except ValueError as error:
                    raise ValueError(f"{one.strip()!r} must be an address (10.0.0.7) or a network (10.0.0.0/24)") from error
        return listed

    @model_validator(mode="after")
    def _a_vouching_proxy_is_named(self) -> Self:
        """A header that counts from everybody would let everybody be anybody."""
        if self.dashboard_user_header and not self.proxy_networks:
            raise ValueError("STEEL_DASHBOARD_USER_HEADER is set, so STEEL_DASHBOARD_PROXIES must name the proxy's address")
        return self

    @model_validator(mode="after")
    def _channels_are_whole(self) -> Self:
        """A channel for alerts that is half set up would be silent; an open line would tell the password."""
        needs = {"smtp_host": ("email_from", "email_to"), "twilio_account_sid": ("twilio_auth_token", "sms_from", "sms_to")}
        for name, others in needs.items():
            missing = [f"STEEL_{other.upper()}" for other in others if getattr(self, name) and not getattr(self, other)]
            if missing:
                raise ValueError(f"STEEL_{name.upper()} is set, so {', '.join(missing)} must be set too")
        if self.smtp_security == "none" and self.smtp_password is not None:
            raise ValueError("STEEL_SMTP_SECURITY is none, which would send the password in the clear; use starttls or tls")
        return self

    @property
    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Where the proxy that vouches for people asks from."""
        return tuple(ip_network(one.strip()) for one in self.dashboard_proxies.split(",") if one.strip())

    @property
    def dagster_link(self) -> str:
        """The Dagster UI as people reach it."""
        return self.dagster_public_url or self.dagster_url

    @property
    def simulated(self) -> bool:
        """True when prices come from the sandbox."""
        return self.sources == "sandbox"

    @property
    def lake_address(self) -> str:
        """Where the lake is: a folder, or ``gs://…``."""
        return str(self.lake or self.lake_path)

    @property
    def warehouse_address(self) -> str:
        """Where the warehouse is: a file, or ``bigquery://…``."""
        return str(self.warehouse or self.warehouse_path)

    @property
    def warehouse_kind(self) -> Literal["duckdb", "bigquery"]:
        """What holds the platform's tables."""
        return "bigquery" if self.warehouse_address.startswith("bigquery://") else "duckdb"

    @property
    def lake_path(self) -> Path:
        return Path(self.lake) if self.lake else self.home / "lake"

    @property
    def drop_address(self) -> str:
        """Where people drop files to import: a folder, or ``gs://…``."""
        return self.drop_dir or str(self.home / "drop")

    @property
    def warehouse_path(self) -> Path:
        return Path(self.warehouse) if self.warehouse else self.home / "warehouse.duckdb"

    def base_url(self, source: str) -> str:
        """Where a provider answers: its own setting, else the sandbox (``/<source>``) or the real address."""
        own: str | None = getattr(self, f"{source}_base_url")
        if own:
            return own
        return f"{self.sandbox_url}/{source}" if self.simulated else REAL_PROVIDERS[source]

    def api_key(self, source: str) -> SecretStr | None:
        """The provider's key; the sandbox takes any."""
        own: SecretStr | None = getattr(self, f"{source}_api_key", None)
        return own or (SecretStr("sandbox") if self.simulated else None)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once: the environment's, then those of ``.env``, then the defaults.

    Raises:
        SettingsError: there is an ``.env`` that cannot be read.
        pydantic.ValidationError: a value is none for its setting.
    """
    return Settings(_env_file=ENV_FILE if _in_the_file() else None, _env_file_encoding="utf-8-sig")


def origins() -> dict[str, str]:
    """Where each setting that is no default came from: ``the environment``, or the path of ``.env``; by variable."""
    found = dict.fromkeys(_in_the_file(), str(ENV_FILE.resolve())) | dict.fromkeys(_filled(os.environ), "the environment")
    return {name: found[name] for name in sorted(found) if name in _variables()}


def dagster_home() -> Path | None:
    """The folder of Dagster's instance where DAGSTER_HOME names one; Dagster's own variable, read as Dagster reads it."""
    named = os.environ.get("DAGSTER_HOME")
    return Path(named) if named else None


def unknown() -> dict[str, str]:
    """Variables that look like ours and are no setting, each with the setting that was meant, or an empty text."""
    names = {*_in_the_file(), *os.environ}
    strange = sorted(name for name in names - _variables() if name.startswith("STEEL_") and not name.startswith(NOT_OURS))
    return {name: next(iter(get_close_matches(name, _variables(), n=1)), "") for name in strange}


def _variables() -> set[str]:
    """The names of all settings in the environment."""
    names: set[str] = set()
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else []
        names |= {f"STEEL_{name.upper()}", *(str(choice) for choice in choices if str(choice).isupper())}
    return names


def _filled(values: Mapping[str, str | None]) -> list[str]:
    return [name for name, value in values.items() if value]


def _in_the_file() -> list[str]:
    """The variables to which ``.env`` gives a value; none where there is no such file."""
    try:
        text = ENV_FILE.read_text("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):  # a virtual environment may have that name
        return []
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise SettingsError(f"{ENV_FILE.resolve()} cannot be read: {reason}; mend it, or take it away") from error
    lines = list(parse_stream(StringIO(text)))
    for line in lines:
        if line.error:
            raise SettingsError(f"{ENV_FILE.resolve()}, line {line.original.line}: write NAME=value, or # before a remark")
    return _filled({line.key: line.value for line in lines if line.key})
