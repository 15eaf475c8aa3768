"""Every row of the table of forms: what is written in one commit supplies the name that another one uses."""

from __future__ import annotations

import json
from pathlib import Path

from repositories import Draft, run

from git_xsa.names.forms import XEN_FORMS

#: What a form's opener stands in, where it is no header: assembler, Kconfig, the table of xlat.lst, asm-offsets.c.
FILES = {
    ("ENTRY", "GLOBAL", "FUNC", "FUNC_LOCAL", "DATA", "DATA_LOCAL", "LABEL", "LABEL_LOCAL"): "x/%s.S",
    (".macro", ".set", ".equ"): "x/%s.S",
    ("config", "menuconfig"): "x/%s/Kconfig",
    ("?", "!"): "x/%s.lst",
    ("OFFSET", "DEFINE", "OFFSET_EF"): "x/%s/asm-offsets.c",
}
#: Names that only the assembler can use.
FOR_ASSEMBLER = ("FUNC_LOCAL", "DATA_LOCAL", "LABEL_LOCAL", ".macro", ".set", ".equ", "OFFSET", "DEFINE", "OFFSET_EF")
ROOT = "void f(struct s *t)\n{\n    g();\n}\n"


def written(form: str, word: str) -> tuple[str, str, str]:
    """Return the opener of ``form``, what it says is written for ``word``, and the name that comes of that."""
    left, right = form.split(" => ")
    opener = left.partition("(")[0].split()[0]
    text = left.replace("*", word) if "(" in left else f"{opener} {word}"
    text = text.replace("(,", "(int, ")
    return opener, text, right.replace("*", word).replace("%", word.lower())


def test_every_form_supplies_its_name(tmp_path: Path) -> None:
    draft = Draft()
    draft.release("1.0.0", {"x/u.c": ROOT.encode(), "x/u.S": b" nop\n"})
    c_lines, s_lines, expected = [], [], []
    for number, form in enumerate(XEN_FORMS):
        word = f"WORD{number}"
        opener, text, name = written(form, word)
        path = next((file for openers, file in FILES.items() if opener in openers), "x/%s.h") % f"d{number}"
        end = ";" if path.endswith((".h", ".c")) and "CPU" not in opener else ""
        draft.commit(form, {path: f"{text}{end}\n".encode()})
        expected.append(form)
        if opener in FOR_ASSEMBLER:
            s_lines.append(f" mov {name}, %rax\n")
        elif name.startswith("."):
            c_lines.append(f"    a = t->{name[1:]};\n")
        else:
            c_lines.append(f"    g({name});\n")
    fixed = ROOT.replace("    g();\n", "    g();\n" + "".join(c_lines))
    draft.commit("fix\n\nThis is XSA-1.", {"x/u.c": fixed.encode(), "x/u.S": (" nop\n" + "".join(s_lines)).encode()})
    place = draft.write(tmp_path / "project")
    done = run(place.folder, "prereqs", "--onto", "RELEASE-1.0.0", "--xsa", "1", "--json")
    found = [(item["subject"], item["kind"]) for item in json.loads(done.out)["prerequisites"]]
    assert found == [(form, "symbol") for form in expected]
