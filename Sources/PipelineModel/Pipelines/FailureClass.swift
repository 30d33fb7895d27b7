/// Why an attempt did not pass. One list, for states, texts, retries and exit codes.
public enum FailureClass: String, Codable, Sendable, CaseIterable {
    /// The script ended with a code other than 0.
    case script
    /// The script ended well and the verdict failed the job.
    case gate
    /// The job took longer than it may.
    case timeout
    /// The job wrote nothing for longer than it may.
    case noOutput = "no_output"
    /// The kernel ended it for want of memory.
    case outOfMemory = "out_of_memory"
    /// It wrote more than it may, or filled its runner's disk.
    case outOfDisk = "out_of_disk"
    /// The image could not be had.
    case image
    /// A GPU failed under it.
    case gpu
    /// Its runner was not heard of again.
    case lost
    /// Pawl, its machine or its engine failed.
    case system
    /// A person or a newer pipeline stopped it.
    case cancelled
    /// A rule of the server forbids it.
    case policy
    /// No runner of the pool could ever take it.
    case noRunner = "no_runner"

    /// Whether it is Pawl's side that failed, not the change under test.
    public var isOurs: Bool {
        switch self {
        case .image, .gpu, .lost, .system: true
        case .script, .gate, .timeout, .noOutput, .outOfMemory, .outOfDisk, .cancelled, .policy, .noRunner: false
        }
    }
}

/// How an attempt failed: the class, the exit code where there is one, and a sentence for a person.
public struct Failure: Hashable, Codable, Sendable {
    /// The class, which decides states, texts and retries.
    public var `class`: FailureClass
    /// The script's exit code.
    public var exitCode: Int?
    /// What happened, in words, without the class and without secrets.
    public var message: String

    /// Describes a failure.
    public init(_ class: FailureClass, exitCode: Int? = nil, _ message: String) {
        self.class = `class`
        self.exitCode = exitCode
        self.message = message
    }
}
