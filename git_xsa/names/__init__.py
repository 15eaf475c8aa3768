"""Names: what added code uses, what defines a name, and which change supplies one that a tree would lack.

Not a compiler (approximation 4 in git-xsa-ideas(7)): names are told apart by where they stand (a local variable belongs
to its function, a member comes after ``.`` or ``->``) and by how many arguments they take, not by their types.
"""
