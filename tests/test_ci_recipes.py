"""The recipes of docs/ci work as they are: servers' schemas take them, and their scripts are run here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import gitlab_ci_local as local
import pytest
import yaml
from repositories import Draft, Place, numbered

from git_xsa.demo import write

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs/ci"
RECIPES = sorted(path.name for path in DOCS.iterdir())
needs_gitlab = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(local.obstacle()), reason=local.obstacle() or "never"),
]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PATH": f"{ROOT}/bench/bin:{os.environ['PATH']}", "PYTHON": sys.executable, **more}


def scripts(recipe: str) -> dict[str, str]:
    """Return the scripts of a recipe by the job, or the step, that runs them."""
    document = yaml.safe_load((DOCS / recipe).read_text())
    if "jobs" in document:
        steps = [(job, step) for job, body in document["jobs"].items() for step in body["steps"]]
        return {f"{job} {step.get('name', step.get('id', ''))}": step["run"] for job, step in steps if "run" in step}
    jobs = {name: body for name, body in document.items() if isinstance(body, dict)}
    return {
        f"{name} {part}": "\n".join(body[part])
        for name, body in jobs.items()
        for part in ("before_script", "script")
        if part in body
    }


def test_the_table_names_every_recipe() -> None:
    text = (DOCS / "README.md").read_text()
    assert [name for name in RECIPES if name != "README.md" and f"`{name}`" not in text] == []


@pytest.mark.parametrize(
    ("recipe", "schema"),
    [
        ("gitlab-maintainer.yml", "vendor.gitlab-ci"),
        ("gitlab-packager.yml", "vendor.gitlab-ci"),
        ("github.yml", "vendor.github-workflows"),
    ],
)
def test_servers_take_it(recipe: str, schema: str) -> None:
    words = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(DOCS / recipe))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck: not installed")
def test_every_script_passes_shellcheck(tmp_path: Path) -> None:
    files = [DOCS / "cron-mail"]
    for recipe in RECIPES:
        for name, text in scripts(recipe).items() if recipe.endswith(".yml") else ():
            files.append(tmp_path / f"{recipe}-{name}".replace(" ", "-"))
            files[-1].write_text(f"#!/bin/sh\n{text}\n")
    assert len(files) > 12
    # Variables come from the server.
    done = subprocess.run(
        ("shellcheck", "--exclude=SC2154", *map(str, files)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("recipe", [name for name in RECIPES if name.startswith("gitlab-")])
def test_a_job_that_triggers_has_nothing_that_only_a_runner_needs(recipe: str) -> None:
    """GitLab refuses that, also by way of extends; its schema and gitlab-ci-local don't see it."""
    document = yaml.safe_load((DOCS / recipe).read_text())
    for name, job in document.items():
        if isinstance(job, dict) and "trigger" in job:
            assert job.keys() <= {"stage", "rules", "needs", "trigger", "variables"}, name


# cron and mail


