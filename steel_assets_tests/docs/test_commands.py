"""Every command of the documentation is run by a test, or stands here by name with the reason why it is not."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steel_assets_tests import prepared
from steel_assets_tests.docs.commands import BLOCK, blocks, inline, lines, ours, wrong
from steel_assets_tests.docs.pages import written
from steel_assets_tests.isolation import ROOT, outside

TOOLS = Path(sys.executable).parent
PAGES = [str(page) for page in written()]

FOLLOWED = {page: "test_tutorials.py" for page in PAGES if re.search(r"tutorials/add-", page)}
"""Pages whose blocks are all run, in order, by a test of their own."""

RUN_WHOLE = ("docs/catalogue.md", "docs/files.md", "docs/threat-model.md")
"""Pages whose blocks of commands are run here, in order, in a folder that holds the files of the page."""

RUN = {
    "docs/start.md": {"steel status --details": 2, "steel quarantine list": 0, 'steel keys create "me"': 0},
    "docs/collecting.md": {"steel quarantine list": 0, "steel imports list": 0},
    "docs/experiments.md": {"steel experiment list": 0},
    "docs/service.md": {'steel keys create "purchasing" --limit 1000': 0},
    "deploy/README.md": {'steel keys create "my program"': 0, "steel status": 2},
}
"""Single commands that are run here in an empty installation, with their exit code there (status: nothing is published)."""

ROOT_NEEDED = "changes the machine, as root"
SYSTEMD = "needs a running systemd; the units are checked by deploy/test_files.py"
CLUSTER = "needs a Kubernetes cluster; the files are checked by deploy/test_kubernetes.py"
CLOUD = "needs a project on Google Cloud, and money"
WHOLE = "trains every market; run by test_pipeline.py"
SERVER = "a server that runs until it is stopped; started by serving/running.py"
UI = "a server that runs until it is stopped; started by browser/test_dagster_ui.py"
BACKUP = "run by operations/test_backup.py, into a folder of its own"
MEASURED = "a measurement on prices that are not part of the project"
NOT_RUN = {
    "README.md": {
        "make demo": WHOLE,
        "make dev": "starts the UI, the daemon and the sandbox until it is stopped; the UI by browser/test_dagster_ui.py",
    },
    "docs/automl.md": {
        "pip install": "installs what this environment has",
        "steel automl": "MARKET is a placeholder, and it costs money; run by cli/test_automl.py",
    },
    "docs/commands.md": {
        "steel import prices.csv": "ID is a placeholder; run by cli/test_files_guide.py",
        "steel imports withdraw": "ID is a placeholder; run by cli/test_imports.py",
        "steel backtest MARKET --start": "MARKET is a placeholder; run by cli/test_import_and_backtest.py",
        "steel backtest MARKET --withhold": "MARKET is a placeholder; run by test_price_age.py",
        "steel forecast": "a synopsis; run by test_pipeline.py",
        "steel odds": "a synopsis; run by cli/test_odds.py",
        "steel plan": "a synopsis; run by cli/test_plan.py",
        "steel automl": "MARKET is a placeholder; run by cli/test_automl.py",
        "steel parity": "a synopsis; run by cli/test_parity.py",
        "steel analysis": "MARKET is a placeholder; run by operations/test_analysis.py",
        "steel what-if": "MARKET is a placeholder; run by operations/test_what_if.py",
        "steel watch": "MARKET is a placeholder; run by cli/test_watch.py",
        "steel report": "a synopsis; run by cli/test_report.py",
        "steel export": "TABLE is a placeholder; run by cli/test_export.py",
        "steel compare": "a synopsis; run by cli/test_compare.py and cli/test_drift.py",
        "steel collect": "a synopsis; run by cli/test_collect.py, cli/test_status.py and cli/test_rollback.py",
        "steel experiment list": "ID is a placeholder; run by cli/test_experiment.py",
        "steel serve": "a synopsis; run by serving/running.py, cli/test_publish.py, serving/test_keys.py and cli/test_alerts.py",
        "steel ui": "a synopsis; run by browser/test_dagster_ui.py, cli/test_publish.py and cli/test_upgrade.py",
        "steel backup create": f"a synopsis; {BACKUP}",
        "steel upgrade": "run by cli/test_upgrade.py, in a folder of its own",
        "steel run": "JOB is a placeholder; run by cli/test_run.py",
        "steel dev --from": "gs://bucket is a placeholder; run by cli/test_dev_from.py on a folder",
        "steel costs": "a synopsis; what it prints is compared by core/test_month_costs.py",
        "steel lake copy": "a synopsis; run by cli/test_copy.py",
    },
    "docs/start.md": {
        "make demo": WHOLE,
        "make serve": SERVER,
        "make dev": UI,
        "source .venv/bin/activate": "needs the environment that make setup makes",
        "steel forecast": "needs a published forecast; run by test_pipeline.py",
        "pip install": "the same, from the lock file instead of an index, by test_wheel.py",
        "steel demo": "run by test_wheel.py, from an installed wheel",
        "steel dev": UI,
    },
    "docs/collecting.md": {
        "steel quarantine release": "ID is a placeholder; run by cli/test_collect.py",
        "steel quarantine drop": "X is a placeholder; run by cli/test_collect.py",
        "steel imports show": "ID is a placeholder; run by cli/test_imports.py",
        "steel imports withdraw": "ID is a placeholder; run by cli/test_imports.py",
        "steel imports restore": "ID is a placeholder; run by cli/test_imports.py",
    },
    "docs/service.md": {
        "make serve": SERVER,
        "curl": "asks a running service; the same question by serving/test_api.py",
        "python -m steel_assets_tests.bench.service": "a measurement of minutes, for an idle machine; part of make bench",
        "python -m pytest -m chaos": "ten thousand requests; part of make chaos",
    },
    "docs/alerts.md": {
        "steel watch add": "needs a publication; the same by cli/test_watch.py",
    },
    "docs/use-it.md": {
        "steel export": "needs published forecasts; the same by cli/test_export.py",
        "curl": "asks a running service; the same question by serving/test_forms.py",
    },
    "docs/odds.md": {
        "steel odds": "needs a published forecast; the same questions by cli/test_odds.py",
        "python -m steel_assets_tests.bench.odds": MEASURED,
        "python -m steel_assets_tests.bench.averages": MEASURED,
    },
    "docs/accuracy.md": {
        "python -m steel_assets_tests.bench.planner": MEASURED,
        "python -m steel_assets_tests.bench.pooled": MEASURED,
    },
    "docs/planning.md": {
        "steel plan": "needs a published forecast; the same questions by cli/test_plan.py",
        "steel parity": "needs a published forecast; the same question by cli/test_parity.py",
    },
    "docs/performance.md": {
        "make bench": "a measurement of an hour, for an idle machine",
        "python -m steel_assets_tests.bench": "a measurement of minutes; the comparison is run by test_slower.py",
    },
    "docs/morning-mail.md": {
        "steel report": "needs a published forecast; run by cli/test_report.py",
    },
    "docs/analysis.md": {
        "steel analysis": "needs prices that were collected; the same by operations/test_analysis.py",
        "steel what-if": "needs a published forecast; the same questions by operations/test_what_if.py",
        "python -m steel_assets_tests.bench.analysis": "a measurement of minutes, for an idle machine",
        "python -m steel_assets_tests.bench.what_if": "a measurement on prices that are not part of the project",
    },
    "docs/experiments.md": {
        "steel experiment report": "ID is a placeholder; run by cli/test_experiment.py",
        "steel experiment stop": "ID is a placeholder; run by cli/test_experiment.py",
        "steel experiment start": "ID is a placeholder; run by cli/test_experiment.py",
    },
    "docs/operations.md": {
        "celery --app": "waits for steps until it is stopped; run by assets/test_executor.py",
        "steel backup": BACKUP,
        "apt-get install postgresql": f"{ROOT_NEEDED}; the instance on Postgres is started by deploy/test_postgres.py",
        "export DAGSTER": "an instance on Postgres; deploy/test_postgres.py starts one with these variables",
        "cp deploy/dagster.postgres.yaml": "the same; by deploy/test_postgres.py",
        "steel ui & dagster-daemon run": "servers that run until they are stopped; by browser/test_dagster_ui.py",
    },
    "docs/google-cloud.md": {
        "gcloud": CLOUD,
        "bq": CLOUD,
        "steel lake copy": "PROJECT is a placeholder; run by cli/test_copy.py against local stand-ins",
        "steel warehouse copy": "PROJECT is a placeholder; run by cli/test_copy.py against local stand-ins",
    },
    "deploy/README.md": {
        "apt-get install": ROOT_NEEDED,
        "useradd": ROOT_NEEDED,
        "install ": f"{ROOT_NEEDED}; that each file is there is asked below",
        "git clone": "REPOSITORY is a placeholder",
        "systemctl": SYSTEMD,
        "steel collect": "asks the real providers; run by cli/test_collect.py against the sandbox",
        "curl": "asks a running service; the same question by serving/test_api.py",
        "steel backup": BACKUP,
        "git -C": "RELEASE is a placeholder",
        "steel upgrade": "run by cli/test_upgrade.py",
        "steel publish": "needs forecasts; run by cli/test_publish.py",
        "rm ": ROOT_NEEDED,
        "cd deploy/google-cloud": CLOUD,
        "export TF_VAR": CLOUD,
        "terraform": CLOUD,
        "gcloud": CLOUD,
        "for target in service platform": CLOUD,
        "openssl rand -hex 32 | tr": CLOUD,
        "kubectl": CLUSTER,
        "helm": CLUSTER,
        "STEEL_HOME=/tmp/steel-keys steel keys create": "run by serving/test_keys.py, in a home of its own",
    },
}
"""Page → how a command begins → why no test runs it as it stands there."""


def commands(page: str) -> list[str]:
    """The commands of a page's blocks, each once."""
    return list(dict.fromkeys(line for text in blocks(Path(page)) for line in lines(text)))


