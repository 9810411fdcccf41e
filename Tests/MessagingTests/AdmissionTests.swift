import Messaging
import Testing

@Suite struct AdmissionTests {
    private let now: Int64 = 1_720_778_950_000

    private let rule = AdmissionRule(
        kind: .command,
        senders: SenderRule(allowed: .users(["orchestrator"]), relays: ["kitchen", "skald"]),
        knowsType: { $0 == "kitchen.CreateTicket" })

    private func admission(_ message: WireMessage, now: Int64? = nil) -> Admission {
        switch rule.judge(message, now: now ?? self.now) {
        case .admitted: .admitted
        case .refused(let admission, _): admission
        }
    }

    @Test func aGoodCommandIsAdmitted() throws {
        #expect(try admission(MessageFixture(named: "command").message) == .admitted)
        #expect(try admission(MessageFixture(named: "retried-command").message) == .admitted)
    }

    @Test func eachFaultHasItsReason() throws {
        let good = try MessageFixture(named: "command").message
        func changed(_ change: (inout WireMessage) -> Void) -> WireMessage {
            var message = good
            change(&message)
            return message
        }
        #expect(admission(changed { $0.body = [UInt8](repeating: 0x20, count: (1 << 20) + 1) }) == .tooLarge)
        #expect(admission(changed { $0.headers = [:] }) == .undecodable)
        #expect(admission(changed { $0.properties.messageID = "1" }) == .badIdentifier)
        #expect(admission(changed { $0.properties.userID = "consumer" }) == .unauthorised)
        #expect(
            admission(
                changed {
                    $0.properties.type = "kitchen.Explode"
                    $0.headers["cloudEvents_type"] = "kitchen.Explode"
                }) == .unknownType)
        #expect(admission(good, now: now + 15 * 86_400_000) == .tooOld)
    }

    @Test func onlyRelaysAreBelievedAboutWhoSentItFirst() throws {
        var message = try MessageFixture(named: "retried-command").message
        message.headers["skald-sender"] = "consumer"
        #expect(admission(message) == .unauthorised)
        message.headers["skald-sender"] = "orchestrator"
        message.properties.userID = "consumer"
        #expect(admission(message) == .unauthorised)
        message.properties.userID = "skald"
        #expect(admission(message) == .admitted)
    }

    @Test func anEventComesFromWhoeverOwnsItsType() throws {
        let rule = AdmissionRule(
            kind: .event, senders: SenderRule(allowed: .ownerOfType, relays: ["kitchen"]), knowsType: { _ in true })
        var message = try MessageFixture(named: "event").message
        guard case .admitted = rule.judge(message, now: now) else {
            Issue.record("the owner was refused")
            return
        }
        message.properties.userID = "accounting"
        guard case .refused(.unauthorised, _) = rule.judge(message, now: now) else {
            Issue.record("a stranger was admitted")
            return
        }
    }

    @Test func aRetriedMessageKeepsItsIdentityAndLosesTheBrokersRecords() throws {
        var message = try MessageFixture(named: "command").message
        message.headers["x-death"] = .list([.table(["count": 3])])
        message.headers["x-first-death-queue"] = "q"
        message.headers["x-delivery-count"] = 4
        message.headers["CC"] = .list(["elsewhere"])
        message.headers["BCC"] = .list(["elsewhere"])
        message.headers["own"] = "kept"
        let first = message.forRetry(failedAttempt: 1, error: "oven\ncold\u{1B}[31m", now: 5, user: "kitchen")
        #expect(first.body == message.body && first.properties.messageID == message.properties.messageID)
        #expect(first.properties.userID == "kitchen")
        #expect(
            first.headers.all.map(\.name).suffix(5)
                == ["own", "skald-sender", "skald-first-failure-at", "skald-attempt", "skald-last-error"])
        #expect(!first.headers.all.contains { $0.name.hasPrefix("x-") || $0.name.hasSuffix("CC") })
        #expect(first.headers["skald-attempt"] == 2)
        #expect(first.headers["skald-first-failure-at"] == "1970-01-01T00:00:00.005Z")
        #expect(first.headers["skald-last-error"] == "oven cold [31m")
        #expect(first.headers["skald-sender"] == "orchestrator")

        let second = first.forRetry(failedAttempt: 2, error: "again", now: 900, user: "kitchen")
        #expect(second.headers["skald-attempt"] == 3)
        #expect(second.headers["skald-first-failure-at"] == "1970-01-01T00:00:00.005Z")
        #expect(second.headers["skald-sender"] == "orchestrator")
        #expect(admission(second) == .admitted)
    }

    @Test func aDeadMessageTellsWhyAndARedrivenOneStartsAgain() throws {
        let message = try MessageFixture(named: "command").message
        let dead = message.forDeadQueue(
            reason: .attemptsExhausted, attempt: 5, error: String(repeating: "é", count: 2000), now: 5, user: "kitchen")
        #expect(dead.headers["skald-dead-reason"] == "attempts-exhausted")
        #expect(dead.headers["skald-attempt"] == 5)
        #expect(dead.headers["skald-last-error"]?.text?.utf8.count == 1024)
        let again = dead.forRedrive(owner: "kitchen", user: "skald")
        #expect(again.properties.userID == "skald")
        #expect(again.headers["skald-dead-reason"] == nil && again.headers["skald-attempt"] == nil)
        #expect(admission(again) == .admitted)
    }

    @Test func whoSentItFirstIsTakenFromThoseAloneWhoPassItOn() throws {
        var message = try MessageFixture(named: "command").message
        message.properties.userID = "stranger"
        message.headers[HeaderName.sender] = "orchestrator"
        let dead = message.forDeadQueue(reason: .unauthorised, attempt: 1, error: "", now: 5, user: "kitchen")
        #expect(dead.headers[HeaderName.sender] == "stranger")
        #expect(admission(dead.forRedrive(owner: "kitchen", user: "skald")) == .unauthorised)
        // Written into the dead queue by somebody whose queue it is not.
        #expect(admission(message.forRedrive(owner: "kitchen", user: "skald")) == .unauthorised)
        #expect(message.forHolding(user: "kitchen").headers[HeaderName.sender] == "stranger")
        // The operators' tool speaks for others.
        message.properties.userID = "skald"
        #expect(message.forHolding(user: "kitchen").headers[HeaderName.sender] == "orchestrator")
    }

    @Test func whatCannotBePublishedWholeKeepsItsBodyAndTheReason() throws {
        var message = try MessageFixture(named: "command").message
        // 255 bytes that are no UTF-8.
        let long = String(decoding: [UInt8](repeating: 0xFF, count: 255), as: UTF8.self)
        message.properties.correlationID = long
        #expect(admission(message) == .undecodable)
        message.headers["own"] = .string(long)
        message.headers[HeaderName.sender] = .string(String(repeating: "x", count: 2000))
        let remnant = message.forDeadQueue(reason: .undecodable, attempt: 1, error: "odd", now: 5, user: "kitchen")
            .remnant(because: "it is too long")
        #expect(remnant.body == message.body && remnant.properties.messageID == message.properties.messageID)
        #expect(remnant.properties.correlationID == nil && remnant.headers["own"] == nil)
        #expect(remnant.headers[HeaderName.lastError]?.text == "headers left out: odd; it is too long")
        #expect(remnant.headers[HeaderName.deadReason]?.text == DeadReason.undecodable.rawValue)
        #expect(remnant.headers[HeaderName.eventType] == message.headers[HeaderName.eventType])
    }

    @Test func aTraceOfAnyLengthFailsNothingAndIsNotPassedOn() throws {
        var message = try MessageFixture(named: "command").message
        message.headers[HeaderName.traceparent] = .string(String(repeating: "0", count: 100_000))
        #expect(admission(message) == .admitted)
        #expect(try Envelope(message, kind: .command).traceparent == nil)
    }

    @Test(
        arguments: [(65_536, .fits), (65_537, .large), (1_048_576, .large), (1_048_577, .tooLarge)]
            as [(Int, MessageSize.Verdict)])
    func sizesHaveTheirVerdict(byteCount: Int, verdict: MessageSize.Verdict) {
        #expect(MessageSize.verdict(byteCount: byteCount) == verdict)
    }
}
