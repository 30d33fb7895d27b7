import HTTPTypes
import Hummingbird
import PipelineModel
import Signing
import Store

extension RunnerRoutes {
    /// Says what the attempt is about, secrets among it.
    func acknowledge(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        try .json(RunnerProtocol.AssignmentAnswer(try await call.coordinator.acknowledge(key)))
    }

    /// Renews the lease.
    func heartbeat(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        guard let answer = RunnerProtocol.HeartbeatReply(try await call.coordinator.heartbeat(key)) else {
            throw RunnerRefusal.leaseLost
        }
        return try .json(answer)
    }

    /// Answers when somebody wants the attempt to stop, or after a while that nobody does.
    func awaitStop(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        let wait = try call.wait()
        let coordinator = call.coordinator
        let stop = try await call.request.body.waiting { _ -> Bool? in
            await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    await coordinator.untilStopIsWanted(key)
                    return !Task.isCancelled
                }
                group.addTask {
                    try? await Task.sleep(for: wait)
                    return false
                }
                let stop = await group.next() ?? false
                group.cancelAll()
                return stop
            }
        }
        return try .json(RunnerProtocol.StopAnswer(stop: stop ?? false))
    }

    /// Adds a piece to the log.
    func appendLog(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        let offset = try call.number("offset")
        let bytes = try await call.request.body.bytes(upTo: RunnerProtocol.logPieceLimit)
        try checkDigest(of: bytes, in: call.request)
        return try .json(
            RunnerProtocol.StoredAnswer(stored: try await call.coordinator.append(bytes, at: offset, to: key)))
    }

    /// Ends the attempt.
    func complete(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        let result: AttemptResult = try await call.request.body.decoded(upTo: RunnerProtocol.resultLimit)
        guard result.isPossible else {
            throw RunnerRefusal(.refused, "the times or the exit code are none that a job can have")
        }
        try await call.coordinator.complete(key, with: result)
        return Response(status: .noContent)
    }

    /// Takes the attempt back unspent.
    func giveBack(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        let request: RunnerProtocol.GiveBackRequest = try await call.value()
        try await call.coordinator.giveBack(key, because: String(request.reason.prefix(200)))
        return Response(status: .noContent)
    }

    /// Bytes that are others than were sent are asked for again.
    private func checkDigest(of bytes: [UInt8], in request: Request) throws {
        guard let name = HTTPField.Name(RunnerProtocol.digestHeader), let stated = request.headers[name] else {
            throw RunnerRefusal(.refused, "the header \(RunnerProtocol.digestHeader) is missing")
        }
        let found = "sha-256=:\(Base64.encode(try SHA256Digest.of(bytes))):"
        guard stated.trimmingSpaces == found else {
            throw RunnerRefusal(.unavailable, "the bytes that came are not those that were sent; send them again")
        }
    }
}

extension AttemptResult {
    /// Whether times and exit codes are such that one can reckon with them.
    fileprivate var isPossible: Bool {
        let times = [finishedAt, startedAt ?? finishedAt].map(\.milliseconds)
        let codes = [exitCode ?? 0, failure?.exitCode ?? 0]
        return times.allSatisfy { (0...(1 << 50)).contains($0) } && codes.allSatisfy { Int32(exactly: $0) != nil }
    }
}
