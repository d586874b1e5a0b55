"""Ten ways in which a stored file can be damaged, each from its bytes to other bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

Damaging = Callable[[bytes], bytes]

HUGE = 20 * 2**20


def _is_parquet(content: bytes) -> bool:
    return content[:4] == b"PAR1"


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), buffer)
    return buffer.getvalue()


def _wrong_schema(content: bytes) -> bytes:
    """Another file of the same format."""
    return _parquet(pd.DataFrame({"a": [1, 2]})) if _is_parquet(content) else b'{"a": [1, 2]}'


def _wrong_type(content: bytes) -> bytes:
    """The same names, and values of other kinds."""
    if _is_parquet(content):
        frame = pq.read_table(io.BytesIO(content)).to_pandas()
        return _parquet(pd.DataFrame({name: [f"no {name}"] * len(frame) for name in frame}))
    try:
        return json.dumps(_other(json.loads(content))).encode()
    except ValueError:
        return b'["no", "such", "thing"]'


def _other(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _other(entry) for name, entry in value.items()} or ["nothing"]
    return ["text"] if isinstance(value, list) else {"of": "another kind"}


DAMAGES: Mapping[str, Damaging] = {
    "truncated": lambda content: content[: len(content) // 2],
    "garbage": lambda content: b"\x93\x00garbage\xff\xfe!",
    "zeros": lambda content: bytes(max(len(content), 64)),
    "wrong schema": _wrong_schema,
    "wrong type": _wrong_type,
    "huge": lambda content: b"[" + b"1," * (HUGE // 2) + b"1]",
    "empty": lambda content: b"",
    "deep": lambda content: b"[" * 100_000 + b"]" * 100_000,
    "duplicate": lambda content: content + content,
    "other encoding": lambda content: content.decode("latin-1").encode("utf-16"),
}
