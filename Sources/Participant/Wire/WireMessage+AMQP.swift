package import AMQP
package import Messaging

/// Between the contract's form of a message and the AMQP library's.
extension WireMessage {
    package init(_ delivery: Delivery) {
        self.init(
            properties: MessageProperties(delivery),
            headers: MessageHeaders(
                delivery.headers.map { MessageHeaders.Header($0.name, HeaderValue($0.value)) }),
            body: delivery.body)
    }

    package var amqp: Message { Message(body, properties: Properties(properties, FieldTable(headers))) }
}

/// The outside of a delivery, read where it lies.
struct DeliveredOutside: EnvelopeSource {
    private let delivery: Delivery
    let properties: MessageProperties

    init(_ delivery: Delivery) {
        self.delivery = delivery
        properties = MessageProperties(delivery)
    }

    func header(_ name: String) -> HeaderValue? { delivery.header(name).map { HeaderValue($0) } }
}

extension Delivery {
    /// How often the broker has delivered it before without an answer, where it counts: quorum queues do.
    ///
    /// From RabbitMQ 4.3 on `x-delivery-count` leaves out what a dead process held, and `x-acquired-count` has it.
    var deliveryCount: Int? {
        let counts = [header("x-delivery-count"), header("x-acquired-count")]
        return counts.compactMap { $0?.integerValue }.max().map { Int(clamping: $0) }
    }
}

extension OutgoingMessage {
    var publication: Publication {
        let id = id.description
        let headers = envelope.headers(id: id).map { FieldTable.Entry($0.name, FieldValue($0.value)) }
        let properties = Properties(envelope.properties(id: id), FieldTable(distinct: headers))
        return Publication(
            Message(body, properties: properties), to: exchange, routingKey: routingKey, isMandatory: isMandatory)
    }
}

extension MessageProperties {
    init(_ delivery: Delivery) {
        self.init(
            messageID: delivery.messageID, correlationID: delivery.correlationID, type: delivery.type,
            replyTo: delivery.replyTo, contentType: delivery.contentType,
            timestamp: delivery.timestamp.map { Int64(clamping: $0) }, appID: delivery.appID, userID: delivery.userID,
            isPersistent: delivery.deliveryMode == .persistent)
    }
}

extension Properties {
    init(_ properties: MessageProperties, _ headers: FieldTable) {
        self.init(
            contentType: properties.contentType, headers: headers,
            deliveryMode: properties.isPersistent ? .persistent : .transient,
            correlationID: properties.correlationID, replyTo: properties.replyTo, messageID: properties.messageID,
            timestamp: properties.timestamp.flatMap { UInt64(exactly: $0) }, type: properties.type,
            userID: properties.userID, appID: properties.appID)
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
