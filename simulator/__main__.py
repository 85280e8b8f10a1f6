"""`python -m espat` is `espat`."""

import sys

from espat.cli import main

sys.exit(main())
