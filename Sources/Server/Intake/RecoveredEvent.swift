import Forges
import FoundationEssentials
import PipelineModel

/// An event that no delivery told of: the server asked the forge and found it. It is stored as a delivery of its own.
enum RecoveredEvent {
    /// The event header of such deliveries.
    static let name = "pawl-recovered"

    /// The body that is stored.
    static func body(_ event: Event) throws -> [UInt8] { try [UInt8](JSONEncoder().encode(event)) }

    /// Reads a stored body.
    static func read(_ body: [UInt8]) throws -> ForgeDelivery {
        ForgeDelivery(event: try JSONDecoder().decode(Event.self, from: Data(body)))
    }
}
