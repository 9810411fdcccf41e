import Glibc
import LocalServers
import Messaging
import Postgres
import Telemetry
import Testing

@testable import Participant

/// A bank in a process of its own, which may be killed, by itself at a point or by us.
final class BankProcess: Sendable {
    private let process: LocalProcess
    /// What it wrote.
    private let logPath: String

    /// They end with this process, also if that is killed.
    private static let owner = Result { try LocalProcessOwner() }

    /// - Parameter crash: such as `K4:3`, the third time it reaches K4.
    static func start(
        _ bank: BankHarness, instance: String = "bank/1", crash: String? = nil
    ) async throws -> BankProcess {
        let database = bank.runtimeConfiguration
        let user = "amqp://\(bank.service):\(BankHarness.password)@\(bank.broker.host):\(bank.broker.port)"
        let login = "\(database.user):\(bank.databasePassword)"
        var environment = [
            "AMQP_URL": "\(user)/\(bank.virtualHost.replacing("/", with: "%2f"))", "SKALD_INSTANCE": instance,
            "DATABASE_URL":
                "postgres://\(login)@/\(bank.database)?host=\(database.host)&port=\(database.port)&sslmode=disable",
            "BANK_LADDER": bank.ladder.levels.map { "\($0.milliseconds)" }.joined(separator: ","),
            "LOG_LEVEL": "info",
        ]
        environment["SKALD_CRASH_AT"] = crash
        return try await start([OwnProgram.neighbour("BankService")], environment)
    }

    /// - Parameter words: the program and what it is given.
    static func start(_ words: [String], _ environment: [String: String]) async throws -> BankProcess {
        let logPath = "/tmp/skald-bank-\(UInt64.random(in: 0 ... .max)).log"
        let program = LocalProcess.Program(words, environment: environment, logPath: logPath)
        return BankProcess(try await LocalProcess.started(program, by: try owner.get()), logPath)
    }

    private init(_ process: LocalProcess, _ logPath: String) {
        self.process = process
        self.logPath = logPath
    }

    deinit { unlink(logPath) }

    var processID: Int32 { process.processID }

    func send(_ signal: Int32) { process.send(signal) }

    var hasEnded: Bool { process.end != nil }

    /// Waits for its end.
    ///
    /// - Returns: the signal that killed it, or nil if it ended by itself.
    @discardableResult
    func end(within limit: Duration = .seconds(60)) async throws -> Int32? {
        try await eventually(within: limit) { hasEnded }
        return process.endSignal
    }

    /// Asks it to end and waits.
    func stop() async throws { try await process.stop() }

    /// The last lines it wrote, for a test that failed.
    var lastLines: String {
        guard let file = fopen(logPath, "r") else { return "" }
        defer { fclose(file) }
        var lines: [String] = []
        var buffer = [CChar](repeating: 0, count: 65_536)
        while fgets(&buffer, Int32(buffer.count), file) != nil {
            lines.append(String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        return lines.suffix(30).joined()
    }
}
