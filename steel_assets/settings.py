"""All settings of the platform, from environment variables that start with ``STEEL_``; they are read only here.

Sources and channels declare their own settings (``catalog/sources/``, ``adapters/notifiers/``). Here these are mappings by id,
``STEEL_KEYS__<SOURCE>`` or ``STEEL_CHANNELS__<CHANNEL>__<FIELD>``, or found in ``named`` under the shorter name of the
declaration; no source or channel is named in this module.

What the environment does not set, the file ``.env`` in the current folder may; Dagster's own processes read it too. The defaults
run everything on a laptop: local files, DuckDB, no servers, no keys, the sandbox in place of providers.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import lru_cache
from io import StringIO
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal, Self

from dotenv.parser import parse_stream
from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as Unparsed

from steel_assets.core.problem import Problem

ENV_FILE = Path(".env")
NOT_OURS = ("STEEL_TEST_",)
"""Prefixes of variables that only the tests read."""


BY_ID = ("keys", "base_urls", "options", "channels")
"""Settings with one value per source or channel."""

PREFIX = "STEEL_"


class SettingsError(Problem, ValueError):
    """The settings file cannot be read, or a setting declared by a source or a channel has an invalid value."""


class _Named(PydanticBaseSettingsSource):
    """The source of ``named``: all variables and arguments with the prefix that are not fields of Settings, in capitals."""

    def __init__(
        self, kind: type[BaseSettings], given: PydanticBaseSettingsSource, *variables: PydanticBaseSettingsSource
    ) -> None:
        super().__init__(kind)
        self._given = given.init_kwargs if isinstance(given, InitSettingsSource) else {}
        self._variables = [source.env_vars for source in variables if isinstance(source, EnvSettingsSource)]

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Required by the interface; ``__call__`` finds all values at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for variables in self._variables:
            found |= {name.upper(): value for name, value in variables.items() if name.upper().startswith(PREFIX) and value}
        found |= {f"{PREFIX}{name.upper()}": _text(value) for name, value in self._given.items() if not name.startswith("_")}
        ours = _variables()
        return {"named": {name: value for name, value in found.items() if not _is_ours(name, ours)}}


class Settings(BaseSettings):
    """All settings, typed. See ``deploy/env.example`` for the list with explanations."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        env_nested_delimiter="__",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

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
    plugins_dir: Path | None = Field(
        default=None, description="your own folder of Python: sources, models, features, channels, checks (docs/tutorials)"
    )

    bigquery_location: str | None = Field(default=None, description="where the dataset must be, and is made; else US")
    bigquery_max_gib_billed: float = Field(default=1.0, gt=0, le=1024, description="a query that bills more does not run")
    storage_endpoint: str | None = Field(
        default=None,
        validation_alias=AliasChoices("STEEL_STORAGE_ENDPOINT", "STORAGE_EMULATOR_HOST", "storage_endpoint"),
        description="another address of Cloud Storage; one with http:// is a test server and gets no credentials",
    )
    bigquery_endpoint: str | None = Field(
        default=None,
        validation_alias=AliasChoices("STEEL_BIGQUERY_ENDPOINT", "BIGQUERY_EMULATOR_HOST", "bigquery_endpoint"),
        description="the same of BigQuery",
    )
    secret_manager_endpoint: str | None = Field(default=None, description="the same of Secret Manager")
    vertex_endpoint: str | None = Field(default=None, description="the same of Vertex AI")
    vertex_location: str = Field(
        default="us-central1", pattern=r"^[a-z]+(-[a-z]+[0-9]+)?$", description="region of Vertex AI that steel automl trains in"
    )

    sources: Literal["sandbox", "live", "files"] = Field(
        default="sandbox", description="sandbox: the local simulated market; live: the real providers; files: imports only"
    )
    sandbox_url: str = Field(default="http://127.0.0.1:8765", description="where the sandbox answers")

    keys: dict[str, SecretStr] = Field(default_factory=dict, description="keys of the sources, by their id")
    base_urls: dict[str, str] = Field(default_factory=dict, description="where sources are asked instead, by their id")
    options: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="options of the sources (catalog/sources/), by their id and name"
    )
    channels: dict[str, dict[str, SecretStr]] = Field(
        default_factory=dict, description="settings of the channels for alerts (adapters/notifiers/), by their name and field"
    )
    named: dict[str, SecretStr] = Field(
        default_factory=dict, description="no variable: the values of all variables that are no other setting here"
    )

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
    executor: Literal["in_process", "multiprocess", "celery", "k8s"] = Field(
        default="in_process",
        description="what executes the steps of a run; celery: workers that STEEL_REDIS_URL gives steps to; k8s: a Job a step",
    )
    step_limit_seconds: int = Field(
        default=1800,
        ge=60,
        le=86_400,
        description="of one step with celery or k8s; a worker that is gone for so long loses its step",
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="of what processes log: lines for people, or JSON for Cloud Logging"
    )
    otlp_endpoint: str | None = Field(
        default=None,
        validation_alias=AliasChoices("STEEL_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT", "otlp_endpoint"),
        description="OpenTelemetry collector that traces are sent to, OTLP over HTTP, without /v1/traces",
    )
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

    @field_validator(
        "sandbox_url",
        "storage_endpoint",
        "bigquery_endpoint",
        "secret_manager_endpoint",
        "vertex_endpoint",
        "dagster_url",
        "dagster_public_url",
        "public_url",
        "otlp_endpoint",
    )
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        return None if url is None else _http(url)

    @field_validator("base_urls")
    @classmethod
    def _are_http(cls, urls: dict[str, str]) -> dict[str, str]:
        return {source: _http(url) for source, url in urls.items()}

    @field_validator("lake", "drop_dir", "warehouse")
    @classmethod
    def _is_a_path_or_an_address(cls, place: str | None, info: ValidationInfo) -> str | None:
        address = "bigquery://project/dataset" if info.field_name == "warehouse" else "gs://bucket/prefix"
        if place and ":/" in place and not place.startswith(address.partition("/")[0] + "//"):
            raise ValueError(f"{place!r} must be a path on this machine or {address}")
        return place

    @field_validator("dashboard_proxies")
    @classmethod
    def _are_networks(cls, listed: str) -> str:
        for name in listed.split(","):
            if name.strip():
                try:
                    ip_network(name.strip())
                except ValueError as error:
                    raise ValueError(f"{name.strip()!r} must be an address (10.0.0.7) or a network (10.0.0.0/24)") from error
        return listed

    @model_validator(mode="after")
    def _a_vouching_proxy_is_named(self) -> Self:
        """Refuse a user header without the addresses of its proxy, because anybody could then pose as any user."""
        if self.dashboard_user_header and not self.proxy_networks:
            raise ValueError("STEEL_DASHBOARD_USER_HEADER is set, so STEEL_DASHBOARD_PROXIES must name the proxy's address")
        return self

    @property
    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The addresses of the authenticating proxy."""
        return tuple(
            ip_network(dashboard_proxy.strip())
            for dashboard_proxy in self.dashboard_proxies.split(",")
            if dashboard_proxy.strip()
        )

    @property
    def dagster_link(self) -> str:
        """The address of the Dagster UI for people."""
        return self.dagster_public_url or self.dagster_url

    @property
    def simulated(self) -> bool:
        """Whether prices come from the sandbox."""
        return self.sources == "sandbox"

    @property
    def lake_address(self) -> str:
        """The address of the lake: a folder, or ``gs://…``."""
        return str(self.lake or self.lake_path)

    @property
    def warehouse_address(self) -> str:
        """The address of the warehouse: a file, or ``bigquery://…``."""
        return str(self.warehouse or self.warehouse_path)

    @property
    def warehouse_kind(self) -> Literal["duckdb", "bigquery"]:
        """The kind of warehouse."""
        return "bigquery" if self.warehouse_address.startswith("bigquery://") else "duckdb"

    @property
    def lake_path(self) -> Path:
        """The folder of the lake, if it is one."""
        return Path(self.lake) if self.lake else self.home / "lake"

    @property
    def drop_address(self) -> str:
        """The drop folder for users' files: a folder, or ``gs://…``."""
        return self.drop_dir or str(self.home / "drop")

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file, if the warehouse is one."""
        return Path(self.warehouse) if self.warehouse else self.home / "warehouse.duckdb"

    def named_value(self, variable: str) -> SecretStr | None:
        """The value of a variable that a source or a channel declares."""
        return self.named.get(variable)

    def base_url(self, source: str) -> str | None:
        """The address set for ``source`` (its id); None for its own, which is in the catalogue.

        ``STEEL_BASE_URLS__<SOURCE>`` takes precedence over ``STEEL_<SOURCE>_BASE_URL``, and that over the sandbox
        (``/<source>``).

        Raises:
            SettingsError: it is not an address.
        """
        variable = f"{PREFIX}{source.upper()}_BASE_URL"
        named = self.named_value(variable)
        if source in self.base_urls:
            return self.base_urls[source]
        if named is not None:
            try:
                return _http(named.get_secret_value())
            except ValueError as error:
                raise SettingsError(f"{variable}: {error}") from None
        return f"{self.sandbox_url}/{source}" if self.simulated else None

    def api_key(self, source: str, variable: str | None = None) -> SecretStr | None:
        """The key of ``source`` (its id); the sandbox accepts any.

        ``STEEL_KEYS__<SOURCE>`` takes precedence over ``variable``, which the catalogue may name and is else
        ``STEEL_<SOURCE>_API_KEY``.
        """
        own = self.keys.get(source) or self.named_value(variable or f"{PREFIX}{source.upper()}_API_KEY")
        return own or (SecretStr("sandbox") if self.simulated else None)

    def option(self, source: str, name: str) -> str | None:
        """The value of an option of ``source``.

        ``STEEL_OPTIONS__<SOURCE>__<NAME>`` takes precedence over ``STEEL_<SOURCE>_<NAME>``.
        """
        chosen = self.options.get(source, {}).get(name)
        named = self.named_value(f"{PREFIX}{source.upper()}_{name.upper()}")
        return chosen or (named.get_secret_value() if named else None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then ``.env``; those that are not fields are in ``named``."""
        named = _Named(settings_cls, init_settings, dotenv_settings, env_settings)
        return init_settings, env_settings, dotenv_settings, named


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once: the environment's, then those of ``.env``, then the defaults.

    Raises:
        SettingsError: ``.env`` exists and cannot be read, or a mapping has another form.
        pydantic.ValidationError: a value is not valid for its setting.
    """
    try:
        return Settings(_env_file=ENV_FILE if _in_the_file() else None, _env_file_encoding="utf-8-sig")
    except Unparsed as error:
        names = [f"{PREFIX}{name.upper()}" for name in BY_ID if f'"{name}"' in str(error)]
    raise SettingsError(f"{' or '.join(names)} must be JSON, or better: a variable for each, as {names[0]}__<ID>=…")


def origins(declared: Collection[str] = ()) -> dict[str, str]:
    """The origin of each setting that is not a default, by variable: ``the environment``, or the path of ``.env``.

    Args:
        declared: the variables of sources and channels.
    """
    found = dict.fromkeys(_in_the_file(), str(ENV_FILE.resolve())) | dict.fromkeys(_filled(os.environ), "the environment")
    return {name: found[name] for name in sorted(found) if name in _variables() or name in declared}


def dagster_home() -> Path | None:
    """The folder of Dagster's instance if DAGSTER_HOME is set; Dagster's own variable, read as Dagster reads it."""
    named = os.environ.get("DAGSTER_HOME")
    return Path(named) if named else None


def unknown(declared: Collection[str] = ()) -> dict[str, str]:
    """Variables with our prefix that are not settings, each with the most similar setting, or an empty text.

    Args:
        declared: the variables of sources and channels.
    """
    known = _variables() | set(declared)
    strange = sorted(
        name for name in {*_in_the_file(), *os.environ} - known if name.startswith(PREFIX) and not name.startswith(NOT_OURS)
    )
    return {name: next(iter(get_close_matches(name, known, n=1)), "") for name in strange}


@lru_cache(maxsize=1)
def _variables() -> frozenset[str]:
    """The names of all settings in the environment, without those of sources and channels."""
    names: set[str] = set()
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else []
        names |= {f"{PREFIX}{name.upper()}", *(str(choice) for choice in choices if str(choice).isupper())}
    return frozenset(names - {f"{PREFIX}NAMED"})


def _is_ours(variable: str, ours: Collection[str]) -> bool:
    """Whether a field of Settings reads ``variable``."""
    return variable in ours or variable.startswith(tuple(f"{PREFIX}{name.upper()}__" for name in BY_ID))


def _text(value: object) -> object:
    return value if isinstance(value, SecretStr) else str(value)


def _http(url: str) -> str:
    """``url`` without a slash at its end.

    Raises:
        ValueError: it is not an address.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url!r} must start with http:// or https://")
    return url.rstrip("/")


def _filled(values: Mapping[str, str | None]) -> list[str]:
    return [name for name, value in values.items() if value]


def _in_the_file() -> list[str]:
    """The variables set in ``.env``; empty without such a file."""
    try:
        text = ENV_FILE.read_text("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):  # a virtual environment may have that name
        return []
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise SettingsError(f"{ENV_FILE.resolve()} cannot be read: {reason}; correct or remove it") from error
    lines = list(parse_stream(StringIO(text)))
    for line in lines:
        if line.error:
            raise SettingsError(f"{ENV_FILE.resolve()}, line {line.original.line}: write NAME=value, or # before a remark")
    return _filled({line.key: line.value for line in lines if line.key})
