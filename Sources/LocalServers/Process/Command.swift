import Glibc

/// A short-lived command whose output is collected.
struct Command {
    var launch: Launch
    /// Given to the command's standard input, which is closed after it.
    var input = ""
    var limit: Duration = .seconds(60)

    /// Output past this is an error: nothing here prints a megabyte.
    private static let outputByteCountMax = 16 << 20

    init(
        _ arguments: [String], environment: [String: String] = [:], folder: String = "/", input: String = "",
        limit: Duration = .seconds(60)
    ) {
        launch = Launch(arguments: arguments, environment: environment, folder: folder)
        launch.environment["PATH"] = launch.environment["PATH"] ?? Account.searchPath
        launch.environment["LC_ALL"] = launch.environment["LC_ALL"] ?? "C.UTF-8"
        self.input = input
        self.limit = limit
    }

    /// What a finished command left.
    struct Result: Sendable {
        var exit: Int32
        var output: String
        var errorOutput: String
    }

    /// Runs the command to its end; throws when it cannot start or overruns its limit. Blocks the thread.
    func run() throws -> Result {
        let input = try Descriptor.pair()
        let output = try Descriptor.pair()
        let errors = try Descriptor.pair()
        var launch = launch
        launch.input = .descriptor(input.far.number)
        launch.output = .descriptor(output.far.number)
        launch.errorOutput = .descriptor(errors.far.number)
        let pid = try launch.spawn()
        // The child holds these now; ours must close, or its end of file would never be seen.
        _ = consume input.far
        _ = consume output.far
        _ = consume errors.far
        do {
            let deadline = Deadline(after: limit)
            _ = input.near.send(self.input)
            _ = consume input.near
            let collected = try collect([output.near.number, errors.near.number], by: deadline)
            let exit = try waitForExit(of: pid, by: deadline)
            return Result(exit: exit, output: collected[0], errorOutput: collected[1])
        } catch {
            kill(-pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw error
        }
    }

    /// Runs the command and gives its output; anything but success is an error that quotes what it said.
    func output() throws -> String {
        let result = try run()
        guard result.exit == 0 else {
            let said = [result.errorOutput, result.output].joined(separator: "\n")
            throw LocalServerError(
                .commandFailed, subject: launch.arguments.joined(separator: " "),
                problem: "ended with \(result.exit): \(said)", remedy: "correct the command or what it acts on")
        }
        return result.output
    }

    private func collect(_ descriptors: [Int32], by deadline: Deadline) throws -> [String] {
        var collected = descriptors.map { _ in [UInt8]() }
        var open = Set(descriptors.indices)
        var chunk = [UInt8](repeating: 0, count: 65536)
        while !open.isEmpty {
            let order = open.sorted()
            var waits = order.map { pollfd(fd: descriptors[$0], events: Int16(POLLIN), revents: 0) }
            let ready = poll(&waits, nfds_t(waits.count), deadline.remainingMilliseconds)
            if ready == 0 { throw overrun() }
            for (index, wait) in zip(order, waits) where wait.revents != 0 {
                let count = read(wait.fd, &chunk, chunk.count)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { open.remove(index) } else { collected[index] += chunk[0..<count] }
                if collected[index].count > Self.outputByteCountMax { throw overrun() }
            }
        }
        return collected.map { String(decoding: $0, as: UTF8.self) }
    }

    private func waitForExit(of pid: pid_t, by deadline: Deadline) throws -> Int32 {
        var status: Int32 = 0
        guard deadline.poll(every: .milliseconds(2), { waitpid(pid, &status, WNOHANG) != 0 ? true : nil }) != nil else {
            throw overrun()
        }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    private func overrun() -> LocalServerError {
        LocalServerError(
            .timedOut, subject: launch.arguments.joined(separator: " "),
            problem: "did not end within \(limit), or printed more than \(Self.outputByteCountMax) bytes",
            remedy: "see whether the server it talks to answers, and whether the machine is overloaded")
    }
}
