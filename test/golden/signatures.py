"""Signatures of the stages of stages.lock by another implementation: `python3 signatures.py > signatures.json`.

The signature of a stage is the SHA-256 of the canonical JSON of its inputs. Needs PyYAML.
"""
import hashlib
import json
import pathlib

import yaml

lock = yaml.safe_load((pathlib.Path(__file__).parent / "stages.lock").read_text())


def signature(stage):
    inputs = {
        "version": 1,
        "run": stage["run"],
        "wdir": stage.get("wdir", "."),
        "deps": [{key: dep[key] for key in ("path", "id", "kind")} for dep in stage.get("deps", [])],
        "params": [
            {"file": file, "key": key, "value": value}
            for file, values in sorted(stage.get("params", {}).items())
            for key, value in sorted(values.items())
        ],
        "outs": [{"path": out["path"]} for out in stage.get("outs", [])],
    }
    # Sorted keys and no white space: with these values (ASCII, short decimals) that is RFC 8785.
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


print(json.dumps({name: signature(stage) for name, stage in lock["stages"].items()}, indent=2))
