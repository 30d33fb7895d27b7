import Foundation
import PipelineLanguage
import PipelineModel

/// A working copy on this machine, as far as planning its pipeline file needs it.
struct Checkout: Sendable {
    /// The root of the working copy.
    let root: String
    /// The pipeline file's path in it.
    let pipelineFile: String

    /// At most so many paths are looked at for `rules:exists` and globs.
    private static let pathLimit = 200_000
    /// The longest pipeline file that is read, in bytes. The planner has limits of its own.
    private static let fileLimit = 4 << 20

    /// Finds the working copy that a folder is in, and its pipeline file.
    init(folder: String) throws {
        root = CheckoutHead.root(of: folder) ?? URL(fileURLWithPath: folder).standardizedFileURL.path
        let root = root
        guard
            let found = PipelineFile.candidates.first(where: { FileManager.default.fileExists(atPath: "\(root)/\($0)") }
            )
        else {
            let names = PipelineFile.candidates.joined(separator: " or ")
            throw CommandFailure(.usage, "there is no \(names) in \(root.printable)")
        }
        pipelineFile = found
    }

    /// Plans the pipeline file for an event, with the files as they are on disk.
    func plan(_ event: EventOptions) throws -> PlanningStep {
        let context = try context(for: event)
        let planner = Planner()
        var files: [String: SourceFile] = [:]
        for _ in 0...planner.limits.includes {
            let step = planner.plan(file: pipelineFile, files: files, context: context)
            guard case .needsFiles(let paths) = step else { return step }
            for path in paths { files[path] = try read(path) }
        }
        return planner.plan(file: pipelineFile, files: files, context: context)
    }

    /// The event in words: `a push to lr-warmup`.
    func describe(_ event: EventOptions) -> String {
        event.pullRequest ? "a pull request from \(branch(event))" : "a push to \(branch(event))"
    }

    private func branch(_ event: EventOptions) -> String {
        event.branch ?? CheckoutHead.branch(in: root) ?? defaultBranch
    }

    private var defaultBranch: String { CheckoutHead.defaultBranch(in: root) ?? "main" }

    private func context(for event: EventOptions) throws -> PlanningContext {
        let name = branch(event)
        var known = [Variable("CI", "true"), Variable("GITLAB_CI", "true")]
        if let commit = try CheckoutHead.commit(in: root) {
            known += [
                Variable("CI_COMMIT_SHA", commit, expands: false),
                Variable("CI_COMMIT_SHORT_SHA", String(commit.prefix(8)), expands: false),
            ]
        }
        if event.pullRequest {
            known += [
                Variable("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", name, expands: false),
                Variable("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", defaultBranch, expands: false),
            ]
        }
        return PlanningContext(
            ref: name, refKind: event.pullRequest ? .mergeRequest : .branch, defaultBranch: defaultBranch,
            source: event.pullRequest ? "merge_request_event" : "push", predefined: known,
            pipelineVariables: try event.variables(), tree: paths())
    }

    private func read(_ path: String) throws -> SourceFile {
        guard let file = FileHandle(forReadingAtPath: "\(root)/\(path)") else { return .missing }
        defer { try? file.close() }
        let data: Data
        do {
            data = try file.read(upToCount: Self.fileLimit + 1) ?? Data()
        } catch {
            return .missing
        }
        guard data.count <= Self.fileLimit else {
            throw CommandFailure(.failed, "\(path.printable) is longer than \(Self.fileLimit >> 20) MiB")
        }
        return .text(String(decoding: data, as: UTF8.self))
    }

    /// Every path below the root but git's own, sorted.
    private func paths() -> [String] {
        var found: [String] = []
        let walker = FileManager.default.enumerator(atPath: root)
        while let path = walker?.nextObject() as? String, found.count < Self.pathLimit {
            if path == ".git" || path.hasSuffix("/.git") {
                walker?.skipDescendants()
                continue
            }
            let kind = walker?.fileAttributes?[.type] as? FileAttributeType
            if kind != .typeDirectory { found.append(path) }
        }
        return found.sorted()
    }
}
