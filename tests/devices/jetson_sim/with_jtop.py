"""Runs a script with jetson-stats on the path, as it is on a board: with_jtop.py PACKAGES SCRIPT [ARGUMENTS...]"""

import runpy
import sys

_, packages, script, *arguments = sys.argv
sys.path.append(packages)
sys.argv = [script, *arguments]
runpy.run_path(script, run_name="__main__")
