"""Read C: the role of a word by its place in the syntax tree, which tree-sitter makes.

The tree stands up to what no parser of C alone can know, such as macros that open blocks or declare variables:
around those it has errors, but the words keep their places.  The text of a macro is one piece to the grammar; it is
read by itself.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

import tree_sitter_c
from tree_sitter import Language, Node, Parser

from git_xsa.names.disabled import without_disabled
from git_xsa.names.roles import KEYWORDS, Role, Space

_LANGUAGE = Language(tree_sitter_c.language())
_SPACES = {
    "identifier": Space.ORDINARY,
    "type_identifier": Space.ORDINARY,
    "field_identifier": Space.MEMBER,
    "statement_identifier": Space.LABEL,
}
#: Nodes of a declaration between the name and what it belongs to, and the field in which the name must stand.
_DECLARATORS = {
    "pointer_declarator",
    "array_declarator",
    "function_declarator",
    "init_declarator",
    "parenthesized_declarator",
    "attributed_declarator",
    "bitfield_clause",
}
#: Nodes that define a name -> the field in which it stands.
_NAME_FIELD = {
    "declaration": "declarator",
    "field_declaration": "declarator",
    "parameter_declaration": "declarator",
    "type_definition": "declarator",
    "function_definition": "declarator",
    "preproc_def": "name",
    "preproc_function_def": "name",
    "enumerator": "name",
}
_TAGS = {"struct_specifier", "union_specifier", "enum_specifier"}
#: A name asked for in these needs nothing: they test whether it is there, or (``#undef``) see to it that it is not.
_QUESTIONS = {"preproc_ifdef", "preproc_defined", "preproc_if", "preproc_elif", "preproc_call"}
#: Nodes whose names are seen in them alone, from where they are declared to the end.
_BLOCKS = {"compound_statement", "for_statement"}
#: Where a word that attributes drive out of its declaration is put: ``int __maybe_unused rc;``.
_DRIVEN_FROM = {"declaration", "parameter_list", "parameter_declaration", "field_declaration"}
#: Nodes that define macros, and those that hold what a condition lets through.
_MACROS = {"preproc_def", "preproc_function_def"}
_CONDITIONS = {"preproc_ifdef", "preproc_if", "preproc_elif", "preproc_else"}
_STRINGS = {"string_content", "string_literal", "escape_sequence"}
_MEMBER_BEFORE = re.compile(rb"(?:\.|->)\s*$")
_WORD = re.compile(rb"[A-Za-z_]\w*")
_TAG_BEFORE = re.compile(
    rb"\b(?:struct|union|enum)\s+(?:(?:__packed|__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\))\s*)?$"
)
#: How far before a tag ``struct`` may stand.
_REACH = 80


#: By declaration in a tree: what it declares.  One may declare a thousand names, each of which is asked about.
_Declared = dict[int, frozenset[int]]


class CSource:
    """A C file."""

    def __init__(self, text: bytes) -> None:
        self._text = without_disabled(text)
        self._declared: _Declared = {}
        self._functions: dict[int, Node | None] = {}

    @cached_property
    def _root(self) -> Node:
        return Parser(_LANGUAGE).parse(self._text).root_node

    def role(self, start: int, end: int) -> Role | None:
        """Return the role of the word from ``start`` to ``end``; ``None``: comment, string, keyword, disabled."""
        node = self._root.descendant_for_byte_range(start, end)
        if node is None or self._text[start:end] in KEYWORDS:
            return None
        if node.type == "preproc_arg":
            return self._role_in_macro(node, start, end)
        space = _SPACES.get(node.type) if (node.start_byte, node.end_byte) == (start, end) else None
        if space is None or (node.parent is not None and node.parent.type in _QUESTIONS):
            return None
        if space is Space.ORDINARY and _TAG_BEFORE.search(self._text, max(start - _REACH, 0), start):
            space = Space.TAG
        holder = _function(node, self._functions)
        span = (holder.start_byte, holder.end_byte) if holder is not None else None
        name = self._name(holder) if holder is not None else None
        definer = _definer(node, self._declared)
        if definer is None:
            return Role(space, False, name, span=span)
        scope = self._scope(definer, node, space)
        if definer.type in _MACROS:
            space = Space.MACRO
        if not scope.local:
            return Role(space, True, scope=(scope.start, scope.end))
        return Role(space, True, name, True, span, (scope.start, scope.end))

    def block(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where a variable that the word from ``start`` to ``end`` declared would be seen; ``None``: it would be
        no local one."""
        node = self._root.descendant_for_byte_range(start, end)
        while node is not None and node.type not in _BLOCKS:
            node = node.parent
        return (end, node.end_byte) if node is not None else None

    def in_string(self, start: int, end: int) -> bool:
        """Return whether the word from ``start`` to ``end`` stands in a string, be it in the text of a macro."""
        node = self._root.descendant_for_byte_range(start, end)
        if node is not None and node.type == "preproc_arg":
            text, first = self._text[node.start_byte : node.end_byte], node.start_byte
            node = Parser(_LANGUAGE).parse(text).root_node.descendant_for_byte_range(start - first, end - first)
        return node is not None and node.type in _STRINGS

    def _scope(self, definer: Node, node: Node, space: Space) -> _Scope:
        """Return where the name at ``node``, which ``definer`` defines, is seen (C11, 6.2.1)."""
        start = node.end_byte
        if space is Space.LABEL:
            holder = _function(node, self._functions) or self._root
            return _Scope(holder.start_byte, holder.end_byte, local=True)
        if definer.type == "preproc_params":
            macro = definer.parent or definer
            return _Scope(start, macro.end_byte, local=True)
        if definer.type in _MACROS:
            return _Scope(start, self._undefined(definer, node), local=False)
        around = _block_around(definer)
        if around is not None:
            return _Scope(start, around.end_byte, local=True)
        return _Scope(start, len(self._text), local=False)

    def _undefined(self, macro: Node, name: Node) -> int:
        """Return where ``macro`` ends to be defined: at its ``#undef`` that stands in no condition of its own."""
        pattern = rb"^[ \t]*#[ \t]*undef[ \t]+%s\b" % re.escape(name.text or b"")
        for found in re.compile(pattern, re.MULTILINE).finditer(self._text, macro.end_byte):
            node = self._root.descendant_for_byte_range(found.end() - 1, found.end())
            while node is not None and node.type not in _CONDITIONS:
                node = node.parent
            if node is None or node.start_byte < macro.start_byte:
                return found.start()
        return len(self._text)

    def _role_in_macro(self, body: Node, start: int, end: int) -> Role | None:
        """Return the role of a word in the text of a macro: a parameter and a piece of a name need nothing."""
        macro = body.parent
        text = self._text[body.start_byte : body.end_byte]
        at, to = start - body.start_byte, end - body.start_byte
        is_piece = text[:at].rstrip().endswith(b"#") or text[to:].lstrip().startswith(b"##")
        if is_piece or (macro is not None and macro.type in _QUESTIONS):
            return None
        parameters = macro.child_by_field_name("parameters") if macro is not None else None
        words = _WORD.findall(parameters.text) if parameters is not None and parameters.text else []
        if text[at:to] in words:
            return Role(Space.ORDINARY, defines=True, local=True, scope=(body.start_byte, body.end_byte))
        root = Parser(_LANGUAGE).parse(text).root_node
        node = root.descendant_for_byte_range(at, to)
        if node is None or (node.type not in _SPACES and node.type != "ERROR"):
            return None
        space = Space.TAG if _TAG_BEFORE.search(text[:at]) else Space.ORDINARY
        if _MEMBER_BEFORE.search(text[:at]):
            space = Space.MEMBER
        definer = _definer(node, {})
        around = _block_around(definer) if definer is not None else None
        if around is None:
            return Role(space, defines=definer is not None, floating=not _is_bound(root, text, at, to))
        return Role(space, True, local=True, scope=(end, body.start_byte + around.end_byte))

    @staticmethod
    def _name(function: Node) -> bytes | None:
        node = function.child_by_field_name("declarator")
        while node is not None and node.type != "identifier":
            node = node.child_by_field_name("declarator") or next(iter(node.named_children), None)
        return node.text if node is not None else b""


