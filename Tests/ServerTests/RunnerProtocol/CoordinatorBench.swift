import Foundation
import HTTPTransport
import PipelineModel
import Runner
import Signing
import Store
import Testing

@testable import Server

/// Which coordinator a promise is kept by.
enum CoordinatorKind: String, CaseIterable, CustomTestStringConvertible, Sendable {
    /// The server's own, in its process.
    case local
    /// The same over HTTP, as a runner on another machine has it.
    case http

    var testDescription: String { rawValue }
}

/// A server, its pool, and a runner in it that speaks through one kind of coordinator.
struct CoordinatorBench: Sendable {
    let server: TestServer
    let coordinator: any Coordinator
    let runner: RunnerID
    let folder: String

    /// What the runner asks for work with.
    let request: ClaimRequest

    /// Serves for as long as the closure runs.
    static func serve(
        _ kind: CoordinatorKind, inventory: RunnerInventory = .init(), ephemeral: Bool = false,
        _ body: @escaping @Sendable (CoordinatorBench) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "pawl-runner-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await TestServer.serve { server in
            let bench: CoordinatorBench
            switch kind {
            case .local:
                let runner = try await server.store.testRunner(inventory: inventory, now: server.now)
                let coordinator = LocalCoordinator(
                    store: server.store, runner: runner, assignments: server.assignments, terms: LeaseTerms(),
                    now: { server.now })
                bench = CoordinatorBench(
                    server: server, coordinator: coordinator, runner: runner, folder: folder,
                    request: ClaimRequest(inventory: inventory, version: "1"))
            case .http:
                let remote = try await RemoteRunner.join(
                    server, as: "r", in: folder, inventory: inventory, ephemeral: ephemeral)
                bench = CoordinatorBench(
                    server: server, coordinator: remote.coordinator, runner: remote.answer.runner, folder: folder,
                    request: ClaimRequest(inventory: inventory, version: "1"))
            }
            try await body(bench)
        }
    }

    /// A pipeline with those jobs.
    @discardableResult
    func pipeline(
        _ jobs: [PlannedJob], trust: PipelineTrust = PipelineTrust(isProtected: true, isFork: false)
    ) async throws -> PipelineID {
        try await server.pipeline(jobs, trust: trust)
    }

    /// Claims the next job and says that it will be started.
    func start() async throws -> Assignment {
        let claim = try #require(try await coordinator.claim(request))
        return try await coordinator.acknowledge(claim.key)
    }

    func job(_ name: String, of id: PipelineID) async throws -> StoredJob {
        try #require(try await server.store.job(named: name, of: id))
    }
}

/// A runner that joined a server over HTTP.
struct RemoteRunner: Sendable {
    let answer: RunnerProtocol.JoinAnswer
    let credential: RunnerCredential
    let coordinator: HTTPCoordinator

    /// Makes a join token, joins with it, and connects.
    static func join(
        _ server: TestServer, as name: String, in folder: String, slots: Int = 100,
        inventory: RunnerInventory = .init(), ephemeral: Bool = false
    ) async throws -> RemoteRunner {
        let token = try await server.joinToken(JoinTerms(isEphemeral: ephemeral))
        let remote = server.runnerServer
        let answer = try await remote.join(
            .init(name: name, slots: slots, inventory: inventory, version: "1"), token: Redacted(token))
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let credential = try RunnerCredential(answer.credential.value, file: "\(folder)/\(name).credential")
        return RemoteRunner(
            answer: answer, credential: credential,
            coordinator: try HTTPCoordinator(
                server: remote, credential: credential, tokensIn: "\(folder)/\(name).tokens"))
    }
}

extension TestServer {
    /// What puts assignments together.
    var assignments: AssignmentBuilder {
        AssignmentBuilder(store: store, vault: vault, forges: forges, limits: JobLimits(artifactSize: .mebibytes(64)))
    }

    /// This server, as runners reach it.
    var runnerServer: RunnerServer { RunnerServer(url: "http://127.0.0.1:\(port)", sender: client) }

    /// A token that machines may join with for an hour.
    func joinToken(_ terms: JoinTerms = .init()) async throws -> String {
        let token = try RunnerSecret.joinToken.make()
        try await store.addJoinToken(
            hash: try RunnerSecret.storedHash(of: token), terms: terms, expiresAt: now + .hours(1), by: "test", now: now
        )
        return token
    }

    /// A pipeline with those jobs.
    func pipeline(_ jobs: [PlannedJob], trust: PipelineTrust) async throws -> PipelineID {
        let new = NewPipeline(
            repository: try await repository(on: "github").id, source: .push, ref: "refs/heads/main",
            commit: "7fd1a60", trust: trust, planning: .planned(Plan(stages: ["test"], jobs: jobs)))
        guard case .created(let id) = try await store.createPipeline(new, finishing: nil, now: now) else {
            throw StoreError(.invalid, message: "not created")
        }
        return id
    }
}

extension PlannedJob {
    /// A job that says little.
    static func plain(_ name: String = "test", adjust: (inout PlannedJob) -> Void = { _ in }) -> PlannedJob {
        var job = PlannedJob(name: name, stage: "test", script: ["true"])
        adjust(&job)
        return job
    }
}
