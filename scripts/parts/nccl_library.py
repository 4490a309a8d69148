"""What scripts/build-nccl does with wheels and with the library it has made.

    nccl_library.py unpack WHEELS TARGET      the headers and licences of wheels that pip has verified
    nccl_library.py check LIBRARY LIBTORCH    exit status 0 when everything the library lacks will be there
"""

import ctypes
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

# What the process has loaded by the time it loads ours: libtorch_cuda brings its own dependencies with it.
GIVERS = ("libtorch_cuda.so", "libc10_cuda.so", "libtorch_cpu.so", "libc10.so")
# What only PyTorch's CUDA packages have, by the beginning of the demangled name.
OF_CUDA = re.compile(r"(vtable for |typeinfo for |guard variable for )?(c10d::(ProcessGroupNCCL|NCCL)|(at|c10)::cuda|cuda|nccl)")


def unpack(wheels, target):
    for path in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(path) as wheel:
            for member in wheel.infolist():
                name = member.filename
                if member.is_dir() or not ("/include/" in name or ".dist-info/" in name):
                    continue
                place = target / name
                place.parent.mkdir(parents=True, exist_ok=True)
                with wheel.open(member) as source, open(place, "wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)


def symbols(library, *options):
    """The names in a library's dynamic table, without versions; weak ones it lacks are left out."""
    rows = subprocess.run(["nm", "-D", *options, library], check=True, capture_output=True, text=True).stdout.splitlines()
    return {row.split()[-1].split("@")[0] for row in rows if row.split()[-2] not in "wv"}


def system_library(name):
    """The C and C++ libraries as the compiler's linker finds them."""
    return subprocess.run(["g++", f"-print-file-name={name}"], check=True, capture_output=True, text=True).stdout.strip()


def check(library, libtorch):
    missing = symbols(library, "--undefined-only")
    total = len(missing)
    here = [libtorch / "torch" / "lib" / name for name in GIVERS]
    here += sorted(libtorch.glob("nvidia/*/lib/libcudart.so.*")) + sorted(libtorch.glob("nvidia/*/lib/libnccl.so.*"))
    here += [pathlib.Path(system_library(name)) for name in ("libstdc++.so.6", "libgcc_s.so.1", "libc.so.6", "libm.so.6")]
    for giver in here:
        if giver.exists():
            found = missing & symbols(giver, "--defined-only")
            missing -= found
            if found:
                print(f"    {len(found):3} symbols from {giver.name}")
    names = subprocess.run(["c++filt"], input="\n".join(sorted(missing)), check=True, capture_output=True, text=True)
    wrong = [name for name in names.stdout.split("\n") if name and not OF_CUDA.match(name)]
    if wrong or (missing and (libtorch / "torch" / "lib" / GIVERS[0]).exists()):
        sys.exit("    no library has: " + "\n        ".join(wrong or names.stdout.split("\n")))
    if missing:
        print(f"    {len(missing):3} more that a PyTorch with CUDA has, which is not here: unchecked")
    print(f"    {total:3} in all")
    load(library, libtorch)


def load(library, libtorch):
    """Loads the library as the program does, where libtorch's CUDA part can be loaded. Where there is no GPU it must say so."""
    try:
        ctypes.CDLL(str(libtorch / "torch" / "lib" / GIVERS[0]), mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        print(f"    not loaded: libtorch's CUDA part is not whole here ({error})")
        return
    ours = ctypes.CDLL(str(library))
    ours.shearling_nccl_form.restype = ctypes.c_char_p
    print(f"    loads: form {ours.shearling_nccl_form().decode()}")
    if pathlib.Path("/dev/nvidiactl").exists():
        return
    reason = ctypes.create_string_buffer(1024)
    ours.shearling_nccl_make.restype = ctypes.c_void_p
    group = ours.shearling_nccl_make(None, 0, 1, 0, ctypes.c_int64(1000), reason, ctypes.c_size_t(len(reason)))
    if group or not reason.value:
        sys.exit("    makes a group where there is no GPU, or refuses without a reason")
    print(f"    refuses a group here: {reason.value.decode()}")


if __name__ == "__main__":
    command, *paths = sys.argv[1:]
    {"unpack": unpack, "check": check}[command](*map(pathlib.Path, paths))
