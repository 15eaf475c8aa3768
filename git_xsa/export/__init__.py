"""A queue in the form that a packager's build takes: into a folder, a branch or a package.

What enters is an answered question (``ask``); what leaves are files.  The judge of each is the program that will apply
them (``policy``).  One small module a format stands in ``formats``.
"""
