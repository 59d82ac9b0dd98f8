"""Check an event log that `mcsyncd log --export FILE` wrote: python3 verify_log.py FILE."""

import hashlib
import json
import sys

COLUMNS = {1: ("format", "seq", "session_id", "at", "kind", "tool_version", "body", "previous")}


def check_log(path):
    """Return the number of events and the head; raise ValueError if they are not as they were written."""
    count, head, end = 0, "", None
    with open(path, encoding="ascii") as lines:
        for line in lines:
            if end is not None:
                raise ValueError("there is something behind the end")
            row = json.loads(line)
            if "export" in row:
                end = row
                continue
            count += 1
            if row["seq"] != count or row["previous"] != head:
                raise ValueError(f"event {row['seq']} does not follow event {count - 1}")
            columns = [row[name] for name in COLUMNS[row["format"]]]
            head = hashlib.sha256(json.dumps(columns, ensure_ascii=True).encode()).hexdigest()
            if row["hash"] != head:
                raise ValueError(f"event {count} was changed after it was written")
    if end != {"export": 1, "events": count, "head": head}:
        raise ValueError("the end is missing, or does not fit")
    return count, head


try:
    print("intact: {} events, head {}".format(*check_log(sys.argv[1])))
except (ValueError, KeyError, TypeError) as error:
    sys.exit(f"NOT INTACT: {error!r}")
