/// One question of a task file, as it stands there: no prompt yet.
public struct TaskQuestion: Sendable, Equatable {
    /// Unique in its file; decides the half that the question belongs to.
    public var id: String
    /// Passage or text so far.
    public var context: String?
    /// Question, goal or stem.
    public var query: String?
    /// Answer texts without letters; empty for LAMBADA.
    public var choices: [String]
    /// The index of the right choice.
    public var gold: Int
    /// MMLU's subject, HellaSwag's activity.
    public var category: String?
    /// Title of the passage, BoolQ only.
    public var title: String?
    /// WinoGrande's sentence up to its blank and after it.
    public var prefix: String?
    public var suffix: String?
    /// LAMBADA's last word with its leading space.
    public var target: String?

    public init(
        id: String, context: String? = nil, query: String? = nil, choices: [String] = [], gold: Int = 0,
        category: String? = nil, title: String? = nil, prefix: String? = nil, suffix: String? = nil,
        target: String? = nil
    ) {
        self.id = id
        self.context = context
        self.query = query
        self.choices = choices
        self.gold = gold
        self.category = category
        self.title = title
        self.prefix = prefix
        self.suffix = suffix
        self.target = target
    }
}
