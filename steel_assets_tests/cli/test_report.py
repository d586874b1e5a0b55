"""``steel report``: printed, written whole, or sent over a real mail server, once."""

from __future__ import annotations

import io
import ssl
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr
from pypdf import PdfReader
from typer.testing import CliRunner

from steel_assets.adapters.mail.pdf import PdfNotInstalled
from steel_assets.adapters.notifiers.email import Email, Mailbox
from steel_assets.bootstrap import Platform
from steel_assets.cli.main import app
from steel_assets.cli.problem import Problem
from steel_assets.operations.mailing import NotMailed
from steel_assets_tests.adapters.notifiers.receivers import Post, post_office, tls_server
from steel_assets_tests.serving.sample import publish

SECRET = "canary-pass"  # noqa: S105  the one that the mail server takes


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A year of forecasts, of which two markets are reported."""
    whole = publish(tmp_path_factory.mktemp("published") / "home")
    few = {market: whole.catalog.markets[market] for market in ("rebar_fob_turkey", "scrap_turkey")}
    return Platform(whole.settings, whole.catalog.model_copy(update={"markets": few}))


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    folder = tmp_path_factory.mktemp("tls")
    return tls_server(folder), folder / "cert.pem"


@pytest.fixture
def asked(parts: Platform, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the command prints, and its exit code."""
    monkeypatch.setattr("steel_assets.cli.report.platform", lambda: parts)
    monkeypatch.setitem(parts.__dict__, "notifiers", {})

    def ask(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["report", *arguments])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return ask


