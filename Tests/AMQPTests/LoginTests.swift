import Testing

@testable import AMQP

@Suite struct LoginStateTests {
    /// Where a login stands.
    enum Stage: CaseIterable {
        case awaitingStart, awaitingTune, awaitingOpen, opened, failed

        /// A login that a broker has brought there.
        func machine(_ serverProperties: FieldTable = [:]) -> LoginMachine {
            let steps: [InboundMethod] = [
                .connectionStart(mechanisms: "PLAIN", serverProperties: serverProperties),
                .connectionTune(channelMax: 0, frameMax: 0, heartbeat: 0), .connectionOpenOK,
            ]
            var machine = LoginMachine(ConnectionConfiguration().wish(as: .password(user: "u", password: "p")))
            switch self {
            case .awaitingStart: break
            case .awaitingTune: _ = machine.received(steps[0])
            case .awaitingOpen: for step in steps[..<2] { _ = machine.received(step) }
            case .opened: for step in steps { _ = machine.received(step) }
            case .failed: _ = machine.received(.connectionUnblocked)
            }
            return machine
        }
    }

    /// Every method a broker knows, in every state: three of them lead on, and nothing does after any other.
    @Test(arguments: Stage.allCases, InboundMethod.samples)
    func onlyWhatIsExpectedLeadsOn(stage: Stage, method: InboundMethod) {
        var machine = stage.machine()
        let action = machine.received(method)
        switch (stage, method) {
        case (.awaitingStart, .connectionStart): return #expect(action.steps == ["send", "connectionStartOK"])
        case (.awaitingTune, .connectionTune):
            return #expect(action.steps == ["tune", "connectionTuneOK", "connectionOpen"])
        case (.awaitingOpen, .connectionOpenOK): #expect(action.steps == ["opened"])
        case (_, .connectionClose(let code, let text)):
            #expect(action == .fail(.connectionClosed, text, replyCode: code))
        default:
            guard case .fail(.protocolViolation, let message, nil) = action else {
                return #expect(Bool(false), "\(action)")
            }
            #expect(message.contains(method.name))
        }
        expectNothingLeadsOn(machine)
    }

