@testable import AMQP

extension InboundMethod {
    /// One of each. The first is what a chain begins with that the compiler keeps whole.
    static let samples = Array(
        sequence(first: InboundMethod.connectionStart(mechanisms: "PLAIN", serverProperties: [:])) { $0.following })

    /// Whoever adds a method has to give it a place here.
    private var following: InboundMethod? {
        switch self {
        case .connectionStart: .connectionTune(channelMax: 100, frameMax: 8192, heartbeat: 10)
        case .connectionTune: .connectionOpenOK
        case .connectionOpenOK: .connectionClose(code: 320, text: "CONNECTION_FORCED")
        case .connectionClose: .connectionCloseOK
        case .connectionCloseOK: .connectionBlocked(reason: "low on memory")
        case .connectionBlocked: .connectionUnblocked
        case .connectionUnblocked: .channelOpenOK
        case .channelOpenOK: .channelFlow(active: false)
        case .channelFlow: .channelClose(code: 404, text: "NOT_FOUND")
        case .channelClose: .channelCloseOK
        case .channelCloseOK: .exchangeDeclareOK
        case .exchangeDeclareOK: .exchangeDeleteOK
        case .exchangeDeleteOK: .exchangeBindOK
        case .exchangeBindOK: .queueDeclareOK(name: "q", messageCount: 1, consumerCount: 2)
        case .queueDeclareOK: .queueBindOK
        case .queueBindOK: .queueUnbindOK
        case .queueUnbindOK: .queuePurgeOK(messageCount: 1)
        case .queuePurgeOK: .queueDeleteOK(messageCount: 1)
        case .queueDeleteOK: .basicQosOK
        case .basicQosOK: .basicConsumeOK(tag: "t")
        case .basicConsumeOK: .basicCancelOK(tag: "t")
        case .basicCancelOK: .basicCancel(tag: "t")
        case .basicCancel: .basicAck(tag: 1, multiple: true)
        case .basicAck: .basicNack(tag: 1, multiple: false)
        case .basicNack: .confirmSelectOK
        case .confirmSelectOK: .other(60 << 16 | 72)
        case .other: nil
        }
    }

    /// Its name without its arguments.
    var name: String { String(String(describing: self).prefix { $0 != "(" }) }
}
