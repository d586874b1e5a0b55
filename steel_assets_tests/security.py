"""What ``make check-security`` does: the rules of security over the code, a bill of materials, and known vulnerabilities.

The last needs a network. Without one it is said that nothing was looked up, and the rest counts.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from cyclonedx.contrib.hash.factories import HashTypeFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pip_requirements_parser import RequirementsFile

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
BILL = ROOT / "build" / "sbom.cdx.json"
OURS = "steel-assets"
AUDIT = (str(Path(sys.executable).with_name("pip-audit")),)
UNREACHABLE = re.compile(r"ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|NameResolutionError|ServiceError")
NOT_AUDITED = "NOT AUDITED: the list of known vulnerabilities cannot be reached from here; run it where it can"


def main() -> int:
    """All three; 0 where nothing was found."""
    rules = [str(Path(sys.executable).with_name("ruff")), "check", "--select", "S", "steel_assets"]
    found = subprocess.run(rules, cwd=ROOT, check=False).returncode
    BILL.parent.mkdir(exist_ok=True)
    BILL.write_text(bill_of_materials(LOCK))
    print(f"bill of materials (CycloneDX) of what requirements.lock pins: {BILL}")  # noqa: T201 - what a command says
    known, words = audit(LOCK)
    print(words)  # noqa: T201 - what a command says
    return 1 if found or known else 0


def bill_of_materials(lock: Path) -> str:
    """CycloneDX, as JSON: every pin with its hashes; what only developers install is ``excluded``."""
    shipped = set(_needed(OURS))
    bom = Bom()
    bom.metadata.component = ours = Component(name=OURS, version=version(OURS), bom_ref=OURS, type=ComponentType.APPLICATION)
    for pin in RequirementsFile.from_file(str(lock)).requirements:
        name, pinned = canonicalize_name(str(pin.name)), str(pin.get_pinned_version)
        purl = PackageURL("pypi", None, name, pinned)
        component = Component(
            name=name,
            version=pinned,
            bom_ref=purl.to_string(),
            purl=purl,
            scope=ComponentScope.REQUIRED if name in shipped else ComponentScope.EXCLUDED,
            hashes=map(HashTypeFactory().from_composite_str, pin.hash_options),
        )
        bom.components.add(component)
        bom.register_dependency(ours, [component])
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2) + "\n"


def audit(lock: Path, program: tuple[str, ...] = AUDIT) -> tuple[bool, str]:
    """Whether vulnerabilities of the pins are known, and what to say."""
    command = [
        *program,
        "-r",
        str(lock),
        "--require-hashes",
        "--disable-pip",
        "--no-deps",
        "-f",
        "json",
        "--timeout",
        "10",
        "--progress-spinner",
        "off",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        dependencies = json.loads(said.stdout)["dependencies"]
    except ValueError:
        if UNREACHABLE.search(said.stderr):
            return False, f"{NOT_AUDITED} ({said.stderr.strip().splitlines()[-1][:200]})"
        return True, f"pip-audit failed:\n{said.stderr[-4000:]}"
    lines = [
        f"{dependency['name']} {dependency['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'none yet'}"
        for dependency in dependencies
        for found in dependency.get("vulns", ())
    ]
    skipped = [dependency["name"] for dependency in dependencies if "skip_reason" in dependency]
    if skipped and len(skipped) == len(dependencies):
        return False, f"{NOT_AUDITED} (it knows none of the pins: {dependencies[0]['skip_reason'][:200]})"
    summary = f"audited {len(dependencies) - len(skipped)} pins, {len(lines)} known vulnerabilities"
    also = [f"not looked up: {', '.join(skipped)}"] if skipped else []
    return bool(lines), "\n".join([*lines, *also, summary])


def _needed(name: str) -> Iterator[str]:
    """What is installed because of ``name``, it included."""
    waiting = [Requirement(name)]
    found: set[str] = set()
    while waiting:
        one = waiting.pop()
        if str(one) in found:
            continue
        found.add(str(one))
        yield canonicalize_name(one.name)
        try:
            needed = map(Requirement, requires(one.name) or ())
        except PackageNotFoundError:  # for another system or Python
            continue
        for package in needed:
            if _asked_for(str(package.marker or ""), one.extras):
                package.marker = None
                waiting.append(package)


def _asked_for(marker: str, extras: Iterable[str]) -> bool:
    return "extra ==" not in marker or any(f'extra == "{extra}"' in marker for extra in extras)


if __name__ == "__main__":
    sys.exit(main())
