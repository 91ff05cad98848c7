"""Compares json.c with Python's json, document by document: fuzz.py PROGRAM DOCUMENTS SEED. Prints what differs, and fails then."""
import json
import random
import re
import struct
import subprocess
import sys

program, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rnd = random.Random(seed)
NAMES = ["cniVersion", "prevResult", "list"]
DEPTH = 100
OK, INVALID, DEEP, OTHER, REPEATED = range(5)


def refuse(constant):
    raise ValueError(constant)


DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=refuse)
SPACE = re.compile("[ \t\n\r]*")


def space():
    return rnd.choice(["", "", "", " ", "\n  ", "\t", "\r\n"])


def string():
    pieces = ["a", "\\", "\"", "/", "\n", "\x00", "é", "\ud83d\ude00", "\ud800", "cniVersion", "0", "{", "]", ",", "\x7f", "\u2028"]
    text = "".join(rnd.choice(pieces) for _ in range(rnd.choice([0, 1, 2, 3, 8, 40])))
    return json.dumps(text, ensure_ascii=True if "\ud800" in text else rnd.random() < 0.5)


def value(depth):
    kind = rnd.randrange(9 if depth < 5 else 6)
    if kind == 0:
        return rnd.choice(["true", "false", "null"])
    if kind in (1, 2):
        return rnd.choice(["0", "-0", "1.50", "1e5", "-12.0E+07", "123456789012345678901234567890", str(rnd.random())])
    if kind in (3, 4, 5):
        return string()
    items = range(rnd.randrange(4))
    if kind == 6:
        return "[" + space() + ("," + space()).join(value(depth + 1) + space() for _ in items) + "]"
    return obj([rnd.choice(NAMES + ["x", "type"]) for _ in items], depth + 1)


def key(name):
    if rnd.random() < 0.2:
        at = rnd.randrange(len(name))
        return json.dumps(name[:at])[:-1] + "\\u%04x" % ord(name[at]) + name[at + 1:] + '"'
    return json.dumps(name)


def obj(names, depth):
    members = [space() + key(name) + space() + ":" + space() + value(depth) + space() for name in names]
    return "{" + space() + ",".join(members) + "}"


def document():
    kind = rnd.random()
    if kind < 0.02:
        return value(0)
    if kind < 0.04:
        nested = rnd.randrange(90, 110)
        return '{"prevResult":' + "[" * nested + "]" * nested + "}"
    names = [rnd.choice(NAMES + ["y", "plugins"]) for _ in range(rnd.randrange(6))]
    if rnd.random() < 0.8:
        names = list(dict.fromkeys(names))
    return space() + obj(names, 0) + space()


def mutated(text):
    data = bytearray(text)
    for _ in range(rnd.randrange(1, 4)):
        at = rnd.randrange(len(data) + 1)
        kind = rnd.randrange(5)
        if kind == 0:
            data[at:at] = bytes([rnd.randrange(256)])
        elif kind == 1:
            del data[at:at + rnd.randrange(1, 4)]
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            data[at:at] = rnd.choice([b"{", b"}", b"[", b"]", b"\"", b"\\", b",", b":", b"\\u12", b"\\ud800", b"NaN", b"-", b".", b"e", b"0", b"\x1f", b"\x00"])
        else:
            data[at:at + 1] = data[at:at + 1] * 2
    return bytes(data)


def depth(parsed):
    children = parsed.values() if isinstance(parsed, dict) else parsed if isinstance(parsed, list) else None
    return 0 if children is None else 1 + max(map(depth, children), default=0)


def after_space(text, at):
    return SPACE.match(text, at).end()


def elements(text, at, found, brackets="[]"):
    """Walks through an array or object whose first character is at `at`, and appends (key, start, length) of each value."""
    at = after_space(text, at + 1)
    while text[at] != brackets[1]:
        name = None
        if brackets == "{}":
            name, at = json.decoder.scanstring(text, at + 1)
            at = after_space(text, after_space(text, at) + 1)
        _, end = DECODER.raw_decode(text, at)
        found.append((name, at, end - at))
        at = after_space(text, end)
        if text[at] == ",":
            at = after_space(text, at + 1)


def expected(data):
    text = data.decode("latin-1")  # a byte is a character; those above 0x7f are legal in strings only
    try:
        parsed = DECODER.decode(text)
    except (ValueError, IndexError):
        return str(INVALID)
    if depth(parsed) > DEPTH:
        return str(DEEP)
    if not isinstance(parsed, dict):
        return str(OTHER)
    members = []
    elements(text, after_space(text, 0), members, "{}")
    spans = [[(at, length) for name, at, length in members if name == wanted] for wanted in NAMES]
    if any(len(span) > 1 for span in spans):
        return str(REPEATED)
    words = [str(OK)] + ["%d+%d" % span[0] if span else "absent" for span in spans]
    if spans[0]:
        at, length = spans[0][0]
        words.append(decoded(text[at:at + length]))
    if spans[2] and text[spans[2][0][0]] == "[":
        inner = []
        elements(text, spans[2][0][0], inner)
        words += ["[%d+%d" % (at, length) for _, at, length in inner]
    return " ".join(words)


def decoded(literal):
    if literal[0] != '"':
        return "none"
    if not literal.isascii():
        return "any"  # a character above 0x7f may come from a byte or from an escape
    result = re.sub("[\ud800-\udfff]", "\ufffd", json.loads(literal)).encode()
    return "none" if b"\0" in result else "=" + result.hex()


documents = []
for _ in range(count):
    original = document().encode("utf-8", "surrogatepass")
    documents.append(original if rnd.random() < 0.3 else mutated(original))
run = subprocess.run([program], input=b"".join(struct.pack("<I", len(each)) + each for each in documents), capture_output=True)
lines = run.stdout.decode().splitlines()
failed = run.returncode != 0 or len(lines) != count
if failed:
    print("exit code %d after %d documents: %s" % (run.returncode, len(lines), run.stderr.decode()[-3000:]))
accepted = 0
for data, line in zip(documents, lines):
    wanted = expected(data)
    accepted += wanted[0] == "0"
    pattern = re.escape(wanted).replace("any", "(?:none|=[0-9a-f]*)")
    if line[0] == str(DEEP) and wanted == str(INVALID) and data.count(b"[") + data.count(b"{") > DEPTH:
        continue  # too deep before it is wrong
    if not re.fullmatch(pattern, line):
        failed = True
        print("%r: found %s, expected %s" % (data, line, wanted))
print("%d documents, %d of them objects" % (count, accepted))
sys.exit(1 if failed else 0)
