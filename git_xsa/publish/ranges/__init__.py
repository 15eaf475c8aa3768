"""Which commits brought what each advisory is about, which fixed it on every branch, and what lies between."""
