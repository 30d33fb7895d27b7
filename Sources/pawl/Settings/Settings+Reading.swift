import Configuration
import Foundation
import PipelineModel
import Server
import SystemPackage
import Yams

extension Settings {
    /// Reads the settings file, with the environment before it.
    /// - Throws: `SettingsError` with every problem found.
    static func read(file path: String, environment: [String: String]) async throws -> Settings {
        try await read(file: path, environment: environment, help: "pawl init --data DIR makes one") {
            try Settings($0, keysOfFile: $1)
        }
    }

    /// Reads a settings file, with the environment before it.
    /// - Parameters:
    ///   - help: what makes such a file.
    ///   - make: takes what was read, and the dotted keys of the file.
    /// - Throws: `SettingsError` with every problem found.
    static func read<Value>(
        file path: String, environment: [String: String], help: String,
        _ make: (SettingsReader, [String]) throws -> Value
    ) async throws -> Value {
        let text: String
        do {
            text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        } catch {
            throw SettingsError(problems: ["cannot read the settings file \(path).  \(help)"])
        }
        let prefixed = environment.filter { $0.key.hasPrefix("PAWL_") }
        let variables = Dictionary(
            prefixed.map { (String($0.key.dropFirst("PAWL_".count)), $0.value) },
            uniquingKeysWith: { first, _ in first })
        do {
            let keys = try Self.keys(of: text, path: path)
            let provider = try await FileProvider<YAMLSnapshot>(filePath: FilePath(path))
            let reader = SettingsReader(
                config: ConfigReader(providers: [
                    EnvironmentVariablesProvider(environmentVariables: variables), provider,
                ]), folder: URL(fileURLWithPath: path).deletingLastPathComponent().path)
            return try make(reader, keys)
        } catch let error as SettingsError {
            throw error
        } catch {
            throw SettingsError(problems: ["\(path) is not readable as YAML: \(error)"])
        }
    }

    private init(_ reader: SettingsReader, keysOfFile: [String]) throws {
        SettingsKey.refuseUnknown(keysOfFile, reader, among: SettingsKey.all)
        server = Server(reader)
        forges = reader.list("forges").map { Forge(name: $0, reader) }
        runner = Runner(reader)
        limits = JobLimits(reader)
        retention = Retention(reader)
        registries = reader.list("registries").compactMap { RegistryLogin(name: $0, reader) }
        tariff = Tariff(reader)
        if !reader.problems.isEmpty { throw SettingsError(problems: reader.problems) }
    }

    /// Every key of the file that has a value, dotted.
    private static func keys(of text: String, path: String) throws -> [String] {
        guard let root = try Yams.compose(yaml: text) else { return [] }
        guard let top = root.mapping else {
            throw SettingsError(problems: ["\(path) must hold keys and values at its top"])
        }
        return leaves(of: top, prefix: "", depth: 0)
    }

    private static func leaves(of mapping: Node.Mapping, prefix: String, depth: Int) -> [String] {
        mapping.flatMap { key, value -> [String] in
            let name = prefix + (key.string ?? "?")
            if let inner = value.mapping, depth < 8 { return leaves(of: inner, prefix: name + ".", depth: depth + 1) }
            return [name]
        }
    }
}

extension Settings.Server {
    fileprivate init(_ reader: SettingsReader) {
        let listen = reader.string("server.listen") ?? "127.0.0.1:8470"
        let colon = listen.lastIndex(of: ":")
        host = colon.map { String(listen[..<$0]) } ?? listen
        port = colon.flatMap { Int(listen[listen.index(after: $0)...]) } ?? -1
        if host.isEmpty || !(0...65_535).contains(port) {
            reader.problem("server.listen is \"\(listen)\".  Write host:port, such as 127.0.0.1:8470")
        }
        url = reader.url("server.url")
        switch (reader.path("server.tls-certificate"), reader.path("server.tls-key")) {
        case (let chain?, let key?): certificate = .init(chain: chain, key: key)
        case (nil, nil): certificate = nil
        default: reader.problem("server.tls-certificate and server.tls-key are both needed, or neither")
        }
        trustedProxies = reader.list("server.trusted-proxies")
        if TrustedProxies(trustedProxies) == nil {
            reader.problem("server.trusted-proxies must hold addresses and ranges.  Write 127.0.0.1 or 10.0.0.0/8")
        }
        data = reader.path("server.data") ?? reader.folder
        logLevel = reader.choice("server.log-level", of: ["debug", "info", "warning", "error"]) ?? "info"
        jobStatuses = reader.int("server.job-statuses", in: 0...200) ?? 30
        defaultImage = reader.string("server.default-image")
        lease = .seconds(reader.int("server.lease", in: 10...3_600) ?? 60)
        noRunnerTimeout = .minutes(Int64(reader.int("server.no-runner-timeout", in: 1...100_000) ?? 30))
        proofChecks = reader.int("server.proof-checks", in: 0...100_000) ?? 25
    }
}

