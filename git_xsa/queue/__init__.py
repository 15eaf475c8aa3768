"""The ordered queue of prerequisites and patches for one base."""
