import Glibc
import Telemetry
import Testing

@testable import Skald

@Suite(.timeLimit(.minutes(1))) struct LineSourceTests {
    @Test func linesComeAsTheyAreWritten() async throws {
        let pipe = try InputPipe()
        let source = try LineSource(path: pipe.path)
        var rest: [UInt8] = []
        #expect(try await source.more(&rest, within: .zero) == .nothing)
        pipe.write("a\n\nb\nhal")
        #expect(try await source.more(&rest, within: nil) == .lines(["a", "", "b"]))
        #expect(try await source.more(&rest, within: .zero) == .nothing)
        pipe.write("f")
        pipe.end()
        #expect(try await source.more(&rest, within: .zero) == .lines(["half"]))
        #expect(try await source.more(&rest, within: nil) == .end)
    }

    @Test func aWaitForALineEndsWithItsTask() async throws {
        let pipe = try InputPipe()
        let source = try LineSource(path: pipe.path)
        let (begun, hasBegun) = AsyncStream<Void>.makeStream()
        let waiting = Task {
            var rest: [UInt8] = []
            _ = try await source.more(&rest, within: nil)
            hasBegun.yield()
            return try await source.more(&rest, within: nil)
        }
        pipe.write("a\n")
        for await _ in begun { break }
        waiting.cancel()
        // A wait that is not told ends with its input, later.
        let deadline = Task {
            // Allowed (test-sleep): the deadline itself.
            try await Task.sleep(for: .seconds(10))
            pipe.end()
        }
        defer { deadline.cancel() }
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }
}

/// A pipe whose other end is read by its path, as standard input is.
final class InputPipe: Sendable {
    private let readEnd: Int32
    private let writeEnd: Lock<Int32>

    init() throws {
        var ends: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        readEnd = ends[0]
        writeEnd = Lock(ends[1])
    }

    deinit {
        end()
        close(readEnd)
    }

    var path: String { "/dev/fd/\(readEnd)" }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        writeEnd.withLock { _ = Glibc.write($0, bytes, bytes.count) }
    }

    /// No more comes.
    func end() {
        writeEnd.withLock { end in
            if end >= 0 { close(end) }
            end = -1
        }
    }
}
