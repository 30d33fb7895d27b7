import Foundation
import HTTPTransport

extension HTTPClient {
    /// A client that believes the certificates of the authorities in the file that `PAWL_CA_FILE` names, and else those that
    /// the machine believes.
    static func ofEnvironment() -> HTTPClient {
        let file = ProcessInfo.processInfo.environment["PAWL_CA_FILE"]
        return HTTPClient(settings: .init(authorityFile: file.flatMap { $0.isEmpty ? nil : $0 }))
    }
}
