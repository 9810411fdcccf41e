/// Puts the frames of one channel's contents together: a method, a header, then bodies until the size is reached.
///
/// A value without I/O. It trusts nothing: sizes are bounded before memory is taken, and frames out of order are named.
struct ContentAssembler {
    /// A whole content.
    struct Content {
        let head: ReceivedHead
        let body: [UInt8]
        /// The size the broker announced. Larger than `body` where the limit made us skip the bytes.
        let announcedByteCount: UInt64

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
    private var method: ReceivedMethod?
    private var head: ReceivedHead?
    private var body: [UInt8] = []
    private var announcedByteCount: UInt64 = 0
    private var seenByteCount: UInt64 = 0

    init(bodyByteCountMax: Int) {
        self.bodyByteCountMax = bodyByteCountMax
    }

    /// A method that a content follows.
    mutating func begin(_ method: consuming ReceivedMethod) throws(AMQPError) {
        try requireIdle()
        self.method = method
        phase = .awaitingHeader
    }

    /// Any other method may come only between contents (AMQP 0-9-1, section 4.2.6).
    func requireIdle() throws(AMQPError) {
        guard case .idle = phase else { throw Self.violation("a method came in the middle of a message") }
    }

    /// The content header. Returns the content where there is no body.
    ///
    /// - Parameter list: the properties as they came.
    mutating func header(
        bodyByteCount: UInt64, properties list: UnsafeRawBufferPointer
    ) throws(AMQPError) -> Content? {
        guard case .awaitingHeader = phase, let method = method.take() else {
            throw Self.violation("a header came without a method")
        }
        head = try unsafe method.with(properties: list)
        announcedByteCount = bodyByteCount
        seenByteCount = 0
        if bodyByteCount == 0 { return finish([]) }
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
        let isWhole = seenByteCount == announcedByteCount
        if case .collecting = phase {
            // Most bodies come in one piece.
            if isWhole, body.isEmpty { return unsafe finish([UInt8](bytes)) }
            if body.isEmpty { body.reserveCapacity(Int(announcedByteCount)) }
            unsafe body.append(contentsOf: bytes)
        }
        return isWhole ? finish(exchange(&body, with: [])) : nil
    }

    private mutating func finish(_ body: consuming [UInt8]) -> Content? {
        guard let head = head.take() else {
            preconditionFailure("a content without a method and a header was let in")
        }
        phase = .idle
        return Content(head: head, body: body, announcedByteCount: announcedByteCount)
    }

    private static func violation(_ what: String) -> AMQPError {
        AMQPError(.protocolViolation, "the broker sent frames out of order: \(what)")
    }
}
