"""Writes ../fixtures/damaged/stores.json: small broken and hostile stores, made from docs/store-format.md alone.

Each store is its files (path -> hex), what a check of the whole store must name, and what reading the tree `root` must be
refused with. Run: python3 test/golden/damaged-stores.py > test/fixtures/damaged/stores.json
"""

import json
import struct

from store_format import leaf, pack, sha, tree

FORMAT = json.dumps({"format": 1, "store": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "features": []}).encode()
HELLO = b"hello\n"
FILE = {"kind": 0, "size": 6, "id": sha(HELLO)}


def node(entries, level=0, count=None, version=1):
    body = b"".join(entries)
    return b"OCRT" + struct.pack("<BBHI", version, level, 0, len(entries) if count is None else count) + body


def names(*names):
    return node([leaf({**FILE, "name": name}) for name in names])


def inner(last, files, size, content_id):
    return struct.pack("<H", len(last)) + last + struct.pack("<QQ", files, size) + content_id


def files_of(packs, **more):
    files = {"format.json": FORMAT}
    for content_id, data in packs:
        files["packs/%s.pack" % content_id.hex()] = data
    files.update(more)
    return files


def store(root, *others, found=(), refused="tree-invalid"):
    """A store whose packs are sound and whose root node is hostile."""
    return {
        "files": files_of([pack([(0, HELLO)]), pack([(1, other) for other in (*others, root)])]),
        "root": sha(root).hex(),
        "found": [["tree", sha(data).hex()] for data in found],
        "refused": refused,
    }


def hostile_names():
    for name in (b"..", b".", b".git", b".GIT", b".OcrStore", b"a/b", b"../../x", b"/etc/passwd", b"a\0b", b"", b"x" * 1024):
        data = names(name)
        yield "a tree with the name %r" % name[:12].decode(), store(data, found=[data])


def hostile_nodes():
    sound = names(b"a")
    bad = {
        "names out of order": names(b"b", b"a"),
        "a name twice": names(b"a", b"a"),
        "more entries than there are": node([leaf({**FILE, "name": b"a"})], count=2),
        "fewer entries than there are": node([leaf({**FILE, "name": b"a"})], count=0),
        "four billion entries": node([], count=0xFFFFFFFF),
        "an unknown version": node([], version=2),
        "an unknown kind of entry": node([struct.pack("<H", 1) + b"a" + bytes([4])]),
        "a size beyond 2^53": node([leaf({**FILE, "name": b"a", "size": 2**63})]),
        "a link to nothing": node([leaf({"kind": 2, "name": b"a", "target": b""})]),
        "an inner node without entries": node([], level=1),
        "a level that cannot be": node([], level=255),
        "no node at all": b"hello, I am a tree",
    }
    for what, data in bad.items():
        yield "a tree with " + what, store(data, found=[data])
    lies = {
        "another last name": inner(b"b", 1, 6, sha(sound)),
        "another number of files": inner(b"a", 2, 6, sha(sound)),
        "another number of bytes": inner(b"a", 1, 7, sha(sound)),
    }
    for what, entry in lies.items():
        yield "an inner node that claims " + what, store(node([entry], level=1), sound)
    skipped = node([inner(b"a", 1, 6, sha(sound))], level=2)
    yield "an inner node that skips a level", store(skipped, sound)
    missing = node([leaf({"kind": 3, "name": b"d", "files": 1, "bytes": 6, "id": sha(b"nowhere")})])
    yield "a tree whose directory is missing", store(missing, refused="object-missing")


def damaged_files():
    root, _ = tree([{**FILE, "name": b"a.txt"}])
    content_id, data = pack([(1, root["data"]), (0, HELLO)])
    name = content_id.hex()

    def with_pack(data, found, refused="object-missing", name=name, **more):
        return {
            "files": {"format.json": FORMAT, "packs/%s.pack" % name: data, **more},
            "root": root["id"].hex(),
            "found": found,
            "refused": refused,
        }

    whole = [["pack", name]]
    flipped = bytearray(data)
    flipped[32 + 14] ^= 1
    yield "a node with a flipped bit", with_pack(bytes(flipped), [["tree", root["id"].hex()]], "object-damaged")
    yield "an empty pack file", with_pack(b"", whole)
    yield "a pack cut at half", with_pack(data[: len(data) // 2], whole)
    yield "a pack with a byte too many", with_pack(data + b"\0", whole)
    yield "a pack of an unknown version", with_pack(data[:4] + b"\2" + data[5:], whole)
    other = sha(b"other").hex()
    yield "a pack under another's name", with_pack(data, [["pack", other]], name=other)
    for what, at, value in (("kind", -24, 9), ("codec", -23, 1)):
        changed = bytearray(data)
        changed[at] = value
        renamed = sha(bytes(changed[:32]) + bytes(changed[-96:])).hex()
        yield "a pack of an unknown " + what, with_pack(bytes(changed), [["pack", renamed]], name=renamed)
    large = sha(b"large")
    key = "objects/%s/%s" % (large.hex()[:2], large.hex()[2:])
    yield "a large blob of other bytes", with_pack(data, [["blob", large.hex()]], None, **{key: b"not large"})
    record = b'{"b":1,"a":2}'
    run_key = sha(b"key").hex()
    path = "runs/%s/%s-%s.json" % (run_key[:2], run_key, sha(record).hex())
    yield "a run record that is not canonical", with_pack(data, [["run", sha(record).hex()]], None, **{path: record})
    yield "files that are no objects", with_pack(
        data,
        [],
        None,
        **{"packs/notes.txt": b"?", "packs/.pack": b"?", "objects/zz/x": b"?", "runs/00/x.json": b"?", "tmp/left": b"?"},
    )


def main():
    stores = {}
    for source in (hostile_names(), hostile_nodes(), damaged_files()):
        for what, described in source:
            files = {path: data.hex() for path, data in described.pop("files").items()}
            stores[what] = {"files": files, **described}
    print(json.dumps(stores, indent=1))


if __name__ == "__main__":
    main()
