/// What Pawl reads of an event of TensorBoard's: scalars, hyperparameters, and that training began anew at a step.
///
/// Field numbers are those of `event.proto`, `summary.proto` and `tensor.proto` of tensorflow/tensorboard, and of
/// `plugins/hparams/plugin_data.proto`.
struct TrainingEvent {
    var step: Int64 = 0
    var scalars: [(tag: String, value: Double)] = []
    var hyperparameters: [(name: String, value: String)] = []
    /// Whether it is a new session's beginning: what an earlier one wrote from this step on is void.
    var isRestart = false

    /// How many bytes of a tag are read.
    private static let tagLimit = 1_000

    init(_ record: ArraySlice<UInt8>) {
        var summaries: [ArraySlice<UInt8>] = []
        for (number, value) in ProtobufFields(record) {
            switch (number, value) {
            case (2, .varint(let step)): self.step = Int64(bitPattern: step)
            case (5, .bytes(let summary)): summaries.append(summary)
            case (7, .bytes(let log)): isRestart = Self.isStart(log)
            default: break
            }
        }
        for summary in summaries {
            for case (1, .bytes(let value)) in ProtobufFields(summary) { read(value) }
        }
    }

    /// A `SessionLog` whose status is `START`.
    private static func isStart(_ log: ArraySlice<UInt8>) -> Bool {
        for case (1, .varint(1)) in ProtobufFields(log) { return true }
        return false
    }

    private mutating func read(_ summary: ArraySlice<UInt8>) {
        var tag = ""
        var scalar: Double?
        var content: ArraySlice<UInt8>?
        for (number, value) in ProtobufFields(summary) {
            switch (number, value) {
            case (1, .bytes(let bytes)): tag = String(decoding: bytes.prefix(Self.tagLimit), as: UTF8.self)
            case (2, .fixed32(let bits)): scalar = Double(Float(bitPattern: bits))
            case (8, .bytes(let tensor)): scalar = scalar ?? ScalarTensor.value(of: tensor)
            case (9, .bytes(let metadata)): content = Self.hparams(metadata)
            default: break
            }
        }
        if let content {
            readHyperparameters(content)
        } else if let scalar, !tag.isEmpty {
            scalars.append((tag, scalar))
        }
    }

    /// The content that the hparams plugin gave a summary.
    private static func hparams(_ metadata: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        for case (1, .bytes(let plugin)) in ProtobufFields(metadata) {
            var name: ArraySlice<UInt8> = []
            var content: ArraySlice<UInt8> = []
            for (number, value) in ProtobufFields(plugin) {
                switch (number, value) {
                case (1, .bytes(let bytes)): name = bytes
                case (2, .bytes(let bytes)): content = bytes
                default: break
                }
            }
            if name.elementsEqual("hparams".utf8) { return content }
        }
        return nil
    }

    /// `HParamsPluginData` → `session_start_info` → `hparams`, a map of names to `google.protobuf.Value`.
    private mutating func readHyperparameters(_ content: ArraySlice<UInt8>) {
        for case (3, .bytes(let start)) in ProtobufFields(content) {
            for case (1, .bytes(let entry)) in ProtobufFields(start) {
                var name = ""
                var text: String?
                for (number, value) in ProtobufFields(entry) {
                    switch (number, value) {
                    case (1, .bytes(let bytes)): name = String(decoding: bytes.prefix(Self.tagLimit), as: UTF8.self)
                    case (2, .bytes(let bytes)): text = Self.text(of: bytes)
                    default: break
                    }
                }
                if let text, !name.isEmpty { hyperparameters.append((name, text)) }
            }
        }
    }

    private static func text(of value: ArraySlice<UInt8>) -> String? {
        for (number, value) in ProtobufFields(value) {
            switch (number, value) {
            case (2, .fixed64(let bits)):
                let number = Double(bitPattern: bits)
                return Int64(exactly: number).map { "\($0)" } ?? "\(number)"
            case (3, .bytes(let bytes)): return String(decoding: bytes.prefix(Self.tagLimit), as: UTF8.self)
            case (4, .varint(let flag)): return flag == 0 ? "false" : "true"
            default: break
            }
        }
        return nil
    }
}

