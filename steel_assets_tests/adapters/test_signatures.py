"""With a key, only who holds it writes what is believed: models, pointers, forecasts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from pydantic import SecretStr

from steel_assets.adapters.google.secret_manager import SecretError, Secrets
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.parquet import to_parquet
from steel_assets.adapters.lake.publications import Publications
from steel_assets.adapters.models.store import ModelDamaged, ModelStore, ModelStoreError
from steel_assets.adapters.objects.checksummed import Damaged, NotSigned, checksummed, unseal
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets.adapters.objects.signatures import signing_key
from steel_assets.core.tables import FORECASTS
from steel_assets_tests.serving.test_snapshot import row

KEY, OTHER = b"a key of this installation", b"the key of somebody else"
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
FILE = "predictions/daily/2026-11-20/rebar-20261120T080000Z.parquet"


def test_a_signed_document_is_read_with_its_key_and_without_one_but_not_with_another() -> None:
    signed = checksummed({"a": 1}, KEY)
    assert unseal(signed, KEY) == unseal(signed) == {"a": 1}
    for content, key in ((signed, OTHER), (checksummed({"a": 1}), KEY), (checksummed({"a": 1}, OTHER), KEY)):
        with pytest.raises(NotSigned):
            unseal(content, key)
    forged = json.loads(signed)
    resealed = json.loads(checksummed({"a": 2}))
    with pytest.raises(NotSigned):
        unseal(json.dumps(resealed | {"hmac_sha256": forged["hmac_sha256"]}, sort_keys=True, indent=1).encode() + b"\n", KEY)
    with pytest.raises(Damaged):
        unseal(signed.replace(b'"a": 1', b'"a": 2'), KEY)
    with pytest.raises(ValueError, match="of its own"):
        checksummed({"hmac_sha256": "x"}, KEY)


@pytest.fixture
def folder(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "lake")


def in_force(models: ModelStore, version: str = "v1") -> None:
    models.save_candidate("rebar", 1, version, {"model.json": b"{}"}, {"family": "ridge"})
    models.promote("rebar", 1, version, models.production("rebar", 1), NOW)


def test_a_model_put_in_force_by_who_holds_no_key_is_refused(folder: LocalFolder) -> None:
    in_force(ModelStore(folder, KEY))
    assert ModelStore(folder, KEY).load("production", "rebar", 1)[0]["family"] == "ridge"
    assert ModelStore(folder).load("production", "rebar", 1)[0]["family"] == "ridge"
    forger = ModelStore(folder)
    forger.save_candidate("rebar", 1, "v2", {"model.json": b"evil"}, {"family": "ridge"})
    forger.promote("rebar", 1, "v2", forger.production("rebar", 1), NOW)
    for work in (lambda store: store.production("rebar", 1), lambda store: store.load("production", "rebar", 1)):
        with pytest.raises(ModelDamaged, match=r"not signed.*steel sign"):
            work(ModelStore(folder, KEY))


def test_a_candidate_that_nobody_signed_is_never_promoted(folder: LocalFolder) -> None:
    models = ModelStore(folder, KEY)
    ModelStore(folder).save_candidate("rebar", 1, "v1", {"model.json": b"evil"}, {"family": "ridge"})
    with pytest.raises(ModelDamaged, match="not signed"):
        models.promote("rebar", 1, "v1", None, NOW)
    assert models.production("rebar", 1) is None


def test_what_was_there_before_the_key_counts_once_somebody_says_so(folder: LocalFolder) -> None:
    in_force(ModelStore(folder))
    models = ModelStore(folder, KEY)
    with pytest.raises(ModelDamaged, match="not signed"):
        models.production("rebar", 1)
    assert models.sign("rebar", 1)
    assert not models.sign("rebar", 5)
    assert models.load("production", "rebar", 1)[0]["family"] == "ridge"
    in_force(models, "v2")
    pointer = models.production("rebar", 1)
    assert pointer is not None
    assert models.rollback("rebar", 1, pointer, NOW).version == "v1"
    with pytest.raises(ModelStoreError, match="STEEL_SIGNING_KEY"):
        ModelStore(folder).sign("rebar", 1)


def frame(price: float = 500.0) -> pd.DataFrame:
    rows = pd.DataFrame([row(price)])
    return FORECASTS.enforce(rows.assign(**{name: pd.to_datetime(rows[name]) for name in ("as_of", "created_at")}))


def test_a_publication_is_believed_only_as_it_was_signed_and_where(folder: LocalFolder) -> None:
    lake = Lake(folder)
    published = Publications(lake, KEY)
    published.write(FILE, frame(), FORECASTS)
    assert published.read(FILE)["predicted_price"].iloc[0] == 500.0
    beside = "predictions/signatures/2026-11-20/rebar-20261120T080000Z.json"
    signature, content = folder.get(beside), folder.get(FILE)
    elsewhere = FILE.replace("rebar-2026", "rebar-2027")

    def moved() -> None:
        folder.put(elsewhere, content)
        folder.put(beside.replace("rebar-2026", "rebar-2027"), signature)

    def restore() -> None:
        folder.put(FILE, content)
        folder.put(beside, signature)

    attacks: list[tuple[Callable[[], None], str]] = [
        (lambda: folder.put(FILE, to_parquet(frame(900.0))), FILE),
        (lambda: folder.delete(beside), FILE),
        (lambda: Publications(lake, OTHER).write(FILE, frame(900.0), FORECASTS), FILE),
        (lambda: folder.put(beside, b"{}"), FILE),
        (moved, elsewhere),
    ]
    for attack, key in attacks:
        attack()
        with pytest.raises(Damaged):
            published.read(key)
        restore()
    assert published.read(FILE)["predicted_price"].iloc[0] == 500.0
    unsigned = Publications(lake, None)
    unsigned.write(elsewhere, frame(510.0), FORECASTS)
    assert unsigned.read(elsewhere)["predicted_price"].iloc[0] == 510.0
    published.sign(elsewhere)
    assert published.read(elsewhere)["predicted_price"].iloc[0] == 510.0


def test_a_key_too_short_to_be_one_is_refused_by_name() -> None:
    secrets = Secrets(lambda: None)
    assert signing_key(secrets, None) is None
    assert signing_key(secrets, SecretStr(KEY.decode())) == KEY
    with pytest.raises(SecretError, match="STEEL_SIGNING_KEY"):
        signing_key(secrets, SecretStr("short"))
