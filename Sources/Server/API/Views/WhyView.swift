import PipelineModel

/// Why a job is where it is.
public struct WhyView: Codable, Hashable, Sendable {
    /// A fact with a word before it.
    public struct Fact: Codable, Hashable, Sendable {
        /// What it is about: `needs`, `runners`, `before it`.
        public var about: String
        /// The fact, in words.
        public var text: String

        /// States a fact.
        public init(about: String, text: String) {
            self.about = about
            self.text = text
        }
    }

    /// The pipeline.
    public var pipeline: PipelineID
    /// The job's name.
    public var job: String
    /// Where the job is.
    public var state: JobState
    /// The class of its failure, where it failed.
    public var failure: FailureClass?
    /// Whether Pawl's side failed, where it failed.
    public var isOurs: Bool
    /// The answer, in a sentence without the state.
    public var answer: String
    /// Since when it is so.
    public var since: Timestamp?
    /// Its place among the jobs that wait for the same kind of runner, from 1.
    public var place: Int?
    /// When it ends by itself unless something changes, because no runner can ever take it.
    public var endsAt: Timestamp?
    /// The evidence.
    public var facts: [Fact]
    /// Commands that help, each with what it does.
    public var helps: [HelpView]
    /// When this was so.
    public var at: Timestamp

    /// Answers why.
    public init(
        pipeline: PipelineID, job: String, state: JobState, failure: FailureClass?, answer: String, since: Timestamp?,
        place: Int?, endsAt: Timestamp? = nil, facts: [Fact], helps: [HelpView], at: Timestamp
    ) {
        self.pipeline = pipeline
        self.job = job
        self.state = state
        self.failure = failure
        isOurs = failure?.isOurs ?? false
        self.answer = answer
        self.since = since
        self.place = place
        self.endsAt = endsAt
        self.facts = facts
        self.helps = helps
        self.at = at
    }
}

/// A command, and what it does.
public struct HelpView: Codable, Hashable, Sendable {
    /// The command as typed.
    public var command: String
    /// What it does.
    public var text: String

    /// Offers a command.
    public init(_ command: String, _ text: String = "") {
        self.command = command
        self.text = text
    }
}
