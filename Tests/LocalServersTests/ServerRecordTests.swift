import Glibc
import Testing

@testable import LocalServers

@Suite struct ServerRecordTests {
    @Test func aLineIsReadBackAndNothingElse() throws {
        let process = ProcessIdentity(pid: 42, startTime: 987654)
        let record = ServerRecord(process: process, farewell: .init(signal: SIGINT, grace: .seconds(30)))
        #expect(record.text.hasPrefix("42 987654 2 30 "))
        #expect(ServerRecord(text: record.text) == record)
        let boot = try #require(record.text.split(whereSeparator: \.isWhitespace).last)
        let others = ["42 987654 2 \(boot)", "1 987654 2 30 \(boot)", "-42 987654 2 30 \(boot)"]
        for text in ["", "42 987654 2 30", "42 987654 2 30 another-boot"] + others {
            #expect(ServerRecord(text: text) == nil, "\(text)")
        }
    }

    @Test func aStrangerWithTheIdOfTheServerIsLeftAlone() async throws {
        let owner = try LocalProcessOwner()
        let stranger = try await LocalProcess.started(
            .init(["sleep", "600"], environment: [:], logPath: nil), by: owner)
        let found = try #require(ProcessIdentity(pid: stranger.processID))
        try await Self.endServer(ProcessIdentity(pid: found.pid, startTime: found.startTime - 1))
        #expect(found.isAlive)
        try await Self.endServer(found)
        #expect(!found.isAlive)
        try await owner.end()
    }

    private static func endServer(_ process: ProcessIdentity) async throws {
        let watchdog = try Watchdog()
        let folder = try ServerFolder.temporary("record", for: .current, removedBy: watchdog)
        let farewell = Watchdog.Farewell(signal: SIGTERM, grace: .seconds(30))
        try ServerRecord.put(ServerRecord(process: process, farewell: farewell), in: folder)
        try await ServerRecord.endServer(leftIn: folder.path)
        try await onOwnThread { watchdog.end() }
    }

    @Test(.timeLimit(.minutes(5)))
    func aClusterLeftInAFolderEndsBeforeTheNextStarts() async throws {
        var options = PostgresOptions()
        options.folder = "/tmp/skald-kept-\(ServerFolder.randomName())"
        defer { removeFolder(options.folder ?? "") }
        let first = try await PostgresCluster.started(options)
        try await first.psql("CREATE TABLE kept AS SELECT 7 AS id")
        let second = try await PostgresCluster.started(options)
        #expect(!first.isRunning)
        #expect(try await second.psql("SELECT id FROM kept") == "7\n")
        try await first.shutDown()
        try await second.shutDown()
    }

    @Test(.timeLimit(.minutes(5)))
    func aBrokerLeftInAFolderEndsBeforeTheNextStarts() async throws {
        var options = RabbitOptions()
        options.folder = "/tmp/skald-kept-\(ServerFolder.randomName())"
        defer { removeFolder(options.folder ?? "") }
        let first = try await RabbitServer.started(options)
        let second = try await RabbitServer.started(options)
        #expect(!first.isRunning && second.isRunning)
        try await first.shutDown()
        try await second.shutDown()
    }
}
