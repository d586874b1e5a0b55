"""What every warehouse holds to. An implementation's test class inherits this one and says what ``warehouse`` is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from steel_assets.adapters.warehouse.warehouse import Since, Warehouse, WarehouseError
from steel_assets.core.table_schema import Column, Table, TableError
from steel_assets.core.tables import PROMOTIONS, WAREHOUSE_TABLES

MOMENT = pd.Timestamp("2024-06-12 08:00:00.123456", tz="UTC")

SMALL = Table(
    name="small",
    description="for the tests",
    columns=(
        Column("day", "date", "day"),
        Column("market", "string", "market"),
        Column("value", "float", "value", nullable=True),
        Column("count", "int", "count"),
        Column("simulated", "bool", "simulated"),
        Column("known_at", "timestamp", "moment"),
        Column("created_at", "timestamp", "written"),
    ),
    key=("day", "market"),
)


def rows(count: int = 3, *, market: str = "rebar", value: float = 1.0, created_at: pd.Timestamp = MOMENT) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "day": pd.date_range("2024-06-01", periods=count),
            "market": market,
            "value": value + np.arange(count),
            "count": np.arange(count),
            "simulated": [i % 2 == 0 for i in range(count)],
            "known_at": MOMENT,
            "created_at": created_at,
        }
    )


class WarehouseContract:
    """Inherit as ``Test…`` and define the fixture ``warehouse``: an empty one."""

    @pytest.fixture
    def warehouse(self) -> Warehouse:
        raise NotImplementedError

    def test_what_was_written_is_read_back_with_its_types(self, warehouse: Warehouse):
        written = SMALL.enforce(rows().assign(value=[1.5, np.nan, 2.5]))
        assert warehouse.upsert(SMALL, written) == 3
        pd.testing.assert_frame_equal(warehouse.read(SMALL), written)
        assert warehouse.count(SMALL) == 3

    @pytest.mark.parametrize("table", WAREHOUSE_TABLES, ids=lambda table: table.name)
    def test_every_table_of_the_platform_survives_the_round_trip(self, warehouse: Warehouse, table: Table):
        values = {"string": "text", "float": 1.5, "int": 7, "bool": True, "date": pd.Timestamp("2024-06-12"), "timestamp": MOMENT}
        full = {c.name: values[c.dtype] for c in table.columns}
        holes = {c.name: None if c.nullable else values[c.dtype] for c in table.columns}
        other = {"string": "other", "date": pd.Timestamp("2024-06-13"), "timestamp": MOMENT + pd.Timedelta(hours=1), "int": 8}
        apart = next(c for c in table.columns if c.name in table.key and c.dtype in other)
        holes[apart.name] = other[apart.dtype]
        written = table.enforce(pd.DataFrame([full, holes])).sort_values(list(table.key), ignore_index=True)
        assert warehouse.upsert(table, written) == 2
        pd.testing.assert_frame_equal(warehouse.read(table), written)
        assert warehouse.upsert(table, written) == 0

    def test_a_changed_row_replaces_the_old_one_and_only_that(self, warehouse: Warehouse):
        warehouse.upsert(SMALL, rows(3))
        changed = rows(4, created_at=MOMENT + pd.Timedelta(days=1))
        changed.loc[1, "value"] = np.nan
        assert warehouse.upsert(SMALL, changed) == 2
        found = warehouse.read(SMALL)
        assert list(found["value"].fillna(-1)) == [1, -1, 3, 4]
        assert list(found["created_at"] == MOMENT) == [True, False, True, False]

    def test_rows_are_chosen_by_value_by_list_and_by_emptiness(self, warehouse: Warehouse):
        warehouse.upsert(SMALL, pd.concat([rows(3), rows(2, market="scrap").assign(value=[np.nan, 5])]))
        assert len(warehouse.read(SMALL, {"market": "scrap"})) == 2
        assert len(warehouse.read(SMALL, {"market": ["scrap", "rebar"], "day": pd.Timestamp("2024-06-02")})) == 2
        assert len(warehouse.read(SMALL, {"value": None})) == 1
        assert len(warehouse.read(SMALL, {"market": []})) == 0
        assert len(warehouse.read(SMALL, {"count": np.int64(2)})) == 1
        assert len(warehouse.read(SMALL, {"known_at": MOMENT.tz_convert("America/Mexico_City")})) == 5

    def test_rows_since_a_value_are_those_that_have_it_or_a_later_one(self, warehouse: Warehouse):
        warehouse.upsert(SMALL, rows(5).assign(value=[np.nan, 1.0, 2.0, 3.0, 4.0]))
        warehouse.upsert(SMALL, rows(2, market="scrap"))
        third = pd.Timestamp("2024-06-03")
        assert warehouse.read(SMALL, {"day": Since(third)})["day"].tolist() == [third, *pd.date_range("2024-06-04", periods=2)]
        assert warehouse.read(SMALL, {"day": Since(pd.Timestamp("2024-06-02")), "market": "scrap"})["count"].tolist() == [1]
        assert warehouse.read(SMALL, {"day": Since(pd.Timestamp("2024-06-06"))}).empty
        assert warehouse.read(SMALL, {"value": Since(3.0)})["value"].tolist() == [3.0, 4.0], "what is empty is not later"
        assert len(warehouse.read(SMALL, {"known_at": Since(MOMENT.tz_convert("America/Mexico_City"))})) == 7
        assert warehouse.read(SMALL, {"known_at": Since(MOMENT + pd.Timedelta(microseconds=1))}).empty

    def test_a_row_that_changed_is_found_since_its_day_as_it_is_now(self, warehouse: Warehouse):
        warehouse.upsert(SMALL, rows(3))
        warehouse.upsert(SMALL, rows(3).tail(1).assign(value=99.0))
        found = warehouse.read(SMALL, {"day": Since(pd.Timestamp("2024-06-02"))})
        pd.testing.assert_frame_equal(found, warehouse.read(SMALL).tail(2).reset_index(drop=True))
        assert found["value"].tolist() == [2.0, 99.0]

    @pytest.mark.parametrize(
        "where", [{"day": Since("yesterday")}, {"value": Since("much")}, {"known_at": Since("soon")}, {"day": Since(None)}]
    )
    def test_since_what_is_no_value_of_the_column_is_refused_by_name(self, warehouse: Warehouse, where: dict[str, object]):
        (name,) = where
        with pytest.raises(WarehouseError, match=f"small.{name}"):
            warehouse.read(SMALL, where)

    def test_what_is_no_value_means_empty_alone_and_in_a_list(self, warehouse: Warehouse):
        warehouse.upsert(SMALL, rows(3).assign(value=[np.nan, 2.0, 3.0]))
        for nothing in (None, np.nan, pd.NaT):
            assert warehouse.read(SMALL, {"value": nothing})["count"].tolist() == [0]
            assert warehouse.read(SMALL, {"value": [nothing, 2.0]})["count"].tolist() == [0, 1]
            assert warehouse.read(SMALL, {"value": [nothing], "market": "rebar"})["count"].tolist() == [0]
            assert warehouse.read(SMALL, {"day": nothing}).empty

    @pytest.mark.parametrize(
        "where",
        [{"count": "1"}, {"count": 1.5}, {"count": True}, {"count": 2**63}, {"value": "1"}, {"market": 5}, {"simulated": 1}],
    )
    def test_a_value_of_another_type_is_refused_by_name(self, warehouse: Warehouse, where: dict[str, object]):
        warehouse.upsert(SMALL, rows(2))
        (name,) = where
        for wanted in (where, {name: [where[name]]}):
            with pytest.raises(WarehouseError, match=f"small.{name}"):
                warehouse.read(SMALL, wanted)
        assert len(warehouse.read(SMALL, {"value": 1, "count": np.int64(0), "simulated": np.bool_(True)})) == 1

    def test_a_column_that_must_be_filled_and_no_longer_is_is_refused_before_anything_is_written(self, warehouse: Warehouse):
        more = replace(SMALL, columns=(*SMALL.columns, Column("lot", "string", "number of the lot")))
        warehouse.upsert(more, rows(2).assign(lot="a"))
        renamed = replace(SMALL, columns=(*SMALL.columns, Column("batch", "string", "number of the batch", nullable=True)))
        with pytest.raises(WarehouseError, match=r"small: column lot .*history.*DROP NOT NULL") as raised:
            warehouse.upsert(renamed, rows(4).assign(batch="a"))
        assert raised.value.trouble == "schema"
        pd.testing.assert_frame_equal(warehouse.read(more), more.enforce(rows(2).assign(lot="a")))

    def test_a_value_is_never_sql(self, warehouse: Warehouse):
        evil = "'); DROP TABLE small; --"
        warehouse.upsert(SMALL, rows(1, market=evil))
        assert warehouse.read(SMALL, {"market": evil})["market"].tolist() == [evil]
        assert warehouse.read(SMALL, {"market": "x' OR '1'='1"}).empty
        assert warehouse.count(SMALL) == 1

    def test_a_condition_on_a_column_that_does_not_exist_is_refused_by_name(self, warehouse: Warehouse):
        with pytest.raises(WarehouseError, match="colour"):
            warehouse.read(SMALL, {"colour = 1 OR 1": "x"})

    def test_a_frame_that_breaks_its_contract_writes_nothing(self, warehouse: Warehouse):
        warehouse.upsert(SMALL, rows(1))
        for broken in (
            rows().drop(columns="value"),
            rows().assign(extra=1),
            pd.concat([rows(), rows()]),
            rows().assign(count="many"),
        ):
            with pytest.raises(TableError):
                warehouse.upsert(SMALL, broken)
        assert warehouse.count(SMALL) == 1

    def test_an_older_table_gets_its_new_columns_and_keeps_its_rows(self, warehouse: Warehouse):
        old = replace(SMALL, columns=tuple(c for c in SMALL.columns if c.name not in ("value", "count")))
        assert warehouse.lacking(SMALL) == []
        warehouse.upsert(old, rows(2).drop(columns=["value", "count"]))
        for _ in range(2):
            assert warehouse.lacking(SMALL) == ["value", "count"], "looking changes nothing"
        assert warehouse.read(SMALL)["value"].isna().all()
        assert warehouse.lacking(SMALL) == []
        assert warehouse.upsert(SMALL, rows(3)) == 3
        assert list(warehouse.read(SMALL)["value"]) == [1, 2, 3]
        assert list(warehouse.read(SMALL).columns) == SMALL.column_names

    def test_a_table_never_written_has_no_rows(self, warehouse: Warehouse):
        pd.testing.assert_frame_equal(warehouse.read(SMALL), SMALL.empty())
        assert warehouse.count(SMALL) == 0
        warehouse.upsert(PROMOTIONS, PROMOTIONS.empty())
        assert warehouse.count(SMALL) == 0
        assert warehouse.read(SMALL).empty
        pd.testing.assert_frame_equal(warehouse.read(PROMOTIONS), PROMOTIONS.empty())

    def test_repeating_an_upsert_changes_no_row(self, warehouse: Warehouse):
        warehouse.upsert(SMALL, rows())
        again = rows(created_at=MOMENT + pd.Timedelta(days=1)).sample(frac=1, random_state=1)
        assert warehouse.upsert(SMALL, again) == 0
        pd.testing.assert_frame_equal(warehouse.read(SMALL), SMALL.enforce(rows()))

    def test_rows_come_in_the_order_of_their_key(self, warehouse: Warehouse):
        warehouse.upsert(SMALL, pd.concat([rows(3, market="b"), rows(3, market="a")]).sample(frac=1, random_state=2))
        found = warehouse.read(SMALL)
        assert list(zip(found["day"].dt.day, found["market"], strict=True)) == [(d, m) for d in (1, 2, 3) for m in "ab"]

    def test_figures_survive_to_the_last_bit(self, warehouse: Warehouse):
        awkward = [0.1 + 0.2, 1e-300, 1.7976931348623157e308, float("inf"), -0.0, 5e-324]
        warehouse.upsert(SMALL, rows(6).assign(value=awkward, count=[2**63 - 1, -(2**63), 0, 1, -1, 2]))
        found = warehouse.read(SMALL)
        assert found["value"].tolist() == awkward
        assert found["count"].tolist() == [2**63 - 1, -(2**63), 0, 1, -1, 2]

    @pytest.mark.parametrize("text", ["", "é 鋼 ", "a'b\"c\\d", "line\nline", "1 OR 1=1", "?"])
    def test_any_text_is_only_text(self, warehouse: Warehouse, text: str):
        warehouse.upsert(SMALL, rows(1, market=text))
        assert warehouse.read(SMALL, {"market": text})["market"].tolist() == [text]

    def test_a_row_without_a_figure_gains_and_loses_it(self, warehouse: Warehouse):
        for value in (np.nan, 1.0, np.nan):
            assert warehouse.upsert(SMALL, rows(1).assign(value=value)) == 1
            assert warehouse.upsert(SMALL, rows(1).assign(value=value)) == 0

    def test_a_column_of_another_type_is_refused_and_nothing_changes(self, warehouse: Warehouse):
        warehouse.upsert(SMALL, rows(2))
        text = replace(SMALL, columns=tuple(replace(c, dtype="string") if c.name == "value" else c for c in SMALL.columns))
        with pytest.raises(WarehouseError, match=r"small: column value is \w+ in the warehouse and must be \w+") as raised:
            warehouse.upsert(text, rows(2).assign(value="a"))
        assert raised.value.trouble == "schema"
        assert warehouse.read(SMALL)["value"].tolist() == [1, 2]

    def test_ten_thousand_rows_are_written_read_and_counted(self, warehouse: Warehouse):
        many = pd.concat([rows(2_000, market=f"m{number}") for number in range(5)])
        assert warehouse.upsert(SMALL, many) == 10_000
        changed = many.assign(value=many["value"] + (many["market"] == "m3"))
        assert warehouse.upsert(SMALL, changed) == 2_000
        pd.testing.assert_frame_equal(
            warehouse.read(SMALL), SMALL.enforce(changed).sort_values(["day", "market"], ignore_index=True)
        )
        assert warehouse.count(SMALL) == 10_000

    def test_what_is_stored_is_weighed(self, warehouse: Warehouse):
        assert warehouse.stored_bytes() == 0
        values = {"string": "text", "float": 1.5, "int": 7, "date": MOMENT, "timestamp": MOMENT}
        warehouse.upsert(PROMOTIONS, pd.DataFrame([{c.name: values[c.dtype] for c in PROMOTIONS.columns}]))
        assert warehouse.stored_bytes() > 50

    def test_a_table_has_an_address_that_names_it_and_its_dataset(self, warehouse: Warehouse):
        assert "small" in warehouse.uri(SMALL)
        assert "steel_rebar_predictor" in warehouse.uri(SMALL)
        assert warehouse.uri_of_database
