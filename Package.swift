// swift-tools-version: 6.2
import PackageDescription

/// Swift 6 language mode, every warning an error, every import as narrow as it can be.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // What the compiler cannot prove of exclusive access is checked in debug builds, which the tests run.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// The commit that `standing --version` prints. `deploy/install` passes it to the build, because the program runs where
/// there is no git.
let commit = (Context.environment["STANDING_COMMIT"] ?? "").filter {
    $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")
}

/// With its module CYaml, which is libyaml.
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let jwt = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// The page of every room.
let page = "README.md"

/// A room of the house. It may import only its dependencies. `excluding` names its pages beside README.md.
func room(_ name: String, _ dependencies: [Target.Dependency] = [], excluding pages: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: [page] + pages, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "standing",
    products: [
        .executable(name: "standing", targets: ["standing"]),
        // Depends on nothing of the rest.
        .library(name: "CEL", targets: ["CEL"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // Native libraries.
        .systemLibrary(name: "CRDKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // No pkg-config file: its module map names the library.
        .systemLibrary(name: "CMimalloc", providers: [.apt(["libmimalloc-dev"])]),
        .target(name: "CIntrinsics", exclude: [page]),
        .target(name: "CBuild", exclude: [page], cSettings: [.define("STANDING_COMMIT", to: "\"\(commit)\"")]),
        .target(
            name: "CSimdJSON", exclude: [page],
            // Without this definition simdjson checks its own use, at a third of the speed.
            cxxSettings: [.define("NDEBUG", .when(configuration: .release))],
            linkerSettings: [.linkedLibrary("simdjson")]),

        // Pure: no broker, no clock.
        room("Events", ["CEL", "CSimdJSON", crypto]),
        .target(
            name: "CEL", exclude: [page, "Tables"], swiftSettings: strict,
            // Programs without Foundation do not link it.
            linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
        room("CELJSON", ["CEL"]),
        room("Policy", ["Events", "CEL", "CELJSON", yams]),
        room("Scoring", ["CIntrinsics", "Events", "CEL", "CELJSON", "Policy"]),
        room("Ledger", ["CIntrinsics", "CLZ4", "Events", crypto], excluding: ["FORMATS.md"]),
        room("Replay", ["CZlib", "Events", "Ledger", "Policy", "Scoring"]),
        room("Backtests", ["Events", "Ledger", "Policy", "Replay", "Scoring"]),

        // At the edges.
        room("Kafka", ["CRDKafka", "Events"]),
        room("Topics", ["Events", "Kafka", "Mapping", "Policy"]),
        room("Operations", ["Events", "HTTP", "Kafka", "Lag", "Options", "Pipeline", "Topics", logging]),
        room(
            "Pipeline",
            [
                "Backtests", "Events", "Kafka", "Ledger", "Mapping", "Policy", "Replay", "Scoring", logging, metrics,
            ]),
        room("Lag", ["Events", "HTTP", "Kafka", "Ledger", httpTypes, hummingbird, logging]),
        room("Access", ["Events", crypto, cryptoExtras, jwt, logging]),
        room("Audit", ["Access", "Events", "Kafka", "Ledger", crypto, logging]),
        room("Mapping", ["Events", "CEL", "CELJSON", "Policy", crypto]),
        room("Console", ["Access", "Events", "HTTP", httpTypes, hummingbird, mustache]),
        room(
            "HTTP",
            [
                "Access", "Events", nioSSL, hummingbird, hummingbirdCore, httpTypes, logging, nio, nioHTTP1,
                nioHTTPTypes, nioPosix,
            ]),
        room(
            "Query",
            [
                "Access", "Audit", "Backtests", "Console", "Events", "HTTP", "Kafka", "Lag", "Ledger", "Pipeline",
                "Policy", "Replay", "Scoring", httpTypes, hummingbird, logging, metrics,
            ]),
        room("Downstream", ["Events", "HTTP", "Kafka", grdb, hummingbird, logging]),
        room("ServiceManager"),
        room("Simulation", ["CEL", "Ledger"]),
        room(
            "Disasters",
            ["Events", "Kafka", "Ledger", "Pipeline", "Policy", "Replay", "Scoring", "Simulation", logging]),
        room("Terminal", ["Events", "Ledger", "Replay", argumentParser, logging]),
        room(
            "Options",
            [
                "Access", "Events", "HTTP", "Kafka", "Mapping", "Pipeline", "Policy", "Scoring", "Terminal", "Topics",
                argumentParser,
            ]),
        room(
            "Feeding",
            ["Events", "Kafka", "Ledger", "Mapping", "Options", "Replay", "Terminal", "Topics", argumentParser, grdb]),
        room(
            "Quickstart",
            [
                "Downstream", "Events", "Feeding", "Kafka", "Lag", "Options", "Pipeline", "Policy", "Query", "Replay",
                "Scoring", "Simulation", "Terminal", "Topics", logging,
            ]),
        room(
            "Benchmarks",
            [
                "CEL", "CELJSON", "Events", "Feeding", "HTTP", "Kafka", "Ledger", "Mapping", "Options",
                "Pipeline", "Policy", "Query", "Replay", "Scoring", "Terminal", "Topics", argumentParser, histogram,
                logging, metrics, nio, nioHTTP1, nioPosix,
            ]),
        .executableTarget(
            name: "standing",
            dependencies: [
                "Access", "Audit", "Backtests", "Benchmarks", "CBuild", "CEL", "CELJSON", "CIntrinsics", "CMimalloc",
                "Disasters", "Downstream", "Events", "Feeding", "HTTP", "Kafka", "Lag", "Ledger", "Mapping",
                "Operations", "Options", "Pipeline", "Policy", "Query", "Quickstart", "Replay", "Scoring",
                "ServiceManager", "Terminal", "Topics", argumentParser, logging, metrics,
            ],
            exclude: [page], swiftSettings: strict),

        // A malloc that counts, linked into tests only.
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
        // Seeded randomness, for tests only.
        .target(name: "Randomness", path: "Tests/Randomness", swiftSettings: strict),
        // Files of tests: folders that are removed, certificates, and what is shared with other programs.
        .target(name: "TestFiles", path: "Tests/TestFiles", swiftSettings: strict),
        tests("EventsTests", ["CAllocationCounter", "Events", "Randomness"]),
        tests("CELTests", ["CAllocationCounter", "CEL", "CELJSON", "Randomness"]),
        tests("CELJSONTests", ["CAllocationCounter", "CEL", "CELJSON", "Randomness"]),
        tests("PolicyTests", ["Events", "CEL", "Policy", "Randomness"]),
        tests(
            "ScoringTests", ["CAllocationCounter", "Events", "CEL", "Policy", "Randomness", "Scoring"]),
        tests("LedgerTests", ["Events", "Ledger", "Randomness", "Simulation"]),
        tests(
            "ReplayTests",
            [
                "Backtests", "Events", "Ledger", "Policy", "Randomness", "Replay", "Scoring", "Simulation", "TestFiles",
            ]),
        tests(
            "BacktestsTests", ["Backtests", "Events", "Policy", "Randomness", "Replay", "Scoring", "TestFiles"]),
        tests("KafkaTests", ["Events", "Kafka"]),
        tests("TopicsTests", ["Events", "Kafka", "Mapping", "Policy", "Scoring", "Topics"]),
        tests(
            "PipelineTests",
            [
                "Backtests", "Events", "Kafka", "Ledger", "Mapping", "Pipeline", "Policy", "Randomness", "Replay",
                "Scoring", "Simulation", logging,
            ]),
        tests(
            "HTTPTests",
            [
                "Access", "Events", "HTTP", hummingbird, httpTypes, logging, "Randomness", nio, nioEmbedded, nioHTTP1,
                nioPosix, nioSSL, "TestFiles",
            ]),
        tests(
            "QueryTests",
            [
                "Access", "Audit", "Backtests", "Console", "Events", "HTTP", "Kafka", "Pipeline", "Policy", "Query",
                "Replay", "Scoring", crypto, httpTypes, hummingbird, logging, metrics, nio,
            ]),
        tests("LagTests", ["Events", "Kafka", "Lag"]),
        tests("DownstreamTests", ["Downstream", "Events", "Kafka", grdb, logging]),
        tests("ServiceManagerTests", ["ServiceManager"]),
        tests("DisastersTests", ["Disasters", "Kafka", "Pipeline", "Randomness", "Simulation", logging]),
        tests("QuickstartTests", ["Quickstart"]),
        tests("AccessTests", ["Access", "Events", crypto, jwt, logging]),
        tests("AuditTests", ["Access", "Audit", "Events", "Kafka", "Ledger", logging]),
        tests("ConsoleTests", ["Access", "Console", "Events", "HTTP", httpTypes, hummingbird, logging, nio]),
        tests("MappingTests", ["CAllocationCounter", "Events", "Mapping", "Policy", "Randomness"]),
        tests(
            "OperationsTests", ["HTTP", "Kafka", "Operations", "Pipeline", "TestFiles", "Topics", hummingbird, logging]),
        tests(
            "CommandTests",
            ["Events", "Kafka", "Ledger", "Randomness", "Replay", "Scoring", grdb, yams]),
    ],
    cxxLanguageStandard: .cxx17
)
