"""Writes text-metrics.json: pairs of lines with what Python says about them.

Per pair: difflib.SequenceMatcher(None, truth, prediction, autojunk=False).ratio() and the Levenshtein distance over
code points, both on NFC text. Run: python3 test/golden/text-metrics.py (standard library only).
"""

import difflib
import json
import pathlib
import random
import unicodedata

ALPHABETS = [
    "ab",
    "abcdefghij",
    "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789",
    "aáàảãạăắằẳẵặâấầẩẫậeéèẻẽẹêếềểễệđĐ ,.-",
    "ſtuo\u0364e\u0364a\u0364 nrhmdich⸗",
    "皖沪京川苏A1B2",
    "\U0001d538\U0001d539\U0001f600x",
]


def levenshtein(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x != y)))
    return row[-1]


def text(random_, alphabet, longest):
    return "".join(random_.choice(alphabet) for _ in range(random_.randint(0, longest)))


def misread(random_, truth, alphabet):
    out = []
    for character in truth:
        kind = random_.random()
        if kind < 0.08:
            continue
        if kind < 0.16:
            out.append(random_.choice(alphabet))
        elif kind < 0.22:
            out += [character, random_.choice(alphabet)]
        else:
            out.append(character)
    return "".join(out)


def pairs():
    random_ = random.Random(20)
    for index in range(3000):
        alphabet = random_.choice(ALPHABETS)
        # difflib's autojunk starts at 200 characters: some lines are longer, to be sure that it is off.
        longest = 260 if index % 100 == 0 else random_.choice([3, 8, 20, 70])
        truth = text(random_, alphabet, longest)
        yield truth, misread(random_, truth, alphabet) if random_.random() < 0.7 else text(random_, alphabet, longest)


rows = []
for pair in pairs():
    truth, prediction = (unicodedata.normalize("NFC", side) for side in pair)
    ratio = difflib.SequenceMatcher(None, truth, prediction, autojunk=False).ratio()
    rows.append([truth, prediction, levenshtein(truth, prediction), ratio])
lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
pathlib.Path(__file__).with_suffix(".json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
