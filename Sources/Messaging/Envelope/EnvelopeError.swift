/// Why a message is none of ours: the name of the property or header, and what is wrong with it.
public struct EnvelopeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault it is.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A required one is absent.
        case missing
        /// It is present, but not what it has to be.
        case invalid
        /// Two that must be equal are not.
        case contradiction
        /// The id is no UUID of version 7, so the inbox could not keep it.
        case badIdentifier
    }

    public let code: Code
    /// The property (`message-id`) or header (`skald-step`) at fault.
    public let name: String
    /// What is wrong, in words that quote nothing of the message.
    public let message: String

    init(_ code: Code, _ name: String, _ message: String) {
        self.code = code
        self.name = name
        self.message = message
    }

    public var description: String { "\(name) \(message)" }

    static func missing(_ name: String) -> EnvelopeError { EnvelopeError(.missing, name, "is missing") }
}
