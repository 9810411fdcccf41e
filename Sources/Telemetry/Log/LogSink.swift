import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where finished lines go.
package protocol LogSink: Sendable {
    /// Takes one whole line with its newline. Never throws and never blocks for long: a log must not hurt its program.
    func write(_ line: [UInt8])
}

/// Writes each line to a file descriptor with one `write(2)`, so that lines of several threads never mix.
///
/// A line the descriptor does not take (its reader is gone, its disk is full) is dropped and counted.
package final class DescriptorLogSink: LogSink {
    private let descriptor: Int32
    private let dropped = Atomic<Int>(0)

    package init(descriptor: Int32) { self.descriptor = descriptor }

    package static let standardOutput = DescriptorLogSink(descriptor: STDOUT_FILENO)
    package static let standardError = DescriptorLogSink(descriptor: STDERR_FILENO)

    /// Lines lost because the descriptor refused them.
    package var droppedLineCount: Int { dropped.load(ordering: .relaxed) }

    /// Whether a person is likely reading.
    package var isTerminal: Bool { isatty(descriptor) == 1 }

    package func write(_ line: [UInt8]) {
        var rest = line[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { platformWrite(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if !(written < 0 && errno == EINTR) {
                dropped.add(1, ordering: .relaxed)
                return
            }
        }
    }
}

private func platformWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

/// Keeps lines in memory, for tests of what a program logs.
package final class MemoryLogSink: LogSink {
    private let written = Lock<[String]>([])

    package init() {}

    package var lines: [String] { written.withLock { $0 } }

    package func write(_ line: [UInt8]) {
        let text = String(decoding: line, as: UTF8.self)
        written.withLock { $0.append(text) }
    }
}
