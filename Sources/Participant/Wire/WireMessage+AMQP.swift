package import AMQP
package import Messaging

/// Between the contract's form of a message and the AMQP library's.
extension WireMessage {
    package init(_ delivery: Delivery) {
        let properties = delivery.properties
        self.init(
            properties: MessageProperties(
                messageID: properties.messageID, correlationID: properties.correlationID, type: properties.type,
                replyTo: properties.replyTo, contentType: properties.contentType,
                timestamp: properties.timestamp.map { Int64(clamping: $0) }, appID: properties.appID,
                userID: properties.userID, isPersistent: properties.deliveryMode == .persistent),
            headers: MessageHeaders(
                properties.headers.map { MessageHeaders.Header($0.name, HeaderValue($0.value)) }),
            body: delivery.body)
    }

    package var amqp: Message {
        Message(
            body,
            properties: Properties(
                contentType: properties.contentType, headers: FieldTable(headers),
                deliveryMode: properties.isPersistent ? .persistent : .transient,
                correlationID: properties.correlationID, replyTo: properties.replyTo, messageID: properties.messageID,
                timestamp: properties.timestamp.flatMap { UInt64(exactly: $0) }, type: properties.type,
                userID: properties.userID, appID: properties.appID))
    }

    /// How often the broker has delivered it before without an answer, where it counts: quorum queues do.
    ///
    /// From RabbitMQ 4.3 on `x-delivery-count` leaves out what a dead process held, and `x-acquired-count` has it.
    var deliveryCount: Int? {
        ["x-delivery-count", "x-acquired-count"].compactMap { headers[$0]?.wholeNumber }.max().map { Int(clamping: $0) }
    }
}

extension OutgoingMessage {
    var publication: Publication {
        Publication(
            envelope.message(body: body).amqp, to: exchange, routingKey: routingKey, isMandatory: isMandatory)
    }
}

extension HeaderValue {
    init(_ value: FieldValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .bool(let flag): self = .boolean(flag)
        case .bytes(let bytes): self = .bytes(bytes)
        case .float(let number): self = .number(Double(number))
        case .double(let number): self = .number(number)
        case .timestamp(let seconds): self = .timestamp(Int64(clamping: seconds))
        case .table(let table):
            self = .table(MessageHeaders(table.map { MessageHeaders.Header($0.name, HeaderValue($0.value)) }))
        case .array(let elements): self = .list(elements.map(HeaderValue.init))
        case .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64:
            self = value.integerValue.map { .integer($0) } ?? .null
        case .decimal, .null: self = .null
        }
    }
}

extension FieldValue {
    init(_ value: HeaderValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .integer(let number): self = .int64(number)
        case .boolean(let flag): self = .bool(flag)
        case .number(let number): self = .double(number)
        case .timestamp(let seconds): self = .timestamp(UInt64(clamping: seconds))
        case .bytes(let bytes): self = .bytes(bytes)
        case .list(let elements): self = .array(elements.map(FieldValue.init))
        case .table(let headers): self = .table(FieldTable(headers))
        case .null: self = .null
        }
    }
}

extension FieldTable {
    init(_ headers: MessageHeaders) {
        self.init()
        for header in headers.all { self[header.name] = FieldValue(header.value) }
    }
}
