"""What git-xsa says to its users besides results: sentences that know what they are about.

The wording of a room stands in two modules: ``problems`` has its errors (``git_xsa.errors``), ``remarks`` all else, a
function for each sentence, marked ``@remark``, which returns the text.  What the mark makes of it is a ``Remark``, and
nothing else makes one but an error.  Whatever prints, keeps or passes on sentences takes a ``Remark``, so that the type
checker refuses text that is worded where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ParamSpec

_P = ParamSpec("_P")


class Remark(str):
    """A sentence for the user, printed and written as the text that it is; the empty one says nothing.

    ``worded_by`` is the name of the function that worded it, and ``values`` what the sentence is about, by the
    function's parameters.
    """

    worded_by = ""
    values: Mapping[str, object] = MappingProxyType({})

    def sign(self, word: Callable[..., Any], args: Sequence[object], named: Mapping[str, object]) -> None:
        """Note that ``word`` worded it, called with ``args`` and ``named``."""
        self.worded_by = word.__name__
        self.values = dict(zip(word.__code__.co_varnames, args, strict=False)) | dict(named)


#: What says nothing.
NOTHING = Remark()


def remark(word: Callable[_P, str]) -> Callable[_P, Remark]:
    """Return ``word``, which words a sentence, so that it returns a ``Remark`` with its name and values."""

    def worded(*args: _P.args, **named: _P.kwargs) -> Remark:
        made = Remark(word(*args, **named))
        made.sign(word, args, named)
        return made

    worded.__name__ = word.__name__
    return worded
