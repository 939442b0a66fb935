"""The command line: parser, commands, and output for terminals and programs (``--json``)."""
