"""The command line: parsing, commands, and output for terminals and for programs (``--json``)."""
