"""What grows with the number of markets: ``python -m steel_assets_tests.bench.scale [--markets 100 400 1000]``; some minutes.

Markets are copies of the shipped five under other ids. The catalogue is read from files, the definitions are built as a code
server builds them, each in a process of its own. The event log is that of real daily runs of one and of three markets on invented
prices, the publication that of an invented year of five; what is said of more markets is in proportion to them, and says so. The
cost is that of ``steel costs``, whose figures for five markets are taken in proportion.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import yaml

from steel_assets_tests.bench.service import say
from steel_assets_tests.isolation import ROOT, outside

PER_RUN = 50
SHIPPED = 5
PROPORTIONAL = ("lake_gib", "warehouse_gib", "logs_gib")
PER_JOB = ("minutes", "class_a", "class_b", "scanned_gib")


def main() -> None:
    """Measure and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markets", type=int, nargs="+", default=[100, 400, 1000])
    parser.add_argument("--built", type=Path, help="build the definitions over this catalogue, and print what it took")
    chosen = parser.parse_args()
    if chosen.built is not None:
        sys.stdout.write(json.dumps(_built(chosen.built)) + "\n")
        return
    for count in chosen.markets:
        _definitions(count)
    _event_log()
    _publication(chosen.markets[-1])
    for count in (SHIPPED, *chosen.markets, 10_000):
        _cost(count)


