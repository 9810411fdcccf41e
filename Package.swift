// swift-tools-version: 6.2
import PackageDescription

/// The settings every Swift target shares: Swift 6 mode, the upcoming features, warnings as errors.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Targets that hold C pointers, where every unsafe use is spelled out.
let strictlyMemorySafe: Set<String> = ["Reactor", "AMQP", "Postgres"]

let package = Package(
    name: "skald",
    products: [
        .library(name: "Reactor", targets: ["Reactor"]),
        .library(name: "AMQP", targets: ["AMQP"]),
        .library(name: "Postgres", targets: ["Postgres"]),
        .library(name: "Telemetry", targets: ["Telemetry"]),
        .library(name: "Messaging", targets: ["Messaging"]),
        .library(name: "Participant", targets: ["Participant"]),
        .executable(name: "skald", targets: ["Skald"]),
        .executable(name: "skald-bench", targets: ["Benchmarks"]),
    ],
    targets: [
        // C doors: module maps and static inline shims, no logic.
        .systemLibrary(
            name: "CRabbitMQ", path: "Sources/System/CRabbitMQ", pkgConfig: "librabbitmq",
            providers: [.apt(["librabbitmq-dev"])]),
        .systemLibrary(
            name: "COpenSSL", path: "Sources/System/COpenSSL", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CPostgres", path: "Sources/System/CPostgres", pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CYAML", path: "Sources/System/CYAML", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CLinux", path: "Sources/System/CLinux"),

        // Libraries, from the bottom of the house up.
        .target(name: "Telemetry"),
        .target(name: "Reactor", dependencies: ["CLinux", "Telemetry"]),
        .target(name: "AMQP", dependencies: ["CRabbitMQ", "COpenSSL", "CLinux", "Reactor", "Telemetry"]),
        .target(name: "SagaModel"),
        .target(name: "SagaCheck", dependencies: ["SagaModel"]),
        .target(name: "Messaging", dependencies: ["Telemetry"]),
        .target(name: "Postgres", dependencies: ["CPostgres", "CLinux", "Reactor", "Telemetry"]),
        .target(name: "Participant", dependencies: ["AMQP", "Postgres", "Messaging", "Reactor", "Telemetry"]),
        .target(name: "SagaFile", dependencies: ["SagaModel", "CYAML", "COpenSSL"]),
        .target(
            name: "Orchestration",
            dependencies: ["AMQP", "Messaging", "Participant", "Postgres", "SagaFile", "SagaModel", "Telemetry"]),
        .target(name: "Contracts", dependencies: ["Messaging"]),
        .target(name: "LocalServers", dependencies: ["CLinux", "Telemetry"]),

        // The services, each a process of its own.
        .executableTarget(
            name: "OrderService", dependencies: ["Contracts", "Messaging", "Participant", "Postgres"],
            path: "Sources/Services/OrderService"),
        .executableTarget(
            name: "ConsumerService", dependencies: ["Contracts", "Messaging", "Participant", "Postgres"],
            path: "Sources/Services/ConsumerService"),
        .executableTarget(
            name: "KitchenService", dependencies: ["Contracts", "Messaging", "Participant", "Postgres", "Telemetry"],
            path: "Sources/Services/KitchenService"),
        .executableTarget(
            name: "AccountingService", dependencies: ["Contracts", "Messaging", "Participant", "Postgres"],
            path: "Sources/Services/AccountingService"),
        .executableTarget(
            name: "OrchestratorService", dependencies: ["Orchestration", "Participant", "SagaFile"],
            path: "Sources/Services/OrchestratorService"),

        // The command-line tool.
        .executableTarget(
            name: "Skald",
            dependencies: [
                "AMQP", "LocalServers", "Messaging", "Orchestration", "Participant", "Postgres", "SagaCheck",
                "SagaFile",
                "SagaModel", "Telemetry",
            ]),

        // Benchmarks, with their C baselines beside them.
        .target(
            name: "BenchmarkBaselines", dependencies: ["CRabbitMQ", "CPostgres"], path: "Sources/Benchmarks/Baselines",
            cSettings: [.enableWarning("all"), .enableWarning("extra"), .treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "AMQP", "BenchmarkBaselines", "Contracts", "LocalServers", "Messaging", "Orchestration", "Participant",
                "Postgres", "SagaCheck", "SagaFile", "SagaModel", "Telemetry",
            ],
            exclude: ["Baselines"]),

        // Tests, one target per library.
        .target(name: "BankSample", dependencies: ["Messaging", "Participant", "Postgres"], path: "Tests/BankSample"),
        .executableTarget(
            name: "BankService", dependencies: ["BankSample", "Messaging", "Participant"], path: "Tests/BankService"),
        .testTarget(name: "BenchmarksTests", dependencies: ["Benchmarks", "BenchmarkBaselines"]),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "AMQP", "BankSample", "BankService", "Benchmarks", "CLinux", "LocalServers", "Messaging", "Participant",
                "Postgres", "Reactor", "SagaFile", "SagaModel", "Skald", "Telemetry",
            ]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "AMQP", "AccountingService", "ConsumerService", "Contracts", "KitchenService", "LocalServers",
                "Messaging", "Orchestration", "OrderService", "Participant", "Postgres", "SagaFile", "SagaModel",
                "Skald", "Telemetry",
            ]),
        .testTarget(name: "ReactorTests", dependencies: ["CLinux", "Reactor", "Telemetry"]),
        .testTarget(name: "AMQPTests", dependencies: ["AMQP", "CLinux", "Telemetry"]),
        .testTarget(name: "SagaCheckTests", dependencies: ["SagaCheck", "SagaFile", "SagaModel"]),
        .testTarget(name: "SagaFileTests", dependencies: ["SagaFile", "SagaModel"], exclude: ["Broken"]),
        .testTarget(name: "SagaModelTests", dependencies: ["SagaModel"]),
        .testTarget(
            name: "SkaldTests",
            dependencies: [
                "AMQP", "Messaging", "Orchestration", "Skald", "SagaCheck", "SagaFile", "SagaModel", "Telemetry",
            ]),
        .testTarget(name: "RepositoryTests"),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"]),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres", "Reactor"]),
        .testTarget(
            name: "OrchestrationTests",
            dependencies: ["Messaging", "Orchestration", "Participant", "SagaFile", "SagaModel"]),
        .testTarget(name: "LocalServersTests", dependencies: ["CLinux", "LocalServers"]),
        .testTarget(name: "MessagingTests", dependencies: ["Messaging"]),
    ]
)

for target in package.targets where target.type != .system {
    target.swiftSettings = settings
    if strictlyMemorySafe.contains(target.name) {
        target.swiftSettings?.append(.strictMemorySafety())
    }
}
