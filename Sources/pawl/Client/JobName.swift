import PipelineModel
import Server

/// A pipeline or a job as people name it: `128`, `#128`, `128/train`, `train`.
///
/// The first slash ends the pipeline's number, so `128/train 1/3` names the job `train 1/3`. A name without a number
/// means the newest pipeline of the checkout's HEAD.
struct JobName: Hashable, Sendable {
    /// The pipeline's number; nil for the newest pipeline of HEAD.
    var pipeline: PipelineID?
    /// The job's name; nil where a pipeline is meant.
    var job: String?

    /// Reads what a person typed. Any text means something: what is not a number is a job's name.
    init(_ text: String) {
        let bare = text.hasPrefix("#") ? String(text.dropFirst()) : text
        if let number = Self.number(bare) {
            pipeline = number
        } else if let slash = bare.firstIndex(of: "/"), let number = Self.number(String(bare[..<slash])) {
            pipeline = number
            let rest = String(bare[bare.index(after: slash)...])
            job = rest.isEmpty ? nil : rest
        } else {
            job = text.isEmpty ? nil : text
        }
    }

    private static func number(_ text: String) -> PipelineID? {
        guard !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int64(text).map(PipelineID.init(rawValue:))
    }
}

/// A pipeline and perhaps a job of it, found on the server.
struct Target: Sendable {
    var view: PipelineDetailView
    var job: JobView?

    var id: PipelineID { view.pipeline.id }

    /// The job's name as typed: `128/train`.
    var name: String { job.map { "\(id)/\($0.name)" } ?? "#\(id)" }

    /// Finds what a person named; without a name, the newest pipeline of HEAD.
    /// - Parameter reads: whether a job is only looked at, so that of one with seeds the first that failed, else the first,
    ///   stands for all.
    static func find(
        _ text: String?, with client: APIClient, folder: String = ".", reads: Bool = false
    ) async throws -> Target {
        let name = JobName(text ?? "")
        let view: PipelineDetailView
        if let id = name.pipeline {
            view = try await client.get("/api/pipelines/\(id)")
        } else {
            guard let commit = try CheckoutHead.commit(in: folder) else {
                let typed = text.map { "\"\($0.printable)\" names no pipeline and this" } ?? "this"
                throw CommandFailure(.usage, "\(typed) is no checkout.  Name a pipeline: 128 or 128/train.  pawl list")
            }
            view = try await client.get("/api/pipelines/latest", ["commit": commit])
        }
        guard let wanted = name.job else { return Target(view: view) }
        if let job = view.job(named: wanted) { return Target(view: view, job: job) }
        let id = view.pipeline.id
        let names = view.jobs.map(\.name)
        guard !names.isEmpty else { throw CommandFailure(.usage, "#\(id) has no jobs.  pawl show \(id)") }
        let seeds = view.jobs.filter { $0.seed?.node == wanted }
        if reads, let one = seeds.first(where: { $0.state.isUnsuccessful }) ?? seeds.first {
            return Target(view: view, job: one)
        }
        if let first = seeds.first {
            let text =
                "\(id)/\(wanted.printable) has \(seeds.count) seeds: name one, such as \(id)/\(first.name.printable)"
            throw CommandFailure(.usage, text)
        }
        let guess = NearestName.of(wanted, among: names).map { " Did you mean \($0.printable)?" } ?? ""
        let all = names.map(\.printable).joined(separator: " ")
        throw CommandFailure(.usage, "\(id)/\(wanted.printable): no such job in #\(id).\(guess) It has: \(all)")
    }

    /// The job, where a command cannot do without one.
    func requireJob(for verb: String) throws -> JobView {
        if let job { return job }
        guard !view.jobs.isEmpty else { throw CommandFailure(.usage, "#\(id) has no jobs.  pawl show \(id)") }
        let names = view.jobs.map(\.name.printable).joined(separator: " ")
        throw CommandFailure(.usage, "which job of #\(id)?  pawl \(verb) \(id)/JOB    It has: \(names)")
    }
}
