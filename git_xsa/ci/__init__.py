"""Pipelines for CI servers: which jobs prove which queue, in the form that a server takes, and what comes back.

The room stands above ``report`` because its jobs write what ``report`` does, JSON and JUnit, and ``collect`` reads that
back.  It starts no build: jobs call the commands as they are.
"""
