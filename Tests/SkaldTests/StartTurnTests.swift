import LocalServers
import Testing

@testable import Skald

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

@Suite struct StartTurnTests {
    /// Two processes that are there.
    private static let first = ProcessIdentity.own
    private static let second = ProcessIdentity(pid: getppid())

    private func state(
        _ phase: SystemState.Phase, _ note: String = "", of supervisor: ProcessIdentity? = first
    ) -> SystemState {
        SystemState(phase: phase, note: note, supervisor: supervisor, since: 0, services: [])
    }

    @Test func aFreeFolderIsTakenWhateverAnEarlierSystemLeft() {
        var machine = TurnMachine()
        #expect(machine.saw(nil, isAlive: false) == .start)
        for phase: SystemState.Phase in [.starting, .ready, .stopping, .stopped, .failed] {
            #expect(machine.saw(state(phase, "old"), isAlive: false) == .start)
        }
    }

    @Test func aSystemThatRunsIsLeftAlone() {
        var machine = TurnMachine()
        #expect(machine.saw(state(.ready), isAlive: true) == .leave(state(.ready)))
    }

    @Test func theStartOfAnotherIsFollowedUntilItsSystemRuns() {
        var machine = TurnMachine()
        let pid = Self.first?.pid ?? 0
        let began = machine.saw(state(.starting, "starting services"), isAlive: true)
        #expect(began == .wait(["process \(pid) starts the system already", "starting services"]))
        #expect(machine.saw(state(.starting, "starting services"), isAlive: true) == .wait([]))
        #expect(machine.saw(state(.ready), isAlive: true) == .leave(state(.ready)))
    }

    @Test(arguments: [
        (SystemState.Phase.failed, "no space left"),
        (.stopped, "process \(first?.pid ?? 0) was asked to end before everything was ready"),
        (.starting, "process \(first?.pid ?? 0) was starting the system and ended without a word"),
    ])
    func aStartThatComesToNothingIsTold(_ phase: SystemState.Phase, _ why: String) {
        var machine = TurnMachine()
        _ = machine.saw(state(.starting), isAlive: true)
        if case .fail = machine.saw(state(phase, "no space left"), isAlive: true) {
            Issue.record("its process holds the folder still")
        }
        #expect(machine.saw(state(phase, "no space left"), isAlive: false) == .fail(why))
    }

    @Test func theEndOfAnotherIsWaitedFor() {
        var machine = TurnMachine()
        let pid = Self.first?.pid ?? 0
        #expect(machine.saw(state(.stopping), isAlive: true) == .wait(["waiting for the end of process \(pid)"]))
        #expect(machine.saw(state(.stopped), isAlive: true) == .wait([]))
        #expect(machine.saw(state(.stopped), isAlive: false) == .start)
    }

    @Test func anotherStartAfterThatOneIsFollowedToo() {
        var machine = TurnMachine()
        _ = machine.saw(state(.starting), isAlive: true)
        let pid = Self.second?.pid ?? 0
        let other = machine.saw(state(.starting, of: Self.second), isAlive: true)
        #expect(other == .wait(["process \(pid) starts the system already"]))
        #expect(machine.saw(state(.failed, "no memory", of: Self.second), isAlive: false) == .fail("no memory"))
    }
}