extension Settings.Forge {
    fileprivate init(name: String, _ reader: SettingsReader) {
        let prefix = "forge.\(name)."
        self.name = name
        let kinds = Kind.allCases.map(\.rawValue)
        let word = reader.choice(prefix + "kind", of: kinds)
        if word == nil { reader.problem("\(prefix)kind is missing.  Write one of \(kinds.joined(separator: ", "))") }
        kind = word.flatMap(Kind.init) ?? .git
        api = reader.url(prefix + "api")
        token = reader.secretFile(prefix + "token-file")
        let id = reader.string(prefix + "app-id")
        let key = reader.secretFile(prefix + "app-key-file")
        if let id, let key { app = App(id: id, privateKey: key) }
        if (id == nil) != (key == nil) { reader.problem("\(prefix)app-id and \(prefix)app-key-file go together") }
        if let password = reader.secretFile(prefix + "clone-token-file") {
            let user = kind == .github ? "x-access-token" : "oauth2"
            clone = GitCredential(user: reader.string(prefix + "clone-user") ?? user, password: password)
        }
        clonesSubmodules = reader.bool(prefix + "clone-submodules") ?? false
        callback = reader.url(prefix + "callback")
        callbackSecret = reader.secretFile(prefix + "callback-secret-file")
    }
}

extension Settings.Runner {
    init(_ reader: SettingsReader) {
        name = reader.string("runner.name") ?? "local"
        slots = reader.int("runner.slots", in: 0...256) ?? ProcessInfo.processInfo.activeProcessorCount
        tags = reader.list("runner.tags")
        dockerSocket = reader.path("runner.docker-socket") ?? "/var/run/docker.sock"
        networkRange = reader.string("runner.network-range") ?? "10.213.0.0/16"
        // Only root can put the fence up. Who runs without root has chosen so, and is told by doctor.
        allowsUnfenced = reader.bool("runner.allow-unfenced") ?? (geteuid() != 0)
        mounts = reader.list("mounts").compactMap { Settings.Mount(name: $0, reader) }
        data = reader.list("data-folders").compactMap { Settings.Data(name: $0, reader) }
        declaredGPUs = reader.path("runner.declared-gpus")
        lowWater = reader.size("runner.low-water") ?? .gibibytes(2)
        jobDisk = reader.size("runner.job-disk")
        takesMLflow = reader.bool("runner.mlflow") ?? true
        grace = .seconds(reader.int("runner.grace", in: 0...86_400) ?? 30)
    }
}

extension Settings.Mount {
    fileprivate init?(name: String, _ reader: SettingsReader) {
        let prefix = "mount.\(name)."
        guard let path = reader.path(prefix + "path"), let target = reader.string(prefix + "target"),
            let repository = reader.string(prefix + "repository")
        else {
            reader.problem("\(prefix)path, \(prefix)target and \(prefix)repository are all needed")
            return nil
        }
        self.name = name
        self.path = path
        self.target = target
        self.repository = repository
        isWritable = reader.bool(prefix + "writable") ?? false
        environment = reader.string(prefix + "environment")
        if isWritable && environment == nil {
            reader.problem("\(prefix)writable needs \(prefix)environment: only jobs that deploy may write outside")
        }
        if !target.hasPrefix("/") || target == "/" || target.hasPrefix("/pawl") || target.hasPrefix("/builds") {
            reader.problem("\(prefix)target is \"\(target)\".  Write an absolute path outside /pawl and /builds")
        }
    }
}

extension Settings.Data {
    fileprivate init?(name: String, _ reader: SettingsReader) {
        if !DataName.isValid(name) {
            reader.problem("data-folders has \"\(name.prefix(80))\", which is no name.  \(DataName.rule)")
        }
        guard let path = reader.path("data.\(name).path") else {
            reader.problem("data.\(name).path is missing: the folder on this machine")
            return nil
        }
        self.name = name
        self.path = path
        forks = reader.bool("data.\(name).forks") ?? false
    }
}

extension RegistryLogin {
    fileprivate init?(name: String, _ reader: SettingsReader) {
        let prefix = "registry.\(name)."
        guard let host = reader.string(prefix + "host"), let user = reader.string(prefix + "user"),
            let password = reader.secretFile(prefix + "password-file")
        else {
            reader.problem("\(prefix)host, \(prefix)user and \(prefix)password-file are all needed")
            return nil
        }
        self.init(registry: host, user: user, password: password)
    }
}

extension JobLimits {
    fileprivate init(_ reader: SettingsReader) {
        self.init()
        cpus = reader.double("limits.cpus")
        memory = reader.size("limits.memory")
        pids = reader.int("limits.pids", in: 16...1_000_000) ?? pids
        timeout = reader.int("limits.timeout", in: 1...100_000).map { .minutes(Int64($0)) } ?? timeout
        noOutputTimeout =
            reader.int("limits.no-output-timeout", in: 1...100_000).map { .minutes(Int64($0)) } ?? noOutputTimeout
        logSize = reader.size("limits.log-size") ?? logSize
        shmSize = reader.size("limits.shm-size") ?? shmSize
        artifactSize = reader.size("limits.artifact-size") ?? artifactSize
    }
}

extension Settings.Retention {
    fileprivate init(_ reader: SettingsReader) {
        logs = Self.days("logs", 90, reader)
        artifacts = Self.days("artifacts", 30, reader)
        deliveries = Self.days("deliveries", 30, reader)
        images = Self.days("images", 14, reader)
        mirrors = Self.days("mirrors", 90, reader)
    }

    /// A number of days, where nothing is set the usual one.
    static func days(_ name: String, _ usual: Int, _ reader: SettingsReader) -> Duration {
        .days(Int64(reader.int("retention." + name, in: 1...36_500) ?? usual))
    }
}
