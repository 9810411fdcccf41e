/// What differs between a declaration and what the broker has, read from its refusal (406).
public struct DeclarationDifference: Sendable, Hashable, CustomStringConvertible {
    /// `queue` or `exchange`.
    public let entityKind: String
    public let entityName: String
    /// The argument or property that differs.
    public let property: String
    /// What the declaration asked for.
    public let wanted: String
    /// What the broker has.
    public let found: String

    /// Reads the broker's text, such as `PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'q' in vhost
    /// '/': received the value '5' of type 'signedint' but current is none`.
    ///
    /// - Returns: nil for any other text.
    public init?(brokerText: String) {
        guard let property = Self.quoted(after: "inequivalent arg ", in: brokerText),
            let kind = ["queue", "exchange"].first(where: { brokerText.contains(" for \($0) '") }),
            let name = Self.quoted(after: " for \(kind) ", in: brokerText),
            let received = brokerText.range(of: ": received "),
            let current = brokerText.range(of: " but current is ")
        else { return nil }
        entityKind = kind
        entityName = name
        self.property = property
        wanted = Self.value(brokerText[received.upperBound..<current.lowerBound])
        found = Self.value(brokerText[current.upperBound...])
    }

    public var description: String {
        "\(entityKind) \(entityName): \(property) is \(found), declared as \(wanted). "
            + "Change the declaration, or delete the \(entityKind) and declare it anew once it is empty."
    }

    /// `the value '5' of type 'signedint'` becomes `5`; `none` stays.
    private static func value(_ text: Substring) -> String {
        quoted(after: "the value ", in: String(text)) ?? quoted(after: "", in: String(text)) ?? String(text)
    }

    private static func quoted(after prefix: String, in text: String) -> String? {
        guard let start = text.range(of: "\(prefix)'") else { return nil }
        let rest = text[start.upperBound...]
        guard let end = rest.firstIndex(of: "'") else { return nil }
        return String(rest[..<end])
    }
}

extension StringProtocol {
    /// The first place of a text within this one.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
