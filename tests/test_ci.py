"""git xsa-ci: what a pipeline is made of, that servers take it, and that nothing secret gets into it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from advisory_texts import advisory
from repositories import Draft, Place, numbered, run, story

RELEASE = "RELEASE-1.0.1"
STAGES = ("check", "build", "boot", "exploit", "collect")
KEYWORDS = {"stages", "workflow", "default", "variables"}
SECRET = "embargoedsecretword"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return story().write(tmp_path / "clone")


def valid(text: str, folder: Path, schema: str = "vendor.gitlab-ci") -> None:
    """Check ``text`` against the schema of a server, as its own editor does."""
    file = folder / "checked.yml"
    file.write_text(text)
    words = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def pipeline(place: Place, *words: str) -> dict[str, Any]:
    """Return the pipeline of a command, which is valid."""
    answer = place.run("ci", *words)
    assert answer.status == 0, answer
    valid(answer.out, place.folder.parent)
    found: dict[str, Any] = yaml.safe_load(answer.out)
    return found


def jobs(document: dict[str, Any]) -> dict[str, Any]:
    return {name: job for name, job in document.items() if name not in KEYWORDS}


def test_the_stages_of_each_base_and_cell(place: Place) -> None:
    words = ("--onto", RELEASE, "--onto", "RELEASE-1.0.0", "--cell", "x86_64", "--cell", "arm64")
    document = pipeline(place, *words)
    assert document["stages"] == list(STAGES)
    found = jobs(document)
    assert sorted(found) == sorted(
        [f"check {base}" for base in (RELEASE, "RELEASE-1.0.0")]
        + [f"{s} {b} {c}" for s in STAGES[1:4] for b in (RELEASE, "RELEASE-1.0.0") for c in ("x86_64", "arm64")]
        + ["collect"]
    )
    for name, job in found.items():
        for need in job.get("needs", []):
            assert STAGES.index(found[need["job"]]["stage"]) < STAGES.index(job["stage"]), name
        assert job["artifacts"]["expire_in"]
        assert "timeout" in job
    build, boot = found[f"build {RELEASE} arm64"], found[f"boot {RELEASE} arm64"]
    assert [need["job"] for need in boot["needs"]] == [f"check {RELEASE}", f"build {RELEASE} arm64"]
    assert build["image"].startswith("registry.gitlab.com/xen-project/xen/debian:12-arm64v8")
    assert (build["tags"], found[f"build {RELEASE} x86_64"]["tags"]) == (["arm64"], ["x86_64"])
    assert build["cache"] == [{"key": "xsa-ccache-arm64", "paths": [".xsa/ccache/"], "when": "always"}]
    assert set(document["default"]["retry"]["when"]) <= {
        "runner_system_failure", "scheduler_failure", "data_integrity_failure"
    }  # fmt: skip
    assert document["default"]["interruptible"] is True
    expected = re.findall(r"--expect (\S+)", found["collect"]["script"][0])
    written = {job["artifacts"]["reports"]["junit"] for name, job in found.items() if name != "collect"}
    assert {f"xsa-results/{name}.xml" for name in expected} == written


def test_the_last_stage_is_the_one_asked_for(place: Place) -> None:
    document = pipeline(place, "--onto", RELEASE, "--until", "build")
    assert document["stages"] == ["check", "build", "collect"]
    assert "XSA_XTF" not in document["variables"]
    assert list(jobs(document)) == [f"check {RELEASE}", f"build {RELEASE} x86_64", "collect"]


def test_the_same_input_gives_the_same_bytes(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("ci", "--onto", RELEASE, "--each", "--cell", "x86_64", "--cell", "x86_64-randconfig=3")
    first = place.run(*words).out
    shutil.copytree(place.folder, tmp_path / "elsewhere/other")
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("USER", "somebody")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONHASHSEED", "4711")
    words_of_python = (sys.executable, "-m", "git_xsa", *words)
    done = subprocess.run(words_of_python, cwd=tmp_path / "elsewhere/other", capture_output=True, text=True, check=True)
    assert done.stdout == first


def test_each_advisory_is_a_set(place: Place) -> None:
    found = jobs(pipeline(place, "--onto", RELEASE, "--each", "--until", "build"))
    assert [name for name in found if name.startswith("check")] == [f"check {RELEASE}-XSA-{n}" for n in (2, 3, 4, 5)]
    assert "--xsa 3 " in " ".join(found[f"check {RELEASE}-XSA-3"]["script"])


def test_cells_that_only_build_are_a_matrix_within_the_limits(place: Place) -> None:
    cells = [word for n in range(60) for word in ("--cell", f"x86_64-randconfig={n}")]
    found = jobs(pipeline(place, "--onto", RELEASE, *cells, "--cell", "arm32"))
    sizes = {name: len(job["parallel"]["matrix"]) for name, job in found.items() if "parallel" in job}
    assert sorted(sizes.values()) == [1, 10, 50]
    expected = re.findall(r"--expect (\S+)", found["collect"]["script"][0])
    assert len([name for name in expected if name.endswith("/build")]) == 61


def test_images_and_tags_by_cell(place: Place) -> None:
    for key, value in {
        "ci.image": "example.org/all:1",
        "ci.x86_64.image": "example.org/one:2",
        "ci.tags": "",
        "ci.image.arm64": "example.org/arm:3",
        "ci.arm64.tags": "arm64 big",
    }.items():
        place.git("config", f"xsa.{key}", value)
    cells = ("--cell", "x86_64", "--cell", "arm64", "--cell", "x86_64-xsm")
    found = jobs(pipeline(place, "--onto", RELEASE, *cells, "--until", "build"))
    assert {name.split()[-1]: (job["image"], job.get("tags")) for name, job in found.items() if "build" in name} == {
        "x86_64": ("example.org/one:2", None),
        "arm64": ("example.org/arm:3", ["arm64", "big"]),
        "x86_64-xsm": ("example.org/all:1", None),
    }
    for key, value in (("ci.image", "a b"), ("ci.x86_64.colour", "red"), ("ci.tags", "`id`")):
        answer = run(place.folder, "ci", "--onto", RELEASE)
        assert answer.status == 0
        place.git("config", "--add", f"xsa.{key}", value)
        answer = run(place.folder, "ci", "--onto", RELEASE)
        assert (answer.status, f"xsa.{key}" in answer.err) == (128, True), answer
        place.git("config", "--unset", f"xsa.{key}", f"^{re.escape(value)}$")


def test_settings_reach_a_job_as_they_are(place: Place, tmp_path: Path) -> None:
    """Quotes, dollars and newlines in a setting are not for GitLab, and not for the shell."""
    odd = "make \"A=$HOME\" 'B=`id`' C=$(id) # x\n\tD=%d"
    place.git("config", "xsa.cell.odd.command", odd)
    place.git("config", "xsa.releaseTag", "RELEASE-*")
    document = pipeline(place, "--onto", RELEASE, "--cell", "odd", "--until", "build")
    script = "\n".join(document["default"]["before_script"][1:]) + "\ngit config --get xsa.cell.odd.command\n"
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = subprocess.run(("sh", "-eu", "-c", script), cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.stdout.decode() == odd + "\n", done


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck: not installed")
def test_every_script_passes_shellcheck(place: Place, tmp_path: Path) -> None:
    (place.folder / "package").mkdir()
    (place.folder / "package/series").write_text("")
    place.git("config", "xsa.cell.odd.command", "make 'a b' \"$X\"")
    place.git("config", "xsa.ci.setup", "/opt/install --prefix /usr/local")
    number = 0
    cells = ("--cell", "x86_64", "--cell", "arm32", "--cell", "odd")
    for words in ((), ("--each",), ("--base-patches", str(place.folder / "package/series"))):
        document = pipeline(place, "--onto", RELEASE, *cells, *words)
        for job in jobs(document).values():
            number += 1
            file = tmp_path / f"job-{number}.sh"
            lines = [*document["default"]["before_script"], *job["script"]]
            file.write_text(
                "#!/bin/sh\nset -e\nXSA_HISTORY=x XSA_XTF=x XSA_CELL=x XSA_NAME=x\n" + "\n".join(lines) + "\n"
            )
    # SC2034: not every script uses each of the variables; SC2317 and others of taste stay on
    words_of_check = ("shellcheck", "--exclude=SC2034", *map(str, sorted(tmp_path.glob("job-*.sh"))))
    done = subprocess.run(words_of_check, capture_output=True, text=True, check=False)
    assert (number > 15, done.returncode) == (True, 0), done.stdout


def test_no_place_of_this_machine_is_in_it(place: Place, tmp_path: Path, sealed: Path) -> None:
    text = place.run("ci", "--onto", RELEASE, "--each").out
    for word in (str(tmp_path), str(sealed), str(Path.home()), os.uname().nodename, sys.prefix):
        assert word not in text
    place.git("config", "xsa.cell.mine.command", f"make CC={sealed}/gcc")
    answer = place.run("ci", "--onto", RELEASE, "--cell", "mine")
    assert (answer.status, answer.out) == (128, "")
    assert "a folder of this machine" in answer.err
    for key, value, what in (
        ("history", "https://me:hunter2@git.example.org/xen.git", "has a password in its address"),
        ("xtf", f"file://{sealed}/xtf", "a folder of this machine"),
        ("setup", f"{tmp_path}/install", "a folder of this machine"),
    ):
        answer = run(place.folder, "ci", "--onto", RELEASE)
        assert answer.status == 0
        place.git("config", f"xsa.ci.{key}", value)
        answer = run(place.folder, "ci", "--onto", RELEASE)
        assert (answer.status, answer.out, what in answer.err, "hunter2" in answer.err) == (128, "", True, False)
        place.git("config", "--unset", f"xsa.ci.{key}")
    place.git("config", "xsa.exploit.2.image", str(tmp_path / "outside"))
    answer = place.run("ci", "--onto", RELEASE)
    assert (answer.status, "no job can see it" in answer.err) == (128, True)


def test_a_package_s_jobs_clone_the_history(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"a": numbered(20)})
    draft.commit("fix\n\nThis is XSA-1.", {"a": numbered(20, {5: "five"})})
    clone = draft.write(tmp_path / "xen")
    package = tmp_path / "package"
    (package / "debian/patches").mkdir(parents=True)
    (package / "debian/patches/series").write_text("own.patch\n")
    (package / "debian/patches/own.patch").write_bytes(
        b"--- a/a\n+++ b/a\n@@ -14,3 +14,3 @@\n line 14\n-line 15\n+own\n line 16\n"
    )
    subprocess.run(("git", "init", "--quiet", str(package)), check=True)
    subprocess.run(("git", "-C", str(package), "config", "xsa.history", str(clone.folder)), check=True)
    words = ("--onto", "RELEASE-1.0.0", "--base-patches", "debian/patches/series", "--until", "build")
    answer = run(package, "ci", *words)
    assert answer.status == 0, answer
    valid(answer.out, tmp_path)
    assert str(tmp_path) not in answer.out
    document = yaml.safe_load(answer.out)
    assert document["variables"]["XSA_HISTORY"].startswith("https://")
    assert "--base-patches debian/patches/series" in " ".join(document["check RELEASE-1.0.0"]["script"])
    for name in ("check RELEASE-1.0.0", "build RELEASE-1.0.0 x86_64"):
        assert "--history .xsa/history.git" in " ".join(document[name]["script"])
    # The scripts do what they say, with a clone of the history in the place of the one on the network.
    script = "\n".join([*document["default"]["before_script"], *document["check RELEASE-1.0.0"]["script"]])
    environment = {**os.environ, "XSA_HISTORY": str(clone.folder), "PATH": f"{_BIN}:{os.environ['PATH']}"}
    environment["PYTHON"] = sys.executable
    done = subprocess.run(("sh", "-e", "-c", script), cwd=package, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads((package / "xsa-results/RELEASE-1.0.0/check.json").read_text())["results"][0]["xsa"] == [1]
    assert (package / "xsa-queues/RELEASE-1.0.0/xsa-queue.json").is_file()


_BIN = Path(__file__).resolve().parent.parent / "bench/bin"


def test_what_has_no_queue_has_only_a_check(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"a": numbered(9)})
    draft.commit("own", {"a": numbered(9, {5: "own"})}, on="own", after=1)
    draft.commit("fix\n\nThis is XSA-1.", {"a": numbered(9, {5: "five"})})
    place = draft.write(tmp_path / "clone")
    answer = place.run("ci", "--onto", "own")
    assert answer.status == 0
    assert "there is no queue to build (conflicts)" in answer.err
    found = jobs(yaml.safe_load(answer.out))
    assert [job["stage"] for job in found.values()] == ["check", "collect"]
    assert place[2] in " ".join(next(iter(found.values()))["script"])  # a branch may be another in a job's clone
    answer = place.run("ci", "--onto", "RELEASE-1.0.0", "--xsa", "1,77")
    assert (answer.status, "says that it fixes XSA-77" in answer.err) == (1, True)


def test_nothing_to_prove_is_a_pipeline_too(place: Place) -> None:
    """After a point release that is the usual case, and no failure of the job that makes the pipeline."""
    document = pipeline(place, "--onto", "stable-1.0")
    assert list(jobs(document)) == ["nothing to prove"]
    answer = place.run("ci", "--onto", "stable-1.0", "--format", "github")
    assert (answer.status, json.loads(answer.out)) == (0, {"include": []})


def test_the_compiler_s_cache_outlives_a_job(place: Place) -> None:
    """A build can't write to the project's folder, in which a server keeps what it caches."""
    place.git("config", "xsa.cell.cc.command", 'echo >"$CCACHE_DIR/$XSA_RUN"')
    document = pipeline(place, "--onto", RELEASE, "--cell", "cc", "--until", "boot")
    job = document[f"build {RELEASE} cc"]
    [cache] = [one["paths"] for one in job["cache"]]
    variables = {
        name: value.replace("$CI_PROJECT_DIR", str(place.folder)) for name, value in document["variables"].items()
    }
    environment = {**os.environ, **variables, "PATH": f"{_BIN}:{os.environ['PATH']}", "PYTHON": sys.executable}
    environment["XSA_CELL"] = "cc"
    before = document["default"]["before_script"]
    for name, script in (("first", document[f"check {RELEASE}"]["script"]), ("second", [])):
        text = "\n".join([*before, *([f"({chr(10).join(script)}) || :"] if script else []), *job["script"]])
        done = subprocess.run(
            ("sh", "-e", "-c", text), cwd=place.folder, env=environment | {"XSA_RUN": name},
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        shutil.rmtree(place.folder / ".xsa/cache")  # what is proved is not built again
    assert {path.name for path in (place.folder / cache[0]).iterdir()} == {"first", "second"}
    # A later job has a folder for it, too, in case that it has to build.
    text = "\n".join([*before, *document[f"boot {RELEASE} cc"]["script"]])
    done = subprocess.run(
        ("sh", "-e", "-c", text), cwd=place.folder, env=environment | {"XSA_RUN": "third"},
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()


# the tree's own pipeline


def pushed(document: dict[str, Any], name: str, folder: Path, remote: Path) -> str:
    """Run the script of a job that pushes, to a repository in the place of the server's; return what was pushed."""
    subprocess.run(("git", "init", "--quiet", "--bare", str(remote)), check=True)
    subprocess.run(("git", "-C", str(remote), "config", "receive.advertisePushOptions", "true"), check=True)
    hook = remote / "hooks/post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\necho "$GIT_PUSH_OPTION_0" >options\n')
    hook.chmod(0o755)
    script = "\n".join(document[name]["script"])
    environment = {**os.environ, "PATH": f"{_BIN}:{os.environ['PATH']}", "PYTHON": sys.executable}
    environment["XSA_PUSH_URL"] = str(remote)
    done = subprocess.run(("sh", "-e", "-c", script), cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert (remote / "options").read_text() == "ci.skip\n"
    words = ("git", "-C", str(remote), "for-each-ref", "--format=%(refname)")
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_the_tree_s_own_pipeline_runs_on_a_branch(place: Place, tmp_path: Path) -> None:
    """Checked by the schema and with a repository that stands for the server's; no GitLab has run it."""
    answer = place.run("ci", "--onto", RELEASE, "--full", "--until", "build")
    assert answer.status == 0
    assert "no GitLab has run it" in answer.err
    valid(answer.out, tmp_path)
    document = yaml.safe_load(answer.out)
    branch = f"xsa-queue/{RELEASE}"
    assert document[f"full {RELEASE}"]["trigger"] == {
        "project": "$CI_PROJECT_PATH", "branch": branch, "strategy": "depend", "forward": {"yaml_variables": False}
    }  # fmt: skip
    assert document[f"full {RELEASE}"]["needs"] == [f"push {RELEASE}"]
    # Xen's own workflow, of its .gitlab-ci.yml
    assert not re.match(r"^(master|smoke|^coverity-tested/.*|stable-.*)$", branch)
    assert pushed(document, f"push {RELEASE}", place.folder, tmp_path / "remote") == f"refs/heads/{branch}\n"
    queue = place.run("prereqs", "--onto", RELEASE, "--json")
    names = [patch["id"] for patch in json.loads(queue.out)["queue"]]
    log = ("git", "-C", str(tmp_path / "remote"), "log", "--reverse", "--format=%b", f"{place[4]}..{branch}")
    bodies = subprocess.run(log, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"Xsa-Origin: commit (\w+)", bodies) == names
    for words in (("--format", "github"), ("--base-patches", "a")):
        assert place.run("ci", "--onto", RELEASE, "--full", *words).status != 0


# GitHub Actions


def test_the_matrix_of_github(place: Place, tmp_path: Path) -> None:
    answer = place.run("ci", "--format", "github", "--onto", RELEASE, "--cell", "x86_64", "--cell", "arm64", "--each")
    assert (answer.status, answer.out.count("\n")) == (0, 1)
    entries = json.loads(answer.out)["include"]
    assert [entry["name"] for entry in entries][:2] == [f"{RELEASE}-XSA-2 x86_64", f"{RELEASE}-XSA-2 arm64"]
    assert {entry["runner"] for entry in entries} == {"ubuntu-24.04", "ubuntu-24.04-arm"}
    assert entries[0]["test"] == f"git xsa-test --onto {RELEASE} --xsa 2 --cell x86_64 --boot --exploit"
    words = shlex.split(entries[0]["check"])[1:]
    assert place.run(*[word.removeprefix("xsa-") for word in words]).status == 0
    cells = [word for n in range(65) for word in ("--cell", f"x86_64-randconfig={n}")]
    answer = place.run("ci", "--format", "github", "--onto", RELEASE, *cells, "--each")
    assert (answer.status, answer.out) == (128, "")
    assert "at most 256 jobs, and this one would have 260" in answer.err


# embargoes


def patch(subject: str = "x86: fix it") -> bytes:
    """Return a patch for the tip of the story's branch."""
    head = f"From: Jane <jane@example.org>\nSubject: {subject}\n\nThis is a fix of {SECRET}.\n\n"
    body = "".join(f" line {n}\n" for n in (9, 10, 11)) + f"-line 12\n+{SECRET}\n"
    body += "".join(f" line {n}\n" for n in (13, 14, 15))
    return f"{head}--- a/b.c\n+++ b/b.c\n@@ -9,7 +9,7 @@\n{body}".encode()


def take(place: Place, number: int, public: bool) -> None:
    """Put an advisory with a patch into the store."""
    folder = place.folder.parent / f"in-{number}"
    folder.mkdir()
    name = f"xsa{number}.patch"
    (folder / name).write_bytes(patch())
    rows = [(name, "xen-unstable - Xen 1.0.x")]
    text = advisory(number, 1, rows, {name: patch()}, title=f"a title {SECRET}", public=public)
    (folder / f"advisory-{number}.txt").write_bytes(text)
    assert run(place.folder.parent, "import", str(folder)).status == 0


@pytest.fixture
def secret(place: Place) -> Place:
    """Return the place with an advisory under embargo in the store, and a private remote."""
    take(place, 8888, public=False)
    place.git("remote", "add", "open", "https://git.example.org/open.git")
    place.git("remote", "add", "xsa", "ssh://git.example.org/xsa.git")
    place.git("config", "--add", "xsa.privateRemote", "ssh://git.example.org/xsa.git")
    return place


def test_an_embargoed_advisory_is_left_out_or_refused(secret: Place) -> None:
    answer = secret.run("ci", "--onto", RELEASE)
    assert answer.status == 0
    assert "1 advisory outstanding on RELEASE-1.0.1 left out: it may be under embargo" in answer.err
    assert "8888" not in answer.out
    for words in (("--format", "github"), (), ("-o", str(secret.folder.parent / "out"))):
        answer = secret.run("ci", "--onto", RELEASE, "--xsa", "8888", *words)
        assert (answer.status, answer.out) == (129, "")
        assert "everybody who may see a project reads its jobs, logs and artifacts" in answer.err
    assert not (secret.folder.parent / "out").exists()


def test_a_commit_of_the_branch_under_embargo_is_refused_too(place: Place) -> None:
    assert place.run("embargo", "add", "3", "--until", "2099-01-01T12:00:00Z").status == 0
    assert place.run("ci", "--onto", RELEASE, "--xsa", "3").status == 129
    answer = place.run("ci", "--onto", RELEASE, "--each")
    assert (answer.status, "XSA-3" in answer.out) == (0, False)
    # What another advisory needs of it would show it, too.
    found = place.run("prereqs", "--onto", RELEASE, "--xsa", "2", "--json")
    assert found.status == 0


def test_only_a_private_project_may_have_it(secret: Place, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("ci", "--onto", RELEASE, "--xsa", "8888", "--embargoed")
    for more, status, what in (
        (("--remote", "xsa"), 129, "--embargoed needs queues"),
        (("-o", str(out)), 128, "there is no remote 'origin'"),
        (("-o", str(out), "--remote", "open"), 128, "open is not an xsa.privateRemote"),
        (("-o", str(out), "--remote", "xsa", "--format", "github"), 129, "-o writes a pipeline of GitLab"),
    ):
        answer = secret.run(*words, *more)
        assert (answer.status, answer.out, what in answer.err) == (status, "", True), answer
        assert not out.exists()
    secret.git("remote", "set-url", "--add", "--push", "xsa", "https://git.example.org/open.git")
    assert secret.run(*words, "-o", str(out), "--remote", "xsa").status == 128


@pytest.mark.parametrize("more", [(), ("--each",)])
def test_names_in_a_private_project_say_nothing(secret: Place, tmp_path: Path, more: tuple[str, ...]) -> None:
    out = tmp_path / "xsa-ci"
    words = ("ci", "--onto", RELEASE, "--embargoed", "--remote", "xsa", *more, "-o", str(out))
    answer = secret.run(*words)
    assert (answer.status, answer.out) == (0, ""), answer
    text = (out / "pipeline.yml").read_text()
    valid(text, tmp_path)
    names = [str(path.relative_to(out)) for path in out.rglob("*")]
    for word in ("8888", "XSA-", SECRET, "CVE", "title", "fix it", str(tmp_path), "example.org", "x86:"):
        assert word not in text
        assert not any(word in name for name in names)
    document = yaml.safe_load(text)
    for job in jobs(document).values():
        assert job["artifacts"]["expire_in"] == "1 day"
        assert job["artifacts"]["access"] == "developer"
        assert "reports" not in job["artifacts"]
        assert "cache" not in job
    assert {path.stat().st_mode & 0o077 for path in [out, *out.rglob("*")]} == {0}
    # The hooks know the patches by their contents, whatever the files are called.
    assert any(SECRET in path.read_text() for path in out.rglob("0*.patch"))
    assert_no_push(secret, out, tmp_path)
    # A job proves what it was handed, with nothing of it kept.
    folder = secret.folder
    shutil.copytree(out, folder / "xsa-ci")
    (folder / "xsa-ci").chmod(0o755)
    secret.git("config", "xsa.cell.true.command", "true")
    name = next(name for name in jobs(document) if name.startswith("build"))
    script = "\n".join(document[name]["script"])
    environment = {**os.environ, "PATH": f"{_BIN}:{os.environ['PATH']}", "PYTHON": sys.executable, "XSA_CELL": "true"}
    done = subprocess.run(("sh", "-e", "-c", script), cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    [result] = [json.loads(path.read_text()) for path in folder.glob("xsa-results/*/*/build.json")]
    assert result["results"][0]["private"] is True


def assert_no_push(place: Place, out: Path, folder: Path) -> None:
    """Check that the hook keeps the folder of a pipeline from a project that is not private."""
    subprocess.run(("git", "init", "--quiet", "--bare", str(folder / "public.git")), check=True)
    other = folder / "other"
    subprocess.run(("git", "clone", "--quiet", str(place.folder), str(other)), check=True)
    shutil.copytree(out, other / "xsa-ci")
    shutil.copy(_BIN.parent.parent / "hooks/pre-push", other / ".git/hooks/pre-push")
    environment = {**os.environ, "PATH": f"{_BIN}:{os.environ['PATH']}", "PYTHON": sys.executable}
    for words in (
        ("checkout", "--quiet", "--orphan", "ci"),
        ("add", "xsa-ci"),
        ("commit", "--quiet", "-m", "pipeline"),
        ("push", "--quiet", str(folder / "public.git"), "ci"),
    ):
        done = subprocess.run(("git", *words), cwd=other, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == (words[0] != "push"), done.stderr
    assert "XSA-8888" in done.stderr


def test_what_only_the_store_has_is_handed_over(place: Place, tmp_path: Path) -> None:
    take(place, 8888, public=True)
    answer = place.run("ci", "--onto", RELEASE)
    assert (answer.status, "no job can see it" in answer.err) == (129, True), answer
    out = tmp_path / "xsa-ci"
    answer = place.run("ci", "--onto", RELEASE, "-o", str(out), "--until", "build")
    assert answer.status == 0, answer
    document = yaml.safe_load((out / "pipeline.yml").read_text())
    assert list(jobs(document)) == [f"build {RELEASE} x86_64", "collect"]
    assert f"xsa-ci/queues/{RELEASE}" in " ".join(document[f"build {RELEASE} x86_64"]["script"])
    manifest = json.loads((out / f"queues/{RELEASE}/xsa-queue.json").read_text())
    assert 8888 in manifest["xsa"]
    first = (out / "pipeline.yml").read_bytes()
    assert place.run("ci", "--onto", RELEASE, "-o", str(out), "--until", "build").status == 0
    assert (out / "pipeline.yml").read_bytes() == first


def test_a_queue_that_was_handed_over_is_pushed_as_one_commit(secret: Place, tmp_path: Path) -> None:
    out = tmp_path / "xsa-ci"
    words = ("--onto", RELEASE, "--xsa", "8888,4", "--embargoed", "--remote", "xsa", "--full", "-o", str(out))
    answer = secret.run("ci", *words)
    assert (answer.status, "not for a day" in answer.err) == (0, True)
    text = (out / "pipeline.yml").read_text()
    valid(text, tmp_path)
    assert "8888" not in text
    shutil.copytree(out, secret.folder / "xsa-ci")
    secret.git("checkout", "--quiet", "-b", "private")
    secret.git("add", "xsa-ci")
    secret.git("commit", "--quiet", "-m", "pipeline")
    pushed(yaml.safe_load(text), f"push {RELEASE}", secret.folder, tmp_path / "remote")
    shown = subprocess.run(
        ("git", "-C", str(tmp_path / "remote"), "log", "-p", "--format=%an: %B", f"{secret[4]}..xsa-queue/{RELEASE}"),
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert shown.count(": queue\n") == 1
    assert f"+{SECRET}\n" in shown
    assert "+++ b/b.c" in shown
    assert "xsa-ci" not in shown
