import HTTPTypes
import Hummingbird
import NIOCore
import PipelineModel
import Store

extension RunnerRoutes {
    /// How much is gathered before it is written to disk.
    private static let writeSize = 256 << 10

    /// Says how much of an artifact is there.
    func storedArtifact(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        let stored = try await store.uploadedSize(of: try call.sha256(), for: key)
        return try .json(RunnerProtocol.StoredAnswer(stored: stored))
    }

    /// Takes a piece of an artifact that begins where the pieces before it end. Another one is left unread: either way the
    /// answer says where to go on. What came before a connection broke is kept.
    func sendArtifact(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        let (sha256, offset, size) = (try call.sha256(), try call.number("offset"), try call.number("size"))
        let upload = try await store.openUpload(of: sha256, size: size, limit: assignments.artifactSize, for: key)
        guard upload.stored == offset else { return try .json(RunnerProtocol.StoredAnswer(stored: upload.stored)) }
        var gathered: [UInt8] = []
        var count = 0
        for try await part in call.request.body {
            count += part.readableBytes
            guard count <= RunnerProtocol.artifactPieceLimit else {
                throw RunnerRefusal.tooLong(RunnerProtocol.artifactPieceLimit)
            }
            gathered += part.readableBytesView
            if gathered.count >= Self.writeSize {
                try await upload.write(gathered)
                gathered = []
            }
        }
        if !gathered.isEmpty { try await upload.write(gathered) }
        return try .json(RunnerProtocol.StoredAnswer(stored: upload.stored))
    }

    /// Keeps an artifact whose pieces are all there.
    func keepArtifact(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        try await store.keepUpload(
            try await reference(in: call), for: key, keptFor: assignments.artifactRetention, now: now())
        return Response(status: .noContent)
    }

    /// Keeps a checkpoint whose pieces are all there. They come as an artifact's do.
    func keepCheckpoint(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        try await store.keepUploadedCheckpoint(try await reference(in: call), for: key, now: now())
        return Response(status: .noContent)
    }

    private func reference(in call: RunnerRequest) async throws -> ArtifactReference {
        let sha256 = try call.sha256()
        let artifact: ArtifactReference = try await call.value()
        guard artifact.sha256 == sha256 else {
            throw RunnerRefusal(.refused, "the path and the body name different artifacts")
        }
        guard artifact.size <= assignments.artifactSize else {
            throw RunnerRefusal(.refused, "an artifact has \(assignments.artifactSize.memoryText) at most")
        }
        return artifact
    }

    /// Streams an artifact that was assigned, from where the runner has it already.
    func fetchArtifact(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        let artifact = try await store.assignedArtifact(try call.sha256(), for: key)
        let size = artifact.size.bytes
        let start = try call.rangeStart(of: size)
        let content = try await store.artifact(artifact.sha256, from: start)
        var headers: HTTPFields = [
            .contentType: "application/octet-stream", .contentLength: String(size - start), .cacheControl: "no-store",
            .acceptRanges: "bytes",
        ]
        if start > 0 { headers[.contentRange] = "bytes \(start)-\(size - 1)/\(size)" }
        return Response(
            status: start > 0 ? .partialContent : .ok, headers: headers,
            body: ResponseBody { writer in
                for try await part in content { try await writer.write(ByteBuffer(bytes: part)) }
                try await writer.finish(nil)
            })
    }
}

extension RunnerRequest {
    /// The artifact in the path.
    fileprivate func sha256() throws -> String {
        guard let text = parameters.get("sha256"), text.utf8.count == 64,
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (97...102).contains($0) })
        else { throw RunnerRefusal(.refused, "an artifact is named by 64 lower-case hexadecimal digits") }
        return text
    }

    /// Where the runner wants an artifact to begin: `Range: bytes=N-`. Any other range is passed over, as HTTP allows.
    fileprivate func rangeStart(of size: Int64) throws -> Int64 {
        guard let range = request.headers[.range], range.hasPrefix("bytes="), range.hasSuffix("-"),
            let start = Int64(range.dropFirst("bytes=".count).dropLast()), start > 0
        else { return 0 }
        guard start < size else {
            throw RunnerRefusal(.refused, status: 416, "the artifact has \(size) bytes, and none from \(start) on")
        }
        return start
    }
}
