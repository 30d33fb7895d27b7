extension Floor {
    /// Webhook payloads whose every expected key is met.
    static let webhooks = 97
    /// Signature vectors answered as expected, the doubtful ones by the recommended reading.
    static let signatures = 104
    /// Requests of our clients that conform to the forges' schemas, of those the schemas describe.
    static let forgeAPI = 42
}