class _Scope(NamedTuple):
    """Where a name is seen, and whether it is ``local``: no other file can see it."""

    start: int
    end: int
    local: bool


def _definer(node: Node, declared: _Declared) -> Node | None:
    """Return the node that defines the word at ``node``; ``None``: it is no definition."""
    child, parent = node, node.parent
    while parent is not None and parent.type in _DECLARATORS:
        named = parent.child_by_field_name("declarator")
        if named != child and (named is not None or parent.type == "bitfield_clause"):
            return None  # the size of an array, the value that a variable starts with
        child, parent = parent, parent.parent
    if parent is None:
        return None
    kind, above = parent.type, parent.parent
    if kind in _NAME_FIELD:
        if parent.id not in declared:
            declared[parent.id] = frozenset(one.id for one in parent.children_by_field_name(_NAME_FIELD[kind]))
        return parent if child.id in declared[parent.id] else None
    if kind in _TAGS:  # with a body, or announced: "struct foo;"
        alone = above is not None and above.type == "translation_unit"
        return parent if alone or parent.child_by_field_name("body") is not None else None
    if kind == "ERROR":
        return _driven_from(parent)
    is_label = kind == "labeled_statement" and node.type == "statement_identifier"
    return parent if is_label or kind == "preproc_params" else None


def _is_bound(root: Node, text: bytes, start: int, end: int) -> bool:
    """Whether a block of the macro ``text`` declares the word from ``start`` to ``end`` for that place."""
    for found in re.compile(rb"\b%s\b" % re.escape(text[start:end])).finditer(text, 0, start):
        node = root.descendant_for_byte_range(*found.span())
        definer = _definer(node, {}) if node is not None else None
        around = _block_around(definer) if definer is not None else None
        if around is not None and around.end_byte > start:
            return True
    return False


