"""One small module a subcommand: ``parser()`` describes its command line, ``run(options)`` gives its exit status."""
