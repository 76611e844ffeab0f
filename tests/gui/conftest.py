"""Window tests run without a screen unless somebody asks for one."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
