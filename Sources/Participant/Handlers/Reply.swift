public import Messaging

/// What a handler answers.
///
/// A refusal for a reason of business is an answer like any other: it is committed, stored and sent. Only what a handler
/// throws is tried again.
public struct Reply: Sendable {
    let payload: (any MessagePayload)?
    let type: MessageType
    let answer: HandlerResult.Answer

    /// The command did what it says.
    public static func success(_ payload: some MessagePayload) -> Reply {
        Reply(payload: payload, type: Swift.type(of: payload).messageType, answer: .done)
    }

    /// The command was refused and changed nothing.
    public static func refusal(_ payload: some MessagePayload) -> Reply {
        Reply(payload: payload, type: Swift.type(of: payload).messageType, answer: .refused)
    }

    /// The command failed, and nobody knows whether it had its effect: what is one of its `unclear` failures in the
    /// participant's file. Its undo will run, and has to be right either way.
    public static func unclear(_ payload: some MessagePayload) -> Reply {
        Reply(payload: payload, type: Swift.type(of: payload).messageType, answer: .unclear)
    }

    /// Success of a type without a body, for an undo that finds nothing to undo.
    static func empty(_ type: MessageType, _ answer: HandlerResult.Answer) -> Reply {
        Reply(payload: nil, type: type, answer: answer)
    }

    /// The bytes that are stored, sent, and sent again.
    func body() throws(JSONError) -> [UInt8] {
        guard let payload else { return Array("{}".utf8) }
        return try JSON.encode(payload)
    }
}

extension JSON {
    fileprivate static func encode(_ payload: any MessagePayload) throws(JSONError) -> [UInt8] {
        func open<Payload: MessagePayload>(_ payload: Payload) throws(JSONError) -> [UInt8] {
            try encode(payload, layout: .compact)
        }
        return try open(payload)
    }
}
