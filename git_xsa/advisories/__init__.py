"""Advisories and their patch files."""