    private func expectNothingLeadsOn(_ failed: LoginMachine) {
        #expect(failed.ended().code == .connectionClosed)
        for method in InboundMethod.samples {
            var machine = failed
            guard case .fail = machine.received(method) else { return #expect(Bool(false), "\(method) led on") }
        }
    }

    @Test(
        arguments: Stage.allCases,
        [
            (403, "ACCESS_REFUSED - Login was refused", .authenticationFailed),
            (530, "NOT_ALLOWED - vhost v not found", .virtualHostNotFound),
            (530, "NOT_ALLOWED - access to vhost 'v' refused for user 'u'", .accessRefused),
            (530, "NOT_ALLOWED - connection limit (1) is reached", .connectionClosed),
            (501, "FRAME_ERROR - frame too large", .connectionClosed),
            (503, "COMMAND_INVALID - unknown", .connectionClosed), (541, "INTERNAL_ERROR", .connectionClosed),
            (0, "", .connectionClosed),
        ] as [(UInt16, String, AMQPError.Code)])
    func aCloseSaysWhy(stage: Stage, refusal: (code: UInt16, text: String, meaning: AMQPError.Code)) {
        var machine = stage.machine()
        let action = machine.received(.connectionClose(code: refusal.code, text: refusal.text))
        #expect(action == .fail(refusal.meaning, refusal.text, replyCode: refusal.code))
        expectNothingLeadsOn(machine)
    }

    @Test(
        arguments: [
            (.awaitingStart, .connectionClosed), (.awaitingTune, .authenticationFailed),
            (.awaitingOpen, .accessRefused), (.opened, .connectionClosed), (.failed, .connectionClosed),
        ] as [(Stage, AMQPError.Code)])
    func anEndWithoutAWordIsARefusalOfWhatWasSentLast(stage: Stage, code: AMQPError.Code) {
        let silent: [FieldTable] = [
            [:], ["capabilities": "all"], ["capabilities": .table(["authentication_failure_close": false])],
        ]
        for properties in silent { #expect(stage.machine(properties).ended().code == code) }
        let outspoken: FieldTable = ["capabilities": .table(["authentication_failure_close": true])]
        #expect(stage.machine(outspoken).ended().code == .connectionClosed)
    }

    @Test(
        arguments: [
            ("PLAIN", true), ("AMQPLAIN  PLAIN ", true), ("PLAINTEXT AMQPLAIN", false), ("plain", false), ("", false),
        ])
    func aMechanismIsTakenByItsWholeName(offered: String, isTaken: Bool) {
        var machine = Stage.awaitingStart.machine()
        let action = machine.received(.connectionStart(mechanisms: offered, serverProperties: [:]))
        switch action {
        case .send: #expect(isTaken)
        case .fail(let code, _, _):
            #expect(!isTaken && code == .authenticationFailed)
            expectNothingLeadsOn(machine)
        case .tune, .opened: #expect(Bool(false), "\(action)")
        }
    }
}

extension LoginMachine.Action {
    /// What is to be done, without the arguments.
    fileprivate var steps: [String] {
        switch self {
        case .send(let methods): ["send"] + methods.map(\.name)
        case .tune(_, let methods): ["tune"] + methods.map(\.name)
        case .opened: ["opened"]
        case .fail(let code, _, _): ["fail", code.rawValue]
        }
    }
}

@Suite struct LoginWishTests {
    private static let user = Credentials.password(user: "u", password: "p")

    /// A login up to the tuning.
    private static func tuned(
        _ configuration: ConnectionConfiguration, channelMax: UInt16, frameMax: UInt32, heartbeat: UInt16
    ) throws -> (agreement: LoginMachine.Agreement, methods: [OutboundMethod]) {
        var machine = LoginMachine(configuration.wish(as: user))
        _ = machine.received(.connectionStart(mechanisms: "PLAIN", serverProperties: ["product": "RabbitMQ"]))
        let action = machine.received(
            .connectionTune(channelMax: channelMax, frameMax: frameMax, heartbeat: heartbeat))
        guard case .tune(let agreement, let methods) = action else { throw AMQPError(.protocolViolation, "\(action)") }
        #expect(machine.received(.connectionOpenOK) == .opened(agreement))
        return (agreement, methods)
    }

    private static func bytes(_ methods: [OutboundMethod]) throws -> [UInt8] {
        var writer = FrameWriter(frameByteCountMax: 4096)
        for method in methods { try writer.write(method, on: 0) }
        return writer.output.withUnsentBytes { Array($0) }
    }

    /// Against a broker that leaves everything to us, byte by byte.
    @Test func theDefaultsGoOutAsDocumented() throws {
        let methods = try Self.tuned(ConnectionConfiguration(), channelMax: 0, frameMax: 0, heartbeat: 0).methods
        let tuneOK: [UInt8] = [0, 10, 0, 31, 0x07, 0xFF, 0, 0x02, 0, 0, 0, 15]
        let open: [UInt8] = [0, 10, 0, 40] + BrokerFrames.shortString("/") + [0, 0]
        #expect(
            try Self.bytes(methods)
                == BrokerFrames.frame(1, channel: 0, tuneOK) + BrokerFrames.frame(1, channel: 0, open))
    }

    struct Limits: Sendable, Equatable {
        var channelMax: UInt16
        var frameMax: UInt32
        var heartbeat: UInt16
    }

    /// What a broker offers, and what comes of it.
    @Test(
        arguments: [
            (
                Limits(channelMax: 0, frameMax: 0, heartbeat: 0),
                Limits(channelMax: 2047, frameMax: 131_072, heartbeat: 15)
            ),
            (
                Limits(channelMax: 0, frameMax: 4096, heartbeat: 1),
                Limits(channelMax: 2047, frameMax: 4096, heartbeat: 1)
            ),
            (
                Limits(channelMax: 1, frameMax: 0, heartbeat: 14),
                Limits(channelMax: 1, frameMax: 131_072, heartbeat: 14)
            ),
            (
                Limits(channelMax: 2046, frameMax: 131_071, heartbeat: 0),
                Limits(channelMax: 2046, frameMax: 131_071, heartbeat: 15)
            ),
            (
                Limits(channelMax: 2048, frameMax: 131_073, heartbeat: 16),
                Limits(channelMax: 2047, frameMax: 131_072, heartbeat: 15)
            ),
            (
                Limits(channelMax: .max, frameMax: .max, heartbeat: .max),
                Limits(channelMax: 2047, frameMax: 131_072, heartbeat: 15)
            ),
        ])
    func theLowerOfBothIsAgreedTo(offered: Limits, expected: Limits) throws {
        let (agreement, methods) = try Self.tuned(
            ConnectionConfiguration(), channelMax: offered.channelMax, frameMax: offered.frameMax,
            heartbeat: offered.heartbeat)
        #expect(
            agreement
                == LoginMachine.Agreement(
                    channelMax: expected.channelMax, frameMax: expected.frameMax, heartbeat: expected.heartbeat,
                    serverProperties: ["product": "RabbitMQ"]))
        #expect(
            methods.first
                == .connectionTuneOK(
                    channelMax: expected.channelMax, frameMax: expected.frameMax, heartbeat: expected.heartbeat))
    }

    @Test(arguments: [(.zero, 0), (.milliseconds(1999), 1), (.seconds(65_535), 60)] as [(Duration, UInt16)])
    func aHeartbeatIsOfWholeSecondsAndZeroTurnsItOff(heartbeat: Duration, agreed: UInt16) throws {
        var configuration = ConnectionConfiguration()
        configuration.heartbeat = heartbeat
        let agreement = try Self.tuned(configuration, channelMax: 0, frameMax: 0, heartbeat: 60).agreement
        #expect(agreement.heartbeat == agreed)
    }

    /// The client properties are read back out of the bytes: a broker says them in the same place, with other arguments behind.
    @Test func whoWeAreAndWhatWeKnowIsAnnounced() throws {
        var machine = LoginMachine(ConnectionConfiguration(name: "kitchen 1").wish(as: Self.user))
        let action = machine.received(.connectionStart(mechanisms: "PLAIN", serverProperties: [:]))
        guard case .send(let methods) = action else { return #expect(Bool(false), "\(action)") }
        let frame = try Self.bytes(methods)
        let place = FrameWriter.headerByteCount + 4
        let tableEnd = place + 4 + frame[place..<(place + 4)].reduce(0) { $0 << 8 | Int($1) }
        let mechanism = BrokerFrames.shortString("PLAIN") + BrokerFrames.bytes(UInt32(4)) + [0, 117, 0, 112]
        #expect(Array(frame[tableEnd...]) == mechanism + BrokerFrames.shortString("en_US") + [FrameWriter.frameEnd])
        let start: [UInt8] = [0, 10, 0, 10, 0, 9] + frame[place..<tableEnd] + [UInt8](repeating: 0, count: 8)
        var decoder = FrameDecoder()
        let method = try BrokerFrames.frame(1, channel: 0, start).withUnsafeBytes { try decoder.method($0) }
        guard case .connectionStart(_, let properties) = method else { return #expect(Bool(false), "\(method)") }
        #expect(properties["connection_name"] == "kitchen 1")
        #expect(properties["product"] == "Skald AMQP")
        guard case .table(let capabilities) = properties["capabilities"] else {
            return #expect(Bool(false), "no capabilities")
        }
        for name in [
            "authentication_failure_close", "basic.nack", "connection.blocked", "consumer_cancel_notify",
            "publisher_confirms",
        ] {
            #expect(capabilities[name] == .bool(true), "\(name)")
        }
    }
}
