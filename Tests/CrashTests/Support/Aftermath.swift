import Foundation
import PipelineModel
import Server
import TestSupport
import Testing

/// What has to be so after a crash, a restart and the pipeline's end.
struct Aftermath {
    let bench: CrashBench
    let commit: String

    /// Nothing is doubled: one pipeline, each job passed once, whatever attempts were lost before.
    /// - Parameters:
    ///   - counted: attempts whose results had reached the disk.
    ///   - maySystemFail: whether attempts may have failed on Pawl's side before the one that passed.
    /// - Returns: the attempts that passed.
    @discardableResult
    func expectOneOfEach(counted: Set<String> = [], maySystemFail: Bool = false) async throws -> Set<String> {
        let deliveries: DeliveryListView = try await bench.server.read("deliveries")
        #expect(deliveries.deliveries.filter { $0.state == .planned }.count == 1)
        #expect(deliveries.deliveries.allSatisfy { $0.state == .planned || $0.state == .duplicate })
        let list: PipelineListView = try await bench.server.read("list")
        try #require(list.pipelines.map(\.commit) == [commit])
        let detail: PipelineDetailView = try await bench.server.read("show", "\(list.pipelines[0].id.rawValue)")
        #expect(detail.pipeline.state == .passed)
        #expect(detail.jobs.map(\.name).sorted() == ["lint", "prepare", "publish"])
        for job in detail.jobs {
            #expect(job.state == .passed)
            let states = job.attempts.map(\.state)
            #expect(states.last == .passed, "\(job.name)")
            for earlier in job.attempts.dropLast() {
                let isOurs = earlier.failure?.isOurs ?? (earlier.state == .givenBack)
                #expect(earlier.state != .failed || maySystemFail, "\(job.name): \(states)")
                #expect(isOurs, "\(job.name): \(states)")
            }
        }
        let passed = detail.jobs.flatMap(\.attempts).filter { $0.state == .passed }.map { "\($0.id)" }
        #expect(counted.isSubset(of: passed))
        return Set(passed)
    }

    /// The forge was told of all contexts: pending, then one end, and no end before all were pending.
    func expectLegalStatuses() {
        let statuses = bench.forge.record.statuses.filter { $0.commit == commit }
        #expect(Set(statuses.map(\.context)) == CrashBench.contexts)
        expectLegal(statuses)
    }

    /// No job had two containers at once, by what the engine told.
    /// - Parameter passed: the attempts that passed, whose containers are gone.
    func expectOneContainerAtATime(
        in events: AsyncThrowingStream<[UInt8], any Error>, passed: Set<String>
    ) async throws {
        let tenures = try await TestEngine.tenures(in: events, untilGone: passed)
        #expect(passed.isSubset(of: tenures.map(\.attempt)))
        for (_, ofJob) in Dictionary(grouping: tenures, by: \.job) {
            let inOrder = ofJob.sorted { $0.from < $1.from }
            for (earlier, later) in zip(inOrder, inOrder.dropFirst()) { #expect(earlier.to < later.from) }
        }
    }

    /// No container, network, workspace, script or result is left. The server has to have stopped.
    func expectNothingLeft() async throws {
        let belongings = try await bench.engine.belongings(of: instance)
        #expect(belongings == [], "\(bench.server.log)")
        let data = bench.server.data
        for folder in [data + "/runner/work", data + "/runner/results", data + "/spool", "/dev/shm/pawl-\(instance)"] {
            #expect(Self.files(in: folder) == [], "\(folder)")
        }
    }

    /// Attempts whose results are on the runner's disk.
    static func spooledAttempts(of server: ServedPawl) -> Set<String> {
        Set(files(in: server.data + "/runner/results").filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) })
    }

    private var instance: String { bench.server.instance }

    private static func files(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }
}

/// Each context goes from pending to one end, which may be repeated, and none ends before all were pending.
func expectLegal(_ statuses: [ForgeRecord.Status], end: String = "success") {
    for (context, ofContext) in Dictionary(grouping: statuses, by: \.context) {
        let states = ofContext.map(\.state)
        let ends = states.drop { $0 == "pending" }
        #expect(states.first == "pending", "\(context): \(states)")
        #expect(!ends.isEmpty && ends.allSatisfy { $0 == end }, "\(context): \(states)")
        #expect(Set(ofContext.suffix(ends.count).map(\.description)).count == 1, "\(context)")
    }
    let contexts = Set(statuses.map(\.context))
    let beforeAnEnd = Set(statuses.prefix { $0.state == "pending" }.map(\.context))
    #expect(beforeAnEnd == contexts)
}
