import FoundationEssentials
import HTTPTransport
import NIOConcurrencyHelpers
import PipelineModel

extension HTTPCoordinator {
    /// How much of an artifact is held in memory, and sent at once.
    private static let pieceSize = 4 << 20

    /// Sends an archive in pieces, from where the server has it: when the connection fails, the next call goes on there.
    public func store(
        _ artifact: ArtifactReference, content: AsyncThrowingStream<[UInt8], any Error>, for key: LeaseKey
    ) async throws {
        try await upload(artifact, content: content, for: key, then: .keepArtifact)
    }

    /// Sends a checkpoint as an artifact is sent.
    public func storeCheckpoint(
        _ artifact: ArtifactReference, content: AsyncThrowingStream<[UInt8], any Error>, for key: LeaseKey
    ) async throws {
        try await upload(artifact, content: content, for: key, then: .keepCheckpoint)
    }

    private func upload(
        _ artifact: ArtifactReference, content: AsyncThrowingStream<[UInt8], any Error>, for key: LeaseKey,
        then keep: RunnerCall
    ) async throws {
        let start: RunnerProtocol.StoredAnswer = try await about(key, sha256: artifact.sha256) { ask in
            try await server.answer(to: ask(.storedArtifact))
        }
        var sender = PieceSender(stored: start.stored)
        for try await bytes in content {
            sender.take(bytes)
            if sender.waiting.count >= Self.pieceSize { try await send(&sender, of: artifact, for: key) }
        }
        try await send(&sender, of: artifact, for: key)
        let json = try JSONEncoder().encode(artifact)
        try await about(key, sha256: artifact.sha256) { ask in
            var question = ask(keep)
            question.headers.append(("Content-Type", "application/json"))
            question.body = .bytes(Array(json))
            // The whole of it is hashed before the answer.
            question.patience = .seconds(300)
            _ = try await server.send(question)
        }
    }

    private func send(_ sender: inout PieceSender, of artifact: ArtifactReference, for key: LeaseKey) async throws {
        while !sender.waiting.isEmpty {
            let piece = Array(sender.waiting.prefix(Self.pieceSize))
            let offset = sender.stored
            let answer: RunnerProtocol.StoredAnswer = try await about(key, sha256: artifact.sha256) { ask in
                var question = ask(
                    .sendArtifact, [("offset", String(offset)), ("size", String(artifact.size.bytes))])
                question.body = .bytes(piece)
                question.patience = .seconds(120)
                return try await server.answer(to: question)
            }
            guard answer.stored > offset, answer.stored <= offset + Int64(piece.count) else {
                // Somebody else has sent or removed something of it: from the beginning, then.
                throw CoordinatorError.unavailable("\(server.url) has \(answer.stored) bytes where \(offset) were sent")
            }
            sender.sent(upTo: answer.stored)
        }
    }

    /// Streams an artifact. When the connection fails in the middle, it goes on from there, a few times.
    public func artifact(
        _ sha256: String, for key: LeaseKey
    ) async throws -> AsyncThrowingStream<[UInt8], any Error> {
        let download = ArtifactDownload(coordinator: self, sha256: sha256, key: key)
        try await download.open()
        return AsyncThrowingStream { try await download.next() }
    }

    /// Opens the content of an artifact from an offset on.
    fileprivate func content(
        of sha256: String, from offset: Int64, for key: LeaseKey
    ) async throws -> HTTPResponse {
        try await about(key, sha256: sha256) { ask in
            var question = ask(.fetchArtifact)
            if offset > 0 { question.headers.append(("Range", "bytes=\(offset)-")) }
            let response = try await server.send(question)
            guard response.status == (offset > 0 ? 206 : 200) else {
                throw CoordinatorError.unavailable("\(server.url) answers \(response.status) instead of a part")
            }
            return response
        }
    }
}

/// What of an artifact was read and not yet sent.
private struct PieceSender {
    /// Up to where the server has it.
    private(set) var stored: Int64
    /// Bytes from there on.
    private(set) var waiting: ArraySlice<UInt8> = []
    /// How much was read.
    private var read: Int64 = 0

    init(stored: Int64) { self.stored = stored }

    /// Takes what was read next; what the server has is passed over.
    mutating func take(_ bytes: [UInt8]) {
        let known = min(max(stored - read, 0), Int64(bytes.count))
        read += Int64(bytes.count)
        waiting += bytes.dropFirst(Int(known))
    }

    mutating func sent(upTo offset: Int64) {
        waiting = ArraySlice(Array(waiting.dropFirst(Int(offset - stored))))
        stored = offset
    }
}

/// An artifact on its way from the server, read by one task at a time.
private actor ArtifactDownload {
    private static let tries = 5

    private let coordinator: HTTPCoordinator
    private let sha256: String
    private let key: LeaseKey
    private var body: AsyncThrowingStream<[UInt8], any Error>?
    private var offset: Int64 = 0
    private var tries = 0

    init(coordinator: HTTPCoordinator, sha256: String, key: LeaseKey) {
        self.coordinator = coordinator
        self.sha256 = sha256
        self.key = key
    }

    func open() async throws {
        body = try await coordinator.content(of: sha256, from: offset, for: key).body
    }

    func next() async throws -> [UInt8]? {
        while true {
            do {
                if body == nil { try await open() }
                var iterator = body?.makeAsyncIterator()
                guard let part = try await iterator?.next(isolation: self) else { return nil }
                offset += Int64(part.count)
                tries = 0
                return part
            } catch let error as HTTPError where error.code != .cancelled {
                try await rest(because: CoordinatorError.unavailable(error.message))
            } catch CoordinatorError.unavailable(let message) {
                try await rest(because: CoordinatorError.unavailable(message))
            }
        }
    }

    private func rest(because error: CoordinatorError) async throws {
        body = nil
        tries += 1
        guard tries < Self.tries else { throw error }
        var backOff = BackOff()
        var delay = backOff.delay()
        for _ in 1..<tries { delay = backOff.delay() }
        try await coordinator.pause(delay)
    }
}
