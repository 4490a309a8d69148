"""Runs the scripts that make golden files and records what they made.

    golden_manifest.py CLONE [NAME ...]
"""

import hashlib
import importlib.metadata
import json
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

PACKAGES = ("torch", "transformers", "tokenizers", "sentencepiece", "safetensors", "numpy", "jinja2", "pyyaml")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(clone, names):
    scripts = sorted((clone / "scripts/goldens").glob("*.py"))
    golden = clone / "Tests/Fixtures/Golden"
    golden.mkdir(parents=True, exist_ok=True)
    record = golden / "MANIFEST.json"
    before = json.loads(record.read_text())["files"] if record.exists() else []
    unknown = set(names) - {script.stem for script in scripts}
    if unknown:
        sys.exit(f"no script in scripts/goldens is named {', '.join(sorted(unknown))}")
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pass  # not every script needs every package
    files = []
    for script in scripts:
        generator = f"scripts/goldens/{script.name}"
        if names and script.stem not in names:
            files += [entry for entry in before if entry["generator"] == generator]
            continue
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, script, folder], check=True, cwd=clone)
            made = sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file())
            for path in made:
                name = path.relative_to(folder)
                (golden / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, golden / name)
                files.append(
                    {
                        "path": str(name),
                        "bytes": path.stat().st_size,
                        "sha256": digest(path),
                        "generator": generator,
                        "generator_sha256": digest(script),
                        "versions": versions,
                    }
                )
        print(f"{generator}: {len(made)} files")
    known = {entry["path"] for entry in files}
    for entry in before:
        if entry["path"] not in known:
            (golden / entry["path"]).unlink(missing_ok=True)
    files.sort(key=lambda entry: entry["path"])
    record.write_text(json.dumps({"schema": 1, "files": files}, indent=2) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])
