import Foundation
import PipelineModel

extension Timestamp {
    /// This moment by the machine's clock. Only commands and assembly read it; everything else is told.
    static var wall: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }
}
