import SagaCheck
import SagaFile
import SagaModel
import Testing

@testable import Skald

@Suite struct ScenarioFileTests {
    private func read(_ text: String) throws -> [ScenarioFile.Loaded] {
        let library = try SagaLibrary(folder: sagas)
        return try ScenarioFile.scenarios(of: SourceFile(path: "s", text: text), library)
    }

    private func faults(_ story: String, head: String = "sagas: create-order") -> [String] {
        let text = "\(head)\nscenarios:\n  - scenario: a\n    story:\n      \(story)\n"
        do {
            _ = try read(text)
            return []
        } catch let error as DefinitionError {
            return error.diagnostics.map { "\($0.code.rawValue) \($0.mark.line)" }
        } catch {
            return ["\(error)"]
        }
    }

    @Test func everyShippedScenarioReadsBackAsItWasWritten() throws {
        let library = try SagaLibrary(folder: sagas)
        let loaded = try ScenarioPaths.all([sagas + "/scenarios"], library)
        #expect(loaded.count >= 60)
        for original in loaded {
            let text = ScenarioWriter(original.scenario).text
            let again = try ScenarioFile.scenarios(of: SourceFile(path: "again", text: text), library)
            #expect(again.map(\.scenario) == [original.scenario], "\(text)")
        }
    }

    @Test func everyKindOfMomentReadsBackAsItWasWritten() throws {
        let undo = Scenario.StepReference(saga: "cancel-order", "begin-cancel-order", .undo, attempt: 2)
        let step = Scenario.StepReference(saga: nil, "create-ticket")
        let ticket = AggregateName(participant: "kitchen", aggregate: "ticket")
        let given: [Scenario.Given] = [
            .started(saga: "cancel-order", payload: ["requestId": "7", "orderId": "yes"]),
            .started(saga: "create-order", payload: nil),
            .replied(step, name: "TicketCreated", payload: ["ticketId": "t", "total": -5]),
            .handled(step, reply: "MenuInvalid", payload: ["menuItemId": "m"], fate: .crashedAfterPublishing),
            .handled(step, reply: "MenuInvalid", payload: nil, fate: .plain, hasEffect: true),
            .handled(step, reply: nil, payload: nil, fate: .plain), .repeated(undo, fate: .duplicated),
            .taken(undo, fate: .crashedBeforePublishing),
            .forged(step, reply: "Odd", sender: "accounting", attempt: 3, payload: ["n": 1, "t": "1"]),
            .silence(step, fate: .plain), .deadline(saga: "create-order"), .lostCommand(step), .lostReply(undo),
            .ordered(
                saga: "cancel-order", OperatorOrder(.skip, step: "begin-cancel-order", reason: "a: b", who: "ann")),
            .moved(ticket, move: "accept"), .paused(participant: "kitchen"), .resumed(participant: "kitchen"),
        ]
        let expect: [Scenario.Expectation] = [
            .sends([]), .sends(["kitchen.CreateTicket", "order.RejectOrder"]),
            .payload(command: "kitchen.CreateTicket", ["orderId": "o"]), .sendsAgain(true), .sendsAgain(false),
            .ignored(reason: nil), .ignored(reason: "that wait is over"),
            .stuck(saga: "create-order", step: "create-ticket", reason: "no answer came"),
            .stuck(saga: nil, step: "start", reason: nil), .alarm, .ended(saga: nil, outcome: "approved"),
            .ended(saga: "cancel-order", outcome: "refused"), .waiting(saga: nil), .over(saga: "cancel-order"),
            .data(saga: nil, ["total": 5, "reason": .null]),
            .states([StartState(aggregate: ticket, states: ["none", "CANCELLED"])]), .promiseKept(saga: nil),
            .undone(undo), .unlocked(ticket), .goesForward,
        ]
        let moments = given.map { Scenario.Moment(given: $0) } + [Scenario.Moment(given: given[1], expect: expect)]
        let scenario = Scenario(
            name: "all", about: "Everything: once.", sagas: ["create-order", "cancel-order"],
            given: [StartState(aggregate: ticket, states: ["ACCEPTED"])], attempts: 2,
            rules: ProtocolRules(correlatesReplies: false, undoesInDoubt: false, fences: false, inbox: .dropping),
            moments: moments)
        let text = ScenarioWriter(scenario).text
        let again = try read(text)
        #expect(again.map(\.scenario) == [scenario], "\(text)")
    }

