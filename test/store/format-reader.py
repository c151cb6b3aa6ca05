"""A reader of stores, written from docs/store-format.md alone, with Python's standard library only.

  format-reader.py list STORE POINTER          what a pointer names: JSON, [path, kind, executable, size, id or target] each
  format-reader.py extract STORE POINTER DEST  writes it, byte by byte checked, to DEST, which must not exist
  format-reader.py check STORE                 checks every pack, object and run record: JSON, how many of each
  format-reader.py recut STORE POINTER         cuts each directory anew from its entries and compares ids: JSON, nodes by level

Paths are bytes, written in JSON as one character a byte. Whatever the page does not allow ends it with exit code 1.
"""

import hashlib
import json
import os
import re
import struct
import sys

BLOB, TREE, RUN, LISTING = 0, 1, 2, 3
NODE_LIMIT = 1024 * 1024
OBJECT_LIMIT = 64 * 1024 * 1024
ENTRY_LIMIT = 1024
DEPTH_LIMIT = 1024


class Refused(Exception):
    """Something is not what the page says."""


def refuse_if(wrong, what):
    if wrong:
        raise Refused(what)


def sha(data):
    return hashlib.sha256(data).digest()


class Bytes:
    """Bytes that are taken from the front; never more than there are."""

    def __init__(self, data, what):
        self.data, self.at, self.what = data, 0, what

    def take(self, count):
        refuse_if(count > len(self.data) - self.at, f"{self.what} ends too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "little")

    def end(self):
        refuse_if(self.at != len(self.data), f"{self.what} has {len(self.data) - self.at} bytes too many")


class Store:
    def __init__(self, root):
        self.root = root
        self.places = {}
        self.read_format()
        for base in [root] + self.trash():
            self.read_tables(base)

    def read_format(self):
        with open(os.path.join(self.root, "format.json"), encoding="utf-8") as file:
            value = json.load(file)
        refuse_if(set(value) != {"format", "store", "features"}, "format.json has other keys")
        refuse_if(value["format"] != 1 or value["features"] != [], "the store has another format or a feature")

    def trash(self):
        folder = os.path.join(self.root, "trash")
        names = [name for name in listed(folder) if re.fullmatch(r"\d+", name)]
        return [os.path.join(folder, name) for name in sorted(names)]

    def packs(self, base):
        folder = os.path.join(base, "packs")
        for name in listed(folder):
            match = re.fullmatch(r"([0-9a-f]{64})\.pack", name)
            if match:
                yield os.path.join(folder, name), bytes.fromhex(match[1])

    def read_tables(self, base):
        for path, pack_id in self.packs(base):
            for kind, id, start, length in read_table(path, pack_id):
                self.places.setdefault((kind, id), []).append((path, start, length))

    def read(self, kind, id):
        for path, start, length in self.places.get((kind, id), []):
            with open(path, "rb") as file:
                file.seek(start)
                data = file.read(length)
            if sha(data) == id:
                return data
        raise Refused(f"object {kind} {id.hex()} is not in the store")

    def blob_chunks(self, id):
        """The bytes of a blob in pieces, checked when the last one has come."""
        large = self.large(id)
        if large is None:
            yield self.read(BLOB, id)
            return
        hash = hashlib.sha256()
        with open(large, "rb") as file:
            while chunk := file.read(NODE_LIMIT):
                hash.update(chunk)
                yield chunk
        refuse_if(hash.digest() != id, f"{large} is damaged")

    def large(self, id):
        name = id.hex()
        for base in [self.root] + self.trash():
            path = os.path.join(base, "objects", name[:2], name[2:])
            if os.path.exists(path):
                return path
        return None


def listed(folder):
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def read_table(path, pack_id):
    """The objects of a pack: kind, id, where it starts, length. Reads all but the data."""
    size = os.path.getsize(path)
    refuse_if(size < 48, f"{path} is too short")
    with open(path, "rb") as file:
        header = file.read(32)
        refuse_if(header[:16] != b"OCRP\1" + bytes(11), f"{path} has another header")
        file.seek(size - 16)
        trailer = file.read(16)
        count, length = struct.unpack("<IQ", trailer[:12])
        refuse_if(trailer[12:] != b"OCRE", f"{path} has another trailer")
        refuse_if(count > 65536 or size != 48 + length + 40 * count, f"{path} has another length than it says")
        file.seek(32 + length)
        table = file.read(40 * count)
    refuse_if(sha(header + table + trailer) != pack_id, f"{path} has another name")
    objects = []
    at = 32
    rest = Bytes(table, path)
    for _ in range(count):
        id, kind, codec, stored = rest.take(32), rest.number(1), rest.number(1), rest.number(6)
        refuse_if(kind > LISTING or codec != 0, f"{path} has an unknown kind or codec")
        refuse_if(stored > OBJECT_LIMIT, f"{path} has too large an object")
        objects.append((kind, id, at, stored))
        at += stored
    refuse_if(at != 32 + length, f"{path}: lengths do not sum up")
    return objects


class Entry:
    """An entry of a directory, or, of a higher level, one for a node below."""

    def __init__(self, name, kind, files, bytes, id=None, target=None):
        self.name, self.kind, self.files, self.bytes, self.id, self.target = name, kind, files, bytes, id, target


FILE, EXECUTABLE, LINK, DIRECTORY, NODE = 0, 1, 2, 3, 4


def parse_node(data, what):
    refuse_if(len(data) > NODE_LIMIT, f"{what} is too long")
    rest = Bytes(data, what)
    refuse_if(rest.take(5) != b"OCRT\1", f"{what} is no node")
    level = rest.number(1)
    refuse_if(rest.number(2) != 0, f"{what} is no node")
    count = rest.number(4)
    refuse_if(count > ENTRY_LIMIT, f"{what} has too many entries")
    entries = [parse_entry(rest, level) for _ in range(count)]
    rest.end()
    names = [entry.name for entry in entries]
    refuse_if(any(a >= b for a, b in zip(names, names[1:])), f"{what} is not in order")
    refuse_if(level > 0 and count == 0, f"{what} names no node")
    return level, entries


def parse_entry(rest, level):
    name = rest.take(rest.number(2))
    refuse_if(not allowed(name), f"{rest.what} has the name {name!r}")
    if level > 0:
        return Entry(name, NODE, rest.number(8), rest.number(8), rest.take(32))
    kind = rest.number(1)
    if kind in (FILE, EXECUTABLE):
        return Entry(name, kind, 1, rest.number(8), rest.take(32))
    if kind == LINK:
        target = rest.take(rest.number(2))
        refuse_if(not 1 <= len(target) <= 4095 or b"\0" in target, f"{rest.what} has a wrong link")
        return Entry(name, kind, 1, 0, target=target)
    refuse_if(kind != DIRECTORY, f"{rest.what} has an unknown kind of entry")
    return Entry(name, kind, rest.number(8), rest.number(8), rest.take(32))


def allowed(name):
    if not 1 <= len(name) <= 1023 or b"\0" in name or b"/" in name:
        return False
    return name not in (b".", b"..") and name.lower() not in (b".git", b".ocrstore")


def totals(entries):
    return sum(entry.files for entry in entries), sum(entry.bytes for entry in entries)


def entries_of(store, id, kind=TREE):
    """The entries of one directory, all of its nodes read and compared with what is said of them; and its totals."""
    what = f"node {id.hex()}"
    level, entries = parse_node(store.read(kind, id), what)
    sums = totals(entries)
    if level == 0:
        return level, entries, sums
    below = []
    for entry in entries:
        under, inner, found = entries_of(store, entry.id, kind)
        refuse_if(under != level - 1, f"{what} names a node of another level")
        refuse_if(inner[-1].name != entry.name, f"{what} names a node with another last name")
        refuse_if(found != (entry.files, entry.bytes), f"{what} names a node with other totals")
        below += inner
    return level, below, sums


def walk(store, id, sums, path=b"", depth=0):
    """Every path below a directory with its entry, directories before what is in them."""
    refuse_if(depth > DEPTH_LIMIT, "the directories are too deep")
    _, entries, found = entries_of(store, id)
    refuse_if(found != sums, f"directory {id.hex()} has other totals than are said of it")
    for entry in entries:
        below = path + b"/" + entry.name if path else entry.name
        yield below, entry
        if entry.kind == DIRECTORY:
            yield from walk(store, entry.id, (entry.files, entry.bytes), below, depth + 1)


def read_pointer(path):
    with open(path, "rb") as file:
        text = file.read(64 * 1024 + 1)
    refuse_if(len(text) > 64 * 1024, "the pointer is too long")
    value = {}
    for line in text.decode("utf-8").splitlines():
        if line.strip() == "" or line.lstrip().startswith("#"):
            continue
        key, separator, rest = line.partition(": ")
        refuse_if(separator == "" or key in value, f"the pointer has the line {line!r}")
        value[key] = rest.split(" #")[0].strip()
    wanted = {"version", "id", "kind", "size"}
    directory = value.get("kind") == "directory"
    refuse_if(not wanted <= set(value) <= wanted | {"files" if directory else "executable"}, "the pointer has other keys")
    refuse_if(value["version"] != "1" or value["kind"] not in ("file", "directory"), "the pointer is of another kind")
    refuse_if(not re.fullmatch("[0-9a-f]{64}", value["id"]), "the pointer has no id")
    size, files = int(value["size"]), int(value.get("files", 1))
    kind = DIRECTORY if directory else EXECUTABLE if value.get("executable") == "true" else FILE
    return Entry(b"", kind, files, size, bytes.fromhex(value["id"]))


def below_of(store, top):
    return walk(store, top.id, (top.files, top.bytes)) if top.kind == DIRECTORY else []


def list_pointer(store, pointer):
    top = read_pointer(pointer)
    names = {FILE: "file", EXECUTABLE: "file", LINK: "link", DIRECTORY: "directory"}
    rows = []
    for path, entry in [(b"", top), *below_of(store, top)]:
        last = entry.target.decode("latin-1") if entry.kind == LINK else entry.id.hex()
        rows.append([path.decode("latin-1"), names[entry.kind], entry.kind == EXECUTABLE, entry.bytes, last])
    return rows


def extract(store, pointer, target):
    target = os.fsencode(target)
    refuse_if(os.path.lexists(target), "something is there already")
    top = read_pointer(pointer)
    if top.kind != DIRECTORY:
        write_file(store, target, top)
        return
    os.mkdir(target)
    links = []
    for path, entry in below_of(store, top):
        place = target + b"/" + path
        if entry.kind == DIRECTORY:
            os.mkdir(place)
        elif entry.kind == LINK:
            links.append((path, place, entry.target))
        else:
            write_file(store, place, entry)
    for path, place, to in links:
        refuse_if(leaves(path, to), f"the link {path!r} leads outside")
        os.symlink(to, place)


def leaves(path, to):
    depth = path.count(b"/")
    if to.startswith(b"/"):
        return True
    for part in to.split(b"/"):
        depth += -1 if part == b".." else 0 if part in (b"", b".") else 1
        if depth < 0:
            return True
    return False


def write_file(store, place, entry):
    written = 0
    with open(place, "xb") as file:
        for chunk in store.blob_chunks(entry.id):
            written += file.write(chunk)
    refuse_if(written != entry.bytes, f"{place!r} has another size than is said of it")
    os.chmod(place, 0o755 if entry.kind == EXECUTABLE else 0o644)


def check(store):
    counts = {"packs": 0, "objects": 0, "large": 0, "runs": 0}
    for base in [store.root] + store.trash():
        for path, pack_id in store.packs(base):
            counts["packs"] += 1
            with open(path, "rb") as file:
                for kind, id, start, length in read_table(path, pack_id):
                    file.seek(start)
                    data = file.read(length)
                    refuse_if(sha(data) != id, f"{path}: object {id.hex()} is damaged")
                    if kind in (TREE, LISTING):
                        parse_node(data, id.hex())
                    counts["objects"] += 1
        counts["large"] += check_large(store, base)
        counts["runs"] += check_runs(base)
    return counts


def check_large(store, base):
    count = 0
    for first in listed(os.path.join(base, "objects")):
        for rest in listed(os.path.join(base, "objects", first)):
            if re.fullmatch("[0-9a-f]{64}", first + rest) and len(first) == 2:
                for _ in store.blob_chunks(bytes.fromhex(first + rest)):
                    pass
                count += 1
    return count


def check_runs(base):
    count = 0
    for first in listed(os.path.join(base, "runs")):
        for name in listed(os.path.join(base, "runs", first)):
            match = re.fullmatch("([0-9a-f]{64})-([0-9a-f]{64}).json", name)
            if not match or match[1][:2] != first:
                continue
            with open(os.path.join(base, "runs", first, name), "rb") as file:
                data = file.read()
            record = json.loads(data)
            refuse_if(sha(data).hex() != match[2], f"{name} is damaged")
            # Enough of RFC 8785 for records whose numbers are whole and whose keys are ASCII.
            form = json.dumps(record["input"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            refuse_if(sha(form.encode()).hex() != match[1], f"{name} has another key")
            refuse_if(set(record) != {"version", "input", "outs"}, f"{name} has other keys")
            count += 1
    return count


def name_hash(name):
    h = 0x811C9DC5
    for byte in name:
        h = (h ^ byte) * 0x01000193 % 2**32
    h = (h ^ (h >> 16)) * 0x85EBCA6B % 2**32
    h = (h ^ (h >> 13)) * 0xC2B2AE35 % 2**32
    return h ^ (h >> 16)


def zero_bits(h):
    return 32 if h == 0 else (h & -h).bit_length() - 1


def encode(entry):
    name = struct.pack("<H", len(entry.name)) + entry.name
    if entry.kind == NODE:
        return name + struct.pack("<QQ", entry.files, entry.bytes) + entry.id
    if entry.kind == LINK:
        return name + struct.pack("<BH", LINK, len(entry.target)) + entry.target
    if entry.kind == DIRECTORY:
        return name + struct.pack("<BQQ", DIRECTORY, entry.files, entry.bytes) + entry.id
    return name + struct.pack("<BQ", entry.kind, entry.bytes) + entry.id


def cut(entries, level):
    """The nodes of one level, as the entries of the next."""
    nodes, held, length = [], [], 12

    def close():
        header = b"OCRT" + struct.pack("<BBHI", 1, level, 0, len(held))
        data = header + b"".join(encode(entry) for entry in held)
        last = held[-1].name if held else b""
        nodes.append(Entry(last, NODE, *totals(held), sha(data)))
        held.clear()

    for entry in entries:
        size = len(encode(entry))
        if length + size > NODE_LIMIT:
            close()
            length = 12
        held.append(entry)
        length += size
        at_hash = zero_bits(name_hash(entry.name)) >= 8 * (level + 1) and (level == 0 or len(held) >= 2)
        if at_hash or len(held) == ENTRY_LIMIT:
            close()
            length = 12
    if held or not nodes:
        close()
    return nodes


def recut(store, pointer):
    """How many nodes there are of each level, all directories counted each time that they are met."""
    top = read_pointer(pointer)
    refuse_if(top.kind != DIRECTORY, "the pointer names a file")
    counts = []
    directories = [top.id] + [entry.id for _, entry in below_of(store, top) if entry.kind == DIRECTORY]
    for id in directories:
        level, entries, _ = entries_of(store, id)
        nodes = cut(entries, 0)
        at = 0
        count(counts, 0, len(nodes))
        while len(nodes) > 1:
            at += 1
            nodes = cut(nodes, at)
            count(counts, at, len(nodes))
        refuse_if(at != level or nodes[0].id != id, f"directory {id.hex()} is cut otherwise")
    return counts


def count(counts, level, nodes):
    counts.extend([0] * (level + 1 - len(counts)))
    counts[level] += nodes


def main(words):
    command, root, *rest = words
    store = Store(root)
    result = {"list": list_pointer, "extract": extract, "check": check, "recut": recut}[command](store, *rest)
    if result is not None:
        print(json.dumps(result))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refused as refusal:
        sys.exit(f"refused: {refusal}")