def test_every_command_of_a_block_is_run_or_stands_here_with_a_reason() -> None:
    unexplained = []
    used = set()
    for page in PAGES:
        if page in FOLLOWED or page in RUN_WHOLE:
            continue
        reasons = NOT_RUN.get(page, {})
        for line in commands(page):
            known = [begin for begin in reasons if line.startswith(begin)]
            used |= {(page, begin) for begin in known}
            if not known and line not in RUN.get(page, {}):
                unexplained.append(f"{page}: {line}")
    assert unexplained == [], "run each in RUN, or say in NOT_RUN why it cannot be"
    listed = {(page, begin) for page, reasons in NOT_RUN.items() for begin in reasons}
    assert listed - used == set(), "these stand on no page any more"
    gone = [f"{page}: {line}" for page, run in RUN.items() for line in run if line not in commands(page)]
    assert gone == [], "these stand on no page any more"


def test_a_reason_that_names_a_test_names_one_that_is_there() -> None:
    reasons = [reason for page in NOT_RUN.values() for reason in page.values()] + list(FOLLOWED.values())
    named = {name for reason in reasons for name in re.findall(r"[\w/]+\.py", reason)}
    assert len(named) > 10
    assert [name for name in named if not (ROOT / "steel_assets_tests" / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_each_command_of_ours_has_the_words_and_options_that_the_page_gives_it(page: str) -> None:
    asked = [command for line in commands(page) for command in ours(line)] + list(inline(Path(page)))
    assert {command: said for command in asked if (said := wrong(command))} == {}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("steel forcast", "there is no command steel forcast"),
        ("steel backup mend X", "there is no command steel backup mend"),
        ("steel forecast MARKET --asof DAY", "steel forecast has no option --asof"),
        ("steel ui | forcast", "there is no command steel forcast"),
        ("make domo", "the Makefile has no target domo"),
        ("python -m steel_assets_tests.bench.nothing", "there is no module steel_assets_tests.bench.nothing"),
        ("steel backup create | verify FILE", None),
        ("make -C /opt/steel-assets setup", None),
        ("steel costs --profile lean | standard", None),
    ],
)
def test_a_command_that_there_is_not_is_found(command: str, said: str | None) -> None:
    assert wrong(command) == said