def test_cron_sends_a_mail_when_the_answer_changes(tmp_path: Path, sealed: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"a": numbered(20)})
    place = draft.write(tmp_path / "upstream")
    subprocess.run(("git", "clone", "--quiet", "--bare", str(place.folder), str(tmp_path / "clone")), check=True)
    subprocess.run(
        ("git", "-C", str(tmp_path / "clone"), "config", "remote.origin.fetch", "+refs/*:refs/*"), check=True
    )
    sendmail = tmp_path / "sendmail"
    sendmail.write_text(f'#!/bin/sh\n[ "$*" = -t ] && cat >>{tmp_path}/mails && echo END >>{tmp_path}/mails\n')
    sendmail.chmod(0o755)

    def run_it(clone: str = "clone") -> list[str]:
        (tmp_path / "mails").unlink(missing_ok=True)
        words = (str(DOCS / "cron-mail"), str(tmp_path / clone), "packager@example.org")
        surroundings = environment(SENDMAIL=str(sendmail))
        done = subprocess.run(words, env=surroundings, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
        return (tmp_path / "mails").read_text().splitlines() if (tmp_path / "mails").exists() else []

    assert run_it()[:2] == ["To: packager@example.org", "Subject: XSA: everything applies"]
    assert run_it() == []
    (place.folder / "a").write_bytes(numbered(20, {5: "five"}))
    place.git("commit", "--quiet", "-am", "fix\n\nThis is XSA-1.")
    mail = run_it()
    assert mail[1] == "Subject: XSA: everything applies"
    assert any("XSA-1" in line for line in mail)
    assert run_it() == []
    assert run_it("none")[1] == "Subject: XSA: the check failed"
    done = subprocess.run((str(DOCS / "cron-mail"),), capture_output=True, check=False)
    assert done.returncode == 129


# GitHub Actions


def test_the_steps_of_the_workflow(tmp_path: Path) -> None:
    """Run as the server does: the plan, each job of the matrix by what its environment says, and the end."""
    write(tmp_path / "demo")
    demo = tmp_path / "demo"
    subprocess.run(("git", "config", "xsa.cell.make.command", "make"), cwd=demo, check=True)
    framework = Draft()
    framework.commit("tests", {"Makefile": b"all:\n", "tests/example/Makefile": b"build:\n"})
    framework.write(demo / ".xsa/xtf")
    document = yaml.safe_load((DOCS / "github.yml").read_text())
    steps = scripts("github.yml")

    def step(name: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ("sh", "-e", "-c", steps[name]), cwd=demo, env=environment(XSA_CELLS="make", **variables),
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    output = tmp_path / "output"
    done = step("plan matrix", GITHUB_OUTPUT=str(output))
    assert done.returncode == 0, done
    matrix = json.loads(output.read_text().removeprefix("matrix="))["include"]
    assert {entry["base"] for entry in matrix} == {"RELEASE-4.20.1", "RELEASE-4.21.0"}
    asked: dict[str, Any] = document["jobs"]["prove"]["env"]
    for entry in matrix:
        variables = {name: str(entry[value.split(".")[1].split(" ")[0]]) for name, value in asked.items()}
        assert step("prove Check", **variables).returncode == (1 if entry["base"] == "RELEASE-4.20.1" else 0)
        done = step("prove Build, boot, try the exploits", **variables)
        assert done.returncode == 0, done
    done = step("collect ")
    assert done.returncode == 1, done  # XSA-9003 is misplaced on 4.20.1, which its check says
    assert "misplaced" in done.stderr or "wrong place" in done.stderr
    found = json.loads((demo / "xsa-results.json").read_text())
    assert (found["problems"], [one["state"] for one in found["results"]]) == ([], ["passed", "passed"])


# GitLab


def prepared(place: Place, recipe: str, branch: str, **settings: str) -> None:
    """Put a recipe on a branch of the project, with ``origin`` for what asks for one."""
    place.git("checkout", "--quiet", "-B", branch)
    (place.folder / ".gitlab-ci.yml").write_text((DOCS / recipe).read_text())
    place.git("add", ".gitlab-ci.yml")
    place.git("commit", "--quiet", "-m", "recipe")
    for key, value in settings.items():
        place.git("config", f"xsa.{key.replace('_', '.')}", value)
    place.git("remote", "add", "origin", f"file://{place.folder}")
    place.git("fetch", "--quiet", "origin")
    place.git("remote", "set-head", "origin", branch)


class TestGitlab:
    """Recipes that gitlab-ci-local runs."""

    pytestmark = needs_gitlab

    def test_a_push_to_staging(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHON", sys.executable)
        write(tmp_path / "demo")
        place = Place(tmp_path / "demo", {})
        place.git("checkout", "--quiet", "-B", "staging-4.21", "stable-4.21")
        prepared(place, "gitlab-maintainer.yml", "staging-4.21", cell_make_command="make")
        done = local.run_pipeline(place.folder, XSA_CELLS="make")
        told = done.stdout + done.stderr
        assert done.returncode == 0, told
        kept = place.folder / ".gitlab-ci-local/artifacts"
        assert next(kept.glob("**/xsa-check.xml"), None) is not None, told
        [results] = [json.loads(path.read_text()) for path in kept.glob("**/xsa-results.json")]
        assert (results["status"], results["results"][0]["state"]) == (0, "passed")
        assert results["results"][0]["xsa"] == [9001, 9002, 9003, 9004]

    def test_a_night_of_a_packager(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The package has one of four fixes: that is said, and the others are proved on top of it."""
        monkeypatch.setenv("PYTHON", sys.executable)
        release = "RELEASE-4.21.0"
        (tmp_path / "temporary").mkdir()
        monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))  # a pipeline with a path in it would be refused
        write(tmp_path / "history")
        history = Place(tmp_path / "history", {})
        package = tmp_path / "package"
        assert history.run("export", "--onto", release, "--xsa", "9001", "-o", str(package / "patches")).status == 0
        subprocess.run(("git", "init", "--quiet", "--initial-branch=main", str(package)), check=True)
        place = Place(package, {})
        place.git("add", "-A")
        prepared(place, "gitlab-packager.yml", "main")
        place.git("config", "--global", "xsa.cell.make.command", "make")
        variables = {"XSA_RELEASE": release, "XSA_HISTORY": str(history.folder), "XSA_CELLS": "make"}
        done = local.run_pipeline(package, CI_PIPELINE_SOURCE="schedule", XSA_PACKAGE="patches/series", **variables)
        told = done.stdout + done.stderr
        assert "missing   XSA-9002, XSA-9003, XSA-9004" in told
        kept = package / ".gitlab-ci-local/artifacts"
        found = list(kept.glob("**/xsa-results.json"))
        assert len(found) == 1, told
        results = json.loads(found[0].read_text())
        assert (results["status"], results["problems"], results["results"][0]["xsa"]) == (0, [], [9002, 9003, 9004])
