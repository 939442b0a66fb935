"""Stop the program by signals at random moments."""

import argparse


def add_options(parser: argparse.ArgumentParser) -> None: ...
def run(options, tally): ...