    @Test(arguments: [
        ("- given: { start: create-odor }", ["unknown-saga 5"]),
        ("- given: { start: create-order, with: { orderId: o } }", ["missing-field 5"]),
        (
            "- given: { start: create-order, with: { orderId: o, consumerId: c, restaurantId: r, lines: 5 } }",
            ["type-mismatch 5"]
        ),
        ("- given: { reply: TicketMade, to: create-ticket }", ["unknown-reply 5"]),
        ("- given: { reply: TicketCreated, to: make-ticket }", ["unknown-step 5"]),
        ("- given: { reply: TicketCreated }", ["missing-key 5"]),
        (
            "- given: { reply: TicketCreated, to: create-ticket, with: { ticketId: t, total: 1.5 } }",
            ["type-mismatch 5"]
        ),
        ("- given: { silence: Create-Ticket }", ["bad-name 5"]),
        ("- given: { silence: create-ticket.redo }", ["bad-name 5"]),
        ("- given: { silence: create-ticket#0 }", ["bad-name 5"]),
        ("- given: { silence: cancel-order/create-ticket }", ["unknown-saga 5"]),
        ("- given: { sleeps: create-ticket }", ["missing-key 5"]),
        ("- given: { deadline: create-order, fate: duplicated }", ["unknown-key 5"]),
        ("- given: { silence: create-ticket, fate: burnt }", ["unknown-choice 5"]),
        ("- given: { order: retri }", ["unknown-choice 5"]),
        ("- given: { move: acept, of: ticket }", ["unknown-choice 5"]),
        ("- given: { move: accept, of: tiket }", ["unknown-aggregate 5"]),
        ("- given: { pause: kitchn }", ["unknown-participant 5"]),
        ("- given: { event: kitchen.ticket-lost }", ["unknown-event 5"]),
        ("- given: { deadline: create-order }\n        expect: { ends: aproved }", ["unknown-outcome 6"]),
        ("- given: { deadline: create-order }\n        expect: { sends: kitchen.MakeTicket }", ["unknown-command 6"]),
        ("- given: { deadline: create-order }\n        expect: { with: { orderId: o } }", ["missing-key 6"]),
        ("- given: { deadline: create-order }\n        expect: { because: no answer came }", ["missing-key 6"]),
        ("- given: { deadline: create-order }\n        expect: { data: { totl: 5 } }", ["unknown-field 6"]),
        ("- given: { deadline: create-order }\n        expect: { states: { ticket: GONE } }", ["unknown-state 6"]),
        ("- given: { deadline: create-order }\n        expect: { state: dead }", ["unknown-choice 6"]),
        ("- expect: { state: over }", ["missing-key 5"]),
    ]) func isRefusedWithCodeAndLine(_ story: String, _ expected: [String]) {
        #expect(faults(story) == expected)
    }

    @Test func theHeadIsCheckedToo() {
        let moment = "- given: { deadline: create-order }"
        #expect(faults(moment) == [])
        #expect(faults(moment, head: "sagas: []") == ["empty-list 1"])
        #expect(faults(moment, head: "saga: create-order") == ["missing-key 1", "unknown-key 1"])
        #expect(
            faults(moment + "\n  - scenario: a\n    story: [{ given: { deadline: create-order } }]") == [
                "duplicate-item 6"
            ])
        #expect(faults(moment + "\n    given: { ticket: LOST }") == ["unknown-state 6"])
    }
}

@Suite struct ScenarioCommandTests {
    @Test func theShippedScenariosPass() async {
        let result = await skald("scenario", sagas + "/scenarios", "--sagas", sagas)
        #expect(result.exit == .success, "\(result.output)\(result.messages)")
        #expect(result.output.contains(", 0 failed"))
    }

    @Test func aFailureIsToldWithItsPlace() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "a.scenario.yaml",
            """
            sagas: create-order
            scenarios:
              - scenario: wrong
                story:
                  - given: { start: create-order }
                  - given: { reply: ConsumerVerified, to: verify-consumer }
                    expect: { sends: accounting.AuthorizeCard }

            """)
        let result = await skald("scenario", folder.path, "--sagas", sagas)
        #expect(result.exit == .failed)
        #expect(
            result.output.contains(
                "a.scenario.yaml:6: expected to send accounting.AuthorizeCard, sent kitchen.CreateTicket"))
        let json = await skald("scenario", folder.path, "--sagas", sagas, "--json")
        guard case .record(let answer) = try CanonicalJSON.value(of: json.output) else {
            Issue.record("no record")
            return
        }
        #expect(json.exit == .failed && answer["failed"] == 1 && answer["scenarios"] == 1)
    }

    @Test func recordedRunsReplay() async throws {
        let folder = try TemporaryFolder()
        let recorded = await skald("scenario", sagas + "/scenarios", "--sagas", sagas, "--record", folder.path + "/h")
        #expect(recorded.exit == .success)
        let replayed = await skald("replay", folder.path + "/h", "--sagas", sagas)
        #expect(replayed.exit == .success, "\(replayed.output)")
    }

    @Test func theRecordedHistoriesOfTheRepositoryReplay() async {
        let result = await skald("replay", sagas + "/histories", "--sagas", sagas)
        #expect(result.exit == .success, "\(result.output)\(result.messages)")
    }
}
