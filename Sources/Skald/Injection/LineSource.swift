import LocalServers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The lines of a file or of standard input, as they come.
final class LineSource: Sendable {
    private let descriptor: Int32
    private let name: String
    private static let lineByteCountMax = 2 << 20

    /// - Parameter path: `-` is standard input.
    init(path: String) throws(Failure) {
        name = path == "-" ? "standard input" : path
        descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(.badInput, "cannot read \(name): \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// Reads on.
    ///
    /// - Parameter rest: The beginning of a line whose end has not come; empty at first.
    /// - Returns: the whole lines that came, at least one; nil at the end.
    func more(_ rest: inout [UInt8]) async throws -> [String]? {
        while true {
            let bytes = try await onOwnThread { try self.read() }
            if bytes.isEmpty {
                guard !rest.isEmpty else { return nil }
                defer { rest = [] }
                return [String(decoding: rest, as: UTF8.self)]
            }
            rest += bytes
            if let end = rest.lastIndex(of: UInt8(ascii: "\n")) {
                let lines = rest[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                rest = Array(rest[(end + 1)...])
                return lines.map { String(decoding: $0, as: UTF8.self) }
            }
            if rest.count > Self.lineByteCountMax { throw Failure(.badInput, "\(name) has a line of over 2 MiB") }
        }
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
