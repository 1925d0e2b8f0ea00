#!/usr/bin/env python3
"""Writes the tables of cases that compare harda's text modules with ansible-core's.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install ansible-core==2.19.*
    /tmp/venv/bin/python tests/cases/from_ansible.py

Needed only to add cases: the tables hold what Ansible made of each. `after` is null where Ansible
refuses the task.
"""

import importlib
import io
import itertools
import json
import os
import pathlib
import sys
import tempfile

from ansible.module_utils import basic

HERE = pathlib.Path(__file__).parent

LINEINFILE = {
    "before": ["", "a\nb\nc\n", "a\nb\na\nb", "#a=1\na=1\n", "a\r\nb\r\n", "x\n\n# end", "PermitRootLogin yes\n#PermitRootLogin no\n"],
    "args": [
        {"line": "a"},
        {"line": "n"},
        {"line": "a\n"},
        {"line": "", "regexp": "^b"},
        {"line": "n", "regexp": "^b"},
        {"line": "n", "regexp": "^b$"},
        {"line": "n", "regexp": "^b", "firstmatch": True},
        {"line": "n", "regexp": "nothing"},
        {"line": "n", "regexp": "nothing", "insertafter": "^a"},
        {"line": "n", "regexp": "nothing", "insertafter": "^a", "firstmatch": True},
        {"line": "n", "regexp": "nothing", "insertbefore": "^b"},
        {"line": "n", "regexp": "nothing", "insertbefore": "^b", "firstmatch": True},
        {"line": "b", "regexp": "nothing", "insertbefore": "^a", "firstmatch": True},
        {"line": "b", "regexp": "^a", "insertafter": "EOF"},
        {"line": "n", "insertafter": "^a"},
        {"line": "n", "insertafter": "nothing"},
        {"line": "n", "insertbefore": "^b"},
        {"line": "n", "insertbefore": "nothing"},
        {"line": "n", "insertbefore": "BOF"},
        {"line": "n", "insertafter": "BOF"},
        {"line": "n", "insertafter": "EOF"},
        {"line": "a", "insertbefore": "BOF"},
        {"line": "a", "insertafter": "^b"},
        {"line": "n", "search_string": "b"},
        {"line": "n", "search_string": "="},
        {"line": "n", "search_string": "a", "firstmatch": True},
        {"line": "n", "search_string": "zz", "insertafter": "b"},
        {"line": r"\1=2", "regexp": r"^(\w+)=\d", "backrefs": True},
        {"line": r"\g<k> # \\ 2", "regexp": r"^#?(?P<k>\w+)", "backrefs": True},
        {"line": r"\1=2", "regexp": r"^(nothing)=", "backrefs": True},
        {"line": r"\1", "regexp": r"^(b)", "backrefs": False},
        {"line": "PermitRootLogin no", "regexp": r"^#?\s*PermitRootLogin\b"},
        {"line": "PermitRootLogin no", "regexp": r"(?i)^permitrootlogin"},
        {"line": "n", "regexp": r"^\s*$"},
        {"line": "n", "regexp": "(?!x)^[^#]"},
        {"line": "a", "state": "absent"},
        {"regexp": "^a", "state": "absent"},
        {"regexp": "b$", "state": "absent"},
        {"search_string": "=", "state": "absent"},
        {"line": "zz", "state": "absent"},
    ],
}

BLOCK = "# BEGIN ANSIBLE MANAGED BLOCK\nold\n# END ANSIBLE MANAGED BLOCK\n"
BLOCKINFILE = {
    "before": ["", "a\nb\n", "a\nb", BLOCK, "a\n" + BLOCK + "b\n", "a\n\n" + BLOCK + "\nb\n",
               "# END ANSIBLE MANAGED BLOCK\nx\n# BEGIN ANSIBLE MANAGED BLOCK\ny\n",
               "<!-- B -->\nx\n<!-- E -->\n", "# BEGIN ANSIBLE MANAGED BLOCK\nx\n"],
    "args": [
        {"block": "n"},
        {"block": "n\nm\n"},
        {"block": "old"},
        {"block": ""},
        {"block": "n", "insertbefore": "BOF"},
        {"block": "n", "insertafter": "EOF"},
        {"block": "n", "insertafter": "^a"},
        {"block": "n", "insertbefore": "^b"},
        {"block": "n", "insertbefore": "nothing"},
        {"block": "n", "insertafter": "(?m)^a$"},
        {"block": "n", "insertbefore": "(?m)^b$"},
        {"block": "n", "prepend_newline": True},
        {"block": "n", "append_newline": True, "insertbefore": "BOF"},
        {"block": "n", "prepend_newline": True, "append_newline": True, "insertafter": "^a"},
        {"block": "n", "marker": "<!-- {mark} -->", "marker_begin": "B", "marker_end": "E"},
        {"block": "n", "marker": "// {mark} it"},
        {"state": "absent"},
        {"state": "absent", "marker": "<!-- {mark} -->", "marker_begin": "B", "marker_end": "E"},
    ],
}

REPLACE = {
    "before": ["", "a\nb\nc\n", "x = 1\ny = 1\n[s]\nx = 1\n", "aaa", "<t>\nk\n</t>\nk\n"],
    "args": [
        {"regexp": "a", "replace": "n"},
        {"regexp": "^b$", "replace": "n"},
        {"regexp": "^b\n"},
        {"regexp": r"^(\w) = (\d)", "replace": r"\2=\1"},
        {"regexp": r"(?P<k>\w) = 1", "replace": r"\g<k>:\n"},
        {"regexp": "x", "replace": "n", "after": r"\[s\]"},
        {"regexp": "1", "replace": "2", "before": r"\[s\]"},
        {"regexp": "k", "replace": "n", "after": "<t>", "before": "</t>"},
        {"regexp": "k", "replace": "n", "after": "nothing"},
        {"regexp": "a*", "replace": "-"},
        {"regexp": "$", "replace": ";"},
        {"regexp": "(a)(z)?", "replace": r"\1\2."},
    ],
}


def run(module, before, args):
    """What the module makes of the text, in a process of its own: a module ends its process."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "file")
        path.write_bytes(before.encode())
        if os.fork() == 0:
            basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": {**args, "path": str(path)}}).encode()
            basic._ANSIBLE_PROFILE = "legacy"
            sys.stdout = sys.stderr = io.StringIO()
            status = 1
            try:
                importlib.import_module(f"ansible.modules.{module}").main()
            except SystemExit as end:
                status = end.code or 0
            finally:
                os._exit(status)
        if os.waitstatus_to_exitcode(os.wait()[1]) != 0:
            return None
        return path.read_bytes().decode()


for name, table in (("lineinfile", LINEINFILE), ("blockinfile", BLOCKINFILE), ("replace", REPLACE)):
    cases = [
        {"before": before, "args": args, "after": run(name, before, args)}
        for before, args in itertools.product(table["before"], table["args"])
    ]
    lines = ",\n".join(json.dumps(case) for case in cases)
    HERE.joinpath(f"{name}.json").write_text(f"[\n{lines}\n]\n")
    print(name, len(cases), "cases,", sum(case["after"] is None for case in cases), "refused")
