"""Every setting of the platform, from environment variables that start with ``STEEL_``. The one place that reads them.

The defaults run everything on a laptop: local files, DuckDB, no servers, no keys, the sandbox instead of the world.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

REAL_PROVIDERS = {
    "yahoo_finance": "https://query1.finance.yahoo.com",
    "alpha_vantage": "https://www.alphavantage.co",
    "fred_api": "https://api.stlouisfed.org",
    "trading_economics": "https://api.tradingeconomics.com",
}


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
    dashboard_user_header: str | None = Field(
        default=None, description="header by which a reverse proxy says who logged in; it must strip it from what it receives"
    )

    slack_webhook_url: SecretStr | None = Field(default=None, description="incoming webhook of the channel that alerts go to")
    smtp_host: str | None = Field(default=None, description="mail server for alerts")
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = Field(default="starttls", description="none: without a password only")
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    email_from: str | None = None
    email_to: str = Field(default="", description="addresses, separated by commas")
    twilio_account_sid: str | None = Field(default=None, description="account for text messages, for critical alerts only")
    twilio_auth_token: SecretStr | None = None
    twilio_base_url: str = "https://api.twilio.com"
    sms_from: str | None = None
    sms_to: str = Field(default="", description="numbers such as +5215512345678, separated by commas")
    alert_webhook_url: SecretStr | None = Field(default=None, description="gets every alert as JSON")
    alert_webhook_secret: SecretStr | None = Field(default=None, description="signs what the webhook gets")

    @field_validator(
        "twilio_base_url",
        "sandbox_url",
        "storage_endpoint",
        "bigquery_endpoint",
        "secret_manager_endpoint",
        "dagster_url",
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
    """The settings of this process, read once."""
    return Settings()