def _driven_from(error: Node) -> Node | None:
    """Return the node that defines a word in ``error``, where attributes have driven it from its declaration."""
    above = error.parent
    if above is not None and above.type == "init_declarator":
        above = above.parent
    if above is None or above.type not in _DRIVEN_FROM:
        return None
    return error if above.type == "parameter_list" else above


def _block_around(definer: Node) -> Node | None:
    """Return the node at whose end the name that ``definer`` declares ceases to be seen, ``None`` for the file's: a
    block, a loop, a function for its parameters, a prototype for those it names."""
    child, above = definer, definer.parent
    prototype: Node | None = None
    while above is not None:
        if above.type in _BLOCKS:
            return prototype or above
        if above.type == "parameter_list":
            prototype = prototype or above
        elif above.type == "function_definition":
            if child != above.child_by_field_name("type"):
                return above
        elif prototype is not None and above.type not in _DECLARATORS:
            return prototype if above.type != "ERROR" else None  # the head of a function, perhaps
        child, above = above, above.parent
    return prototype


def _function(node: Node, known: dict[int, Node | None]) -> Node | None:
    """Return the function definition around ``node``, ``None`` outside of any; ``known`` are those around others, as
    code may be nested deep, and each of its words is asked about."""
    passed: list[int] = []
    above = node.parent
    while above is not None and above.type != "function_definition" and above.id not in known:
        passed.append(above.id)
        above = above.parent
    found = known.get(above.id, above) if above is not None else None
    known.update(dict.fromkeys(passed, found))
    return found
