import FoundationEssentials
import HTTPTransport

extension DockerEngine {
    /// Makes a bridge network with one subnet.
    /// - Returns: its id.
    func createNetwork(name: String, subnet: IPv4Range, labels: [String: String]) async throws -> String {
        struct Body: Encodable {
            struct Addresses: Encodable {
                struct Range: Encodable {
                    var subnet: String
                    var gateway: String
                }
                var driver = "default"
                var config: [Range]
            }
            var name: String
            var checkDuplicate = true
            var driver = "bridge"
            var enableIPv6 = false
            var `internal` = false
            var attachable = false
            var ipam: Addresses
            var options: [String: String]
            var labels: [String: String]
        }
        let body = Body(
            name: name, ipam: .init(config: [.init(subnet: subnet.description, gateway: subnet.gateway)]),
            options: [
                // One job has one container, so nobody in its network has anybody to talk to but the outside.
                "com.docker.network.bridge.enable_icc": "false",
                "com.docker.network.bridge.enable_ip_masquerade": "true",
                "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
            ],
            labels: labels)
        let response = try await send("POST", "/networks/create", json: try EngineJSON.encode(body))
        return try decode(try await success(response), as: Identified.self).id
    }

    /// The subnet of a network, and the machine's own address in it; nil where it has no such address.
    func doorway(ofNetwork id: String) async throws -> Doorway? {
        struct Network: Decodable {
            struct Addresses: Decodable {
                struct Range: Decodable {
                    var subnet: String?
                    var gateway: String?
                }
                var config: [Range]?
            }
            var ipam: Addresses
        }
        let network = try decode(try await success(try await send("GET", "/networks/\(id)")), as: Network.self)
        for range in network.ipam.config ?? [] {
            guard let subnet = range.subnet.flatMap({ IPv4Range($0) }), let address = range.gateway else { continue }
            return Doorway(address: address, network: subnet)
        }
        return nil
    }

    /// Networks with all these labels.
    func networks(labels: [String]) async throws -> [Labelled] {
        try decode(
            try await success(try await send("GET", "/networks", query: [("filters", try Self.filter(labels))])))
    }

    /// Removes a network by id or name. One that is gone is no error.
    ///
    /// An engine whose disk failed while it removed a container may keep that container's place in the network for ever,
    /// and with it the network. What is removed here has no container any more that counts: such places are taken away.
    func removeNetwork(_ id: String) async throws {
        do {
            try await deleteNetwork(id)
        } catch let refusal as EngineRefusal where refusal.status == 403 {
            try await emptyNetwork(id)
            try await deleteNetwork(id)
        }
    }

    private func deleteNetwork(_ id: String) async throws {
        do {
            _ = try await success(try await send("DELETE", "/networks/\(id)"))
        } catch let refusal as EngineRefusal where refusal.status == 404 {
            // It is gone.
        }
    }

    private func emptyNetwork(_ id: String) async throws {
        struct Network: Decodable {
            struct Place: Decodable { var name: String }
            var containers: [String: Place]?
        }
        struct Disconnection: Encodable {
            var container: String
            var force = true
        }
        let network = try decode(try await success(try await send("GET", "/networks/\(id)")), as: Network.self)
        for place in (network.containers ?? [:]).values {
            let body = try EngineJSON.encode(Disconnection(container: place.name))
            _ = try await success(try await send("POST", "/networks/\(id)/disconnect", json: body))
        }
    }
}
