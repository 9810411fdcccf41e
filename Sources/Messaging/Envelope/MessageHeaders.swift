/// One value of a header, as the tables of AMQP know them.
public enum HeaderValue: Sendable, Hashable {
    case string(String)
    case integer(Int64)
    case boolean(Bool)
    case number(Double)
    /// Seconds since 1970.
    case timestamp(Int64)
    case bytes([UInt8])
    case list([HeaderValue])
    case table(MessageHeaders)
    case null
}

extension HeaderValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension HeaderValue {
    /// The value as text. Bytes that are UTF-8 count as text, because some clients send text as bytes.
    public var text: String? {
        switch self {
        case .string(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// The value as a whole number.
    public var wholeNumber: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }
}

/// The headers of a message, in their order; names are unique.
public struct MessageHeaders: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// One header.
    public struct Header: Sendable, Hashable {
        public let name: String
        public var value: HeaderValue

        public init(_ name: String, _ value: HeaderValue) {
            self.name = name
            self.value = value
        }
    }

    public private(set) var all: [Header] = []

    public init(dictionaryLiteral elements: (String, HeaderValue)...) {
        for (name, value) in elements { self[name] = value }
    }

    /// Takes headers over; of two with one name the last counts.
    public init(_ headers: some Sequence<Header>) {
        all.reserveCapacity(headers.underestimatedCount + 3)
        for header in headers { self[header.name] = header.value }
    }

    /// Takes headers over whose names are known to differ, so that none has to be looked for.
    init(distinct headers: [Header]) {
        all = headers
    }

    public subscript(name: String) -> HeaderValue? {
        get { all.first { $0.name == name }?.value }
        set {
            let index = all.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): all[index].value = value
            case (let index?, nil): all.remove(at: index)
            case (nil, let value?): all.append(Header(name, value))
            case (nil, nil): break
            }
        }
    }

    public mutating func removeAll(where shouldBeRemoved: (Header) -> Bool) {
        all.removeAll(where: shouldBeRemoved)
    }
}

/// The names of the headers, exactly as they stand on the wire.
public enum HeaderName {
    public static let specVersion = "cloudEvents_specversion"
    public static let eventID = "cloudEvents_id"
    public static let source = "cloudEvents_source"
    public static let eventType = "cloudEvents_type"
    /// On a reply: the id of the command it answers.
    public static let causationID = "cloudEvents_causationid"
    public static let traceparent = "traceparent"

    public static let step = "skald-step"
    public static let direction = "skald-direction"
    public static let stepTry = "skald-try"

    public static let attempt = "skald-attempt"
    public static let firstFailureAt = "skald-first-failure-at"
    public static let lastError = "skald-last-error"
    /// On what was published again: the user who published it first.
    public static let sender = "skald-sender"
    /// On what lies in a dead queue: why.
    public static let deadReason = "skald-dead-reason"
}
