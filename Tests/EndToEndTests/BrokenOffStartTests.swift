import Glibc
import LocalServers
import Testing

@testable import Skald

/// Starts that somebody breaks off, or that cannot go on.
@Suite(.serialized, .timeLimit(.minutes(5))) struct BrokenOffStartTests {
    private let tool = OwnProgram.neighbour("skald")

    /// Waits until the start in the folder has come to these words, or to its begin.
    private func starts(_ folder: LocalFolder, _ note: String = "starting broker and database") async throws
        -> ProcessIdentity
    {
        try await eventually("a start comes to: \(note)") {
            guard let state = try SystemState.read(folder), state.phase == .starting, state.note == note else {
                return ProcessIdentity?.none
            }
            return state.supervisor
        }
    }

    @Test func downEndsAStartWithoutWaitingForItsServers() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            let log = skald.home + ".log"
            defer { unlink(log) }
            let folder = LocalFolder(path: skald.home)
            let up = try await skald.started([tool, "up", "--only", "servers"], log: log)
            let supervisor = try await starts(folder)
            #expect(try await skald.run("down").isSuccess)
            #expect(!supervisor.isAlive)
            #expect(try await eventually("the start ends") { up.end } == "exit status 0", "\(text(of: log))")
            #expect(!text(of: log).contains("preparing queues"), "\(text(of: log))")
            let state = try SystemState.read(folder)
            #expect(state?.phase == .stopped && state?.broker == nil, "no server was waited for")
            let again = try await skald.run("up", "--detach", "--only", "servers")
            #expect(again.isSuccess, "what was begun can be gone on with: \(again.output)")
        }
    }

    @Test func anInterruptedStartInTheBackgroundLeavesNothing() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            let log = skald.home + ".log"
            defer { unlink(log) }
            let up = try await skald.started([tool, "up", "--detach", "--only", "servers"], log: log)
            let supervisor = try await starts(LocalFolder(path: skald.home))
            kill(up.processID, SIGINT)
            #expect(try await eventually("the start ends") { up.end } == "exit status 130", "\(text(of: log))")
            #expect(!supervisor.isAlive)
            #expect(try await skald.run("status").exit == "exit status 69")
        }
    }

    // MARK: While databases are brought up to date

    /// Lends a folder with a service whose `migrate` does what the script says.
    private func withService(
        _ skald: SkaldProcess, _ script: String, _ body: ([String: String]) async throws -> Void
    ) async throws {
        let services = skald.home + ".services"
        let program = services + "/ConsumerService"
        try OutputFile.makeFolder(services)
        try OutputFile.write("#!/bin/sh\n\(script)\n", to: program, isExecutable: true)
        defer {
            unlink(program)
            rmdir(services)
        }
        try await body(["SKALD_SERVICES": services])
    }

    @Test func ctrlCDuringAMigrationIsNoFailureOfIt() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            try await withService(skald, "exec sleep 3600") { environment in
                let log = skald.home + ".log"
                defer { unlink(log) }
                let folder = LocalFolder(path: skald.home)
                let up = try await skald.started(
                    [tool, "up", "--only", "consumer"], environment: environment, log: log)
                _ = try await starts(folder, "bringing the databases up to date")
                // As a terminal does: the tool and all in its group.
                kill(-up.processID, SIGINT)
                #expect(try await eventually("the start ends") { up.end } == "exit status 0", "\(text(of: log))")
                #expect(!text(of: log).contains("error:"), "\(text(of: log))")
                #expect(try SystemState.read(folder)?.phase == .stopped)
            }
        }
    }

    @Test func dataIsGivenUpOnlyForADatabaseOfAnotherVersion() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            try await withService(skald, "echo 'consumer: no space left' >&2; exit 1") { environment in
                let start = try await skald.run("up", "--only", "consumer", environment: environment)
                #expect(start.exit == "exit status 69", "\(start.output)")
                #expect(
                    start.output.contains("the database of consumer cannot be brought up to date: consumer: no space"))
                #expect(!start.output.contains("--erase"), "\(start.output)")
                let status = try await skald.run("status").output
                #expect(status.contains("nothing runs here; the system ended by itself: the database of consumer"))
            }
            // The same database, as another version of the service left it.
            #expect(try await skald.run("up", "--detach", "--only", "consumer").isSuccess)
            let port = try #require(try SystemState.running(LocalFolder(path: skald.home)).database?.port)
            let change = try await skald.run(
                script: """
                    psql -h \(skald.home)/postgres/socket -p \(port) -U postgres consumer \\
                        -c "UPDATE skald_migration SET checksum = 'another' WHERE set = 'consumer'"
                    skald down
                    """)
            #expect(change.isSuccess && change.output.contains("UPDATE"), "\(change.output)")
            let start = try await skald.run("up", "--only", "consumer")
            #expect(start.exit == "exit status 69", "\(start.output)")
            #expect(start.output.contains("Run the version that made it, or remove all data"), "\(start.output)")
        }
    }
}
