"""The one way from a request to a verdict: base, tip and sources become a question, and git judges the answer.

Sources are commits of the branch, patch files, and advisories of the store or of the branch's own history.
"""
