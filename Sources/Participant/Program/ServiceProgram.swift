public import Postgres
import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A service as a program: `NAME` serves until SIGTERM or SIGINT, `NAME migrate` brings the database up to date.
///
/// ```swift
/// let program = ServiceProgram("kitchen", migrations: KitchenMigrations.all)
/// exit(await program.run { try Participant($0, handlers: handlers) })
/// ```
///
/// Migrating needs the role that owns the database in `DATABASE_URL`; serving runs as the service's own, which has no right to.
public struct ServiceProgram: Sendable {
    private let service: String
    private let migrations: [Migration]
    private let arguments: [String]

    /// - Parameters:
    ///   - migrations: of the service's own tables; those of every participant come by themselves.
    ///   - arguments: what was typed after the program's name.
    public init(
        _ service: String, migrations: [Migration],
        arguments: [String] = Array(CommandLine.arguments.dropFirst())
    ) {
        self.service = service
        self.migrations = migrations
        self.arguments = arguments
    }

    /// Does what the command line says.
    ///
    /// - Returns: the exit status: 0, 1 after a failure, 2 for a command line nobody understands, 65 for a database of
    ///   another version, 78 for a configuration that cannot work.
    @concurrent
    public func run(_ make: @escaping @Sendable (ParticipantConfiguration) async throws -> any LongRunning) async
        -> Int32
    {
        do {
            switch arguments {
            case []: try await serve(make)
            case ["migrate"]: try await migrate()
            default:
                Self.complain(
                    "\(arguments.joined(separator: " ")): the only command is `migrate`; without one it serves")
                return 2
            }
            return 0
        } catch {
            complain(of: error)
            return Self.status(of: error)
        }
    }

    /// The numbers are those of BSD's `sysexits.h`.
    static func status(of error: any Error) -> Int32 {
        if (error as? PostgresError)?.code == .migrationRefused { return 65 }
        return error is any ConfigurationFault ? 78 : 1
    }

    private func migrate() async throws {
        let pool = PostgresPool(
            try ParticipantConfiguration.database(Self.variable, applicationName: "\(service)/migrate"))
        defer { pool.close() }
        try await pool.migrate(ParticipantSchema.set, ParticipantSchema.migrations)
        try await pool.migrate(service, migrations)
    }

    private func serve(
        _ make: @escaping @Sendable (ParticipantConfiguration) async throws -> any LongRunning
    ) async throws {
        let configuration = try ParticipantConfiguration(service: service, environment: Self.variable)
        try await Termination.untilAsked {
            try await untilMigrated(configuration)
            try await make(configuration).run()
        }
    }

    /// Waits for the service's own tables, which another process makes.
    private func untilMigrated(_ configuration: ParticipantConfiguration) async throws {
        let log = ParticipantTelemetry.standard(service: service).log
        let pool = PostgresPool(configuration.database)
        defer { pool.close() }
        var lastComplaint = ""
        while let complaint = await missing(in: pool) {
            if complaint != lastComplaint {
                log.warning("waiting for the schema", ["reason": .string(complaint)])
            }
            lastComplaint = complaint
            try await Task.sleep(for: SchemaWatch.interval)
        }
    }

    private func missing(in pool: PostgresPool) async -> String? {
        do {
            let pending = try await pool.pendingMigrations(service, migrations)
            return pending.isEmpty
                ? nil : "the migrations of \(service) are not applied; run the program with `migrate`"
        } catch {
            return "\(error)"
        }
    }

    /// The value of an environment variable; nil if it is absent or empty.
    public static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The wall clock, in milliseconds since 1970.
    public static let now: @Sendable () -> Int64 = { Logger.wallClockMilliseconds() }

    /// A whole number out of an environment variable.
    ///
    /// - Throws: ``ParticipantConfigurationError`` if it is no number of the range.
    public static func number(
        _ name: String, _ standard: Int64, in range: ClosedRange<Int64>
    ) throws(ParticipantConfigurationError) -> Int64 {
        guard let text = variable(name) else { return standard }
        guard let number = Int64(text), range.contains(number) else {
            throw ParticipantConfigurationError(
                setting: name,
                problem: "is \"\(text)\"; it is a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Says why the program ends: as the last record of its log where programs read that, in plain words anywhere else.
    private func complain(of error: any Error) {
        let log = ParticipantTelemetry.standard(service: service).log
        // Who migrates reads no log.
        if log.format == .json, arguments.isEmpty {
            log.error("the service cannot go on", .failure(error))
        } else {
            Self.complain("\(service): \(error)")
        }
    }

    private static func complain(_ text: String) {
        DescriptorLogSink.standardError.write(Array((text + "\n").utf8))
    }
}