def test_what_an_install_line_copies_is_there() -> None:
    text = "\n".join(line for line in commands("deploy/README.md") if line.startswith("install "))
    named = re.findall(r"/opt/steel-assets/([\w./*-]+)", text)
    assert len(named) >= 4
    assert [name for name in named if not list(ROOT.glob(name))] == []


@pytest.fixture(scope="module")
def steel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program ``steel``, which imports nothing anew; ``test_wheel.py`` has the one that is installed."""
    return prepared.command(tmp_path_factory.mktemp("programs") / "bin")


def bash(folder: Path, steel: Path, script: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of ``script`` in ``folder``, with ``steel`` and the programs of this environment before all others."""
    environment = outside() | settings
    path = f"{steel}:{TOOLS}:{environment['PATH']}"
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment | {"PATH": path, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which nothing was collected yet."""
    folder = tmp_path_factory.mktemp("installation")
    shutil.copy(ROOT / "dagster.yaml", folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("page", "command", "code"), [(page, *entry) for page, run in RUN.items() for entry in run.items()])
def test_it_runs_as_it_stands_there(installation: Path, steel: Path, page: str, command: str, code: int) -> None:
    done = bash(installation, steel, command)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def walk(seed: int, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Invented prices: a random walk in steps of under a per cent."""
    steps = np.random.default_rng(seed).normal(0, 0.008, len(days))
    return pd.DataFrame({"date": days, "close": (600 * np.exp(np.cumsum(steps))).round(2)})


@pytest.mark.slow
def test_the_page_about_the_catalogue_is_an_installation_with_a_market_of_ones_own(tmp_path: Path, steel: Path) -> None:
    page = ROOT / "docs" / "catalogue.md"
    for block in BLOCK.finditer(page.read_text()):
        if named := re.match(r"# (my-catalogue/[\w./-]+)\n", block["text"]):
            (tmp_path / named[1]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / named[1]).write_text(block["text"])
    days = pd.bdate_range("2022-07-01", "2023-12-29")
    walk(1, days).to_csv(tmp_path / "wire_rod.csv", index=False)
    walk(2, days).to_csv(tmp_path / "billet.csv", index=False)
    done = bash(tmp_path, steel, "\n".join(["set -e", *blocks(Path("docs/catalogue.md"))]))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (tmp_path / "wire_rod.parquet").exists()
    assert "Wire rod, FOB Brazil" in done.stdout


@pytest.mark.slow
def test_the_first_commands_of_the_page_about_files_import_look_and_write_a_mapping(tmp_path: Path, steel: Path) -> None:
    (tmp_path / "mine" / "series").mkdir(parents=True)
    (tmp_path / "mine" / "series" / "mine.yaml").write_text("series:\n  - {id: my_rebar, name: Rebar, unit: USD/t}\n")
    walk(3, pd.bdate_range("2024-01-02", periods=30)).to_csv(tmp_path / "prices.csv", index=False)
    script = "\n".join(["set -e", *blocks(Path("docs/files.md"))])
    done = bash(tmp_path, steel, script, STEEL_CATALOG_DIR="mine", STEEL_SOURCES="files")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "my_rebar" in (tmp_path / "my.yaml").read_text()


@pytest.mark.slow
def test_the_commands_of_the_threat_model_sign_what_is_there(tmp_path: Path, steel: Path) -> None:
    done = bash(tmp_path, steel, "\n".join(["set -e", *blocks(Path("docs/threat-model.md"))]))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
