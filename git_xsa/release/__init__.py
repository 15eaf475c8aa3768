"""Make point releases: what has to hold before, the steps, what a run remembers, and what it publishes."""
