"""Writes store-format.json: a pack and tree nodes made from docs/store-format.md alone, with the standard library only.

Run: python3 test/golden/store_format.py > test/golden/store-format.json
"""

import hashlib
import json
import struct

MAX_ENTRIES = 1024
MAX_NODE = 1024 * 1024


def sha(data):
    return hashlib.sha256(data).digest()


def name_hash(name):
    h = 0x811C9DC5
    for byte in name:
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    h ^= h >> 16
    h = (h * 0x85EBCA6B) & 0xFFFFFFFF
    h ^= h >> 13
    h = (h * 0xC2B2AE35) & 0xFFFFFFFF
    h ^= h >> 16
    return h


def ends(name, level):
    bits = 8 * (level + 1)
    return bits <= 32 and name_hash(name) % (1 << bits) == 0


def leaf(entry):
    head = struct.pack("<H", len(entry["name"])) + entry["name"]
    if entry["kind"] in (0, 1):
        return head + struct.pack("<BQ", entry["kind"], entry["size"]) + entry["id"]
    if entry["kind"] == 2:
        return head + struct.pack("<BH", 2, len(entry["target"])) + entry["target"]
    return head + struct.pack("<BQQ", 3, entry["files"], entry["bytes"]) + entry["id"]


def inner(node):
    return struct.pack("<H", len(node["last"])) + node["last"] + struct.pack("<QQ", node["files"], node["bytes"]) + node["id"]


def cut(items, level):
    """items: (name, encoded, files, bytes) in order -> nodes of this level"""
    nodes, group = [], []

    def close():
        body = b"".join(item[1] for item in group)
        data = b"OCRT" + struct.pack("<BBHI", 1, level, 0, len(group)) + body
        nodes.append(
            {
                "last": group[-1][0] if group else b"",
                "files": sum(item[2] for item in group),
                "bytes": sum(item[3] for item in group),
                "data": data,
                "id": sha(data),
                "level": level,
            }
        )
        group.clear()

    for item in items:
        if group and 12 + sum(len(other[1]) for other in group) + len(item[1]) > MAX_NODE:
            close()
        group.append(item)
        if len(group) == MAX_ENTRIES or ((level == 0 or len(group) >= 2) and ends(item[0], level)):
            close()
    if group or not nodes:
        close()
    return nodes


def tree(entries):
    """entries -> (root node, all nodes)"""
    items = []
    for entry in sorted(entries, key=lambda e: e["name"]):
        if entry["kind"] == 3:
            files, size = entry["files"], entry["bytes"]
        else:
            files, size = 1, entry["size"] if entry["kind"] in (0, 1) else 0
        items.append((entry["name"], leaf(entry), files, size))
    level, all_nodes = 0, []
    while True:
        nodes = cut(items, level)
        all_nodes += nodes
        if len(nodes) == 1:
            return nodes[0], all_nodes
        items = [(node["last"], inner(node), node["files"], node["bytes"]) for node in nodes]
        level += 1


def pack(objects, salt=bytes(16)):
    """objects: (kind, bytes) -> (pack id, file)"""
    header = b"OCRP" + bytes([1]) + bytes(11) + salt
    data = b"".join(content for _, content in objects)
    table = b"".join(
        sha(content) + bytes([kind, 0]) + len(content).to_bytes(6, "little") for kind, content in objects
    )
    trailer = struct.pack("<IQ", len(objects), len(data)) + b"OCRE"
    return sha(header + table + trailer), header + data + table + trailer


def numbered(count):
    return [
        {"name": b"img-%06d.png" % i, "kind": i % 2, "size": i, "id": sha(b"image %d" % i)} for i in range(count)
    ]


def summary(entries):
    root, nodes = tree(entries)
    return {
        "id": root["id"].hex(),
        "level": root["level"],
        "files": root["files"],
        "bytes": root["bytes"],
        "nodes": len(nodes),
        "largest": max(len(node["data"]) for node in nodes),
    }


def long_links(count):
    return [{"name": b"%05d" % i + b"x" * 200, "kind": 2, "target": b"t" * 4000} for i in range(count)]


def main():
    empty, _ = tree([])
    mixed_entries = [
        {"name": b"run.sh", "kind": 1, "size": 6, "id": sha(b"hello\n")},
        {"name": b"\xff\xfe not utf-8", "kind": 0, "size": 0, "id": sha(b"")},
        {"name": "é.txt".encode(), "kind": 0, "size": 6, "id": sha(b"hello\n")},
        {"name": b"link", "kind": 2, "target": b"run.sh"},
        {"name": b"empty", "kind": 3, "files": 0, "bytes": 0, "id": empty["id"]},
    ]
    mixed, _ = tree(mixed_entries)
    objects = [(0, b"hello\n"), (0, b""), (1, mixed["data"]), (1, empty["data"]), (3, empty["data"])]
    plain_id, plain = pack(objects)
    salted_id, salted = pack(objects, bytes(range(16)))
    none_id, none = pack([])
    print(
        json.dumps(
            {
                "nameHashes": {name.hex(): name_hash(name) for name in (b"", b"a", b"img-000000.png", b"\xff\x80")},
                "empty": empty["data"].hex(),
                "mixed": {"id": mixed["id"].hex(), "node": mixed["data"].hex()},
                "pack": {"id": plain_id.hex(), "file": plain.hex()},
                "saltedPack": {"id": salted_id.hex(), "file": salted.hex()},
                "emptyPack": {"id": none_id.hex(), "file": none.hex()},
                "numbered": {str(count): summary(numbered(count)) for count in (1, 255, 256, 257, 2000, 70000)},
                "longLinks": {str(count): summary(long_links(count)) for count in (100, 600)},
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
