import LocalServers
import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The lines of a file or of standard input, as they come.
final class LineSource: Sendable {
    private let descriptor: Int32
    private let name: String
    /// Whether it may be read twice: a regular file that was named.
    let isRepeatable: Bool
    private static let lineByteCountMax = 2 << 20
    /// How soon a wait hears that it was cancelled.
    private static let lookInterval = Duration.milliseconds(50)

    /// - Parameter path: `-` is standard input.
    init(path: String) throws(Failure) {
        name = path == "-" ? "standard input" : path
        descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(.badInput, "cannot read \(name): \(String(cString: strerror(errno)))")
        }
        var status = stat()
        isRepeatable = path != "-" && fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Goes back to the first line of what is repeatable.
    func rewind() throws(Failure) {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw Failure(.badInput, "cannot read \(name) again: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// What came of a look.
    enum Arrival: Equatable {
        /// Whole lines, at least one.
        case lines([String])
        /// Nothing whole so far.
        case nothing
        case end
    }

    /// Reads on.
    ///
    /// - Parameters:
    ///   - rest: The beginning of a line whose end has not come; empty at first.
    ///   - limit: How long to wait for what comes next; nil is until it does.
    /// - Throws: `CancellationError` where the task is cancelled, also while it waits.
    func more(_ rest: inout [UInt8], within limit: Duration?) async throws -> Arrival {
        while true {
            guard try await isReady(within: limit) else { return .nothing }
            let bytes = try await onOwnThread { try self.read() }
            if bytes.isEmpty {
                guard !rest.isEmpty else { return .end }
                defer { rest = [] }
                return .lines([String(decoding: rest, as: UTF8.self)])
            }
            rest += bytes
            if let end = rest.lastIndex(of: UInt8(ascii: "\n")) {
                let lines = rest[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                rest = Array(rest[(end + 1)...])
                return .lines(lines.map { String(decoding: $0, as: UTF8.self) })
            }
            if rest.count > Self.lineByteCountMax { throw Failure(.badInput, "\(name) has a line of over 2 MiB") }
        }
    }

    /// Whether a read would return at once, be it with the end.
    private func isReady(within limit: Duration?) async throws -> Bool {
        try Task.checkCancellation()
        if has(within: .zero) { return true }
        if limit == .zero { return false }
        let deadline = limit.map { ContinuousClock.now + $0 }
        let isCancelled = Lock(false)
        return try await withTaskCancellationHandler {
            try await onOwnThread {
                while !self.has(within: Self.lookInterval) {
                    if isCancelled.withLock({ $0 }) { throw CancellationError() }
                    if let deadline, ContinuousClock.now >= deadline { return false }
                }
                return true
            }
        } onCancel: {
            isCancelled.withLock { $0 = true }
        }
    }

    /// A read that has begun cannot be taken back, so nobody reads before something is there. Blocks so long at most.
    private func has(within limit: Duration) -> Bool {
        var look = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&look, 1, Int32(limit.seconds * 1000)) > 0
    }

    private func read() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &bytes, bytes.count)
            if count >= 0 { return Array(bytes[..<count]) }
            if errno != EINTR { throw Failure(.badInput, "cannot read \(name): \(String(cString: strerror(errno)))") }
        }
    }
}
