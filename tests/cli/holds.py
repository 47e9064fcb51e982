"""Holds JSON files against a JSON Schema: holds.py SCHEMA FILE...

Exit status 0: all are valid; 1: one is not, and standard output says why; 77: no jsonschema (python3-jsonschema).
"""

import json
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("no jsonschema of version 4 (python3-jsonschema)")
    sys.exit(77)


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    status = 0
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        for error in Draft202012Validator(schema).iter_errors(content):
            print(f"{path}: {error.json_path}: {error.message[:200]}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
