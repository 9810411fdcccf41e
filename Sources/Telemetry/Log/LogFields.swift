/// One value of a log line.
package enum LogValue: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }

    package static func integer(_ value: some BinaryInteger) -> LogValue { .integer(Int64(clamping: value)) }

    /// A duration in seconds, the base unit of every time we show.
    package static func seconds(_ duration: Duration) -> LogValue { .number(duration / .seconds(1)) }
}

/// The named values of a log line, in the order they were given; a later value replaces an earlier one of its name.
package struct LogFields: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    package struct Field: Sendable, Hashable {
        package let name: String
        package var value: LogValue
    }

    package private(set) var fields: [Field] = []

    package init(dictionaryLiteral elements: (String, LogValue)...) {
        fields.reserveCapacity(elements.count)
        for (name, value) in elements { self[name] = value }
    }

    package subscript(name: String) -> LogValue? {
        get { fields.first { $0.name == name }?.value }
        set {
            let index = fields.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): fields[index].value = value
            case (let index?, nil): fields.remove(at: index)
            case (nil, let value?): fields.append(Field(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    package func merging(_ other: LogFields) -> LogFields {
        var result = self
        for field in other.fields { result[field.name] = field.value }
        return result
    }
}

/// The field names every service uses, so that one query finds a saga in all their logs.
package enum LogFieldName {
    package static let sagaID = "saga_id"
    package static let messageID = "message_id"
    package static let correlationID = "correlation_id"
    package static let causationID = "causation_id"
    package static let traceID = "trace_id"
    package static let spanID = "span_id"
    package static let attempt = "attempt"
    package static let queue = "queue"
    package static let errorType = "error.type"
    package static let error = "error"
}
