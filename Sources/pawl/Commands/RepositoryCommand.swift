import ArgumentParser
import PipelineModel
import Server
import Store

/// `pawl repo`
struct RepositoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repo", abstract: "Add, list and set repositories.",
        discussion: "Example: pawl repo add https://gitlab.example.com/ml/churn    pawl repo list",
        subcommands: [Add.self, List.self, Set.self])

    /// `pawl repo add`
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a repository, make its webhook, and prove that it arrives.",
            discussion: "Example: pawl repo add https://gitlab.example.com/ml/churn")

        @Argument(help: "Its address on the forge, or the path of a bare repository on the server.")
        var url: String

        @Option(help: "The forge's section in the settings, where the address does not tell it.")
        var forge: String?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let view: RepositoryAdditionView = try await options.client().change(
                "POST", "/api/repositories", body: RepositoryRequest(url: url, forge: forge))
            try options.show(view) { terminal in
                CheckRendering.lines(view.checks, on: terminal) + ["", "  " + Self.ending(view, url: url)]
            }
            if view.checks.contains(where: { $0.verdict == .bad }) { throw CommandFailure(.failed) }
        }

        /// What it comes to: whether a push runs now, and what is still open.
        static func ending(_ view: RepositoryAdditionView, url: String) -> String {
            if let bad = view.checks.first(where: { $0.verdict == .bad }) {
                let again = "pawl repo add \(url.printable)"
                return "No push arrives yet (\(bad.about.printable)). When that is mended:  \(again)"
            }
            let open = view.checks.filter { $0.verdict == .attention }.count
            guard open > 0 else { return "A push of \(view.repository.name.printable) runs from now on." }
            return "\(open == 1 ? "1 thing is" : "\(open) things are") for you to decide. A push works already."
        }
    }

    /// `pawl repo list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List repositories.", discussion: "Example: pawl repo list --json")

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let view: RepositoryListView = try await options.client().get("/api/repositories")
            try options.show(view) { ListRendering.repositories(view.repositories, on: $0) }
        }
    }

    /// `pawl repo set`
    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change what Pawl does for a repository.", usage: "pawl repo set <repository> [<options>]",
            discussion: "Example: pawl repo set churn --protected-branch main --protected-branch 'release/*'")

        @Argument(help: "The repository, such as ml/churn.")
        var repository: String

        @Option(help: "How many jobs of a pipeline have a status of their own, 0 to 200.")
        var jobStatuses: Int?

        @Option(help: "A branch whose jobs see protected secrets; * stands for anything. May be repeated.")
        var protectedBranch: [String] = []

        @Option(help: "A tag whose jobs see protected secrets. May be repeated.")
        var protectedTag: [String] = []

        @Option(help: "Whose jobs go first: high, normal or low.")
        var priority: RepositorySettings.Priority?

        @Option(help: ArgumentHelp("How many of its jobs run at once; 0 for no limit.", valueName: "count"))
        var maxJobs: Int?

        @Option(help: ArgumentHelp("How many jobs of one pipeline run at once; 0 for no limit.", valueName: "count"))
        var maxJobsPerPipeline: Int?

        @Flag(inversion: .prefixedEnableDisable, help: "Whether pipelines are made at all.")
        var pipelines: Bool?

        @Option(
            help: ArgumentHelp("GPU-hours that it may use in a month (UTC), or none for no limit.", valueName: "80"))
        var gpuHours: String?

        @Option(help: "GPU-hours beyond that, this month only; needs --reason.")
        var gpuHoursOverride: Double?

        @Option(help: "Why it may go beyond its budget; stays on record.")
        var reason: String?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            var change = RepositoryChange()
            change.statusJobLimit = jobStatuses
            change.protectedBranches = protectedBranch.isEmpty ? nil : protectedBranch
            change.protectedTags = protectedTag.isEmpty ? nil : protectedTag
            change.isEnabled = pipelines
            if gpuHours == "none" {
                change.removesGPUHours = true
            } else if let gpuHours {
                guard let hours = Double(gpuHours) else {
                    throw CommandFailure(.usage, "--gpu-hours is a number, or none.  pawl repo set --help")
                }
                change.gpuHours = hours
            }
            change.gpuHoursOverride = gpuHoursOverride
            change.reason = reason
            if gpuHoursOverride != nil && reason == nil {
                throw CommandFailure(.usage, "--gpu-hours-override needs --reason \"…\", which stays on record")
            }
            change.priority = priority
            change.jobLimit = maxJobs
            change.pipelineJobLimit = maxJobsPerPipeline
            guard change != RepositoryChange() else {
                throw CommandFailure(.usage, "nothing to set.  pawl repo set --help")
            }
            let view: RepositoryView = try await options.client().change(
                "PATCH", "/api/repositories", ["repository": repository], body: change)
            try options.show(view) { ListRendering.repository(view, on: $0) }
        }
    }
}

extension RepositorySettings.Priority: ExpressibleByArgument {}
