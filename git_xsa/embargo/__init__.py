"""Embargoes: the ledger and its sharing, the rule of the freeze, the guard against leaks, and the hooks for both.

What guards fails closed: it says that nothing is under embargo only when it has read all that could be.
"""
