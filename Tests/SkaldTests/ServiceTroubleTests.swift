import Testing

@testable import Skald

@Suite struct ServiceTroubleTests {
    private func end(_ status: Int, _ words: String = "") -> ServiceEnd {
        ServiceEnd(how: "ended with exit status \(status)", isConfiguration: status == 78, lastWords: words)
    }

    @Test func aConfigurationThatCannotWorkIsToldOnceUntilItSaysSomethingElse() {
        var machine = TroubleMachine()
        let ends = [end(78, "version 1"), end(78, "version 1"), end(78, "version 2"), end(78, "version 2")]
        let told = ends.map { machine.ended($0, hasWorked: false) }
        #expect(told == [true, false, true, false])
        let isToldAfterWork = machine.ended(end(78, "version 2"), hasWorked: true)
        #expect(isToldAfterWork)
    }

    @Test func theSameEarlyEndIsToldTheThirdTime() {
        var machine = TroubleMachine()
        let told = (0..<5).map { machine.ended(end(1, "attempt \($0)"), hasWorked: false) }
        #expect(told == [false, false, true, false, false])
    }

    @Test func aStartThatFailsAgainAndAgainIsToldWithItsReason() {
        var machine = TroubleMachine()
        let end = ServiceEnd.failedStart("no memory")
        let told = (0..<5).map { _ in machine.ended(end, hasWorked: false) }
        #expect(told == [false, false, true, false, false])
        #expect(end.trouble(of: "order").words == "order could not start: no memory")
    }

    @Test func endsThatDifferOrComeAfterWorkAreNotTold() {
        var machine = TroubleMachine()
        let unlike = (0..<6).map { machine.ended(end(1 + $0 % 2), hasWorked: false) }
        let late = (0..<6).map { _ in machine.ended(end(1), hasWorked: true) }
        #expect(!unlike.contains(true) && !late.contains(true))
    }

    @Test func theLastWordsAreReadAsPeopleReadThem() {
        func words(_ lines: String...) -> String {
            LogTail.lastWords(of: lines.map { LogTail.Line(service: "order", time: "", text: $0) }, by: "order")
        }
        let line = #"{"time":"2026-01-05T10:20:30.123Z","level":"error","msg":"no rows","error":"refused","count":3}"#
        #expect(words() == "")
        #expect(words("old noise", line) == "no rows: refused")
        #expect(words(line, "order: a.yaml:1:1: error", "  Mend it.") == "a.yaml:1:1: error\n  Mend it.")
        #expect(words(line, "1", "2", "3", "4", "5") == "1\n2\n3\n4")
    }

    @Test func aTroubleNamesHowItEndedAndItsLog() {
        var service = SystemState.ServiceState(
            name: "order", condition: .restarting, note: "", restartCount: 1, log: "/logs/order.log")
        var state = SystemState(phase: .starting, note: "", since: 0, services: [service])
        #expect(state.hopelessness == nil && service.failure(remedy: nil) == nil)
        service.trouble = end(1).trouble(of: "order")
        state.services = [service]
        #expect(service.failure(remedy: "Wait.")?.message == "order ended with exit status 1 and said nothing")
        #expect(state.hopelessness == nil, "the next start may be better")
        service.trouble = end(78, "BATCH is \"x\"").trouble(of: "order")
        state.services = [service]
        #expect(state.hopelessness?.message == "order ended with exit status 78: BATCH is \"x\"")
        #expect(state.hopelessness?.remedy == "Its log: /logs/order.log")
        #expect(state.hopelessness?.exit == .failed)
    }
}
