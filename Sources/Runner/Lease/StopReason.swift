/// Why a job is ended before it ends by itself.
enum StopReason: Sendable, Equatable {
    /// A person or a newer pipeline wants it so.
    case cancelled(String)
    /// It took longer than it may.
    case timeout
    /// It wrote nothing for longer than it may.
    case noOutput
    /// It fills the runner's disk, in words.
    case outOfDisk(String)
    /// The runner stops, and its grace is over.
    case runnerStops
    /// The lease is another's, or could not be renewed: nothing may be written any more.
    case leaseLost(String)

    /// Whether the job gets no time to end by itself: in that time it would fill the disk.
    var isUrgent: Bool {
        if case .outOfDisk = self { true } else { false }
    }

    /// Whether the containers go at once and nothing more is said about the attempt.
    var endsRight: Bool {
        if case .leaseLost = self { true } else { false }
    }
}
