import AMQP
import Messaging
import SagaFile
import SagaModel
import Testing

@testable import Skald

@Suite struct InjectionTests {
    private static let sagas = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/sagas"

    private func catalogue() throws -> MessageCatalogue { MessageCatalogue(try SagaLibrary(folder: Self.sagas)) }

    private func filler(seed: UInt64 = 7, takesFirst: Bool = false) -> TemplateFiller {
        TemplateFiller(seed: seed, takesFirst: takesFirst, now: 1_000_000_000_000, nextID: { "an-id" })
    }

    // MARK: Templates

    @Test func aTemplateIsFilledByWhatItsTextsMean() throws {
        var filler = filler(takesFirst: true)
        let filled = try filler.fill(
            [
                "id": "${id}", "name": "c-${n}", "number": "${n}", "soon": "${now+2h}", "past": "${now-1d}",
                "who": "${pick:ada*9,grace}", "many": "${from:2:4}", "list": .list(["${n}", 7, .null]),
            ], number: 3)
        #expect(
            CanonicalJSON.text(of: .record(filled))
                == #"{"id":"an-id","list":[3,7,null],"many":2,"name":"c-3","number":3,"past":999913600000,"#
                + #""soon":1000007200000,"who":"ada"}"#)
    }

    @Test func theSameSeedMakesTheSameChoices() throws {
        let template: Record = ["who": "${pick:ada*3,grace,linus}", "many": "${from:1:1000000}"]
        func choices(_ seed: UInt64) throws -> [Record] {
            var filler = filler(seed: seed)
            return try (1...50).map { try filler.fill(template, number: $0) }
        }
        #expect(try choices(7) == choices(7))
        #expect(try choices(7) != choices(8))
    }

    @Test func weightsAreKept() throws {
        var filler = filler()
        var counts: [Value: Int] = [:]
        for _ in 0..<4000 {
            let filled = try filler.fill(["who": "${pick:ada*90,nobody*10,never*0}"], number: 1)
            counts[filled["who"] ?? .null, default: 0] += 1
        }
        let share = Double(counts["nobody"] ?? 0) / 4000
        #expect((0.05...0.15).contains(share), "one in ten was asked for, \(share) came")
        #expect(counts["never"] == nil)
    }

    @Test(arguments: ["${nonsense}", "${pick}", "${from:3:1}", "${now+3y}", "${open"])
    func aTemplateThatMeansNothingIsRefused(_ text: String) {
        var filler = filler()
        #expect(throws: Failure.self) { try filler.fill(["a": .string(text)], number: 1) }
    }

    @Test func everyShippedTemplateFitsItsType() throws {
        let catalogue = try catalogue()
        let fixtures = try Fixture.all(in: Self.sagas + "/fixtures")
        #expect(fixtures.contains { $0.type == "order.PlaceOrder" })
        for fixture in fixtures {
            var filler = filler()
            for number in 1...20 {
                try PayloadCheck.check(filler.fill(fixture.data, number: number), try catalogue.entry(fixture.type))
            }
            for need in fixture.needs {
                try PayloadCheck.check(filler.fill(need.data, number: 1), try catalogue.entry(need.type))
            }
        }
    }

    // MARK: Payloads

