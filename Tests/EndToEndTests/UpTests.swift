import Glibc
import LocalServers
import SagaFile
import Testing

@testable import Skald

@Suite(.serialized) struct UpTests {
    @Test func serversStartOnceAndEndWithoutATrace() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            let start = try await skald.run("up", "--detach", "--only", "servers")
            #expect(start.isSuccess, "\(start.output)")
            #expect(start.output.contains("ready after"))
            let supervisor = try #require(pid(in: try await skald.run("status", "--json").output))

            let second = try await skald.run("up", "--only", "servers")
            #expect(second.isSuccess && second.output.contains("it runs already (process \(supervisor))"))
            #expect(try await skald.run("doctor").output.contains("queues: 50 there"))

            let servers = children(of: supervisor)
            #expect(servers.count >= 3, "broker, name service and database")
            #expect(try await skald.run("down").isSuccess)
            #expect(servers.allSatisfy { !$0.isAlive })
            #expect(try await skald.run("status").exit == "exit status 69")

            // What somebody put beside it is not Skald's.
            let note = skald.home + "/note"
            try OutputFile.write("mine", to: note)
            let erased = try await skald.run("down", "--erase")
            #expect(erased.isSuccess && erased.output.contains("the folder stays"), "\(erased.output)")
            #expect(Folder.files(below: skald.home, suffix: "") == [note])
            let refused = try await skald.run("down", "--erase")
            #expect(refused.exit == "exit status 69" && refused.output.contains("is no folder of Skald's"))
            #expect(text(of: note) == "mine")
            unlink(note)
            rmdir(skald.home)
        }
    }

    @Test func nothingOutlivesASupervisorThatIsKilled() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            #expect(try await skald.run("up", "--detach", "--only", "servers").isSuccess)
            let supervisor = try #require(pid(in: try await skald.run("status", "--json").output))
            let servers = children(of: supervisor)
            #expect(servers.count >= 3)
            kill(supervisor, SIGKILL)
            _ = try await eventually("the servers end") { servers.allSatisfy { !$0.isAlive } ? true : nil }
            // The data is whole and the folder free again.
            let again = try await skald.run("up", "--detach", "--only", "servers")
            #expect(again.isSuccess, "\(again.output)")
        }
    }

    @Test func whatFollowsASupervisorThatIsKilledWaitsForItsServers() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            let folder = LocalFolder(path: skald.home)
            #expect(try await skald.run("up", "--detach", "--only", "servers").isSuccess)
            let first = try SystemState.running(folder)
            let old = try servers(of: skald)
            kill(first.supervisor?.pid ?? 0, SIGKILL)
            let again = try await skald.run("up", "--detach", "--only", "servers")
            #expect(again.isSuccess, "\(again.output)")
            #expect(old.allSatisfy { !$0.isAlive })
            let second = try SystemState.running(folder)
            #expect(second.broker == first.broker && second.database == first.database, "also their ports are free")

            let last = try servers(of: skald)
            kill(second.supervisor?.pid ?? 0, SIGKILL)
            let erased = try await skald.run("down", "--erase")
            #expect(erased.isSuccess, "\(erased.output)")
            #expect(last.allSatisfy { !$0.isAlive }, "nobody writes to the folder that was removed")
        }
    }

    /// Broker and database, as their folders name them.
    private func servers(of skald: SkaldProcess) throws -> [ProcessIdentity] {
        try ["broker", "postgres"].map { name in
            let words = text(of: "\(skald.home)/\(name)/process").split(separator: " ")
            return try #require(words.first.flatMap { Int32($0) }.flatMap { ProcessIdentity(pid: $0) })
        }
    }

    @Test func aSecondStartWaitsForTheFirstAndForAnEnd() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            let words = [OwnProgram.neighbour("skald"), "up", "--detach", "--only", "servers"]
            let log = skald.home + ".log"
            defer { unlink(log) }
            let first = try await skald.started(words, log: log)
            let folder = LocalFolder(path: skald.home)
            let supervisor = try await eventually("the first start begins") {
                guard let state = try SystemState.read(folder), state.phase == .starting else { return Int32?.none }
                return state.supervisor?.pid
            }
            let second = try await skald.run("up", "--detach", "--only", "servers")
            #expect(second.isSuccess, "\(second.output)")
            #expect(second.output.contains("process \(supervisor) starts the system already"), "\(second.output)")
            #expect(second.output.contains("it runs already (process \(supervisor))"), "\(second.output)")
            #expect(try await eventually("the first start ends") { first.end } == "exit status 0", "\(text(of: log))")

            let down = try await skald.started([words[0], "down"], log: log)
            _ = try await eventually("the end begins") {
                try SystemState.read(folder)?.phase == .stopping ? true : nil
            }
            let third = try await skald.run("up", "--detach", "--only", "servers")
            #expect(third.isSuccess && third.output.contains("ready after"), "\(third.output)")
            #expect(third.output.contains("waiting for the end of process \(supervisor)"), "\(third.output)")
            #expect(down.end == "exit status 0")
            #expect(try await skald.run("status").isSuccess)
        }
    }

    @Test func variablesOfLibpqLeadNowhereElse() async throws {
        // Nobody listens on the address, there is no such service, and the private server cannot encrypt.
        let elsewhere = [
            "PGHOSTADDR": "127.0.0.2", "PGSERVICE": "elsewhere", "PGSSLMODE": "require", "PGPASSWORD": "wrong",
            "PGOPTIONS": "-c default_transaction_read_only=on",
        ]
        try await SkaldProcess.inOwnFolder { skald in
            let start = try await skald.run("up", "--detach", "--only", "consumer", environment: elsewhere)
            #expect(start.isSuccess, "\(start.output)")
            let status = try await skald.run("status", environment: elsewhere)
            #expect(status.isSuccess && !status.output.contains("cannot be read"), "\(status.output)")
        }
    }

    @Test func aSettingThatCannotWorkEndsAStartAtOnce() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            let start = try await skald.run(
                "up", "--detach", "--only", "consumer", environment: ["CONSUMER_DAILY_COUNT_MAX": "many"])
            #expect(start.exit == "exit status 1", "\(start.output)")
            let words =
                "consumer ended with exit status 78: the service cannot go on: CONSUMER_DAILY_COUNT_MAX is \"many\""
            #expect(start.output.contains(words), "\(start.output)")
            #expect(start.output.contains("Its log: \(skald.home)/logs/consumer.log"), "\(start.output)")
            #expect(try await skald.run("status").exit == "exit status 69", "nothing is left running")
        }
    }

    @Test func aDefinitionChangedUnderItsVersionIsToldOnceAndCanBeMended() async throws {
        let sagas = try Definitions.changed(\.self)
        defer { sagas.remove() }
        try await SkaldProcess.inOwnFolder { skald in
            let log = skald.home + ".log"
            defer { unlink(log) }
            let folder = LocalFolder(path: skald.home)
            func orchestrator() throws -> SystemState.ServiceState? { try SystemState.read(folder)?.services.first }
            let up = try await skald.started(
                [OwnProgram.neighbour("skald"), "up", "--only", "orchestrator", "--sagas", sagas.path], log: log)
            let pid = try await eventually("it runs") {
                try SystemState.read(folder)?.phase == .ready ? try orchestrator()?.processID : nil
            }

            let file = sagas.path + "/create-order.saga.yaml"
            let whole = text(of: file)
            try OutputFile.write(whole.replacing("deadline: PT16M", with: "deadline: PT17M"), to: file)
            kill(pid, SIGKILL)
            let words =
                "orchestrator ended with exit status 78: the service cannot go on: \(file): version 2 of create-order is registered"
            _ = try await eventually("the end is told") { text(of: log).contains(words) ? true : nil }
            _ = try await eventually("it is started again") {
                try orchestrator().flatMap { $0.restartCount >= 4 ? true : nil }
            }
            #expect(text(of: log).ranges(of: words).count == 1, "\(text(of: log))")
            #expect(text(of: log).contains("Raise `version` in the file, to 3"), "\(text(of: log))")
            let status = try await skald.run("status")
            #expect(status.exit == "exit status 1" && status.output.contains(words), "\(status.output)")

            try OutputFile.write(whole, to: file)
            _ = try await eventually("it works") { try orchestrator()?.condition == .ready ? true : nil }
            #expect(try orchestrator()?.trouble == nil)
            try await up.stop()
            #expect(up.end == "exit status 0", "\(text(of: log))")
        }
    }

    @Test func aServiceThatCannotBeStartedAgainTakesNothingWithIt() async throws {
        try await SkaldProcess.inOwnFolder { skald in
            #expect(try await skald.run("up", "--detach", "--only", "consumer").isSuccess)
            let folder = LocalFolder(path: skald.home)
            let before = try SystemState.running(folder)
            func consumer() throws -> SystemState.ServiceState? { try SystemState.running(folder).services.first }
            // Nobody can write its log, so it cannot be started.
            for file in Folder.files(below: folder.logsPath, suffix: "") ?? [] { unlink(file) }
            rmdir(folder.logsPath)
            kill(try #require(try consumer()?.processID), SIGKILL)
            _ = try await eventually("the failure is told") {
                try consumer()?.trouble?.words.contains("consumer could not start: ") == true ? true : nil
            }
            #expect(try consumer()?.condition == .restarting)
            mkdir(folder.logsPath, 0o755)
            _ = try await eventually("it works again") { try consumer()?.condition == .ready ? true : nil }
            #expect(try SystemState.running(folder).supervisor == before.supervisor)
        }
    }

    private func pid(in status: String) -> Int32? {
        guard let start = status.firstRange(of: "\"pid\":") else { return nil }
        return Int32(status[start.upperBound...].prefix { $0.isNumber })
    }

    private func children(of pid: Int32) -> [ProcessIdentity] { ProcessIdentity.children(of: pid) }
}
