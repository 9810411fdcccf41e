import Messaging
import Testing

@Suite struct SettlementTests {
    @Test(arguments: HandlingOutcome.every, 1...7)
    func everyOutcomeAtEveryAttemptHasItsSettlement(outcome: HandlingOutcome, attempt: Int) {
        let settlement = SettlementRule(ladder: .standard).settlement(of: outcome, attempt: attempt)
        switch outcome {
        case .completed, .duplicate, .fenced: #expect(settlement == .settle)
        case .groundFailed: #expect(settlement == .pause)
        case .blocked: #expect(settlement == .hold(RetryLadder.standard.levels[2]))
        case .undecodable: #expect(settlement == .deadLetter(.undecodable))
        case .crashing: #expect(settlement == .deadLetter(.crashing))
        case .handlerFailed:
            let names = ["1s", "5s", "30s", "2m"]
            if attempt <= names.count {
                guard case .retry(let level) = settlement else {
                    Issue.record("attempt \(attempt) is not retried but \(settlement)")
                    return
                }
                #expect(level.name == names[attempt - 1])
            } else {
                #expect(settlement == .deadLetter(.attemptsExhausted))
            }
        }
    }

    @Test func whatIsNotAdmittedIsDeadAtOnceWithItsReason() {
        let rule = SettlementRule(ladder: .standard)
        let reasons = Admission.every.map { rule.settlement(of: $0) }
        #expect(
            reasons == [
                nil, .deadLetter(.undecodable), .deadLetter(.tooLarge), .deadLetter(.badIdentifier),
                .deadLetter(.tooOld),
                .deadLetter(.unknownType), .deadLetter(.unauthorised),
            ])
    }

    @Test func aMessageOnTheLastRungGoesThroughTheWholeLadderAndNoFurther() {
        let rule = SettlementRule(ladder: .standard)
        var waits: [Duration] = []
        var attempt = 1
        while case .retry(let level) = rule.settlement(of: .handlerFailed, attempt: attempt) {
            waits.append(level.delay)
            attempt += 1
        }
        #expect(waits == [.seconds(1), .seconds(5), .seconds(30), .seconds(120)])
        #expect(attempt == rule.ladder.attemptCountMax)
    }

    @Test func whoIsLockedOutWaitsHalfAMinuteAtMostAndItCostsNothing() throws {
        let rule = SettlementRule(ladder: .standard)
        for attempt in 1...9 {
            #expect(rule.settlement(of: .blocked, attempt: attempt) == .hold(RetryLadder.standard.levels[2]))
        }
        let slow = try RetryLadder(delays: [.seconds(60), .seconds(90)])
        #expect(SettlementRule(ladder: slow).settlement(of: .blocked, attempt: 1) == .hold(slow.levels[0]))
        #expect(SettlementRule(ladder: .none).settlement(of: .blocked, attempt: 1) == .pause)
        let timed = SettlementRule(ladder: .standard, isTimed: true)
        #expect(timed.settlement(of: .blocked, attempt: 1) == .hold(RetryLadder.standard.levels[0]))
    }

    @Test func laddersAreChecked() throws {
        #expect(throws: RetryLadderError.notRising(.seconds(1))) {
            try RetryLadder(delays: [.seconds(5), .seconds(1)])
        }
        #expect(throws: RetryLadderError.outOfRange(.zero)) { try RetryLadder(delays: [.zero]) }
        #expect(throws: RetryLadderError.outOfRange(.seconds(86_401))) { try RetryLadder(delays: [.seconds(86_401)]) }
        #expect(throws: RetryLadderError.tooManyLevels(13)) {
            try RetryLadder(delays: (1...13).map { .seconds($0) })
        }
        let ladder = try RetryLadder(delays: [.milliseconds(500), .seconds(90), .seconds(3600), .seconds(7200)])
        #expect(ladder.levels.map(\.name) == ["500ms", "90s", "1h", "2h"])
        #expect(ladder.levels.map(\.milliseconds) == [500, 90_000, 3_600_000, 7_200_000])
    }
}

extension HandlingOutcome {
    static let every: [HandlingOutcome] = [
        .completed, .duplicate, .fenced, .handlerFailed, .groundFailed, .blocked, .undecodable, .crashing,
    ]
}

extension Admission {
    static let every: [Admission] = [
        .admitted, .undecodable, .tooLarge, .badIdentifier, .tooOld, .unknownType, .unauthorised,
    ]
}
