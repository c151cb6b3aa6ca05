"""Golden values of CTC decoding and of the language model, made with pyctcdecode and NLTK.

    pip install numpy pyctcdecode nltk && python test/golden/make_decoding.py     writes decoding.json beside this file

`lines` are what pyctcdecode reads with a beam that follows every text, and nothing pruned, and the ln-probability that it gives. `language`
holds interpolated Witten-Bell probabilities of NLTK; NLTK ends at the frequencies of single characters, this class goes one level below, to all
characters equally likely.
"""
import json
import logging
import math
import pathlib

import numpy
from nltk.lm import WittenBellInterpolated
from nltk.lm.smoothing import WittenBell
from pyctcdecode import build_ctcdecoder

logging.disable(logging.WARNING)
random = numpy.random.default_rng(23)
alphabet = list("abcd")


def line(time, classes, scale):
    logits = (random.standard_normal((time, classes + 1)) * scale).round(3)
    ln = logits - numpy.logaddexp.reduce(logits, axis=1, keepdims=True)
    # A blank is '' to pyctcdecode; it stands last here and there.
    decoder = build_ctcdecoder(alphabet[:classes] + [""])
    best = decoder.decode_beams(ln, beam_width=100000, beam_prune_logp=-1e9, token_min_logp=-1e9)[0]
    return {"time": time, "classes": classes + 1, "logits": logits.flatten().tolist(), "text": best[0], "lnProbability": float(best[3])}


class DownToUniform(WittenBell):
    def unigram_score(self, word):
        counts = self.counts.unigrams
        kinds = sum(1 for _, count in counts.items() if count > 0)
        return (counts[word] + kinds / self.size) / (counts.N() + kinds)


texts = ["abba", "abab", "cab", "dab", "a", "", "bad", "abba", "cc"]
START, END = "<", ">"


def language(order):
    model = WittenBellInterpolated(order)
    # The starts are no characters that could come next, and stand in contexts alone.
    padded = [[START] * (order - 1) + list(text) + [END] for text in texts]
    grams = [tuple(text[at - size + 1:at + 1]) for text in padded for at in range(order - 1, len(text)) for size in range(1, order + 1)]
    model.fit([grams], vocabulary_text=alphabet + [START, END])
    smoothing = DownToUniform(model.vocab, model.counts)
    smoothing.size = len(alphabet) + 1
    model.estimator = smoothing
    cases = []
    for context in ["", "a", "ab", "abb", "dd", "bad", "cd", "cab", "zz", "ca"]:
        characters = [START] * (order - 1) + list(context)
        before = tuple(characters[len(characters) - order + 1:])
        scores = [model.unmasked_score(word, before) if before else smoothing.unigram_score(word) for word in alphabet + [END]]
        cases.append({"before": context, "probabilities": scores, "sum": math.fsum(scores)})
    return {"order": order, "cases": [case for case in cases if "z" not in case["before"]]}


golden = {
    "alphabet": alphabet,
    "lines": [line(time, classes, scale) for time in (1, 3, 5, 6) for classes in (1, 2, 3) for scale in (0.7, 2.0, 4.0)],
    "texts": texts,
    "language": [language(order) for order in (1, 2, 3, 5)],
}
path = pathlib.Path(__file__).with_name("decoding.json")
path.write_text(json.dumps(golden))
print(path.name, len(golden["lines"]), "lines;", [case["sum"] for case in golden["language"][2]["cases"]][:3])
