"""Advisories: their texts and patch files, and the store that keeps them; fetched, imported and vouched for.

Whatever comes from outside enters here, and is refused or read whole.
"""
