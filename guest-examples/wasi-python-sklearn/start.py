"""Starts `classify.py`, inside the box.

The interpreter looks for its library where trialbox has no files, so it is told of the data set.
"""

import sys

BUILT_FOR = "/usr/local/lib/python315.zip"
LIBRARY = "/data/python315.zip"

sys.path[:] = [LIBRARY]
for module in list(sys.modules.values()):
    # Packages that were imported before the snapshot was taken look for their other modules in the old place.
    if hasattr(module, "__path__"):
        module.__path__ = [place.replace(BUILT_FOR, LIBRARY) for place in module.__path__]

with open("/data/classify.py") as program:
    exec(compile(program.read(), "classify.py", "exec"))