/// A `TensorProto` that holds one number: of rank 0, or without a shape.
enum ScalarTensor {
    static func value(of tensor: ArraySlice<UInt8>) -> Double? {
        var type: UInt64 = 0
        var content: ArraySlice<UInt8>?
        var listed: [Double] = []
        for (number, value) in ProtobufFields(tensor) {
            switch (number, value) {
            case (1, .varint(let dtype)): type = dtype
            case (2, .bytes(let shape)): if hasDimensions(shape) { return nil }
            case (4, .bytes(let bytes)): if !bytes.isEmpty { content = bytes }
            case (5, .bytes(let bytes)): if bytes.count == 4 { listed = [float(bytes)] } else { return nil }
            case (5, .fixed32(let bits)): listed.append(Double(Float(bitPattern: bits)))
            case (6, .bytes(let bytes)):
                guard bytes.count == 8 else { return nil }
                listed = [Double(bitPattern: ProtobufFields.number(bytes))]
            case (6, .fixed64(let bits)): listed.append(Double(bitPattern: bits))
            case (7, .bytes(let bytes)), (10, .bytes(let bytes)):
                listed += ProtobufFields.packedVarints(bytes).map { Double(Int64(bitPattern: $0)) }
            case (7, .varint(let bits)), (10, .varint(let bits)): listed.append(Double(Int64(bitPattern: bits)))
            case (13, .bytes(let bytes)):
                listed += ProtobufFields.packedVarints(bytes).map { half(UInt16(truncatingIfNeeded: $0), type) }
            case (13, .varint(let bits)): listed.append(half(UInt16(truncatingIfNeeded: bits), type))
            default: break
            }
        }
        if let content { return decoded(content, type) }
        return listed.count == 1 ? listed[0] : nil
    }

    private static func hasDimensions(_ shape: ArraySlice<UInt8>) -> Bool {
        for (number, value) in ProtobufFields(shape) {
            switch (number, value) {
            case (2, .bytes), (3, .varint(1)): return true
            default: break
            }
        }
        return false
    }

    /// `tensor_content`: the number's own bytes, by its type (DT_FLOAT 1, DT_DOUBLE 2, DT_INT32 3, DT_INT64 9,
    /// DT_BFLOAT16 14, DT_HALF 19).
    private static func decoded(_ bytes: ArraySlice<UInt8>, _ type: UInt64) -> Double? {
        let bits = ProtobufFields.number(bytes.prefix(8))
        return switch (type, bytes.count) {
        case (1, 4): float(bytes)
        case (2, 8): Double(bitPattern: bits)
        case (3, 4): Double(Int32(truncatingIfNeeded: bits))
        case (9, 8): Double(Int64(bitPattern: bits))
        case (14, 2), (19, 2): half(UInt16(truncatingIfNeeded: bits), type)
        default: nil
        }
    }

    private static func float(_ bytes: ArraySlice<UInt8>) -> Double {
        Double(Float(bitPattern: UInt32(truncatingIfNeeded: ProtobufFields.number(bytes))))
    }

    /// Half precision, or the upper half of a single one (bfloat16).
    private static func half(_ bits: UInt16, _ type: UInt64) -> Double {
        if type == 14 { return Double(Float(bitPattern: UInt32(bits) << 16)) }
        let (exponent, fraction) = (Int(bits >> 10) & 0x1F, Double(bits & 0x3FF))
        let magnitude: Double =
            switch exponent {
            case 0: fraction * 0x1p-24
            case 0x1F: fraction == 0 ? .infinity : .nan
            default: Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1_024)
            }
        return bits >> 15 == 1 ? -magnitude : magnitude
    }
}
