"""Imports and their ledger: one record each, taken back for all of time, corrected, doubted, and never half done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from steel_assets.adapters.lake.copying import copy_lake
from steel_assets.adapters.lake.lake import LakeError
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.bootstrap import Platform, platform
from steel_assets.core.asof import asof
from steel_assets.operations import histories
from steel_assets.operations.importing import FileToImport, Imported, ImportsBusy, NotImported, import_table, turn
from steel_assets.operations.publication import withdrawn
from steel_assets.operations.publication.warehouse import Tables
from steel_assets.operations.rewriting import find, set_aside
from steel_assets.settings import Settings

REBAR, SCRAP = "lme_rebar_m01", "lme_scrap_m01"
MOMENT = pd.Timestamp("2026-03-04T08:00:00Z")
LATER = MOMENT + pd.Timedelta(days=1)
BEFORE = pd.Timestamp("2024-02-20T00:00:00Z")
DAYS = pd.bdate_range("2024-01-02", periods=30)
LONG = pd.bdate_range("2024-01-02", periods=60)
FOB = [500.0 + number % 7 for number in range(30)]
WITH_VAT = [round(1.2 * value, 2) for value in FOB]


@pytest.fixture
def here(tmp_path: Path) -> Platform:
    return platform(Settings(home=tmp_path, sources="files"))


def offered(values: list[float], series: str = REBAR, days: pd.DatetimeIndex = DAYS, **more: Any) -> FileToImport:
    figures = pd.DataFrame({"period": days[: len(values)], "value": values})
    digest = hashlib.sha256(figures.to_csv().encode()).hexdigest()
    return FileToImport(**({"file": "prices.csv", "sha256": digest, "figures": {series: figures}, "by": "ana"} | more))


def put(here: Platform, values: list[float], moment: pd.Timestamp = MOMENT, **more: Any) -> Imported:
    return import_table(here.catalog, here.lake, here.imports, here.home, offered(values, **more), moment)


def withdraw(here: Platform, name: str, moment: pd.Timestamp = LATER) -> None:
    set_aside(here.catalog, here.lake, here.imports, find(here.imports, name), "withdrawal", "VAT included", "ana", moment)


def newest(here: Platform, moment: pd.Timestamp = LATER, series: str = REBAR) -> list[float]:
    return asof(here.lake.observations([series]), moment)["value"].tolist()


def files(here: Platform) -> dict[str, bytes]:
    return {key: here.store.get(key) for key in here.store.list("")}


def test_an_import_is_one_entry_that_says_everything(here: Platform) -> None:
    done = put(here, FOB, options={"value_column": "fob"})
    [entry] = here.imports.imports().values()
    assert entry == done.entry
    assert (entry.file, entry.by, entry.options, entry.at) == ("prices.csv", "ana", {"value_column": "fob"}, MOMENT)
    [part] = entry.parts
    assert (part.series, part.rows_read, part.rows_new, part.first, part.last) == (REBAR, 30, 30, "2024-01-02", "2024-02-12")
    assert here.lake.read(str(entry.raw_file))["value"].tolist() == FOB


def test_after_a_withdrawal_everybody_sees_what_they_would_have_seen_without_the_import(here: Platform, tmp_path: Path) -> None:
    other = platform(Settings(home=tmp_path / "other", sources="files"))
    wrong = put(here, WITH_VAT)
    put(here, FOB, overlap="revision")
    assert newest(here, BEFORE) == WITH_VAT, "the wrong figures poison the past until they are withdrawn"
    raw = {key: content for key, content in files(here).items() if "/files/2026/" in key}
    withdraw(here, wrong.entry.id)
    assert newest(here, BEFORE) == FOB
    put(other, FOB, pd.Timestamp(list(here.imports.imports().values())[-1].at))
    pd.testing.assert_frame_equal(here.lake.observations(), other.lake.observations())
    assert {key: files(here)[key] for key in raw} == raw, "raw files stay"


def test_what_a_later_import_did_not_store_because_it_agreed_comes_back_with_it(here: Platform) -> None:
    first = put(here, FOB)
    again = put(here, FOB, sha256="0" * 64)
    assert (again.rows_new, again.entry.raw_file) == (0, None)
    withdraw(here, first.entry.id)
    assert newest(here, BEFORE) == FOB
    withdraw(here, again.entry.id, LATER + pd.Timedelta(hours=1))
    assert here.lake.observations().empty


def test_figures_that_were_withdrawn_are_new_when_they_are_imported_again(here: Platform) -> None:
    first = put(here, FOB)
    assert put(here, FOB).known_already
    withdraw(here, first.entry.id)
    again = put(here, FOB, LATER + pd.Timedelta(hours=1))
    assert (again.known_already, again.rows_new) == (False, 30)


def test_a_second_withdrawal_writes_nothing_and_a_restoration_brings_all_back(here: Platform) -> None:
    wrong, right = put(here, WITH_VAT), put(here, FOB, overlap="revision")
    before = here.lake.observations()
    withdraw(here, wrong.entry.id)
    stored = files(here)
    withdraw(here, wrong.entry.id)
    assert files(here) == stored
    set_aside(
        here.catalog, here.lake, here.imports, find(here.imports, wrong.entry.id), "restoration", "it was right", "ana", LATER
    )
    pd.testing.assert_frame_equal(here.lake.observations(), before)
    withdraw(here, right.entry.id)
    assert newest(here) == WITH_VAT


def test_a_withdrawal_of_one_file_of_many_series_leaves_others_of_other_files_alone(here: Platform) -> None:
    both = {name: offered(FOB).figures[REBAR] for name in (REBAR, SCRAP)}
    wrong = put(here, FOB, figures=both)
    put(here, [value + 1 for value in FOB[:3]], series=SCRAP, overlap="revision")
    withdraw(here, wrong.entry.id)
    assert newest(here) == []
    assert newest(here, series=SCRAP) == [501, 502, 503]
    assert find(here.imports, wrong.entry.id).series == (REBAR, SCRAP)


def test_what_providers_sent_is_not_touched(here: Platform) -> None:
    put(here, FOB)
    rows = here.lake.observations().assign(source="fred_api", collected_at=MOMENT + pd.Timedelta(hours=1))
    sent = rows.assign(period=rows["period"] + pd.Timedelta(days=60))
    here.lake.append_observations(sent, "fred-api", "prices")
    withdraw(here, next(iter(here.imports.imports())))
    assert here.lake.observations()["source"].unique().tolist() == ["fred_api"]


def test_another_column_of_the_same_file_is_a_question_that_names_both_answers(here: Platform) -> None:
    put(here, WITH_VAT)
    stored = files(here)
    with pytest.raises(NotImported, match=r"30 of 30.*factor of 0.8333.*--correction.*--revision"):
        put(here, FOB)
    assert files(here) == stored


def test_a_correction_takes_the_earlier_figures_back_for_all_of_time(here: Platform) -> None:
    wrong = put(here, WITH_VAT)
    fix = put(here, FOB, overlap="correction")
    assert newest(here, BEFORE) == FOB
    assert fix.rows_new == 30
    assert [tainted.id for tainted in here.imports.taints()] == [wrong.entry.id]
    withdraw(here, fix.entry.id)
    assert newest(here, BEFORE) == WITH_VAT, "without the correction the first figures are true again"


def test_a_correction_of_some_periods_leaves_the_others(here: Platform) -> None:
    put(here, WITH_VAT)
    put(here, FOB[:10], overlap="correction")
    assert newest(here, BEFORE) == FOB[:10] + WITH_VAT[10:]


def test_the_same_file_said_to_be_a_correction_is_not_known_already(here: Platform) -> None:
    put(here, WITH_VAT)
    put(here, FOB, overlap="revision")
    assert not put(here, FOB, overlap="correction").known_already
    assert newest(here, BEFORE) == FOB


def test_a_small_revision_is_a_vintage_without_a_question(here: Platform) -> None:
    put(here, FOB)
    put(here, [*FOB[:-2], 501.5, 499.0], LATER)
    assert newest(here, BEFORE) == FOB
    assert newest(here, LATER)[-2:] == [501.5, 499.0]


def test_a_step_of_a_factor_of_ten_is_refused_with_its_rows_and_believed_when_a_person_says_so(here: Platform) -> None:
    put(here, FOB[:25])
    stepped = [*FOB[:25], *(value / 10 for value in FOB[25:])]
    stored = files(here)
    with pytest.raises(NotImported, match=r"(?s)5 of 5 figures are not believed. lme_rebar_m01 2024-02-06.*--believe"):
        put(here, stepped)
    assert files(here) == stored
    assert put(here, stepped, believe=True).rows_new == 5


def test_a_right_file_after_a_wrong_one_after_itself_changes_back(here: Platform) -> None:
    put(here, FOB)
    put(here, [*FOB[:-1], 510.0])
    again = put(here, FOB)
    assert (again.known_already, again.rows_new) == (False, 1)
    assert newest(here) == FOB
    moments = [imported.at for imported in here.imports.imports().values()]
    assert moments == sorted(set(moments)), "each has a moment of its own"


def test_a_clock_that_went_back_is_told(here: Platform) -> None:
    put(here, FOB, LATER)
    with pytest.raises(NotImported, match="correct the clock"):
        put(here, FOB[:5], MOMENT)


def test_simulated_and_real_figures_do_not_mix(here: Platform) -> None:
    put(here, FOB, simulated=True)
    with pytest.raises(LakeError, match="STEEL_HOME"):
        put(here, FOB, series=SCRAP)


def test_imports_from_before_the_ledger_are_listed_and_can_be_withdrawn(here: Platform) -> None:
    put(here, WITH_VAT)
    put(here, FOB, LATER, overlap="revision")
    for key in list(here.store.list("raw-data/file-import/imports/")):
        here.store.delete(key)
    here = platform(here.settings)
    old = list(here.imports.imports().values())
    assert [(imported.file, imported.series, imported.parts[0].rows_new) for imported in old] == [(None, (REBAR,), 30)] * 2
    withdraw(here, old[0].id, LATER + pd.Timedelta(hours=1))
    assert newest(here, BEFORE) == FOB


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", range(1, 9))
@pytest.mark.parametrize("act", ["import", "correction", "withdrawal"])
def test_killed_at_any_write_nothing_is_half_done_and_the_next_try_does_it_all(
    here: Platform, monkeypatch: pytest.MonkeyPatch, step: int, act: str
) -> None:
    wrong = put(here, WITH_VAT)
    acts: dict[str, Callable[[], object]] = {
        "import": lambda: put(here, FOB, series=SCRAP),
        "correction": lambda: put(here, FOB, overlap="correction"),
        "withdrawal": lambda: withdraw(here, wrong.entry.id),
    }
    before, writes = here.lake.observations(), 0
    write = LocalFolder.put

    def dying(store: LocalFolder, key: str, content: bytes) -> None:
        nonlocal writes
        writes += 1
        if writes == step:
            raise Killed
        write(store, key, content)

    with monkeypatch.context() as crash:
        crash.setattr(LocalFolder, "put", dying)
        try:
            acts[act]()
        except Killed:
            pd.testing.assert_frame_equal(here.lake.observations(), before)
            assert len(here.imports.imports()) == 1
    acts[act]()
    acts[act]()
    expected = {"import": WITH_VAT, "correction": FOB, "withdrawal": []}[act]
    assert newest(here, BEFORE) == expected
    assert len(here.imports.imports()) == (1 if act == "withdrawal" else 2)


def test_a_process_that_imports_for_too_long_is_named_and_one_that_died_holds_nothing(here: Platform) -> None:
    with turn(here.home), pytest.raises(ImportsBusy, match=r"imports\.lock"), turn(here.home, 0.01):
        pass
    with turn(here.home, 0.01):
        pass


def test_a_copy_of_the_lake_has_the_ledger_and_the_withdrawals(here: Platform, tmp_path: Path) -> None:
    withdraw(here, put(here, WITH_VAT).entry.id)
    put(here, FOB, LATER + pd.Timedelta(hours=1))
    copy_lake(here.store, LocalFolder(tmp_path / "copy"))
    there = platform(Settings(home=tmp_path / "there", sources="files", lake=str(tmp_path / "copy")))
    pd.testing.assert_frame_equal(there.lake.observations(), here.lake.observations())
    assert there.imports.imports() == here.imports.imports()


def test_a_damaged_withdrawal_is_never_passed_over_its_copy_counts_and_without_one_it_is_named(here: Platform) -> None:
    withdraw(here, put(here, WITH_VAT).entry.id)
    [key] = here.store.list("raw-data/file-import/imports/rewritten/")
    whole = here.store.get(key)
    here.store.put(key, b"{")
    assert here.lake.observations().empty
    assert here.store.get(key) == whole
    [copy] = here.store.list("raw-data/file-import/imports/rewritten-copies/")
    for entry in (key, copy):
        here.store.put(entry, b"{")
    with pytest.raises(LakeError, match=Path(key).name):
        here.lake.observations()


MARKET = "rebar_fob_turkey"


def test_a_market_s_history_and_features_are_made_again_when_an_import_was_withdrawn_since(here: Platform) -> None:
    uneven = [price + 7 * (row % 5) for row, price in enumerate(WITH_VAT * 2)]  # no change of basis, which history would undo
    wrong = put(here, uneven, days=LONG)
    put(here, FOB * 2, days=LONG, overlap="revision")
    history = histories.build(here.catalog, here.lake, MARKET, LATER)
    histories.save(here.lake, history)
    assert histories.load(here.catalog, here.lake, MARKET).last.iloc[5] > 550
    withdraw(here, wrong.entry.id, LATER + pd.Timedelta(hours=1))
    again = histories.load(here.catalog, here.lake, MARKET)
    assert again.last.iloc[5] < 550
    assert again.as_of == history.as_of
    histories.save(here.lake, again)
    assert not histories.is_behind(here.lake, f"processed-data/daily/history/{MARKET}")


def test_what_is_published_names_the_withdrawn_import_and_the_markets_that_read_it(here: Platform) -> None:
    assert withdrawn.read(here, Tables(here.warehouse)) == []
    wrong = put(here, WITH_VAT)
    withdraw(here, wrong.entry.id)
    [told] = withdrawn.read(here, Tables(here.warehouse))
    assert (told["id"], told["file"]) == (wrong.entry.id, "prices.csv")
    assert MARKET in told["markets"]
    assert "iron_ore_62" not in told["markets"]
    assert (told["since"], told["until"]) == (MOMENT.isoformat(), LATER.isoformat())
