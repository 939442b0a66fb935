"""The program with a tiny model added to its catalogue.

Arguments: the path of that model's config, then those of the program.
"""

import sys
from pathlib import Path

from helpers.tiny_offer import entries

from imagefinder.__main__ import main

if __name__ == "__main__":
    config = Path(sys.argv.pop(1))
    for table, key, value in entries(config, needs_consent=config.stem == "consent"):
        table[key] = value
    sys.exit(main())
