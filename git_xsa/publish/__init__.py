"""What is made known: pages for people who look, documents for machines that read; all of git xsa-report.

The room stands above ``report``: it takes verdicts, releases and proofs, and turns them into files.  What is under
embargo stays out of them unless the user asks for it.
"""