    @Test func aPayloadThatDoesNotFitIsRefusedByItsPlace() throws {
        let entry = try catalogue().entry("order.PlaceOrder")
        let whole: Record = [
            "orderId": "o", "consumerId": "c", "restaurantId": "r",
            "lines": .list([["menuItemId": "m", "quantity": 1], ["menuItemId": "n", "quantity": "two"]]),
        ]
        let fault = #expect(throws: Failure.self) { try PayloadCheck.check(whole, entry) }
        #expect(fault?.message == #"order.PlaceOrder lines.1.quantity: "two" is no integer"#)
        var short = whole
        short["consumerId"] = nil
        #expect(
            #expect(throws: Failure.self) { try PayloadCheck.check(short, entry) }?.message
                == "order.PlaceOrder consumerId: is missing; a id stands there")
        var long = whole
        long["lines"] = .list([])
        long["orderID"] = "x"
        #expect(
            #expect(throws: Failure.self) { try PayloadCheck.check(long, entry) }?.remedy?.contains("`orderId`") == true
        )
    }

    @Test func aChangeReachesIntoListsAndRecords() throws {
        let payload: Record = ["lines": .list([["quantity": 1]]), "a": "b"]
        let changed = try payload.setting(["lines", "0", "quantity"], to: 3).setting(
            ["new", "deep"], to: .boolean(true))
        #expect(
            CanonicalJSON.text(of: .record(changed)) == #"{"a":"b","lines":[{"quantity":3}],"new":{"deep":true}}"#)
        #expect(throws: Failure.self) { try payload.setting(["lines", "1", "quantity"], to: 3) }
        #expect(throws: Failure.self) { try payload.setting(["a", "deep"], to: 3) }
    }

    // MARK: The command line

    private func request(_ words: String...) throws -> InjectionRequest { try request(words) }

    private func request(_ words: [String]) throws -> InjectionRequest {
        guard case .run(_, let arguments) = try CommandLine(CommandTable.commands).read(["inject"] + words) else {
            throw Failure(.usage, "no run")
        }
        return try InjectionRequest(arguments.readingStandardInput)
    }

    @Test func optionsAreRead() throws {
        let request = try request(
            "order.PlaceOrder", "--count", "100", "--rate", "300/m", "--duplicate", "10%", "--malformed", "0.25",
            "--set", "lines.0.quantity=3", "--set", "consumerId=ada")
        #expect(request.perSecond == 5 && request.duplicateShare == 0.1 && request.malformedShare == 0.25)
        #expect(request.changes.map(\.value) == [3, "ada"])
        let lines = try self.request("order.CancelOrder", "-")
        guard case .lines("-") = lines.origin else { return #expect(Bool(false), "not read from standard input") }
    }

    @Test(arguments: [
        ["order.PlaceOrder", "--rate", "fast"], ["order.PlaceOrder", "--duplicate", "200%"],
        ["order.PlaceOrder", "--data", "{}", "--count", "2"], ["order.PlaceOrder", "--data", "[1]"],
        ["order.PlaceOrder", "--set", "a"], ["--data", "{}"],
    ])
    func whatMakesNoSenseIsRefused(_ words: [String]) {
        #expect(throws: Failure.self) {
            guard case .run(_, let arguments) = try CommandLine(CommandTable.commands).read(["inject"] + words) else {
                return
            }
            _ = try InjectionRequest(arguments)
        }
    }

    @Test(arguments: [
        ["order.PlaceOrder", "orders.jsonl"], ["order.PlaceOrder", "orders.jsonl", "--count", "3"],
        ["order.PlaceOrder", "--data", "{}", "orders.jsonl"],
    ])
    func aFileAmongTheOperandsIsToldItsOption(_ words: [String]) {
        let fault = #expect(throws: Failure.self) { try request(words) }
        #expect(fault?.exit == .usage && fault?.remedy?.contains("--file orders.jsonl") == true)
    }

    @Test(arguments: [
        ["-", "order.PlaceOrder"], ["order.PlaceOrder", "-", "--file", "orders.jsonl"],
        ["--file", "orders.jsonl", "--file", "others.jsonl"],
    ])
    func linesComeFromOnePlace(_ words: [String]) {
        #expect(#expect(throws: Failure.self) { try request(words) }?.exit == .usage)
    }

    @Test func anUnknownTypeSaysWhatWasMeant() async {
        let result = await skald("inject", "order.PlaceOrdr", "--data", "{}", "--sagas", Self.sagas)
        #expect(result.exit == .usage || result.exit == .unavailable)
    }

    @Test func theListShowsAnExampleOfEach() async throws {
        let result = await skald("inject", "--sagas", Self.sagas)
        #expect(result.exit == .success)
        #expect(result.output.contains("skald inject order.PlaceOrder --data '{"))
        // What the list shows is itself a payload that fits.
        for line in result.output.split(separator: "\n") where line.hasPrefix("  skald inject ") {
            let words = line.dropFirst(15).split(separator: " ", maxSplits: 2).map(String.init)
            let payload = try InjectionRequest.record(String(words[2].dropFirst().dropLast()), of: words[0])
            try PayloadCheck.check(payload, try catalogue().entry(words[0]))
        }
    }

    // MARK: The tally

    @Test func theTallyFollowsEachMessageToItsEnd() throws {
        let entry = try catalogue().entry("order.created")
        var injections: [Injection] = []
        let ids = UUIDv7Source(now: { 5 })
        for key in ["a", "b", "c"] {
            injections.append(
                Injection(
                    id: ids.next(), entry: entry, payload: [:], saga: .init(definition: "create-order", key: key),
                    traceparent: "", flaw: key == "c" ? .cutBody : nil))
        }
        var copies = injections.map { Outgoing(injection: $0, isAgain: false) }
        copies.append(Outgoing(injection: injections[0], isAgain: true))
        var tally = InjectionTally()
        tally.made(copies)
        tally.sent(copies, [PublishOutcome](repeating: .confirmed, count: 3) + [.nacked], at: 100)
        #expect(tally.madeCount == 3)
        #expect(tally.sentCount == 4 && tally.duplicateCount == 1 && tally.flawedCount == 1 && tally.failedCount == 1)
        #expect(tally.running.count == 2 && tally.isWaiting)
        tally.ended(.init(definition: "create-order", key: "a"), as: "approved", at: 130)
        tally.ended(.init(definition: "create-order", key: "a"), as: "approved", at: 140)
        tally.ended(.init(definition: "create-order", key: "b"), as: "rejected", at: 300)
        #expect(!tally.isWaiting && tally.outcomes == ["approved": 1, "rejected": 1])
        #expect(tally.latency(0.5) == 30 && tally.latency(0.95) == 200)
        tally.sent([copies[3]], [.confirmed], at: 400)
        #expect(!tally.isWaiting && tally.duplicateCount == 2, "a copy that comes late starts nothing")
    }

    @Test func aMessageIsFollowedFromTheCopyThatIsTaken() throws {
        let injection = Injection(
            id: UUIDv7(milliseconds: 5, randomHigh: 1, randomLow: 2), entry: try catalogue().entry("order.created"),
            payload: [:], saga: .init(definition: "create-order", key: "a"), traceparent: "", flaw: nil)
        var tally = InjectionTally()
        tally.sent([Outgoing(injection: injection, isAgain: false)], [.nacked], at: 100)
        #expect(!tally.isWaiting)
        tally.sent([Outgoing(injection: injection, isAgain: true)], [.confirmed], at: 200)
        #expect(tally.isWaiting)
    }

    @Test func theTallyTellsWhatWasRefusedAndWaitsForItNoLonger() throws {
        let ids = UUIDv7Source(now: { 5 })
        let placing = Injection(
            id: ids.next(), entry: try catalogue().entry("order.PlaceOrder"), payload: [:],
            saga: .init(definition: "create-order", key: "a"), traceparent: "", flaw: nil)
        let opening = Injection(
            id: ids.next(), entry: try catalogue().entry("accounting.OpenAccount"), payload: [:], saga: nil,
            traceparent: "", flaw: nil)
        var tally = InjectionTally()
        let copies = [placing, opening].map { Outgoing(injection: $0, isAgain: false) }
        tally.made(copies)
        tally.sent(copies, [.confirmed, .confirmed], at: 100)
        #expect(tally.running.values.first?.service == "order" && tally.unhandled.count == 1)
        tally.refused([
            Refusal(id: placing.id, type: "order.OrderInvalid", body: #"{"reason":"no-lines"}"#),
            Refusal(id: opening.id, type: "accounting.CardTokenInvalid", body: "{}"),
        ])
        tally.handled([opening.id])
        #expect(!tally.isWaiting && tally.refusedCount == 2 && tally.handledCount == 0)
        #expect(tally.firstRefusal == #"order.OrderInvalid {"reason":"no-lines"}"#)
        #expect(tally.line(wanted: nil, after: .seconds(1)).contains("refused 2"))
    }

    @Test func whatHangsInFrontHidesNothingBehind() {
        let list = Array(0..<600)
        var glass = LookingGlass()
        var looks: [Int] = []
        for hasFound in [false, false, false, false, true, false] {
            looks.append(glass.part(of: list).first ?? -1)
            glass.looked(hasFound: hasFound, count: list.count)
        }
        #expect(looks == [0, 250, 500, 0, 250, 0])
        glass.looked(hasFound: false, count: 600)
        #expect(glass.part(of: [1, 2, 3]) == [1, 2, 3])
    }

    @Test func aFlawedMessageIsWrongInItsOwnWayOnly() throws {
        let entry = try catalogue().entry("kitchen.PublishMenu")
        for flaw in Injection.Flaw.allCases {
            let injection = Injection(
                id: UUIDv7(milliseconds: 5, randomHigh: 1, randomLow: 2), entry: entry,
                payload: ["restaurantId": "r", "isOpen": true, "items": .list([])], saga: nil, traceparent: "",
                flaw: flaw)
            let message = injection.message(user: "skald", now: 5000)
            switch flaw {
            case .cutBody: #expect(throws: (any Error).self) { try CanonicalJSON.value(of: message.body) }
            case .missingField:
                let spoilt = try InjectionRequest.record(String(decoding: message.body, as: UTF8.self), of: "body")
                #expect(throws: Failure.self) { try PayloadCheck.check(spoilt, entry) }
            case .foreignID:
                #expect(throws: EnvelopeError.self) { try Envelope(message, kind: .command) }
            case .unknownType:
                #expect(try Envelope(message, kind: .command).type == "kitchen.Nonsense")
            }
        }
    }
}
