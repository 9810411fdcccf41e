/// What a queue lets through to its handlers, checked before anything is done.
///
/// The order of the checks is part of the contract: the first that fails names the reason in the dead queue.
public struct AdmissionRule: Sendable {
    public let kind: Envelope.Kind
    public let senders: SenderRule
    /// How far back the inbox reaches; an older id could have been handled and forgotten.
    public let horizon: Duration
    private let knowsType: @Sendable (MessageType) -> Bool

    public static let horizonDefault = Duration.seconds(14 * 86_400)

    public init(
        kind: Envelope.Kind, senders: SenderRule, horizon: Duration = AdmissionRule.horizonDefault,
        knowsType: @escaping @Sendable (MessageType) -> Bool
    ) {
        self.kind = kind
        self.senders = senders
        self.horizon = horizon
        self.knowsType = knowsType
    }

    /// An admitted message with its envelope, or why it is not admitted, in words that are safe to show.
    public enum Judgement: Sendable, Hashable {
        case admitted(Envelope)
        case refused(Admission, explanation: String)
    }

    /// Judges a message.
    ///
    /// - Parameter now: milliseconds since 1970.
    public func judge(_ message: WireMessage, now: Int64) -> Judgement {
        judge(message, bodyByteCount: message.body.count, now: now)
    }

    /// Judges a message where it lies.
    ///
    /// - Parameter now: milliseconds since 1970.
    package func judge(_ message: some EnvelopeSource, bodyByteCount: Int, now: Int64) -> Judgement {
        guard MessageSize.verdict(byteCount: bodyByteCount) != .tooLarge else {
            return .refused(
                .tooLarge,
                explanation: "the body has \(bodyByteCount) bytes, the limit is \(MessageSize.byteCountMax)")
        }
        let envelope: Envelope
        do throws(EnvelopeError) {
            envelope = try Envelope(from: message, kind: kind)
        } catch {
            let admission: Admission = error.code == .badIdentifier ? .badIdentifier : .undecodable
            return .refused(admission, explanation: error.description)
        }
        guard senders.allows(envelope) else {
            let sender = SafeText.line(senders.sender(of: envelope) ?? "", byteCountMax: 64)
            return .refused(.unauthorised, explanation: "\"\(sender)\" may not send to this queue")
        }
        guard knowsType(envelope.type) else {
            return .refused(.unknownType, explanation: "\(envelope.type) is not handled here")
        }
        guard now - envelope.id.milliseconds <= horizon.components.seconds * 1000 else {
            let days = horizon.components.seconds / 86_400
            return .refused(.tooOld, explanation: "the id is older than the \(days) days the inbox reaches back")
        }
        return .admitted(envelope)
    }
}
