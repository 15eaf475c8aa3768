"""Read C: the role of a word by its place in the syntax tree, which tree-sitter makes.

The tree stands up to what no parser of C alone can know, such as macros that open blocks or declare variables:
around those it has errors, but the words keep their places.  The text of a macro is one piece to the grammar; it is
read by itself.
"""

from __future__ import annotations

import re
from functools import cached_property

import tree_sitter_c
from tree_sitter import Language, Node, Parser

from git_xsa.model.symbols.roles import KEYWORDS, Role, Space

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
#: A name asked for in these needs nothing: they tell whether it is there.
_QUESTIONS = {"preproc_ifdef", "preproc_defined", "preproc_if", "preproc_elif"}
_STRINGS = {"string_content", "string_literal", "escape_sequence"}
_MEMBER_BEFORE = re.compile(rb"(?:\.|->)\s*$")
_WORD = re.compile(rb"[A-Za-z_]\w*")


class CSource:
    """A C file."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    @cached_property
    def _root(self) -> Node:
        return Parser(_LANGUAGE).parse(self._text).root_node

    def role(self, start: int, end: int) -> Role | None:
        """Return the role of the word from ``start`` to ``end``; ``None``: comment, string, keyword."""
        node = self._root.descendant_for_byte_range(start, end)
        if node is None or self._text[start:end] in KEYWORDS:
            return None
        if node.type == "preproc_arg":
            return self._role_in_macro(node, start, end)
        space = _SPACES.get(node.type) if (node.start_byte, node.end_byte) == (start, end) else None
        if space is None or (node.parent is not None and node.parent.type in _QUESTIONS):
            return None
        defines, local = self._defines(node)
        holder = _function(node)
        if holder is None or (defines and not local):
            return Role(space, defines, None, local)
        return Role(space, defines, self._name(holder), local, (holder.start_byte, holder.end_byte))

    def in_string(self, start: int, end: int) -> bool:
        """Return whether the word from ``start`` to ``end`` stands in a string, be it in the text of a macro."""
        node = self._root.descendant_for_byte_range(start, end)
        if node is not None and node.type == "preproc_arg":
            text, first = self._text[node.start_byte : node.end_byte], node.start_byte
            node = Parser(_LANGUAGE).parse(text).root_node.descendant_for_byte_range(start - first, end - first)
        return node is not None and node.type in _STRINGS

    def _defines(self, node: Node) -> tuple[bool, bool]:
        """Return whether the word at ``node`` is defined there, and whether it is local to the function around it."""
        child, parent = node, node.parent
        while parent is not None and parent.type in _DECLARATORS:
            named = parent.child_by_field_name("declarator")
            if named is not None and named != child:
                return False, False  # the size of an array, the value that a variable starts with
            if named is None and parent.type == "bitfield_clause":
                return False, False
            child, parent = parent, parent.parent
        if parent is None:
            return False, False
        return self._defined_by(parent, child, node)

    @staticmethod
    def _defined_by(parent: Node, child: Node, node: Node) -> tuple[bool, bool]:
        kind = parent.type
        if kind in _NAME_FIELD:
            defines = child in parent.children_by_field_name(_NAME_FIELD[kind])
            local = kind == "parameter_declaration" or (kind == "declaration" and _function(parent) is not None)
        elif kind in _TAGS:  # with a body, or announced: "struct foo;"
            alone = parent.parent is not None and parent.parent.type == "translation_unit"
            defines, local = parent.child_by_field_name("body") is not None or alone, False
        else:
            local = kind in ("preproc_params", "labeled_statement")
            defines = kind == "preproc_params" or (local and node.type == "statement_identifier")
        return defines, defines and local

    def _role_in_macro(self, body: Node, start: int, end: int) -> Role | None:
        """Return the role of a word in the text of a macro: a parameter and a piece of a name need nothing."""
        macro = body.parent
        text = self._text[body.start_byte : body.end_byte]
        at, to = start - body.start_byte, end - body.start_byte
        if text[:at].rstrip().endswith(b"#") or text[to:].lstrip().startswith(b"##"):
            return None
        parameters = macro.child_by_field_name("parameters") if macro is not None else None
        words = _WORD.findall(parameters.text) if parameters is not None and parameters.text else []
        if text[at:to] in words:
            return Role(Space.ORDINARY, defines=True, local=True)
        node = Parser(_LANGUAGE).parse(text).root_node.descendant_for_byte_range(at, to)
        if node is None or node.type in ("comment", "string_content", "char_literal", "string_literal"):
            return None
        if node.type not in _SPACES and node.type != "ERROR":
            return None
        member = _MEMBER_BEFORE.search(text[:at]) is not None
        return Role(Space.MEMBER if member else Space.ORDINARY, defines=False)

    @staticmethod
    def _name(function: Node) -> bytes | None:
        node = function.child_by_field_name("declarator")
        while node is not None and node.type != "identifier":
            node = node.child_by_field_name("declarator") or next(iter(node.named_children), None)
        return node.text if node is not None else b""


def _function(node: Node) -> Node | None:
    """Return the function definition around ``node``, ``None`` outside of any."""
    above = node.parent
    while above is not None and above.type != "function_definition":
        above = above.parent
    return above
