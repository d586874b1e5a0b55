"""Check Terraform files against the schema of Google's provider, with no Terraform and no network.

``terraform validate`` needs the provider, which only HashiCorp's registry has. The wheel ``cdktf-cdktf-provider-google`` has a
Python class per resource, generated from the same schema: its constructor's keyword arguments are the resource's arguments, those
without a default are required, and their annotations name the classes of nested blocks. The wheel's source is parsed, never run.

    python terraform_schema.py WHEEL FILE.tf ...

Exit code 1 if an argument is unknown, a required one is missing, or a resource type does not exist.
"""

import ast
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2

OF_TERRAFORM = {"count", "for_each", "depends_on", "lifecycle", "provider", "provisioner", "connection", "timeouts", "dynamic"}
OF_CONSTRUCTORS = {"self", "scope", "scope_", "id", "id_", "count", "provisioners"} | OF_TERRAFORM
PACKAGE = "cdktf_cdktf_provider_google"


@dataclass(frozen=True)
class Argument:
    """One argument of a resource or of a nested block.

    Attributes:
        required: the provider refuses a block without it.
        classes: names of the classes in its annotation, of which one may be that of a nested block.
    """

    required: bool
    classes: frozenset[str]


class Provider:
    """The resources of the provider, as the wheel's classes describe them."""

    def __init__(self, wheel: Path) -> None:
        """Open the wheel; its modules are read when a resource is asked for."""
        self._wheel = zipfile.ZipFile(wheel)
        self._read: dict[str, dict[str, ast.ClassDef]] = {}

    def classes(self, resource: str) -> dict[str, ast.ClassDef]:
        """The classes of a resource type without ``google_``, by name; KeyError if the provider has no such type."""
        if resource not in self._read:
            source = self._wheel.read(f"{PACKAGE}/{resource}/__init__.py").decode()
            self._read[resource] = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
        return self._read[resource]


def arguments(block: ast.ClassDef) -> dict[str, Argument]:
    """The arguments that a class's constructor takes, by the name that Terraform has for them."""
    constructor = next(node for node in block.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    keywords = zip(constructor.args.kwonlyargs, constructor.args.kw_defaults, strict=True)
    return {
        keyword.arg.rstrip("_"): Argument(default is None, frozenset(re.findall(r"\b[A-Z]\w+", ast.unparse(keyword.annotation))))
        for keyword, default in keywords
        if keyword.annotation is not None
    }


def faults(provider: Provider, kind: str, name: str, body: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with one resource, a sentence each; ``kind`` is its type as Terraform writes it."""
    resource = kind.removeprefix("google_")
    try:
        classes = provider.classes(resource)
    except KeyError:
        yield f"{kind}.{name}: the provider has no such resource type"
        return
    yield from _faults_of_block(
        classes, classes["".join(word.capitalize() for word in resource.split("_"))], f"{kind}.{name}", body
    )


def _faults_of_block(
    classes: Mapping[str, ast.ClassDef], block: ast.ClassDef, path: str, body: Mapping[str, Any]
) -> Iterator[str]:
    known, written = arguments(block), dict(_written(body))
    for key in sorted(known.keys() - written.keys() - OF_CONSTRUCTORS):
        if known[key].required:
            yield f"{path}: the required argument {key} is missing"
    for key, value in written.items():
        if key in OF_TERRAFORM:
            continue
        if key not in known:
            yield f"{path}: {key} is no argument of it"
            continue
        nested = next((classes[name] for name in known[key].classes if name in classes), None)
        for item in value if isinstance(value, list) else [value]:
            if nested is not None and isinstance(item, dict):
                yield from _faults_of_block(classes, nested, f"{path}.{key}", item)


def _written(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a block says, with the content of a ``dynamic`` block as if it stood there once."""
    for key, value in body.items():
        if _unquoted(key) == "dynamic":
            for labelled in value:
                for label, block in labelled.items():
                    yield _unquoted(label), block["content"]
        elif not key.startswith("__"):
            yield _unquoted(key), value


def resources(file: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every ``google_`` resource of a file: type, name, body."""
    with file.open() as text:
        blocks = hcl2.load(text).get("resource", [])
    for block in blocks:
        for kind, named in block.items():
            for name, body in named.items() if _unquoted(kind).startswith("google_") else ():
                yield _unquoted(kind), _unquoted(name), body


def _unquoted(key: str) -> str:
    return key.strip('"')


def main(wheel: str, *files: str) -> int:
    """Print what is wrong; 1 if anything is, or if there was no resource to look at."""
    provider = Provider(Path(wheel))
    found = [resource for file in files for resource in resources(Path(file))]
    wrong = [fault for kind, name, body in found for fault in faults(provider, kind, name, body)]
    sys.stdout.writelines(f"{line}\n" for line in (*wrong, f"{len(found)} resources, {len(wrong)} faults"))
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
