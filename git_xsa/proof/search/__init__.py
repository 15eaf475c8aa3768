"""What a queue lacks that does not build, with the build itself as the judge.

``divide`` is the search, which starts nothing; ``builder`` builds what it tries, and ``suppliers`` finds the commits to
which a failed build's complaints lead.  ``lack`` has all that done for a cell.
"""
