#!/bin/sh
# Before the files arrive. $1 is `install` or `upgrade` in a .deb, 1 or 2 in an .rpm.
set -e

case "$1" in
  install | 1)
    # An environment that was made by hand would be mixed with this one, version by version.
    if [ -e /opt/mcsync/pyvenv.cfg ]; then
      echo "mcsyncd: /opt/mcsync was installed by hand. Stop the service, and move the folder away:" >&2
      echo "  systemctl stop mcsyncd; mv /opt/mcsync /opt/mcsync.by-hand; rm -f /etc/systemd/system/mcsyncd.service" >&2
      exit 1
    fi
    ;;
esac

# A daemon never runs with the files of two versions: its workers start from the disk. What it was doing is
# due again when it starts.
if [ -d /run/systemd/system ]; then
  active=$(systemctl list-units --plain --no-legend --state=active,activating,reloading 'mcsyncd*.service' | cut -d ' ' -f 1)
  if [ -n "$active" ]; then
    echo "$active" > /run/mcsyncd-upgrade
    # shellcheck disable=SC2086  # one word for each unit
    systemctl stop $active
  fi
fi

# Compiled files of the old version. No package manager knows them.
if [ -d /opt/mcsync/lib ]; then
  find /opt/mcsync/lib -name __pycache__ -prune -exec rm -rf {} +
fi
