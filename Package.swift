// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nioConcurrency = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// The arrows between targets are checked by `scripts/check-imports`; this list and that one are the same table.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "pawl",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "pawl", targets: ["pawl"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    ],
    targets: [
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CLibarchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .target(name: "CLibcurl", linkerSettings: [.linkedLibrary("curl")]),

        library("PipelineModel"),
        library("Signing", ["COpenSSL"]),
        library("HTTPTransport", ["CLibcurl", logging, nioConcurrency]),
        library("Archives", ["PipelineModel", "CLibarchive"]),
        library("JobLogs"),
        library("PipelineLanguage", ["PipelineModel", yams]),
        library("Evaluation", ["PipelineModel", yams]),
        library("GitRepositories", ["PipelineModel", subprocess, system]),
        library("Forges", ["PipelineModel", "HTTPTransport", "Signing"]),
        library("Store", ["PipelineModel", "Signing", "JobLogs", grdb, logging, nioConcurrency]),
        library("Executors", ["PipelineModel", "HTTPTransport", logging, nioConcurrency, subprocess, system]),
        library(
            "Runner",
            [
                "PipelineModel", "Executors", "GitRepositories", "HTTPTransport", "JobLogs", "Archives", "Evaluation",
                "Signing", lifecycle, logging, nioConcurrency, nioCore, nioHTTP, nioPosix,
            ]),
        library(
            "Server",
            [
                "PipelineModel", "PipelineLanguage", "Evaluation", "GitRepositories", "Forges", "Store", "JobLogs",
                "Signing",
                hummingbird, hummingbirdCore, hummingbirdTLS, mustache, lifecycle, logging, nioCore, nioConcurrency,
                nioHTTP, nioPosix, nioSSL,
            ]),
        .executableTarget(
            name: "pawl",
            dependencies: [
                "Archives", "CMalloc", "Evaluation", "Executors", "Forges", "GitRepositories", "HTTPTransport",
                "JobLogs",
                "PipelineLanguage", "PipelineModel", "Runner", "Server", "Signing", "Store", argumentParser,
                configuration, lifecycle, logging, nioConcurrency, system, unixSignals, yams,
            ],
            swiftSettings: strict),

        .target(
            name: "TestSupport",
            dependencies: [
                "PipelineModel", "Forges", "HTTPTransport", "Signing", hummingbird, lifecycle, logging,
                nioConcurrency, subprocess, system,
            ],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        .executableTarget(
            name: "stub-forge",
            dependencies: ["TestSupport", "Forges", argumentParser, lifecycle, logging],
            path: "Tests/StubForgeCommand",
            swiftSettings: strict),
        tests("ArchivesTests", ["Archives", "CLibarchive"]),
        tests(
            "ConformanceTests",
            [
                "Archives", "Executors", "Forges", "GitRepositories", "HTTPTransport", "JobLogs", "PipelineLanguage",
                "PipelineModel", "Runner", "Server", "Signing", "Store", "TestSupport", logging,
            ]),
        // They start the real server, so it has to be built.
        tests(
            "CrashTests",
            [
                "pawl", "Executors", "Forges", "HTTPTransport", "PipelineModel", "Server", "TestSupport",
                nioConcurrency, subprocess, system,
            ]),
        tests("EndToEndTests", ["pawl", "Forges", "TestSupport", nioConcurrency, subprocess, system]),
        tests("EvaluationTests", ["Evaluation", "PipelineModel", "TestSupport", subprocess]),
        tests(
            "ExecutorsTests",
            ["Executors", "PipelineModel", "HTTPTransport", nioConcurrency, subprocess, system]),
        tests(
            "ForgesTests",
            ["Forges", "HTTPTransport", "PipelineModel", "Signing", "TestSupport", nioConcurrency]),
        tests("GitRepositoriesTests", ["GitRepositories", "PipelineModel", "TestSupport"]),
        tests("HTTPTransportTests", ["HTTPTransport", nioConcurrency]),
        tests("JobLogsTests", ["JobLogs"]),
        tests(
            "PawlTests",
            [
                "pawl", "Evaluation", "Executors", "HTTPTransport", "PipelineLanguage", "PipelineModel", "Server",
                "Store", argumentParser, lifecycle, logging,
            ]),
        tests("PipelineLanguageTests", ["PipelineLanguage", "PipelineModel"]),
        tests("PipelineModelTests", ["PipelineModel"]),
        tests(
            "RunnerTests",
            [
                "Runner", "Executors", "GitRepositories", "HTTPTransport", "JobLogs", "PipelineModel", "TestSupport",
                lifecycle, logging, nioConcurrency, subprocess, system,
            ]),
        tests(
            "ServerTests",
            [
                "Server", "Forges", "GitRepositories", "HTTPTransport", "PipelineModel", "Runner", "Signing", "Store",
                "TestSupport", hummingbird, lifecycle, logging, nioConcurrency, nioCore, subprocess, yams,
            ]),
        tests("SigningTests", ["Signing"]),
        tests("StoreTests", ["Store", "PipelineModel", "Signing", "TestSupport", nioConcurrency]),
        tests(
            "TestSupportTests",
            [
                "TestSupport", "Forges", "HTTPTransport", "PipelineModel", "Signing", hummingbird, logging, nioCore,
                subprocess, system,
            ]),
    ]
)
