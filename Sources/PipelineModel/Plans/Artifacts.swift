extension PlannedJob {
    /// What is kept of a job's workspace, and for how long.
    public struct Artifacts: Hashable, Codable, Sendable {
        /// After which results files are kept.
        public enum When: String, Codable, Sendable {
            case onSuccess = "on_success"
            case onFailure = "on_failure"
            case always
        }

        /// A name for the download, as written.
        public var name: String?
        /// Globs relative to the workspace (`**` crosses folders).
        public var paths: [String]
        /// Globs that take files out again.
        public var exclude: [String]
        /// After which results files are kept.
        public var when: When
        /// How long they are kept; nil means the server's retention.
        public var expireIn: Duration?
        /// Files that are read, whatever the job's end; nil for none.
        public var reports: Reports?

        /// Files that say in a known form what the job found.
        public struct Reports: Hashable, Codable, Sendable {
            /// Globs of files of metrics.
            public var metrics: [String]
            /// Globs of files of test results in JUnit's form; nil for none.
            public var junit: [String]?
            /// The file that says how much of the code tests reach; nil for none.
            public var coverage: CoverageReport?
            /// Globs of files of variables for the jobs that get the artifacts; nil for none.
            public var dotenv: [String]?

            /// Names files.
            public init(metrics: [String] = [], junit: [String]? = nil, coverage: CoverageReport? = nil) {
                self.metrics = metrics
                self.junit = junit
                self.coverage = coverage
            }

            /// Whether it names none.
            public var isEmpty: Bool { metrics.isEmpty && junit == nil && coverage == nil && dotenv == nil }
        }

        /// What `expire_in: never` means: a hundred years.
        public static let forever = Duration.days(36_500)

        /// Keeps the named paths after a success.
        public init(
            name: String? = nil, paths: [String], exclude: [String] = [], when: When = .onSuccess,
            expireIn: Duration? = nil
        ) {
            self.name = name
            self.paths = paths
            self.exclude = exclude
            self.when = when
            self.expireIn = expireIn
        }
    }
}

/// A file that says how much of the code tests reach, and its form.
public struct CoverageReport: Hashable, Codable, Sendable {
    /// The form.
    public var format: CoverageFormat
    /// A glob of the file.
    public var path: String

    /// Names a file.
    public init(format: CoverageFormat, path: String) {
        self.format = format
        self.path = path
    }
}

/// The forms of files that say how much of the code tests reach.
public enum CoverageFormat: String, Codable, Sendable, CaseIterable {
    case cobertura, jacoco
}
