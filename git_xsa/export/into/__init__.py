"""Put a queue into a package: its list of patches, its changelog, and the files of the patches.

One module a kind of package, each beside the format (``git_xsa.export.formats``) that writes the same for pasting.  A
module has ``edited(package, added)``, which is pure: it returns the new contents of the package's files.  What stood in
them stays as it is, byte for byte, unless a patch is to be taken out.
"""
