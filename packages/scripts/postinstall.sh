#!/bin/sh
# After the files have arrived, or after an upgrade was called off ($1 is then `abort-upgrade`).
set -e

systemd-sysusers mcsyncd.conf
systemd-tmpfiles --create mcsyncd.conf || echo "mcsyncd: see above which folder is missing" >&2

# The daemon may not write here, and would compile every module at each start.
/opt/mcsync/bin/python3 -m compileall -q -f -j 0 \
  "/opt/mcsync/lib/shared" "$(/opt/mcsync/bin/python3 -c 'import site; print(site.getsitepackages()[-1])')" >/dev/null \
  || echo "mcsyncd: some modules could not be compiled; it only starts more slowly" >&2

if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  # What ran before the upgrade runs again. Nothing is enabled or started that was not.
  if [ -s /run/mcsyncd-upgrade ]; then
    # shellcheck disable=SC2046  # one word for each unit
    systemctl start $(cat /run/mcsyncd-upgrade) || echo "mcsyncd: it did not start; see: journalctl -u mcsyncd" >&2
    rm -f /run/mcsyncd-upgrade
  fi
fi
