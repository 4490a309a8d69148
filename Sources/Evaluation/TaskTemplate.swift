/// How the questions of a task become prompts: zero-shot, as in lm-evaluation-harness 0.4.9 (EleutherAI), file
/// `lm_eval/tasks/<task>/`. Golden prompts in the tests come from that release.
///
/// A task file is asked by the template it is named after: `piqa.jsonl`, or `piqa-mine.jsonl`.
public enum TaskTemplate: String, Codable, Sendable, CaseIterable {
    case arcChallenge = "arc_challenge"
    case arcEasy = "arc_easy"
    case boolq
    case commonsenseqa
    case hellaswag
    case lambada
    case mmlu
    case openbookqa
    case piqa
    case sciq
    case socialIQA = "social_iqa"
    case truthfulQA = "truthfulqa_mc1"
    case winogrande

    /// The template of a file of this name without its extension; nil when none fits.
    init?(fileName: String) {
        let fitting = TaskTemplate.allCases.filter {
            fileName == $0.rawValue || fileName.hasPrefix($0.rawValue + "-") || fileName.hasPrefix($0.rawValue + ".")
        }
        guard let longest = fitting.max(by: { $0.rawValue.count < $1.rawValue.count }) else { return nil }
        self = longest
    }

    /// What a score is reported by: `acc_norm` where the harness lists it for the task.
    public var metric: TaskMetric {
        switch self {
        case .arcChallenge, .arcEasy, .hellaswag, .openbookqa, .piqa, .sciq: .normalisedAccuracy
        case .boolq, .commonsenseqa, .lambada, .mmlu, .socialIQA, .truthfulQA, .winogrande: .accuracy
        }
    }

    /// Whether the answer is the text that the model would write itself, not one of several.
    public var isFreeText: Bool { self == .lambada }

    /// Whether choices are shown with letters and answered by them.
    var hasLetters: Bool { self == .mmlu || self == .commonsenseqa }

    /// The keys, beside `id`, that a question must have.
    var requiredKeys: [String] {
        switch self {
        case .arcChallenge, .arcEasy, .commonsenseqa, .openbookqa, .piqa, .sciq, .truthfulQA:
            ["query", "choices", "gold"]
        case .mmlu: ["query", "choices", "gold", "category"]
        case .boolq, .socialIQA: ["context", "query", "choices", "gold"]
        case .hellaswag: ["context", "choices", "gold"]
        case .winogrande: ["prefix", "suffix", "choices", "gold"]
        case .lambada: ["context", "target"]
        }
    }
}

/// What a task is scored by.
public enum TaskMetric: String, Codable, Sendable {
    /// The share of questions whose likeliest choice is right.
    case accuracy = "acc"
    /// The same, log-likelihoods divided by the length of the choices in characters (Unicode scalars, as the harness
    /// counts them; for ASCII these are bytes).
    case normalisedAccuracy = "acc_norm"
}
