"""What is wrong with a form of names, in words: each function returns an error that is made of its values."""

from __future__ import annotations

from git_xsa.git.problems import Meaningless

# settings


def not_a_form(wrong: str) -> Meaningless:
    must = "it must be what is written and the name that comes of it"
    return Meaningless(must, "'MACRO(*) => NAME_*'", wrong)
