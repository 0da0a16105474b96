"""`python -m tests.stories [NAME ...]`."""

import sys

from tests.stories.play import main

sys.exit(main())
