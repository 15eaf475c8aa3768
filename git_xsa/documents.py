"""Read and write JSON, and say in our own words what keeps it from being read.

No other module does.  What comes from outside is read by msgspec, which refuses what is doubtful and fits values to
types.  What we wrote ourselves is written and read back by Python's json, since names from git need not be UTF-8: it
keeps their bytes, which msgspec can't.  What a user reads of an error is found here, and never taken from a library's
text, which another version words otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

T = TypeVar("T")

#: Type -> what a value of it is called.
_CALLED = {dict: "an object", list: "a list", str: "a text", int: "a whole number", bool: "true or false"}
_NONE = type(None)


class DocumentError(ValueError):
    """A file that is not the document that it should be; the text says why, and where."""


def read_json(content: bytes) -> Any:
    """Return what the JSON ``content`` says; ``DocumentError`` when it is none."""
    import msgspec  # noqa: PLC0415 - a C library that most commands don't need

    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        raise DocumentError("it is not JSON: it is not UTF-8") from None
    try:
        return msgspec.json.decode(content)
    except RecursionError:
        raise DocumentError("it is not JSON: it is nested too deeply") from None
    except (msgspec.MsgspecError, ValueError):
        raise DocumentError(f"it is not JSON{_where(content.decode('utf-8'))}") from None


def _where(text: str) -> str:
    """Return at which place ``text`` stops being JSON, empty when that is unknown."""
    import json  # noqa: PLC0415 - as above

    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()):
            return ": it ends too early"
        return f": line {error.lineno}, column {error.colno}"
    except (RecursionError, ValueError):
        return ""
    return ""


def dumps(document: Any, indent: int | None = None, ascii_only: bool = True, compact: bool = False) -> str:
    """Return the JSON of ``document``, which may have msgspec structures in it; an ``indent`` gives each value a line,
    ``compact`` leaves out blanks.

    It is plain ASCII, unless people are to read what is not.
    """
    import json  # noqa: PLC0415 - 3 ms, and answers for people need none

    signs = (",", ":") if compact else None
    return json.dumps(document, indent=indent, ensure_ascii=ascii_only, separators=signs, default=_plain)


def write_json(document: Any, indent: int | None = None) -> bytes:
    """Return what ``dumps`` does as the contents of a file: with a newline at its end."""
    return f"{dumps(document, indent)}\n".encode("ascii")


def read_back(content: bytes) -> Any:
    """Return what ``write_json`` wrote; ``DocumentError`` when ``content`` is something else."""
    import json  # noqa: PLC0415 - as above

    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise DocumentError("it is not JSON") from None


def _plain(value: Any) -> Any:
    import msgspec  # noqa: PLC0415 - a C library that most commands don't need

    return msgspec.to_builtins(value)


def read_object(content: bytes) -> dict[str, Any]:
    """Return the JSON object that ``content`` is; ``DocumentError`` when it is none."""
    return shaped(read_json(content), dict[str, Any])


def keys_once(content: bytes) -> None:
    """Raise ``DocumentError`` when an object in the JSON ``content`` has a key twice: nothing says which one counts."""
    import json  # noqa: PLC0415 - as above

    def once(pairs: list[tuple[str, Any]]) -> None:
        seen = set()
        for name, _ in pairs:
            if name in seen:
                raise DocumentError(f"it has the key {name!r} twice in one object")
            seen.add(name)

    try:
        json.loads(content, object_pairs_hook=once)
    except RecursionError:
        raise DocumentError("it is not JSON: it is nested too deeply") from None


def shaped(value: Any, kind: type[T]) -> T:
    """Return the JSON ``value`` as a ``kind`` (a msgspec structure, say); ``DocumentError`` names what doesn't fit."""
    import msgspec  # noqa: PLC0415 - as above

    try:
        return msgspec.convert(value, kind)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise DocumentError(_misfit(value, kind, "")) from None


def _misfit(value: Any, kind: Any, place: str) -> str:
    """Return the innermost place at which ``value`` is not of the type ``kind``, and what it must be there."""
    import msgspec  # noqa: PLC0415 - as above

    for key, inner, wanted in _parts(value, kind):
        at = f"{place}{key}".removeprefix(".")
        if inner is msgspec.UNSET:
            return f"{at} is missing"
        try:
            msgspec.convert(inner, wanted)
        except (msgspec.MsgspecError, RecursionError, ValueError):
            return _misfit(inner, wanted, at)
    return f"{place or 'it'} must be {_called(kind)}"


def _parts(value: Any, kind: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the parts of ``value``: the place in it, the value there (``UNSET``: it is missing), the type wanted."""
    import msgspec  # noqa: PLC0415 - as above

    origin, inner = get_origin(kind) or kind, get_args(kind)
    if origin is list and isinstance(value, list):
        yield from ((f"[{number}]", item, inner[0]) for number, item in enumerate(value))
    elif origin is dict and isinstance(value, dict):
        yield from ((f".{key}", item, inner[1]) for key, item in value.items())
    elif isinstance(origin, type) and issubclass(origin, msgspec.Struct) and isinstance(value, dict):
        for field in msgspec.structs.fields(origin):
            if field.encode_name in value or field.required:
                yield f".{field.encode_name}", value.get(field.encode_name, msgspec.UNSET), field.type


def _called(kind: Any) -> str:
    """Return what a value of the type ``kind`` is called."""
    if isinstance(kind, UnionType):
        return " or ".join("null" if one is _NONE else _called(one) for one in get_args(kind))
    return _CALLED.get(get_origin(kind) or kind, "an object")
