/// Reads the engine's framing of a container's two output streams, over any cut of the bytes.
///
/// A frame is eight bytes of header (the stream's number, three zeros, the length in big-endian order) and the bytes
/// written. Bytes of a frame are handed on as they come, so a frame of any length takes no memory.
struct LogFrames {
    private var header: [UInt8] = []
    private var stream = ContainerOutput.Stream.standardOutput
    private var left = 0

    /// Whether the bytes so far end at the end of a frame.
    var isBetweenFrames: Bool { left == 0 && header.isEmpty }

    /// Takes more bytes, and gives the output in them.
    /// - Throws: `ExecutorError` where the bytes are not framed.
    mutating func feed(_ bytes: [UInt8]) throws -> [ContainerOutput] {
        var output: [ContainerOutput] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if left > 0 {
                let piece = rest.prefix(left)
                append(piece, to: &output)
                left -= piece.count
                rest = rest.dropFirst(piece.count)
            } else {
                let piece = rest.prefix(8 - header.count)
                header += piece
                rest = rest.dropFirst(piece.count)
                if header.count == 8 { try readHeader() }
            }
        }
        return output
    }

    private mutating func readHeader() throws {
        // 0 is standard input, which some engines echo as if it were output.
        guard header[0] <= 2, header[1...3].allSatisfy({ $0 == 0 }) else {
            throw ExecutorError(
                .engineFailed, message: "The engine's output stream is not framed as its API says.")
        }
        stream = header[0] == 2 ? .standardError : .standardOutput
        left = header[4...7].reduce(0) { $0 << 8 | Int($1) }
        header = []
    }

    /// Pieces of one stream in a row become one, so that a script that writes byte by byte does not cost a call each.
    private func append(_ piece: ArraySlice<UInt8>, to output: inout [ContainerOutput]) {
        if let last = output.indices.last, output[last].stream == stream {
            output[last].bytes += piece
        } else {
            output.append(ContainerOutput(stream, Array(piece)))
        }
    }
}
