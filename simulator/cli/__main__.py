"""`python -m simulator.cli` is `espat`."""

import sys

from simulator.cli import main

sys.exit(main())
