#!/bin/bash
# Runs the real service of jetson-stats over the files of a simulated TX2, in the foreground, until it is killed.
# usage (as root, within `unshare -m`): service.sh TREE PYTHON PACKAGES
#   TREE      what tree.py wrote: TREE/sys, TREE/proc, TREE/etc
#   PYTHON    an interpreter; PACKAGES a folder with jetson-stats and what it needs
# Only this process and what enters its mount namespace see any of it. JTOP_TESTING stays unset: with it the service
# crashes on a virtual machine, and temperatures would still be those of the real /sys.
set -euo pipefail
tree=$1 python=$2 packages=$3

cp -a /etc/. "$tree/etc.all"
cp "$tree"/etc/* "$tree/etc.all/"
grep -q '^jtop:' "$tree/etc.all/group" || echo 'jtop:x:997:' >>"$tree/etc.all/group" # who may read the service

mount --bind "$tree/etc.all" /etc
mount -t tmpfs none /run
mount --bind "$tree/proc/stat" /proc/stat
mount --bind "$tree/proc/meminfo" /proc/meminfo
mount --bind "$tree/sys" /sys

# It keeps its settings under the interpreter's own prefix, which is no place of ours.
start='import sys; sys.base_prefix = "/run"; from jtop.__main__ import main; main()'
JTOP_SERVICE=True PYTHONPATH=$packages exec "$python" -c "$start" --force
