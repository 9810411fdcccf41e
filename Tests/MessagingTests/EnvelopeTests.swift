import Messaging
import Testing

@Suite struct EnvelopeTests {
    private func refusal(_ message: WireMessage, _ kind: Envelope.Kind) -> EnvelopeError? {
        do throws(EnvelopeError) {
            _ = try Envelope(message, kind: kind)
            return nil
        } catch { return error }
    }

    @Test(arguments: MessageFixture.names)
    func theExamplesOfTheContractAreReadAndWrittenBackAsTheyWere(name: String) throws {
        let fixture = try MessageFixture(named: name)
        let envelope = try Envelope(fixture.message, kind: fixture.kind)
        #expect(envelope.message(body: fixture.message.body) == fixture.message)
        let hexadecimal = fixture.message.body.map { String($0, radix: 16) }.map { $0.count < 2 ? "0" + $0 : $0 }
        #expect(hexadecimal.joined() == fixture.bodyBytes)
    }

    @Test func everyAttributeOfACommandIsRead() throws {
        let envelope = try Envelope(MessageFixture(named: "retried-command").message, kind: .command)
        #expect(envelope.id.description == "0190a5b2-7c3d-7e4f-8a9b-0c1d2e3f4a5b")
        #expect(envelope.type == "kitchen.CreateTicket")
        #expect(envelope.type.owner == "kitchen" && envelope.type.name == "CreateTicket")
        #expect(envelope.source == "/orchestrator")
        #expect(envelope.correlationID == "0190a5b2-7000-7abc-8def-0123456789ab")
        #expect(envelope.replyTo == "orchestrator")
        #expect(envelope.userID == "kitchen")
        #expect(envelope.step == StepReference(step: "create-ticket", direction: .forward, number: 1))
        #expect(
            envelope.history
                == DeliveryHistory(
                    attempt: 3, firstFailureAt: 1_720_778_947_250, lastError: "the oven is cold"))
        #expect(envelope.sender == "orchestrator")
        #expect(envelope.attempt == 3)
    }

    @Test(arguments: [
        ("command", ["cloudEvents_specversion", "cloudEvents_id", "cloudEvents_source", "cloudEvents_type"]),
        ("command", ["skald-step", "skald-direction", "skald-try"]),
        ("reply", ["cloudEvents_causationid", "skald-step", "skald-direction", "skald-try"]),
        ("event", ["cloudEvents_specversion", "cloudEvents_id", "cloudEvents_source", "cloudEvents_type"]),
    ]) func aMissingHeaderIsNamed(fixtureName: String, headers: [String]) throws {
        let fixture = try MessageFixture(named: fixtureName)
        for header in headers {
            var message = fixture.message
            message.headers[header] = nil
            let error = refusal(message, fixture.kind)
            #expect(error?.code == .missing)
            #expect(error?.name == header)
        }
    }

    @Test func aMissingPropertyIsNamed() throws {
        let remove: [(String, (inout MessageProperties) -> Void)] = [
            ("message-id", { $0.messageID = nil }), ("type", { $0.type = nil }), ("user-id", { $0.userID = nil }),
            ("content-type", { $0.contentType = nil }), ("correlation-id", { $0.correlationID = nil }),
            ("reply-to", { $0.replyTo = nil }),
        ]
        for (name, change) in remove {
            var message = try MessageFixture(named: "command").message
            change(&message.properties)
            #expect(refusal(message, .command)?.description == "\(name) is missing")
        }
    }

    @Test func whatIsOptionalMayBeAbsent() throws {
        var message = try MessageFixture(named: "command").message
        for header in ["traceparent", "skald-step", "skald-direction", "skald-try"] { message.headers[header] = nil }
        message.properties.timestamp = nil
        message.properties.appID = nil
        // Without a step it is no saga's command, and needs neither a saga nor somebody to answer.
        message.properties.correlationID = nil
        message.properties.replyTo = nil
        #expect(refusal(message, .command) == nil)
    }

    @Test(
        arguments: [
            ("cloudEvents_specversion", .string("0.3"), .invalid), ("cloudEvents_id", "other", .contradiction),
            ("cloudEvents_type", "kitchen.Other", .contradiction), ("skald-direction", "sideways", .invalid),
            ("skald-try", 0, .invalid), ("skald-try", "1", .invalid), ("skald-try", .integer(.max), .invalid),
            ("skald-step", "", .invalid), ("skald-attempt", -1, .invalid), ("cloudEvents_causationid", "x", .invalid),
            ("cloudEvents_source", 5, .invalid), ("skald-step", .string(String(repeating: "s", count: 129)), .invalid),
        ] as [(String, HeaderValue, EnvelopeError.Code)])
    func aBrokenHeaderIsNamed(header: String, value: HeaderValue, code: EnvelopeError.Code) throws {
        var message = try MessageFixture(named: "command").message
        message.headers[header] = value
        let error = refusal(message, .command)
        #expect(error?.code == code)
        #expect(error?.name == header)
    }

    @Test func anIdOfAnotherVersionHasACodeOfItsOwn() throws {
        var message = try MessageFixture(named: "command").message
        message.properties.messageID = "0190a5b2-7c3d-4e4f-8a9b-0c1d2e3f4a5b"
        #expect(refusal(message, .command)?.code == .badIdentifier)
    }

    @Test func theFormsOfOtherClientsAreRead() throws {
        var message = try MessageFixture(named: "command").message
        message.headers["skald-step"] = .bytes(Array("create-ticket".utf8))
        message.headers["unknown"] = .table(["x": 1])
        message.properties.contentType = "application/json; charset=utf-8"
        #expect(refusal(message, .command) == nil)
        message.headers["skald-step"] = .bytes([0xFF])
        #expect(refusal(message, .command)?.name == "skald-step")
    }

    @Test func aBrokenTraceNeverFailsAMessage() throws {
        var message = try MessageFixture(named: "command").message
        for value: HeaderValue in ["nonsense", 7, .bytes([0xFF]), .null] {
            message.headers["traceparent"] = value
            #expect(refusal(message, .command) == nil)
        }
    }

    @Test(arguments: [
        "", ".", "kitchen", "kitchen.", ".CreateTicket", "Kitchen.CreateTicket", "kitchen.Create.Ticket", "kitchen.1st",
        "1st.Create", "kitchen.Create Ticket", "kitchen.Créer", "kitchen-.Create", "kitchen.Create-", "#.*",
        "k." + String(repeating: "x", count: 127),
    ]) func whatIsNoTypeIsRefused(text: String) {
        #expect(MessageType(text) == nil)
    }

    @Test(arguments: ["order.created", "order.revision-proposed", "a.B", "kitchen-2.CreateTicket2", "k.TicketAccepted"])
    func typesAreRead(text: String) {
        #expect(MessageType(text)?.text == text)
    }
}
