"""Reads rules of audit with the host's own libaudit, as auditctl does, and loads nothing.

Arguments: files of rules. Says what libaudit would refuse, and how many rules it took.
"""

import ctypes
import sys

lib = ctypes.CDLL("libaudit.so.1")
calloc = ctypes.CDLL(None).calloc
calloc.restype = ctypes.c_void_p
EXIT = lib.audit_name_to_flag(b"exit")


def put(name, value):
    """What auditctl keeps between the parts of a line."""
    ctypes.c_int.in_dll(lib, name).value = value


def check(words):
    for name in ("_audit_archadded", "_audit_syscalladded", "_audit_permadded", "_audit_elf"):
        put(name, 0)
    rule = ctypes.c_void_p(calloc(1, 8192))
    assert words[:2] == ["-a", "always,exit"], "another list than always,exit"
    for option, value in zip(words[2::2], words[3::2]):
        told = None
        if option == "-S":
            told = [call for call in value.split(",") if lib.audit_rule_syscallbyname_data(rule, call.encode()) != 0]
            put("_audit_syscalladded", 1)
        elif option in ("-F", "-C"):
            parse = lib.audit_rule_fieldpair_data if option == "-F" else lib.audit_rule_interfield_comp_data
            # It may move the rule to make room for a text.
            code = parse(ctypes.byref(rule), ctypes.create_string_buffer(value.encode()), EXIT)
            told = [] if code == 0 else [f"{value} ({code})"]
        assert told == [], f"{option} {told}"


bad = taken = 0
for name in sys.argv[1:]:
    for line in open(name):
        if not line.startswith("-a"):
            continue
        taken += 1
        try:
            check(line.split())
        except AssertionError as why:
            bad += 1
            print(f"{name}: {line.strip()}: {why}")
print(f"{taken} rules, {bad} bad")
sys.exit(bad != 0)
