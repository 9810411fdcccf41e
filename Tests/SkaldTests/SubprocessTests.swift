import LocalServers
import Testing

@testable import Skald

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

@Suite struct SubprocessTests {
    @Test func whatNobodyWaitsForIsAskedToEndAndThenKilled() {
        var machine = EndMachine(limit: .seconds(60))
        #expect(machine.saw(.seconds(1), isUnwanted: false) == .wait && machine.reason == nil)
        #expect(machine.saw(.seconds(2), isUnwanted: true) == .send(SIGTERM) && machine.reason == .unwanted)
        #expect(machine.saw(.seconds(3), isUnwanted: true) == .wait)
        #expect(machine.saw(.seconds(2) + EndMachine.grace, isUnwanted: true) == .send(SIGKILL))
        #expect(machine.saw(.seconds(90), isUnwanted: true) == .wait)
    }

    @Test func whatTakesTooLongIsEndedForThat() {
        var machine = EndMachine(limit: .seconds(60))
        #expect(machine.saw(.seconds(60), isUnwanted: false) == .send(SIGTERM) && machine.reason == .late)
    }

    @Test(.timeLimit(.minutes(1))) func aProgramOutOfTimeIsEnded() async throws {
        let failure = await #expect(throws: Failure.self) {
            try await Subprocess(["sleep", "3600"], limit: .milliseconds(50)).run()
        }
        #expect(failure?.message == "sleep did not end within 50 ms and was ended")
    }

    @Test(.timeLimit(.minutes(1))) func aProgramEndsWithTheTaskThatWaitsForIt() async throws {
        let run = Task { try await Subprocess(["sleep", "3600"]).run() }
        run.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
        #expect(try await Subprocess(["cat"], input: [1, 2]).run().output == [1, 2])
    }

    /// Whoever waits for an end waits longer than its parts take.
    @Test func anEndInOrderHasTheTimeOfItsParts() {
        for server in [RabbitServer.endLimit, PostgresCluster.endLimit] {
            #expect(Supervisor.endLimit > LocalProcess.Program.graceDefault + server)
        }
    }
}
