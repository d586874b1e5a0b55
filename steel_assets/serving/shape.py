"""The base class of the API's shapes: built from rows, written as JSON, with an example."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo


class Shape(BaseModel):
    """A JSON object with exactly these fields, without NaN or infinity."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @classmethod
    def of(cls, *parts: Mapping[str, Any] | Shape, **more: Any) -> Self:
        """A shape with its fields from ``parts`` and ``more``, later ones first; other fields are ignored.

        Raises:
            ValidationError: a field is missing, or of another type.
        """
        found: dict[str, Any] = {}
        for part in parts:
            found |= dict(part)
        return cls.model_validate(found | more, extra="ignore")

    def to_json(self) -> bytes:
        """The shape as JSON without white space; non-ASCII characters are escaped."""
        return self.model_dump_json(ensure_ascii=True).encode()


def example(shape: type[Shape]) -> dict[str, Any]:
    """The first example of each field; without one null, false or its own shape's example. Fields with a default are left out."""
    return {
        name: field.examples[0] if field.examples else _example(name, field)
        for name, field in shape.model_fields.items()
        if field.examples or field.is_required()
    }


def _example(name: str, field: FieldInfo) -> Any:
    kinds = get_args(field.annotation) or (field.annotation,)
    shapes = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Shape)]
    if shapes:
        return [example(shapes[0])] if get_origin(field.annotation) is list else example(shapes[0])
    if get_origin(field.annotation) is Literal:
        return kinds[0]
    if NoneType in kinds:
        return None
    if field.annotation is bool:
        return False
    raise LookupError(f"the field {name} needs an example")
