import Glibc
import Testing

@testable import LocalServers

/// Nothing outlives the process that made the servers, however that process ends.
@Suite(.serialized) struct OwnerEndTests {
    /// Two watchdogs, the broker, its name service and the postmaster; more when their own children are up already.
    private let leastProcessCount = 5

    @Test(.timeLimit(.minutes(10)))
    func aKilledOwnerLeavesNothingRunning() async throws {
        let note = Note()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = note.path as String] in
            try await startServersAndNoteThem(in: path)
            kill(getpid(), SIGKILL)
        }
        try await expectGone(note)
    }

    @Test(.timeLimit(.minutes(10)))
    func anOwnerThatExitsTakesItsServersAlong() async throws {
        let note = Note()
        await #expect(processExitsWith: .success) { [path = note.path as String] in
            try await startServersAndNoteThem(in: path)
            exit(0)
        }
        // It waits for the watchdogs, and folders are the last they remove.
        #expect(try note.read().remainingFolders == [])
        try await expectGone(note)
    }

    /// The watchdogs are at work, and after them the servers' own children; nobody signals when all are done, so look.
    private func expectGone(_ note: Note) async throws {
        let left = try note.read()
        #expect(left.processes.count >= leastProcessCount)
        let gone = try await onOwnThread {
            Deadline(after: .seconds(30)).poll { left.isGone ? true : nil } ?? false
        }
        #expect(gone, "still there: \(left.remaining)")
    }
}

/// Starts a broker and a cluster, and writes down every process and folder that came with them.
private func startServersAndNoteThem(in path: String) async throws {
    let broker = try await RabbitServer.started()
    let cluster = try await PostgresCluster.started()
    var processes: [ProcessTable.Entry] = []
    var next = ProcessTable.children(of: getpid())
    while !next.isEmpty {
        processes += next
        next = next.flatMap { ProcessTable.children(of: $0.pid) }
    }
    let lines = processes.map { "\($0.pid) \($0.startTime)" } + [broker.folder.path, cluster.folder.path]
    guard let file = fopen(path, "we") else { throw LocalServerError.system("fopen \(path)", subject: "test") }
    fputs(lines.joined(separator: "\n"), file)
    fclose(file)
}

/// A file in which a process that ends leaves word.
private final class Note: Sendable {
    let path = "/tmp/skald-note-\(ServerFolder.randomName())"

    deinit { unlink(path) }

    struct Left: Sendable {
        var processes: [ProcessTable.Entry] = []
        var folders: [String] = []

        var remaining: [String] {
            processes.filter { ProcessTable.entry($0.pid) == $0 }.map { "process \($0.pid)" }
                + remainingFolders
        }

        var remainingFolders: [String] { folders.filter { access($0, F_OK) == 0 } }

        var isGone: Bool { remaining.isEmpty }
    }

    func read() throws -> Left {
        var left = Left()
        for line in try #require(readFile(path)).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let pid = pid_t(words[0]), let start = UInt64(words[1]) {
                left.processes.append(ProcessTable.Entry(pid: pid, startTime: start))
            } else {
                left.folders.append(String(line))
            }
        }
        return left
    }
}
