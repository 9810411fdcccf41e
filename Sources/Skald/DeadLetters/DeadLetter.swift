import AMQP
import Messaging
import Participant

/// A message in a dead queue, as operators see it.
struct DeadLetter: Sendable {
    /// The queue it came from and goes back to.
    let queue: String
    let message: WireMessage

    init(_ delivery: Delivery, from queue: String) {
        self.init(WireMessage(delivery), from: queue)
    }

    init(_ message: WireMessage, from queue: String) {
        self.queue = queue
        self.message = message
    }

    var id: String { message.properties.messageID ?? "" }
    var type: String { message.properties.type ?? "" }
    var saga: String? { message.properties.correlationID }
    var reason: String { message.headers[HeaderName.deadReason]?.text ?? "given up by the broker" }
    var error: String { message.headers[HeaderName.lastError]?.text ?? "" }
    var attempt: Int64? { message.headers[HeaderName.attempt]?.wholeNumber }
    var firstFailureAt: String? { message.headers[HeaderName.firstFailureAt]?.text }
    var sender: String? { message.headers[HeaderName.sender]?.text ?? message.properties.userID }

    /// When it was made, in milliseconds since 1970: by its id, else by its property; nil if neither says.
    var madeAt: Int64? {
        if let id = UUIDv7(id) { return id.milliseconds }
        guard let seconds = message.properties.timestamp else { return nil }
        let (milliseconds, isTooLarge) = seconds.multipliedReportingOverflow(by: 1000)
        return isTooLarge ? nil : milliseconds
    }

    /// The body as JSON, or its bytes as text where it is none.
    var body: JSONValue {
        if let value = try? JSON.decode(JSONValue.self, from: message.body) { return value }
        return .string(String(decoding: message.body, as: UTF8.self))
    }

    /// The letter for programs.
    var value: JSONValue {
        var fields: [JSONValue.Field] = [
            .init("queue", .string(queue)), .init("id", .string(id)), .init("type", .string(type)),
            .init("reason", .string(reason)), .init("error", .string(error)),
        ]
        if let saga { fields.append(.init("saga", .string(saga))) }
        if let sender { fields.append(.init("sender", .string(sender))) }
        if let attempt { fields.append(.init("attempt", .integer(attempt))) }
        if let firstFailureAt { fields.append(.init("firstFailureAt", .string(firstFailureAt))) }
        fields.append(.init("body", body))
        return .object(fields)
    }
}

/// Which letters a command is about.
struct DeadLetterFilter: Sendable {
    var id: String?
    var type: String?
    var saga: String?
    var reason: String?
    /// A text the error contains.
    var error: String?
    var olderThan: Duration?
    var newerThan: Duration?

    init(_ arguments: Arguments) throws(Failure) {
        id = arguments.value("id")
        type = arguments.value("type")
        saga = arguments.value("saga")
        reason = arguments.value("reason-code")
        error = arguments.value("error")
        olderThan = try arguments.duration("older-than")
        newerThan = try arguments.duration("newer-than")
    }

    static let options: [Option] = [
        .value("id", "ID", "Only the message with this id."),
        .value("type", "TYPE", "Only messages of this type, such as kitchen.CreateTicket."),
        .value("saga", "ID", "Only messages of this saga."),
        .value("reason-code", "CODE", "Only messages that died for this reason, such as attempts-exhausted."),
        .value("error", "TEXT", "Only messages whose last error contains this text."),
        .value("older-than", "TIME", "Only messages made longer ago than this, such as 30s, 15m, 2h or 3d."),
        .value("newer-than", "TIME", "Only messages made since."),
    ]

    /// - Parameter now: milliseconds since 1970.
    func matches(_ letter: DeadLetter, now: Int64) -> Bool {
        func fits(_ wanted: String?, _ found: String?) -> Bool { wanted == nil || wanted == found }
        guard fits(id, letter.id), fits(type, letter.type), fits(saga, letter.saga), fits(reason, letter.reason) else {
            return false
        }
        if let error, !letter.error.contains(error) { return false }
        if olderThan == nil, newerThan == nil { return true }
        guard let madeAt = letter.madeAt else { return false }
        let age = Duration.milliseconds(now - madeAt)
        return (olderThan.map { age > $0 } ?? true) && (newerThan.map { age <= $0 } ?? true)
    }

    /// The filter in words, for the record.
    var words: String {
        let parts: [(String, String?)] = [
            ("id", id), ("type", type), ("saga", saga), ("reason", reason), ("error", error),
            ("older than", olderThan?.words), ("newer than", newerThan?.words),
        ]
        let said = parts.compactMap { name, value in value.map { "\(name) \($0)" } }
        return said.isEmpty ? "all" : said.joined(separator: ", ")
    }
}

extension Arguments {
    /// Reads `30s`, `15m`, `2h` or `3d`.
    func duration(_ option: String) throws(Failure) -> Duration? {
        guard let text = value(option) else { return nil }
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Int64(text.dropLast()), number >= 0,
            number < 1_000_000
        else {
            throw Failure(.usage, "`--\(option)` is a time such as 30s, 15m, 2h or 3d, not `\(text)`")
        }
        return .seconds(number * unit)
    }

    /// Reads a whole number from 1 on.
    func count(_ option: String) throws(Failure) -> Int? {
        guard let text = value(option) else { return nil }
        guard let number = Int(text), number >= 1 else {
            throw Failure(.usage, "`--\(option)` is a number from 1 on, not `\(text)`")
        }
        return number
    }
}
