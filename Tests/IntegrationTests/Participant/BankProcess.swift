import CLinux
import Glibc
import LocalServers
import Messaging
import Postgres
import Telemetry

@testable import Participant

/// A bank in a process of its own, which may be killed, by itself at a point or by us.
final class BankProcess: Sendable {
    let pid: pid_t
    /// What it wrote.
    let logPath: String
    /// The other end of its input: it ends when this closes, also if this process is killed.
    private let input: Int32

    /// - Parameter crash: such as `K4:3`, the third time it reaches K4.
    static func start(_ bank: BankHarness, instance: String = "bank/1", crash: String? = nil) throws -> BankProcess {
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
        return try BankProcess(program("BankService"), [], environment)
    }

    /// A program that was built beside these tests.
    static func program(_ name: String) throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            readlink("/proc/self/exe", bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        return path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex) + "/" + name
    }

    /// - Parameter arguments: further words for the program.
    init(_ program: String, _ arguments: [String], _ environment: [String: String]) throws {
        logPath = "/tmp/skald-bank-\(UInt64.random(in: 0 ... .max)).log"
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw StartFailure(program, errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        posix_spawn_file_actions_addopen(&actions, 1, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        // Threads of a test block signals, and a child would go on blocking them.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + settings { free(text) } }
        var pid = pid_t()
        let status = posix_spawnp(&pid, program, &actions, &attributes, &words, &settings)
        close(ends[0])
        self.pid = pid
        input = ends[1]
        guard status == 0 else { throw StartFailure(program, status) }
    }

    deinit {
        close(input)
        unlink(logPath)
    }

    func send(_ number: Int32) { kill(pid, number) }

    /// Waits for its end.
    ///
    /// - Returns: the signal that killed it, or nil if it ended by itself.
    @discardableResult
    func end() async -> Int32? {
        var status: Int32 = 0
        while waitpid(pid, &status, WNOHANG) == 0 {
            // Allowed (test-sleep): a pause between two looks; a wait that blocks would take a thread from everybody.
            do { try await Task.sleep(for: .milliseconds(10)) } catch { return nil }
        }
        return status & 0x7F == 0 ? nil : status & 0x7F
    }

    /// Asks it to end and waits.
    func stop() async {
        send(SIGTERM)
        await end()
    }

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

struct StartFailure: Error, CustomStringConvertible {
    let description: String

    init(_ program: String, _ number: Int32) {
        description = "cannot start \(program): \(String(cString: strerror(number)))"
    }
}
