extension RunnerProtocol {
    /// What a machine says of itself when it joins.
    public struct JoinRequest: Hashable, Codable, Sendable {
        /// The name it wants: up to 63 letters, digits and `-._`, the first a letter or digit.
        public var name: String
        /// How many jobs it carries out at once, where the token does not say.
        public var slots: Int
        /// What it has.
        public var inventory: Inventory
        /// Its version of Pawl.
        public var version: String

        /// Asks to be taken into the pool.
        public init(name: String, slots: Int, inventory: RunnerInventory, version: String) {
            self.name = name
            self.slots = slots
            self.inventory = Inventory(inventory)
            self.version = version
        }

        /// Whether a text can be the name of a runner.
        public static func isName(_ text: String) -> Bool {
            let isPlain: (UInt8) -> Bool = { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: false
                }
            }
            guard let first = text.utf8.first, isPlain(first), text.utf8.count <= 63 else { return false }
            return text.utf8.allSatisfy { isPlain($0) || Array("-._".utf8).contains($0) }
        }
    }

    /// What a machine gets that has joined.
    public struct JoinAnswer: Hashable, Codable, Sendable {
        /// Its number.
        public var runner: RunnerID
        /// Its name.
        public var name: String
        /// What it shows from now on.
        public var credential: Secret
        /// What jobs may ask for by `tags`.
        public var tags: [String]
        /// How many jobs it carries out at once.
        public var slots: Int
        /// Whether it takes one job and goes.
        public var ephemeral: Bool

        /// Takes a machine into the pool.
        public init(
            runner: RunnerID, name: String, credential: Redacted, tags: [String], slots: Int, ephemeral: Bool
        ) {
            self.runner = runner
            self.name = name
            self.credential = Secret(credential)
            self.tags = tags
            self.slots = slots
            self.ephemeral = ephemeral
        }
    }

    /// A runner's new credential. The one it had stays good until the new one was shown.
    public struct CredentialAnswer: Hashable, Codable, Sendable {
        /// What it shows from now on.
        public var credential: Secret

        /// Hands out a credential.
        public init(credential: Redacted) { self.credential = Secret(credential) }
    }
}
