/// The name of a kind of message: `kitchen.CreateTicket`, `kitchen.TicketCreated`, `order.created`.
///
/// Before the point stands who owns the message, in lower case. After it stands, by custom, a command or a reply with a
/// capital, a domain event without. It is also the routing key of an event, so it holds exactly one point.
public struct MessageType: Sendable, Hashable, CustomStringConvertible {
    /// Longer names are refused; routing keys and properties end at 255 bytes.
    public static let byteCountMax = 128

    public let text: String
    private let pointOffset: Int

    /// Checks a name.
    ///
    /// - Returns: nil unless it is `owner.name`: the owner of `a-z 0-9 -`, the name of letters, digits and hyphens, each
    ///   beginning with a letter and not ending with a hyphen.
    public init?(_ text: String) {
        var text = text
        guard let point = text.withUTF8(Self.pointOffset) else { return nil }
        self.text = text
        pointOffset = point
    }

    /// Where the point stands, or nil if this is no name.
    private static func pointOffset(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard bytes.count <= byteCountMax, let point = bytes.firstIndex(of: UInt8(ascii: ".")),
            isName(bytes[..<point], where: { !isUpper($0) }), isName(bytes[(point + 1)...], where: { _ in true })
        else { return nil }
        return point
    }

    /// Who owns it, such as `kitchen`.
    public var owner: String { String(text.utf8.prefix(pointOffset)) ?? "" }

    /// The name after the point.
    public var name: String { String(text.utf8.dropFirst(pointOffset + 1)) ?? "" }

    public var description: String { text }

    private static func isName(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, where isAllowed: (UInt8) -> Bool) -> Bool {
        guard let first = bytes.first, isLetter(first), bytes.last != UInt8(ascii: "-") else { return false }
        return bytes.allSatisfy { (isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-")) && isAllowed($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    private static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

extension MessageType: ExpressibleByStringLiteral {
    /// For constants of a program; a broken one traps where the program starts.
    public init(stringLiteral value: String) {
        guard let type = MessageType(value) else { preconditionFailure("\"\(value)\" is no message type") }
        self = type
    }
}
