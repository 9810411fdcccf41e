/// Puts the frames of one channel's contents together: a method, a header, then bodies until the size is reached.
///
/// A value without I/O. It trusts nothing: sizes are bounded before memory is taken, and frames out of order are named.
struct ContentAssembler {
    /// What a content belongs to.
    enum Head: Equatable {
        case delivery(DeliveryHead)
        case returned(ReturnHead)
    }

    /// A whole content.
    struct Content: Equatable {
        var head: Head
        var properties: ReceivedProperties
        var body: [UInt8]
        /// The size the broker announced. Larger than `body` where the limit made us skip the bytes.
        var announcedByteCount: UInt64

        var isOversized: Bool { announcedByteCount > UInt64(body.count) }
    }

    /// Where the channel stands within a content. What has come of it stands beside, so that no step copies it.
    private enum Phase {
        /// Between contents. Left by a method that announces one.
        case idle
        /// The method came. Left by the header; complete at once where the body is empty.
        case awaitingHeader
        /// Bytes are being collected. Left when all are there.
        case collecting
        /// The body is over the limit: bytes are counted and dropped. Left when all have passed.
        case skipping
    }

    private let bodyByteCountMax: Int
    private var phase = Phase.idle
    private var head: Head?
    private var properties: ReceivedProperties?
    private var body: [UInt8] = []
    private var announcedByteCount: UInt64 = 0
    private var seenByteCount: UInt64 = 0

    init(bodyByteCountMax: Int) {
        self.bodyByteCountMax = bodyByteCountMax
    }

    /// A method that a content follows.
    mutating func begin(_ head: Head) throws(AMQPError) {
        try requireIdle()
        self.head = head
        phase = .awaitingHeader
    }

    /// Any other method may come only between contents (AMQP 0-9-1, section 4.2.6).
    func requireIdle() throws(AMQPError) {
        guard case .idle = phase else { throw Self.violation("a method came in the middle of a message") }
    }

    /// The content header. Returns the content where there is no body.
    mutating func header(bodyByteCount: UInt64, properties: ReceivedProperties) throws(AMQPError) -> Content? {
        guard case .awaitingHeader = phase else { throw Self.violation("a header came without a method") }
        self.properties = properties
        announcedByteCount = bodyByteCount
        seenByteCount = 0
        if bodyByteCount == 0 { return finish() }
        phase = bodyByteCount > UInt64(bodyByteCountMax) ? .skipping : .collecting
        return nil
    }

    /// A piece of body. Returns the content once it is whole.
    mutating func body(_ bytes: UnsafeRawBufferPointer) throws(AMQPError) -> Content? {
        switch phase {
        case .idle, .awaitingHeader: throw Self.violation("a body came without a header")
        case .collecting, .skipping: break
        }
        seenByteCount += UInt64(bytes.count)
        guard seenByteCount <= announcedByteCount else {
            throw Self.violation("a body is longer than its header announced")
        }
        if case .collecting = phase {
            if body.isEmpty, seenByteCount < announcedByteCount { body.reserveCapacity(Int(announcedByteCount)) }
            unsafe body.append(contentsOf: bytes)
        }
        return seenByteCount == announcedByteCount ? finish() : nil
    }

    private mutating func finish() -> Content? {
        guard let head = head.take(), let properties = properties.take() else {
            preconditionFailure("a content without a method and a header was let in")
        }
        phase = .idle
        defer { body = [] }
        return Content(head: head, properties: properties, body: body, announcedByteCount: announcedByteCount)
    }

    private static func violation(_ what: String) -> AMQPError {
        AMQPError(.protocolViolation, "the broker sent frames out of order: \(what)")
    }
}
