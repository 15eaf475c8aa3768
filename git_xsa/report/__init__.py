"""One module an output form: what a result looks like on a terminal, in a pipe, as JSON."""
