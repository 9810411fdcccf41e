public import Messaging

/// What a handler answers.
///
/// A refusal for a reason of business is an answer like any other: it is committed, stored and sent. Only what a handler
/// throws is tried again.
public struct Reply: Sendable {
    let payload: (any MessagePayload)?
    let type: MessageType
    let isSuccess: Bool

    /// The command did what it says.
    public static func success(_ payload: some MessagePayload) -> Reply {
        Reply(payload: payload, type: Swift.type(of: payload).messageType, isSuccess: true)
    }

    /// The command was refused and changed nothing.
    public static func refusal(_ payload: some MessagePayload) -> Reply {
        Reply(payload: payload, type: Swift.type(of: payload).messageType, isSuccess: false)
    }

    /// Success of a type without a body, for an undo that finds nothing to undo.
    static func empty(_ type: MessageType, isSuccess: Bool) -> Reply {
        Reply(payload: nil, type: type, isSuccess: isSuccess)
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
