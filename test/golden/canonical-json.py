"""Canonical JSON (RFC 8785) by another implementation, Trail of Bits' rfc8785, and the scalars of YAML 1.2's core schema by the
table of section 10.3.2 of its specification: `pip install rfc8785 && python3 canonical-json.py > canonical-json.json`.

`numbers`: [bits of an IEEE 754 double as hex, its canonical text]; `values`: [JSON text, canonical text], among them the example of
RFC 8785, section 3.2; `scalars`: [plain YAML scalar, its value as canonical JSON], null for one without a canonical form.
"""
import json
import random
import re
import struct

import rfc8785

random.seed(8785)
LARGEST = 2**53 - 1


def double(bits):
    return struct.unpack(">d", bits.to_bytes(8, "big"))[0]


def canonical(value):
    """None for what ocrpipe refuses: NaN, infinities, whole numbers beyond 2^53, whose value depends on the reader."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        if value == int(value) and abs(value) > LARGEST:
            return None
    return rfc8785.dumps(value).decode()


def numbers():
    # Those of appendix B of the RFC, the borders of the forms, and doubles of all sizes.
    bits = [0x0, 0x8000000000000000, 0x1, 0x8000000000000001, 0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF]
    bits += [0x4340000000000000, 0xC340000000000000, 0x4430000000000000, 0x44B52D02C7E14AF5, 0x44B52D02C7E14AF6]
    bits += [0x44B52D02C7E14AF7, 0x444B1AE4D6E2EF4E, 0x444B1AE4D6E2EF4F, 0x444B1AE4D6E2EF50, 0x3EB0C6F7A0B5ED8C]
    bits += [0x3EB0C6F7A0B5ED8D, 0x41B3DE4355555553, 0x41B3DE4355555554, 0x41B3DE4355555555, 0x41B3DE4355555556]
    bits += [0x41B3DE4355555557, 0xBECBF647612F3696, 0x43143FF3C1CB0959, 0x433FFFFFFFFFFFFF, 0x7FF0000000000000]
    bits += [0x7FF8000000000000]
    for exponent in range(-30, 31):
        for text in ("1", "9.99", "1.5", "3.141592653589793"):
            bits.append(struct.unpack(">Q", struct.pack(">d", float(f"{text}e{exponent}")))[0])
    bits += [random.getrandbits(64) for _ in range(200)]
    return [[f"{each:016x}", canonical(double(each))] for each in bits if double(each) == double(each) or each == 0x7FF8000000000000]


def values():
    texts = [
        r'{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}'.replace(r"\'", "'").replace("1E30,", ""),
        r'{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}',
        '[]', '{}', '[[],{},""]', '{"b":1,"a":{"d":[1.0,1e0,10e-1],"c":null}}', '{"":1,"A":2,"a":3,"aa":4,"a.b":5,"10":6,"9":7}',
        r'"\u0000\u0001\u001f\u007f\u2028\u2029\b\f\n\r\t"', '"é e\u0301"', '{"__proto__":1,"constructor":2}',
    ]
    return [[text, canonical(json.loads(text))] for text in texts]


NULL = re.compile(r"null|Null|NULL|~|")
BOOL = re.compile(r"(true|True|TRUE)|(false|False|FALSE)")
INT = re.compile(r"[-+]?[0-9]+")
OCT = re.compile(r"0o([0-7]+)")
HEX = re.compile(r"0x([0-9a-fA-F]+)")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
INF = re.compile(r"[-+]?(\.inf|\.Inf|\.INF)")
NAN = re.compile(r"\.nan|\.NaN|\.NAN")


def core(text):
    if NULL.fullmatch(text):
        return None
    if match := BOOL.fullmatch(text):
        return match[1] is not None
    if INT.fullmatch(text):
        return int(text)
    if match := OCT.fullmatch(text):
        return int(match[1], 8)
    if match := HEX.fullmatch(text):
        return int(match[1], 16)
    if FLOAT.fullmatch(text):
        return float(text)
    if INF.fullmatch(text):
        return float("-inf" if text[0] == "-" else "inf")
    if NAN.fullmatch(text):
        return float("nan")
    return text


SCALARS = """
null Null NULL ~ nUll true True TRUE false FALSE tRue yes Yes no NO on Off y n
0 -0 +0 1 +1 -1 9007199254740991 -9007199254740991 9007199254740992 -9007199254740993 123456789012345678901234567890
0o17 0o18 0O17 0x1F 0xfF 0xG 0b11 1_000 1,000 12:30:00 190:20:30 1__0
0.1 0.10 .1 .10 1. 1.0 -0.0 +.5 1e3 1E3 1e+3 1e-3 1e-7 1e21 1e300 1e400 -1e400 1e-400 5e-324 0.1e1 .1e1 .e1 . .. 1e 1e+ e1
0.1000000000000000055511151231257827 123456789.123456789 9007199254740993.0
.inf .Inf .INF -.inf +.inf .iNf inf .nan .NaN .NAN nan NaN
2024-01-01 2024-01-01T00:00:00Z 1.2.3 1-2 0x 0o 1e5x abc =
""".split()


print(json.dumps({"numbers": numbers(), "values": values(), "scalars": [[each, canonical(core(each))] for each in SCALARS]}, indent=0, ensure_ascii=True))
