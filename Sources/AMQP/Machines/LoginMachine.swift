/// The conversation that opens a connection (AMQP 0-9-1, section 2.2.4): start, tune, open.
///
/// A value without I/O: it is given the broker's methods and says what to send.
struct LoginMachine {
    /// What we ask for.
    struct Wish: Sendable {
        var credentials: Credentials
        var virtualHost: String
        var clientProperties: FieldTable
        var channelMax: UInt16
        var frameMax: UInt32
        /// Seconds.
        var heartbeat: UInt16
    }

    /// What both sides agreed on.
    struct Agreement: Sendable, Equatable {
        var channelMax: UInt16
        var frameMax: UInt32
        /// Seconds; 0 where the broker turned heartbeats off.
        var heartbeat: UInt16
        var serverProperties: FieldTable
    }

    enum Action: Equatable {
        case send([OutboundMethod])
        /// Take the limits, then send.
        case tune(Agreement, [OutboundMethod])
        case opened(Agreement)
        case fail(AMQPError.Code, String, replyCode: UInt16?)
    }

    private enum State {
        /// The protocol header went out. Left by `connection.start`.
        case awaitingStart
        /// Credentials went out. Left by `connection.tune`; the socket ending here means they were refused.
        case awaitingTune(FieldTable)
        /// The virtual host was asked for. Left by `connection.open-ok`.
        case awaitingOpen(Agreement)
        /// Final.
        case finished
    }

    /// What every peer takes (AMQP 0-9-1, section 4.2.3, frame-min-size).
    private static let frameByteCountMin: UInt32 = 4096

    private let wish: Wish
    private var state = State.awaitingStart

    init(_ wish: Wish) {
        self.wish = wish
    }

    mutating func received(_ method: InboundMethod) -> Action {
        switch (state, method) {
        case (.awaitingStart, .connectionStart(let mechanisms, let properties)):
            return start(mechanisms, properties)
        case (.awaitingTune(let properties), .connectionTune(let channelMax, let frameMax, let heartbeat)):
            guard frameMax == 0 || frameMax >= Self.frameByteCountMin else {
                state = .finished
                return .fail(
                    .protocolViolation,
                    "the broker allows frames of \(frameMax) bytes; AMQP asks for \(Self.frameByteCountMin) at least",
                    replyCode: nil)
            }
            let agreement = agree(channelMax, frameMax, heartbeat, properties)
            state = .awaitingOpen(agreement)
            return .tune(
                agreement,
                [
                    .connectionTuneOK(
                        channelMax: agreement.channelMax, frameMax: agreement.frameMax, heartbeat: agreement.heartbeat),
                    .connectionOpen(virtualHost: wish.virtualHost),
                ])
        case (.awaitingOpen(let agreement), .connectionOpenOK):
            state = .finished
            return .opened(agreement)
        case (_, .connectionClose(let code, let text)):
            state = .finished
            let error = AMQPError.fromBroker(replyCode: code, text: text, on: .login)
            return .fail(error.code, error.message, replyCode: code)
        default:
            state = .finished
            return .fail(.protocolViolation, "the broker sent \(method) during login", replyCode: nil)
        }
    }

    /// The socket ended. Brokers that do not announce `authentication_failure_close` say a refusal this way; from others
    /// it only means that the link is gone.
    func ended() -> AMQPError {
        switch state {
        case .awaitingTune(let properties) where !Self.closesOnRefusal(properties):
            AMQPError(.authenticationFailed, "the broker ended the connection after the credentials were sent")
        case .awaitingOpen(let agreement) where !Self.closesOnRefusal(agreement.serverProperties):
            AMQPError(
                .accessRefused, "the broker ended the connection when virtual host \(wish.virtualHost) was opened")
        case .awaitingStart, .awaitingTune, .awaitingOpen, .finished:
            AMQPError(.connectionClosed, "the broker ended the connection during login")
        }
    }

    private static func closesOnRefusal(_ serverProperties: FieldTable) -> Bool {
        guard case .table(let capabilities) = serverProperties["capabilities"] else { return false }
        return capabilities["authentication_failure_close"] == .bool(true)
    }

    private mutating func start(_ mechanisms: String, _ properties: FieldTable) -> Action {
        let mechanism = wish.credentials.mechanism
        guard mechanisms.split(separator: " ").contains(where: { $0 == mechanism }) else {
            state = .finished
            return .fail(
                .authenticationFailed, "the broker offers \(mechanisms), not \(mechanism), to log in with",
                replyCode: nil)
        }
        state = .awaitingTune(properties)
        return .send([
            .connectionStartOK(
                clientProperties: wish.clientProperties, mechanism: mechanism, response: wish.credentials.response)
        ])
    }

    /// The lower of both, where zero means "no limit" (AMQP 0-9-1, connection.tune).
    private func agree(
        _ channelMax: UInt16, _ frameMax: UInt32, _ heartbeat: UInt16, _ properties: FieldTable
    ) -> Agreement {
        func lower<Number: BinaryInteger>(_ ours: Number, _ theirs: Number) -> Number {
            theirs == 0 ? ours : ours == 0 ? theirs : min(ours, theirs)
        }
        return Agreement(
            channelMax: lower(wish.channelMax, channelMax), frameMax: lower(wish.frameMax, frameMax),
            heartbeat: wish.heartbeat == 0 ? 0 : lower(wish.heartbeat, heartbeat), serverProperties: properties)
    }
}
