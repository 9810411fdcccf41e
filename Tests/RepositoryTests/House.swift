/// The house: which target may import which, from the ground up. A room may only look down.
///
/// Change a row only with a reason, and write the reason down here.
enum House {
    struct Room {
        var name: String
        var mayImport: [String]
        /// Decides and computes; no clock, no files, no sockets, not even the C library.
        var isPure = false
        /// Why the row is as it is, where that is not plain.
        var reason = ""
    }

    static let doors = ["CLinux", "CRabbitMQ", "COpenSSL", "CPostgres", "CYAML"]

    static let rooms: [Room] =
        doors.map { Room(name: $0, mayImport: [], reason: "a door to C holds no logic") } + [
            Room(name: "Telemetry", mayImport: [], reason: "no I/O but stdout; holds the lock everybody uses"),
            Room(
                name: "Reactor", mayImport: ["CLinux", "Telemetry"],
                reason: "knows no protocol; one thread can then serve a broker, a database and the tasks between them"),
            Room(name: "SagaModel", mayImport: [], isPure: true),
            Room(
                name: "AMQP", mayImport: ["CRabbitMQ", "COpenSSL", "CLinux", "Reactor", "Telemetry"],
                reason: "knows no saga; Telemetry, because lock and metrics exist once and Telemetry imports nothing"),
            Room(
                name: "Postgres", mayImport: ["CPostgres", "CLinux", "Reactor", "Telemetry"],
                reason: "knows no saga; Telemetry for the same reason as AMQP"),
            Room(name: "SagaFile", mayImport: ["CYAML", "COpenSSL", "SagaModel"], reason: "OpenSSL for the SHA-256"),
            Room(name: "SagaCheck", mayImport: ["SagaModel"], isPure: true),
            Room(name: "Messaging", mayImport: ["Telemetry"], isPure: true, reason: "Telemetry for the trace context"),
            Room(name: "Participant", mayImport: ["AMQP", "Postgres", "Messaging", "Reactor", "Telemetry"]),
            Room(
                name: "Orchestration",
                mayImport: ["SagaModel", "SagaFile", "AMQP", "Postgres", "Messaging", "Participant", "Telemetry"]),
            Room(name: "Contracts", mayImport: ["Messaging"], reason: "messages as values, no behaviour"),
            Room(name: "LocalServers", mayImport: ["CLinux", "Telemetry", "AMQP", "Postgres"]),
            Room(name: services, mayImport: serviceImports),
            Room(
                name: "Skald",
                mayImport: [
                    "Telemetry", "SagaModel", "SagaFile", "SagaCheck", "AMQP", "Postgres", "Messaging", "Participant",
                    "Orchestration", "Contracts", "LocalServers",
                ]),
            Room(
                name: "BankSample", mayImport: ["Messaging", "Participant", "Postgres"],
                reason: "a service for tests, in a process of its own or in theirs"),
            Room(
                name: "BankService", mayImport: ["BankSample", "Messaging", "Participant"],
                reason: "wires the bank as a program that tests may kill"),
            Room(
                name: "BenchmarkBaselines", mayImport: ["CRabbitMQ", "CPostgres", "COpenSSL", "CLinux"],
                reason: "C beside C: a baseline that used our code would measure itself"),
            Room(
                name: "Benchmarks",
                mayImport: [
                    "BenchmarkBaselines", "CLinux", "Telemetry", "SagaModel", "SagaFile", "SagaCheck", "AMQP",
                    "Postgres",
                    "Messaging", "Participant", "Orchestration", "Contracts", "LocalServers",
                ]),
        ]

    /// One row for every target under `Sources/Services`.
    static let services = "Services"
    private static let serviceImports = [
        "Telemetry", "SagaModel", "SagaFile", "AMQP", "Postgres", "Messaging", "Participant", "Orchestration",
        "Contracts",
    ]

    /// Modules of the system a room may use besides ours.
    static let systemModules: Set<String> = ["Glibc", "Musl", "Synchronization", "Dispatch"]

    /// Tests that belong to no single room.
    static let wideTests: Set<String> = ["IntegrationTests", "EndToEndTests", "RepositoryTests"]

    /// The row of a target, by its name and the folder it lies in.
    static func room(of target: String, path: String) -> Room? {
        rooms.first { $0.name == (path.hasPrefix("Sources/Services/") ? services : target) }
    }
}
