import Testing

@testable import AMQP

@Suite struct LoginMachineTests {
    private static let wish = LoginMachine.Wish(
        credentials: .password(user: "u", password: "p"), virtualHost: "/v", clientProperties: [:], channelMax: 2047,
        frameMax: 131_072, heartbeat: 15)

    @Test func aLoginGoesThroughItsSteps() {
        var machine = LoginMachine(Self.wish)
        let start = machine.received(
            .connectionStart(mechanisms: "AMQPLAIN PLAIN", serverProperties: ["product": "RabbitMQ"]))
        #expect(
            start
                == .send([
                    .connectionStartOK(clientProperties: [:], mechanism: "PLAIN", response: [0, 117, 0, 112])
                ]))
        let agreement = LoginMachine.Agreement(
            channelMax: 100, frameMax: 8192, heartbeat: 10, serverProperties: ["product": "RabbitMQ"])
        #expect(
            machine.received(.connectionTune(channelMax: 100, frameMax: 8192, heartbeat: 10))
                == .tune(
                    agreement,
                    [
                        .connectionTuneOK(channelMax: 100, frameMax: 8192, heartbeat: 10),
                        .connectionOpen(virtualHost: "/v"),
                    ]))
        #expect(machine.received(.connectionOpenOK) == .opened(agreement))
    }

    /// The library writes past a frame that is smaller than what it has to say.
    @Test func framesThatAreTooSmallAreNotAgreedTo() {
        for frameMax: UInt32 in [1, 11, 4095] {
            var machine = LoginMachine(Self.wish)
            _ = machine.received(.connectionStart(mechanisms: "PLAIN", serverProperties: [:]))
            let action = machine.received(.connectionTune(channelMax: 0, frameMax: frameMax, heartbeat: 0))
            guard case .fail(.protocolViolation, _, _) = action else { return #expect(Bool(false), "\(action)") }
        }
    }

    @Test func zeroMeansNoLimitOfTheBroker() {
        var machine = LoginMachine(Self.wish)
        _ = machine.received(.connectionStart(mechanisms: "PLAIN", serverProperties: [:]))
        guard case .tune(let agreement, _) = machine.received(.connectionTune(channelMax: 0, frameMax: 0, heartbeat: 0))
        else { return #expect(Bool(false), "no tune") }
        #expect(agreement.channelMax == 2047)
        #expect(agreement.frameMax == 131_072)
        #expect(agreement.heartbeat == 15)
    }

    @Test(
        arguments: [
            (403, "ACCESS_REFUSED - Login was refused", AMQPError.Code.authenticationFailed),
            (530, "NOT_ALLOWED - vhost v not found", .virtualHostNotFound),
            (530, "NOT_ALLOWED - access to vhost 'v' refused for user 'u'", .accessRefused),
            (530, "NOT_ALLOWED - access to vhost 'v' refused for user 'u': vhost 'v' is down", .connectionClosed),
            (
                530, "NOT_ALLOWED - access to vhost 'v' refused for user 'u': connection limit (1) is reached",
                .connectionClosed
            ),
            (320, "CONNECTION_FORCED - broker shutting down", .connectionClosed),
        ] as [(UInt16, String, AMQPError.Code)])
    func refusalsAreToldApart(_ replyCode: UInt16, _ text: String, _ code: AMQPError.Code) {
        var machine = LoginMachine(Self.wish)
        _ = machine.received(.connectionStart(mechanisms: "PLAIN", serverProperties: [:]))
        #expect(
            machine.received(.connectionClose(code: replyCode, text: text)) == .fail(code, text, replyCode: replyCode))
    }

    @Test func anEndAfterTheCredentialsIsARefusal() {
        var machine = LoginMachine(Self.wish)
        #expect(machine.ended().code == .connectionClosed)
        _ = machine.received(.connectionStart(mechanisms: "PLAIN", serverProperties: [:]))
        #expect(machine.ended().code == .authenticationFailed)
    }

    @Test func anEndIsOnlyALostLinkWhereTheBrokerWouldSayARefusal() {
        var machine = LoginMachine(Self.wish)
        let properties: FieldTable = ["capabilities": .table(["authentication_failure_close": true])]
        _ = machine.received(.connectionStart(mechanisms: "PLAIN", serverProperties: properties))
        #expect(machine.ended().code == .connectionClosed)
        _ = machine.received(.connectionTune(channelMax: 0, frameMax: 0, heartbeat: 0))
        #expect(machine.ended().code == .connectionClosed)
    }

    @Test func aMechanismTheBrokerLacksIsNamed() {
        var machine = LoginMachine(Self.wish)
        guard
            case .fail(.authenticationFailed, let text, _) = machine.received(
                .connectionStart(mechanisms: "EXTERNAL", serverProperties: [:]))
        else { return #expect(Bool(false), "accepted") }
        #expect(text.contains("PLAIN"))
    }

    @Test func aMethodOutOfOrderIsAViolation() {
        var machine = LoginMachine(Self.wish)
        guard case .fail(.protocolViolation, _, _) = machine.received(.connectionOpenOK) else {
            return #expect(Bool(false), "accepted")
        }
    }
}

@Suite struct HeartbeatMachineTests {
    @Test func silenceOfTwoIntervalsIsDeath() {
        var machine = HeartbeatMachine(interval: 100, now: 0)
        #expect(machine.nextTimer == 50)
        #expect(machine.check(49) == .none)
        #expect(machine.check(50) == .send)
        #expect(machine.check(60) == .none)
        machine.received(120)
        #expect(machine.check(200) == .send)
        #expect(machine.check(319) == .send)
        #expect(machine.check(320) == .dead)
    }

    @Test func trafficSavesHeartbeats() {
        var machine = HeartbeatMachine(interval: 100, now: 0)
        machine.sent(45)
        #expect(machine.check(50) == .none)
        #expect(machine.check(95) == .send)
    }

    @Test func zeroIsOff() {
        var machine = HeartbeatMachine(interval: 0, now: 0)
        #expect(machine.nextTimer == .max)
        #expect(machine.check(.max - 1) == .none)
    }
}

@Suite struct RecoveryMachineTests {
    private static let down = AMQPError(.unreachable, "refused")
    private static let forbidden = AMQPError(.authenticationFailed, "wrong")

    @Test func everyHostIsTriedBeforeAPause() {
        var machine = RecoveryMachine(policy: RecoveryPolicy(), order: [2, 0, 1])
        #expect(machine.next() == .connect(hostIndex: 2))
        #expect(machine.failed(Self.down, draw: 1) == .wait(.zero))
        #expect(machine.next() == .connect(hostIndex: 0))
        #expect(machine.failed(Self.down, draw: 1) == .wait(.zero))
        #expect(machine.next() == .connect(hostIndex: 1))
        #expect(machine.failed(Self.down, draw: 1) == .wait(.milliseconds(100)))
        #expect(machine.next() == .connect(hostIndex: 2))
    }

    @Test func aBrokerThatIsAwayIsTriedEverySecondAtLeast() {
        var machine = RecoveryMachine(policy: RecoveryPolicy(), order: [0])
        for _ in 0..<50 {
            guard case .wait(let pause) = machine.failed(Self.down, draw: 1) else { return #expect(Bool(false)) }
            #expect(pause <= .seconds(1))
        }
    }

    @Test func theFirstConnectGivesUpOnARefusedUser() {
        var machine = RecoveryMachine(policy: RecoveryPolicy(), order: [0])
        #expect(machine.failed(Self.forbidden, draw: 1) == .wait(.seconds(1)))
        #expect(machine.failed(Self.forbidden, draw: 1) == .wait(.seconds(2)))
        #expect(machine.failed(Self.forbidden, draw: 1) == .giveUp)
    }

    @Test func aConnectionThatLivedIsReplacedAtOnceAndAStillbornOneAfterAPause() {
        var machine = RecoveryMachine(policy: RecoveryPolicy(), order: [0, 1])
        _ = machine.opened()
        #expect(machine.lost(after: .seconds(60), draw: 1) == .connect(hostIndex: 1))
        for pause in [100, 200, 400, 800, 1000, 1000] {
            _ = machine.opened()
            #expect(machine.lost(after: .milliseconds(3), draw: 1) == .wait(.milliseconds(pause)))
        }
        _ = machine.opened()
        _ = machine.lost(after: .seconds(1), draw: 1)
        _ = machine.opened()
        #expect(machine.lost(after: .zero, draw: 1) == .wait(.milliseconds(100)))
    }

    @Test func onceConnectedARefusedUserIsTriedForEver() {
        var machine = RecoveryMachine(policy: RecoveryPolicy(), order: [0])
        #expect(machine.opened() == 1)
        _ = machine.lost(after: .seconds(60), draw: 1)
        for _ in 0..<20 {
            guard case .wait(let pause) = machine.failed(Self.forbidden, draw: 1) else { return #expect(Bool(false)) }
            #expect(pause <= .seconds(30))
        }
        #expect(machine.opened() == 2)
        #expect(machine.failed(Self.forbidden, draw: 1) == .wait(.seconds(1)), "back-off starts anew after a login")
    }

    @Test func jitterIsBetweenZeroAndTheCap() {
        var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(1))
        #expect(backoff.next(draw: 0) == .zero)
        #expect(backoff.next(draw: 0.5) == .milliseconds(100))
        #expect(backoff.next(draw: 1) == .milliseconds(400))
        for _ in 0..<100 { #expect(backoff.next(draw: 1) <= .seconds(1)) }
        backoff.reset()
        #expect(backoff.next(draw: 1) == .milliseconds(100))
    }
}
