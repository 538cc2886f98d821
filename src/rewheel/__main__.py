"""`python -m rewheel` is `rewheel`."""

import sys

from rewheel.cli.entry import main

sys.exit(main())
