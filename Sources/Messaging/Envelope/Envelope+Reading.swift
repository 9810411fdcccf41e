import Telemetry

/// The names of AMQP's properties, as errors show them.
enum PropertyName {
    static let messageID = "message-id"
    static let correlationID = "correlation-id"
    static let type = "type"
    static let replyTo = "reply-to"
    static let contentType = "content-type"
    static let userID = "user-id"
}

extension Envelope {
    /// Reads the outside of a message.
    ///
    /// Optional attributes may be absent; a required one that is absent is refused by its name. Unknown headers are passed
    /// over. A broken `traceparent` is kept as it is: it must never fail a message.
    public init(_ message: WireMessage, kind: Kind) throws(EnvelopeError) {
        try self.init(from: message, kind: kind)
    }

    /// Reads the outside of a message where it lies.
    package init(from message: some EnvelopeSource, kind: Kind) throws(EnvelopeError) {
        let reader = EnvelopeReader(message: message)
        try reader.checkTexts()
        try reader.checkContentType()
        try reader.checkVersion()
        let id = try reader.identifier()
        let type = try reader.type()
        self.init(
            id: id, type: type, source: try reader.requiredText(HeaderName.source),
            correlationID: message.properties.correlationID, causationID: try reader.causation(),
            replyTo: message.properties.replyTo, timestamp: message.properties.timestamp,
            appID: message.properties.appID, userID: message.properties.userID,
            sender: try reader.text(HeaderName.sender), traceparent: reader.traceparent(),
            step: try reader.step(),
            history: try reader.history())
        try checkRequired(for: kind)
    }

    private func checkRequired(for kind: Kind) throws(EnvelopeError) {
        if userID == nil { throw .missing(PropertyName.userID) }
        switch kind {
        case .command:
            // A saga names its step, and then must be named itself and be answered.
            if step != nil, correlationID == nil { throw .missing(PropertyName.correlationID) }
            if step != nil, replyTo == nil { throw .missing(PropertyName.replyTo) }
        case .reply:
            if correlationID == nil { throw .missing(PropertyName.correlationID) }
            if causationID == nil { throw .missing(HeaderName.causationID) }
            if step == nil { throw .missing(HeaderName.step) }
        case .event: break
        }
    }
}

/// Takes the attributes of one message one by one.
private struct EnvelopeReader<Source: EnvelopeSource> {
    let message: Source

    /// What is no UTF-8 is longer as a text than it was on the wire, and what follows from it could not be sent.
    func checkTexts() throws(EnvelopeError) {
        try check(message.properties.correlationID, PropertyName.correlationID)
        try check(message.properties.replyTo, PropertyName.replyTo)
    }

    private func check(_ text: String?, _ name: String) throws(EnvelopeError) {
        guard let text, text.utf8.count > MessageProperties.textByteCountMax else { return }
        throw EnvelopeError(.invalid, name, "is longer than \(MessageProperties.textByteCountMax) bytes as UTF-8")
    }

    /// One that is too long for what it has to be is none.
    func traceparent() -> String? {
        message.header(HeaderName.traceparent)?.text.flatMap { $0.utf8.count <= 256 ? $0 : nil }
    }

    func checkContentType() throws(EnvelopeError) {
        guard let type = message.properties.contentType else { throw .missing(PropertyName.contentType) }
        let bare = type.utf8.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
        guard bare.elementsEqual("application/json".utf8) else {
            throw EnvelopeError(.invalid, PropertyName.contentType, "is not application/json")
        }
    }

    func checkVersion() throws(EnvelopeError) {
        guard try requiredText(HeaderName.specVersion) == "1.0" else {
            throw EnvelopeError(.invalid, HeaderName.specVersion, "is not 1.0")
        }
    }

    func identifier() throws(EnvelopeError) -> UUIDv7 {
        guard let text = message.properties.messageID else { throw .missing(PropertyName.messageID) }
        guard let id = UUIDv7(text) else {
            throw EnvelopeError(.badIdentifier, PropertyName.messageID, "is no UUID of version 7")
        }
        guard UUIDv7(try requiredText(HeaderName.eventID)) == id else {
            throw EnvelopeError(.contradiction, HeaderName.eventID, "differs from \(PropertyName.messageID)")
        }
        return id
    }

    func type() throws(EnvelopeError) -> MessageType {
        guard let text = message.properties.type else { throw .missing(PropertyName.type) }
        guard let type = MessageType(text) else {
            throw EnvelopeError(.invalid, PropertyName.type, "is no message type such as kitchen.CreateTicket")
        }
        guard try requiredText(HeaderName.eventType) == text else {
            throw EnvelopeError(.contradiction, HeaderName.eventType, "differs from \(PropertyName.type)")
        }
        return type
    }

    func causation() throws(EnvelopeError) -> UUIDv7? {
        guard let text = try text(HeaderName.causationID) else { return nil }
        guard let id = UUIDv7(text) else {
            throw EnvelopeError(.invalid, HeaderName.causationID, "is no UUID of version 7")
        }
        return id
    }

    /// The step is there as a whole or not at all.
    func step() throws(EnvelopeError) -> StepReference? {
        guard let step = try text(HeaderName.step) else {
            let others = [HeaderName.direction, HeaderName.stepTry]
            if others.contains(where: { message.header($0) != nil }) { throw .missing(HeaderName.step) }
            return nil
        }
        guard !step.isEmpty, step.utf8.count <= StepReference.byteCountMax else {
            throw EnvelopeError(
                .invalid, HeaderName.step, "is empty or longer than \(StepReference.byteCountMax) bytes")
        }
        guard let direction = StepReference.Direction(rawValue: try requiredText(HeaderName.direction)) else {
            throw EnvelopeError(.invalid, HeaderName.direction, "is neither do nor undo")
        }
        guard let number = try count(HeaderName.stepTry) else { throw .missing(HeaderName.stepTry) }
        return StepReference(step: step, direction: direction, number: number)
    }

    func history() throws(EnvelopeError) -> DeliveryHistory? {
        guard let attempt = try count(HeaderName.attempt) else { return nil }
        let firstFailureAt = try text(HeaderName.firstFailureAt)
        return DeliveryHistory(
            attempt: attempt, firstFailureAt: firstFailureAt.flatMap { RFC3339.milliseconds($0) },
            lastError: try text(HeaderName.lastError))
    }

    /// A number counted from 1.
    private func count(_ name: String) throws(EnvelopeError) -> Int? {
        guard let value = message.header(name) else { return nil }
        guard let number = value.wholeNumber, (1...Int64(Int32.max)).contains(number) else {
            throw EnvelopeError(.invalid, name, "is no whole number from 1")
        }
        return Int(number)
    }

    func text(_ name: String) throws(EnvelopeError) -> String? {
        guard let value = message.header(name) else { return nil }
        guard let text = value.text else { throw EnvelopeError(.invalid, name, "is no text") }
        return text
    }

    func requiredText(_ name: String) throws(EnvelopeError) -> String {
        guard let text = try text(name) else { throw .missing(name) }
        return text
    }
}
