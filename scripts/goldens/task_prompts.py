#!/usr/bin/env python3
"""Golden prompts of evaluation tasks: what lm-evaluation-harness 0.4.9 asks of questions invented here.

usage: task_prompts.py FOLDER

Writes task_prompts.json: for each question of a task file in our form, the (context, continuation) pairs that the
harness scores and the lengths that its `acc_norm` divides by. The harness is fetched as a wheel; its task files
are rendered with its own settings of Jinja, without installing it.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import types
import zipfile

import jinja2
import yaml

VERSION = "0.4.9"

# Each question twice: as our task files state it, and as the harness's data set does.
QUESTIONS = {
    "arc_easy": [
        (
            {"query": "Which of these is a liquid at room temperature?", "choices": ["iron", "water", "chalk — white"], "gold": 1},
            {
                "question": "Which of these is a liquid at room temperature?",
                "choices": {"text": ["iron", "water", "chalk — white"], "label": ["A", "B", "C"]},
                "answerKey": "B",
            },
        )
    ],
    "openbookqa": [
        (
            {"query": "A plant turns towards", "choices": ["the light", "the noise", "the wall", "the floor"], "gold": 0},
            {
                "question_stem": "A plant turns towards",
                "choices": {"text": ["the light", "the noise", "the wall", "the floor"], "label": ["A", "B", "C", "D"]},
                "answerKey": "A",
            },
        )
    ],
    "piqa": [
        (
            {"query": "dry a wet shoe", "choices": ["Put it in the sun.", "Put it in the pond."], "gold": 0},
            {"goal": "dry a wet shoe", "sol1": "Put it in the sun.", "sol2": "Put it in the pond.", "label": 0},
        )
    ],
    "hellaswag": [
        (
            {
                "category": "Baking bread",
                "context": "[header] How to bake bread [title] Weigh the flour. A man stands  at a table. He",
                "choices": ["weighs the flour.", "flies [substeps] away  slowly.", "sings [to] the dough [now", "is a loaf."],
                "gold": 0,
            },
            {
                "activity_label": "Baking bread",
                "ctx_a": "[header] How to bake bread [title] Weigh the flour. A man stands  at a table.",
                "ctx_b": "he",
                "endings": ["weighs the flour.", "flies [substeps] away  slowly.", "sings [to] the dough [now", "is a loaf."],
                "label": "0",
            },
        )
    ],
    "winogrande": [
        (
            {
                "query": "The cup did not fit in the box because the _ was too small .",
                "prefix": "The cup did not fit in the box because the",
                "suffix": "was too small .",
                "choices": ["cup", "box"],
                "gold": 1,
            },
            {
                "sentence": "The cup did not fit in the box because the _ was too small .",
                "option1": "cup",
                "option2": "box",
                "answer": "2",
            },
        ),
        (
            {"query": "_ won.", "prefix": "", "suffix": "won.", "choices": ["Ann", "Bo"], "gold": 0},
            {"sentence": "_ won.", "option1": "Ann", "option2": "Bo", "answer": "1"},
        ),
    ],
    "boolq": [
        (
            {
                "title": "Sourdough",
                "context": "Sourdough is a bread made by the fermentation of dough.",
                "query": "is sourdough fermented?",
                "choices": ["no", "yes"],
                "gold": 1,
            },
            {
                "passage": "Sourdough -- Sourdough is a bread made by the fermentation of dough.",
                "question": "is sourdough fermented",
                "label": 1,
            },
        )
    ],
    "social_iqa": [
        (
            {
                "context": "Robin lent Kim a coat.",
                "query": "How does Kim feel?",
                "choices": ["warm", "cold", "hungry"],
                "gold": 0,
            },
            {
                "context": "Robin lent Kim a coat.",
                "question": "How does Kim feel?",
                "answerA": "warm",
                "answerB": "cold",
                "answerC": "hungry",
                "label": "1",
            },
        )
    ],
    "commonsenseqa": [
        (
            {"query": " Where is milk kept cold? ", "choices": ["oven", "fridge", "desk", "shoe", "car"], "gold": 1},
            {
                "question": " Where is milk kept cold? ",
                "choices": {"text": ["oven", "fridge", "desk", "shoe", "car"], "label": ["A", "B", "C", "D", "E"]},
                "answerKey": "B",
            },
        )
    ],
    "mmlu": [
        (
            {
                "category": "high_school_physics",
                "query": " What is the unit of force?\n",
                "choices": ["newton", "joule", "watt", "volt"],
                "gold": 0,
            },
            {"question": " What is the unit of force?\n", "choices": ["newton", "joule", "watt", "volt"], "answer": 0},
        )
    ],
    "truthfulqa_mc1": [
        (
            {"query": "Can stones swim?", "choices": ["No, stones sink.", "Yes, at night."], "gold": 0},
            {"question": "Can stones swim?", "mc1_targets": {"choices": ["No, stones sink.", "Yes, at night."], "labels": [1, 0]}},
        )
    ],
    "sciq": [
        (
            {
                "context": "  Cells divide.",
                "query": "What do cells do?",
                "choices": ["sing", "rust", "burn", "divide"],
                "gold": 3,
            },
            {
                "support": "  Cells divide.",
                "question": "What do cells do?",
                "distractor1": "sing",
                "distractor2": "rust",
                "distractor3": "burn",
                "correct_answer": "divide",
            },
        )
    ],
    "lambada": [
        (
            {"context": "She opened the door and saw the", "target": " sea"},
            {"text": "She opened the door and saw the sea"},
        )
    ],
}

FILES = {
    "arc_easy": "arc/arc_easy.yaml",
    "openbookqa": "openbookqa/openbookqa.yaml",
    "piqa": "piqa/piqa.yaml",
    "hellaswag": "hellaswag/hellaswag.yaml",
    "winogrande": "winogrande/default.yaml",
    "boolq": "super_glue/boolq/default.yaml",
    "social_iqa": "siqa/siqa.yaml",
    "commonsenseqa": "commonsense_qa/default.yaml",
    "mmlu": "mmlu/default/_default_template_yaml",
    "truthfulqa_mc1": "truthfulqa/truthfulqa_mc1.yaml",
    "sciq": "sciq/sciq.yaml",
    "lambada": "lambada/lambada_openai.yaml",
}

environment = jinja2.Environment(loader=jinja2.BaseLoader(), undefined=jinja2.StrictUndefined, keep_trailing_newline=True)


class Loader(yaml.SafeLoader):
    """Leaves `!function module.name` as that text."""


Loader.add_constructor("!function", lambda loader, node: "!" + node.value)


def module(path):
    """A Python file of the harness, its imports of other packages apart."""
    source = path.read_text().replace("import datasets\n", "").replace(": datasets.Dataset", "").replace(" -> datasets.Dataset", "")
    made = types.ModuleType(path.stem)
    exec(compile(source, str(path), "exec"), made.__dict__)
    return made


def render(template, doc):
    """`ConfigurableTask.doc_to_text` and its kin: the name of a field stands for the field."""
    return doc[template] if template in doc else environment.from_string(template).render(**doc)


def choices_of(config, folder, doc):
    wanted = config["doc_to_choice"]
    if isinstance(wanted, list):
        return [render(choice, doc) for choice in wanted]
    if wanted.startswith("!"):
        return getattr(module(folder / (wanted[1:].split(".")[0] + ".py")), wanted.split(".")[1])(doc)
    if wanted in doc:
        return doc[wanted]
    return yaml.safe_load(environment.from_string(wanted).render(**doc))


def requests(tasks, name, doc):
    path = tasks / FILES[name]
    config = yaml.load(path.read_text(), Loader)
    if name == "hellaswag":

        class Rows(list):
            def map(self, change):
                return [change(row) for row in self]

        doc = doc | module(path.parent / "utils.py").process_docs(Rows([doc]))[0]
    delimiter = config.get("target_delimiter", " ")
    if name == "lambada":
        continuation = render(config["doc_to_target"], doc)
        return [[render(config["doc_to_text"], doc), continuation]], [len(continuation)]
    choices = choices_of(config, path.parent, doc)
    if name == "winogrande":
        # `multiple_inputs`: each choice is a context, what is scored is the same.
        rest = module(path.parent / "preprocess_winogrande.py").doc_to_target(doc)
        return [[choice, delimiter + rest] for choice in choices], None
    context = render(config["doc_to_text"], doc)
    if name == "mmlu":
        subject = yaml.load((path.parent / "mmlu_high_school_physics.yaml").read_text(), Loader)
        context = subject["description"] + context
    return [[context, delimiter + choice] for choice in choices], [len(choice) for choice in choices]


def main(folder):
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", work, f"lm-eval=={VERSION}"], check=True
        )
        with zipfile.ZipFile(next(pathlib.Path(work).glob("lm_eval-*.whl"))) as wheel:
            wheel.extractall(work)
        tasks = pathlib.Path(work) / "lm_eval/tasks"
        golden = {"harness": VERSION, "tasks": {}}
        for name, pairs in QUESTIONS.items():
            golden["tasks"][name] = []
            for number, (ours, theirs) in enumerate(pairs):
                asked, lengths = requests(tasks, name, theirs)
                entry = {"question": {"id": f"{name}-{number}"} | ours, "requests": asked}
                if lengths:
                    entry["lengths"] = lengths
                golden["tasks"][name].append(entry)
    text = json.dumps(golden, indent=1, ensure_ascii=False) + "\n"
    (pathlib.Path(folder) / "task_prompts.json").write_text(text)


if __name__ == "__main__":
    main(sys.argv[1])