@pytest.fixture
def post(parts: Platform, asked: Any, tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A mail server that the installation's channel ``email`` uses."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[1]))
    parts.store.delete("state/morning-mail.json")
    with post_office(tls[0]) as state:
        monkeypatch.setitem(parts.__dict__, "notifiers", {"email": Email(box(state))})
        yield state


def box(post: Post) -> Mailbox:
    to, languages = ("ana@example.com", "bob@example.com"), {"ana@example.com": "es"}
    return Mailbox(
        "localhost", post.port, "starttls", "steel", SecretStr(SECRET), "steel@example.com", to, languages
    )  # fmt: skip


def test_the_report_is_printed_in_either_language(asked: Any) -> None:
    code, said = asked()
    assert (code, said.startswith("*** SIMULATED DATA ***")) == (0, True)
    assert "What changed since yesterday" in said
    assert "Qué cambió desde ayer" in asked("--language", "es")[1]


def test_it_is_sent_once_though_run_twice_to_each_in_their_language(asked: Any, post: Post) -> None:
    code, said = asked("--send")
    assert (code, said.count("was sent to 1 person")) == (0, 2)
    code, said = asked("--send")
    assert (code, said.count("already; nothing was sent now")) == (0, 2)
    assert post.encrypted == [True, True]
    spanish, english = sorted(post.mails, key=lambda mail: str(mail["To"]))
    assert (spanish["To"], english["To"]) == ("ana@example.com", "bob@example.com")
    assert {part.get_content_type() for part in spanish.walk()} == {
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    }  # fmt: skip
    plain = [part.get_payload(decode=True).decode() for part in spanish.walk() if part.get_content_type() == "text/plain"]  # type: ignore[union-attr]
    assert "DATOS SIMULADOS" in plain[0]
    assert spanish["Message-ID"] != english["Message-ID"]


def test_again_sends_again_under_a_name_of_its_own(asked: Any, post: Post) -> None:
    asked("--send")
    asked("--send", "--again")
    assert len({mail["Message-ID"] for mail in post.mails}) == len(post.mails) == 4


def test_a_failure_to_send_shows_no_secret_and_the_next_run_sends(asked: Any, post: Post) -> None:
    post.behave = {"DATA": "421 busy"}
    with pytest.raises(NotMailed, match="nothing was sent") as caught:
        asked("--send")
    assert SECRET not in str(caught.value)
    post.behave = {}
    assert asked("--send")[0] == 0
    assert len(post.mails) == 2


def test_a_recipient_whom_the_server_does_not_take_is_named_with_exit_code_1(asked: Any, post: Post, parts: Platform) -> None:
    refused = Mailbox(**{**vars(box(post)), "languages": {}})
    parts.__dict__["notifiers"] = {"email": Email(refused)}
    post.behave = {"rcpt TO:<ana@example.com>": "550 unknown"}
    code, said = asked("--send")
    assert code == 1
    assert "left out: ana@example.com: localhost does not take mail for this address (550)" in said
    assert "was sent to 1 person (en)" in said


def test_a_file_is_written_whole_or_not_at_all(asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, mail = tmp_path / "out.html", tmp_path / "out.eml"
    asked("--file", str(page), "--language", "es")
    asked("--file", str(mail))
    assert page.read_text().lstrip().startswith("<!doctype html>")
    assert page.read_text().count("data:image/png;base64,") == 2
    assert b"multipart/related" in mail.read_bytes()
    before = page.read_bytes()
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Problem, match=r"--file: .*out\.html cannot be written: No space left"):
        asked("--file", str(page))
    assert page.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.eml", "out.html"], "nothing half-written lies about"


def test_the_sheet_is_written_beside_the_mail(asked: Any, tmp_path: Path) -> None:
    sheet = tmp_path / "out.pdf"
    assert asked("--pdf", str(sheet), "--language", "es") == (0, f"written: {sheet}\n")
    [page] = PdfReader(sheet).pages
    assert page.extract_text().startswith("DATOS SIMULADOS")


def test_the_mail_carries_a_sheet_in_the_readers_language_where_the_rules_say_so(
    asked: Any, post: Post, parts: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = parts.catalog.rules
    with_pdf = rules.model_copy(update={"report": rules.report.model_copy(update={"pdf": True})})
    monkeypatch.setitem(parts.__dict__, "catalog", parts.catalog.model_copy(update={"rules": with_pdf}))
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "fpdf", None)
        with pytest.raises(PdfNotInstalled, match=r"steel-assets\[pdf\]"):
            asked("--send")
    assert post.mails == []
    assert asked("--send")[0] == 0
    for mail, label in zip(
        sorted(post.mails, key=lambda mail: str(mail["To"])), ("DATOS SIMULADOS", "SIMULATED DATA"), strict=True
    ):
        [attached] = [part for part in mail.walk() if part.get_content_type() == "application/pdf"]
        content = attached.get_payload(decode=True)
        assert isinstance(content, bytes)
        assert PdfReader(io.BytesIO(content)).pages[0].extract_text().startswith(label)


def full(handle: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--language", "fr"], "--language: 'fr' is not known; use en or es"),
        (["--send"], "--send: the channel email is not set up; set STEEL_SMTP_HOST, STEEL_EMAIL_FROM and STEEL_EMAIL_TO"),
        (["--again"], "--again: use it together with --send"),
        (["--file", "out.pdf"], "--file: out.pdf must end in .eml"),
        (["--pdf", "out.html"], "--pdf: out.html must end in .pdf"),
        (["--pdf", "/nowhere/at/all/out.pdf"], "--pdf: the folder /nowhere/at/all does not exist"),
        (["--file", "/nowhere/at/all/out.eml"], "--file: the folder /nowhere/at/all does not exist"),
    ],
)
def test_what_cannot_be_done_is_said(asked: Any, arguments: list[str], says: str) -> None:
    with pytest.raises(Problem) as caught:
        asked(*arguments)
    assert says in str(caught.value)


def test_before_the_first_forecast_there_is_nothing_to_report(asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steel_assets.cli.report.now", lambda: pd.Timestamp("2020-01-01T12:00:00Z"))
    with pytest.raises(Problem, match="no forecast is published yet"):
        asked()
