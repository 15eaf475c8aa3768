"""What others wrote to judge documents for programs; each returns what is wrong with one, nothing if it is right."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

_HERE = Path(__file__).resolve().parent
_OSV = _HERE / "schemas/osv.json"
#: Where .ci/run installs what comes from npm.
_NODE = _HERE.parent / ".node"
_SECVISOGRAM = """
import validate from '@secvisogram/csaf-validator-lib/validate.js'
import * as schema from '@secvisogram/csaf-validator-lib/schemaTests.js'
import * as mandatory from '@secvisogram/csaf-validator-lib/mandatoryTests.js'
import { readFileSync } from 'node:fs'
const tests = [...Object.values(schema), ...Object.values(mandatory)]
const found = await validate(tests, JSON.parse(readFileSync(process.argv[2])))
process.stdout.write(JSON.stringify(found.tests.filter((test) => !test.isValid)))
"""


def openvex(document: bytes) -> str:
    vexipy = pytest.importorskip("vexipy")
    try:
        vexipy.Document.from_json(document.decode())
    except ValueError as error:
        return str(error)
    return ""


def cyclonedx(document: bytes) -> str:
    schema = pytest.importorskip("cyclonedx.schema")
    validation = pytest.importorskip("cyclonedx.validation.json")
    wrong = validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(document.decode())
    return str(wrong) if wrong is not None else ""


def csaf(document: bytes, folder: Path) -> str:
    """Judge by csaf-lib, which runs the standard's tests of a VEX and its schema, and ends with 0 whatever comes of
    it."""
    pytest.importorskip("csaf_lib")
    words = (Path(sys.executable).with_name("csaf-lib"), "verify", "--verbose", _file(document, folder))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return "" if "Verification PASSED" in done.stdout and not done.returncode else done.stdout + done.stderr


def csaf_of_npm(document: bytes, folder: Path) -> str:
    """Judge by secvisogram's validator."""
    node = shutil.which("node", path=f"{_NODE / 'node_modules/.bin'}:{os.environ['PATH']}")
    library = _NODE / "node_modules/@secvisogram/csaf-validator-lib"
    if node is None or not library.is_dir():
        pytest.skip("@secvisogram/csaf-validator-lib is not installed: .ci/run gets it where there is npm")
    script = folder / "judge.mjs"
    script.write_text(_SECVISOGRAM.replace("@secvisogram/csaf-validator-lib", f"{library.as_uri()}"))
    done = subprocess.run((node, script, _file(document, folder)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return "" if done.stdout == "[]" else done.stdout


def osv(document: bytes, folder: Path) -> str:
    return _by_schema(_OSV, document, folder)


def cve(document: bytes, folder: Path) -> str:
    """Judge by the schema of whole records, of which cvelib has a copy."""
    pytest.importorskip("cvelib")
    [schema] = [Path(str(one)) for one in files("cvelib.schemas").iterdir() if one.name.startswith("CVE_JSON_bundled")]
    return _by_schema(schema, document, folder)


def broken(document: bytes, *path: str | int) -> bytes:
    """Return ``document`` without what is at ``path`` in it."""
    made = inner = json.loads(document)
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return json.dumps(made).encode()


def changed(document: bytes, value: Any, *path: str | int) -> bytes:
    """Return ``document`` with ``value`` at ``path`` in it."""
    made = inner = json.loads(document)
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return json.dumps(made).encode()


def _by_schema(schema: Path, document: bytes, folder: Path) -> str:
    words = ("-m", "check_jsonschema", "--schemafile", schema, _file(document, folder))
    return _ran(Path(sys.executable), *words)


def _ran(*words: Path | str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr) if done.returncode else ""


def _file(document: bytes, folder: Path) -> Path:
    file = folder / "cve-2020-1234.json"
    file.write_bytes(document)
    return file