def _definitions(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _catalogue(Path(folder) / "catalog", count)
        command = [sys.executable, "-m", "steel_assets_tests.bench.scale", "--built", f"{folder}/catalog"]
        environment = outside() | {"STEEL_HOME": f"{folder}/home", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    took = json.loads(done.stdout)
    say(f"{count} markets: catalogue", f"{took['catalogue']:.2f} s of CPU")
    say(
        f"{count} markets: definitions",
        f"{took['definitions']:.1f} s of CPU, {took['assets']} assets, {took['megabytes']:.0f} MB",
    )
    say(f"{count} markets: one tick", f"{took['tick']:.2f} s of CPU, {took['runs']} runs of {PER_RUN}")
    say(f"{count} markets: freshness judged once", f"{took['freshness']:.1f} s of CPU, nothing made yet")


def _catalogue(folder: Path, count: int) -> None:
    """A folder that makes ``count`` markets of the shipped ones."""
    (folder / "markets").mkdir(parents=True)
    shipped = sorted((ROOT / "steel_assets/catalog/markets").glob("*.yaml"))
    for place in range(count - len(shipped)):
        declared = yaml.safe_load(shipped[place % len(shipped)].read_text())
        declared["id"] = f"{declared['id']}_{place}"
        (folder / f"markets/{declared['id']}.yaml").write_text(yaml.safe_dump(declared, allow_unicode=True))
    (folder / "rules.yaml").write_text(f"schedules: {{markets_per_run: {PER_RUN}}}\n")


def _built(folder: Path) -> dict[str, float]:
    """Seconds of processor time and the peak of memory of building everything over the catalogue in ``folder``."""
    os.environ["STEEL_CATALOG_DIR"] = str(folder)
    import dagster as dg

    from steel_assets.assets.dagster_internals import evaluate_freshness
    from steel_assets.assets.jobs import SELECTED
    from steel_assets.assets.shards import of_markets
    from steel_assets.bootstrap import catalog
    from steel_assets.definitions import definitions, installation

    began = time.process_time()
    known = catalog()
    read = time.process_time()
    repository = definitions(installation()).get_repository_def()
    graph = repository.asset_graph
    made = time.process_time()
    runs = of_markets(graph, SELECTED["daily_data_update"], known, datetime(2026, 3, 18).isoformat(), "2026-03-18")  # noqa: DTZ001
    tick = time.process_time()
    with dg.DagsterInstance.ephemeral() as instance:
        evaluate_freshness(instance, graph)
    return {
        "catalogue": read - began,
        "definitions": made - read,
        "tick": tick - made,
        "freshness": time.process_time() - tick,
        "runs": len(runs),
        "assets": len(graph.get_all_asset_keys()),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _event_log() -> None:
    from steel_assets.assets.resources import resources
    from steel_assets.assets.runs import instance_in, run_job
    from steel_assets.bootstrap import Platform, catalog
    from steel_assets.definitions import definitions
    from steel_assets.settings import Settings
    from steel_assets_tests.assets.measured_world import installation
    from steel_assets_tests.core.synthetic import synthetic

    made = synthetic(count=160, lived=0).of(curve=(), roll="none", drivers=("scrap",))
    shipped, moment, found = catalog(), made.history().as_of, {}
    for count in (1, 3):
        markets = {f"m{place}": made.market.model_copy(update={"id": f"m{place}"}) for place in range(count)}
        known = shipped.model_copy(update={"markets": markets, "series": {**shipped.series, **made.series}})
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(ROOT / "dagster.yaml", folder)
            before = Path.cwd()
            os.chdir(folder)  # the shipped instance keeps everything below the folder it is started in
            try:
                parts = Platform(Settings(home=Path(folder) / "home", sources="files"), known)
                parts.lake.append_observations(made.observations, "file-import", "files")
                with instance_in(Path(folder)) as instance:
                    began = time.process_time()
                    here = definitions(installation(parts).reaching(moment))
                    report = run_job(here, "daily_data_update", instance, resources(parts), moment)
                    spent = time.process_time() - began
                    events = len(list(instance.all_logs(report.run_id)))
                weight = sum(path.stat().st_size for path in Path(folder, ".dagster").rglob("*") if path.is_file())
            finally:
                os.chdir(before)
        found[count] = (events, weight, spent)
    events, weight, spent = ((many - single) / 2 for single, many in zip(found[1], found[3], strict=True))
    say("a market more in a daily run", f"{events:.0f} events, {weight / 1000:.0f} kB of SQLite, {spent:.1f} s of CPU (no model)")


def _publication(most: int) -> None:
    from steel_assets.adapters.lake.snapshots import LARGEST, parsed
    from steel_assets_tests.serving.sample import publish

    with tempfile.TemporaryDirectory() as folder:
        parts = publish(Path(folder) / "home")
        pointer = parts.snapshots.pointer()
        assert pointer is not None
        content = parts.snapshots.content(pointer)
    each = pointer.bytes / SHIPPED
    say(
        "publication, a market",
        f"{each / 1000:.0f} kB; the largest that is read, {LARGEST / 2**20:.0f} MiB: {LARGEST / each:.0f} markets",
    )
    before = _resident()
    began, kept = time.process_time(), [parsed(content) for _ in range(20)]
    spent, grown = time.process_time() - began, _resident() - before
    ratio, markets = grown / (len(kept) * len(content)), len(kept) * SHIPPED
    say("service, reading it", f"{spent / markets * 1000:.1f} ms of CPU a market, {ratio:.1f} bytes of memory a byte")
    say(f"service, {most} markets", f"{most * each * ratio / 1e6:.0f} MB, {most * spent / markets:.1f} s (in proportion)")


def _resident() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)


def _cost(count: int) -> None:
    from steel_assets.bootstrap import catalog
    from steel_assets.core.month_costs import month

    known, times = catalog(), count / SHIPPED
    use = known.profiles.profiles["standard"]
    jobs = {
        name: job.model_copy(update={field: type(getattr(job, field))(getattr(job, field) * times) for field in PER_JOB})
        for name, job in use.jobs.items()
    }
    grown = use.model_copy(update={"jobs": jobs} | {field: getattr(use, field) * times for field in PROPORTIONAL})
    lines = month(grown, known.prices.items)
    most = sorted(lines, key=lambda line: -line.usd)[:3]
    dearest = ", ".join(f"{line.price.name} {line.usd:,.0f}" for line in most)
    say(f"{count} markets: a month", f"{sum(line.usd for line in lines):,.0f} USD: {dearest} (in proportion)")


if __name__ == "__main__":
    main()
