"""Pure: changes and hunks, line history, rules and selection.

Nothing in this room opens a file, starts git or reads a clock.  Positions stand for commits throughout: 0 is the
commit at which the history starts (its root), 1 to n are the changes after it, in the order of the branch.
"""
