"""What is seen of a queue beyond that it applies: it builds, it boots, the exploit is blocked; what a build lacks.

Builds and boots run shut in, in throwaway trees outside the repository, and end in bounded time.
"""
