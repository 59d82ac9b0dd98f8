#!/bin/sh
# Before the files go. $1 is `remove` in a .deb and 0 in an .rpm; anything else is an upgrade.
set -e

case "$1" in
  remove | 0)
    for unit in /usr/lib/systemd/system/mcsyncd*.service; do
      if [ -d /run/systemd/system ]; then
        systemctl disable --now "$(basename "$unit")"
      fi
    done
    find /opt/mcsync/lib -name __pycache__ -prune -exec rm -rf {} +
    ;;
esac
