#!/bin/sh
# After the files have gone. $1 is `remove` or `purge` in a .deb and 0 in an .rpm; anything else is an upgrade.
set -e

case "$1" in
  remove | purge | 0)
    if [ -d /opt/mcsync ]; then
      find /opt/mcsync -depth -type d -empty -delete
    fi
    if [ -d /run/systemd/system ]; then
      systemctl daemon-reload
    fi
    # Footage and ledger belong to the people who made them. So do the users, who own the files.
    echo "mcsyncd: kept: /srv/mcsync (footage), /var/lib/mcsync (ledger), and the users and groups mcsync*"
    ;;
esac
