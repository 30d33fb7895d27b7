import Foundation
import PipelineModel
import Server
import TestSupport

/// What is not as it has to be, in words.
struct ChaosFindings {
    private(set) var words: [String] = []

    mutating func note(_ finding: String) { words.append(finding) }

    mutating func expect(_ isSo: Bool, _ finding: @autoclosure () -> String) { if !isSo { note(finding()) } }

    /// Each commit has one pipeline, whose jobs passed once each, and never in two containers at once.
    /// - Parameter maySystemFail: whether attempts may have failed on Pawl's side before one passed.
    mutating func look(
        at pushes: [ChaosBench.Push], of bench: ChaosBench, maySystemFail: Bool = false
    ) async throws {
        let list: PipelineListView = try await bench.base.server.read("list", "--limit", "500")
        let tenures = bench.watch.byJob
        for push in pushes {
            let own = list.pipelines.filter { $0.commit == push.commit }
            guard own.count == 1, let pipeline = own.first else {
                let word = push.isAccepted ? "accepted" : "missed"
                note("\(push.commit), which was \(word), has \(own.count) pipelines")
                continue
            }
            let detail: PipelineDetailView = try await bench.base.server.read("show", "\(pipeline.id.rawValue)")
            look(at: detail, tenures, maySystemFail: maySystemFail)
            lookAtStatuses(of: push, in: bench.base.forge.record)
        }
    }

    private mutating func look(
        at detail: PipelineDetailView, _ tenures: [String: [TestEngine.Tenure]], maySystemFail: Bool
    ) {
        let name = "pipeline \(detail.pipeline.id.rawValue)"
        expect(detail.pipeline.state == .passed, "\(name) is \(detail.pipeline.state)")
        expect(detail.jobs.map(\.name).sorted() == ["lint", "prepare", "publish"], "\(name) has other jobs")
        for job in detail.jobs {
            let attempts = job.attempts.map { "\($0.state) on \($0.runner) \($0.failure?.message ?? "")" }
            let words = "\(name)/\(job.name): \(attempts)"
            expect(job.state == .passed, "\(words): it is \(job.state)")
            expect(job.attempts.last?.state == .passed, "\(words): the last did not pass")
            expect(job.attempts.filter { $0.state == .passed }.count == 1, "\(words): not one passed")
            for earlier in job.attempts.dropLast() {
                let isLoss =
                    [.lost, .givenBack].contains(earlier.state)
                    || maySystemFail && earlier.failure?.class == .system
                expect(isLoss, "\(words): one that was not lost is no loss")
            }
            let ofJob = (tenures["\(job.id)"] ?? []).sorted { $0.from < $1.from }
            let passed = job.attempts.last.map { "\($0.id)" }
            expect(ofJob.contains { $0.attempt == passed }, "\(words): the one that passed had no container")
            let ran = ofJob.filter(\.hasRun)
            for (earlier, later) in zip(ran, ran.dropFirst()) where earlier.to >= later.from {
                let both = "\(earlier.attempt) until \(earlier.to), \(later.attempt) from \(later.from)"
                note("\(words): two containers at once: \(both)")
            }
        }
    }

    /// What was pending may be left out where the end came before the forge could be told, but nothing is pending after
    /// an end, and no end takes another's place.
    private mutating func lookAtStatuses(of push: ChaosBench.Push, in record: ForgeRecord) {
        let statuses = record.statuses.filter { $0.commit == push.commit }
        let contexts = Dictionary(grouping: statuses, by: \.context)
        let isWhole = Set(contexts.keys) == CrashBench.contexts
        expect(isWhole, "\(push.commit): the forge knows of \(contexts.keys.sorted())")
        for (context, ofContext) in contexts {
            let ends = ofContext.map(\.state).drop { $0 == "pending" }
            let isLegal = !ends.isEmpty && ends.allSatisfy { $0 == "success" }
            expect(isLegal, "\(push.commit), \(context): \(ofContext.map(\.state))")
        }
    }

    /// No delivery is without its pipeline, and nothing is owed.
    mutating func lookAtDeliveries(of bench: ChaosBench) async throws {
        let list: DeliveryListView = try await bench.base.server.read("deliveries", "--limit", "500")
        for delivery in list.deliveries where ![.planned, .duplicate].contains(delivery.state) {
            note("delivery \(delivery.id) is \(delivery.state): \(delivery.reason ?? "")")
        }
        let planned = list.deliveries.filter { $0.state == .planned }
        expect(Set(planned.compactMap(\.pipeline)).count == planned.count, "deliveries share pipelines")
    }

    /// Nothing is left of what has ended. Call it when server and runners have stopped.
    mutating func lookForRemains(of bench: ChaosBench) async throws {
        for runner in bench.runners {
            let belongings = try await runner.engine.belongings(of: runner.instance)
            expect(belongings == [], "\(runner.name) has left \(belongings)")
            let folders = ["work", "results", "tokens"].map { "\(runner.state)/\($0)" }
            lookInto(folders + ["/dev/shm/pawl-\(runner.instance)"])
        }
        lookInto([bench.base.server.data + "/spool"])
    }

    private mutating func lookInto(_ folders: [String]) {
        for folder in folders {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            expect(names == [], "\(folder) has \(names)")
        }
    }
}
