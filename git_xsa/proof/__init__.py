"""What is seen of a queue beyond that it applies: the search for what a build lacks, its trees and its cache.

Builds run shut in, in throwaway trees outside the repository, and end in bounded time.
"""
