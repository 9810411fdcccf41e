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
        /// The property list as it came; see `Properties.init(decoding:)`.
        var properties: [UInt8]
        var body: [UInt8]
        /// The size the broker announced. Larger than `body` where the limit made us skip the bytes.
        var announcedByteCount: UInt64

        var isOversized: Bool { announcedByteCount > UInt64(body.count) }
    }

    /// Where the channel stands within a content.
    private enum State {
        /// Between contents. Left by a method that announces one.
        case idle
        /// The method came. Left by the header; complete at once where the body is empty.
        case awaitingHeader(Head)
        /// Bytes are being collected. Left when all are there.
        case collecting(Content)
        /// The body is over the limit: bytes are counted and dropped. Left when all have passed.
        case skipping(Content, seen: UInt64)
    }

    private let bodyByteCountMax: Int
    private var state = State.idle

    init(bodyByteCountMax: Int) {
        self.bodyByteCountMax = bodyByteCountMax
    }

    /// A method that a content follows.
    mutating func begin(_ head: Head) throws(AMQPError) {
        guard case .idle = state else { throw Self.violation("a method came in the middle of a message") }
        state = .awaitingHeader(head)
    }

    /// Any other method may come only between contents (AMQP 0-9-1, section 4.2.6).
    func requireIdle() throws(AMQPError) {
        guard case .idle = state else { throw Self.violation("a method came in the middle of a message") }
    }

    /// The content header. Returns the content where there is no body.
    mutating func header(bodyByteCount: UInt64, properties: [UInt8]) throws(AMQPError) -> Content? {
        guard case .awaitingHeader(let head) = state else { throw Self.violation("a header came without a method") }
        var content = Content(head: head, properties: properties, body: [], announcedByteCount: bodyByteCount)
        if bodyByteCount == 0 {
            state = .idle
            return content
        }
        if bodyByteCount > UInt64(bodyByteCountMax) {
            state = .skipping(content, seen: 0)
        } else {
            content.body.reserveCapacity(Int(bodyByteCount))
            state = .collecting(content)
        }
        return nil
    }

    /// A piece of body. Returns the content once it is whole.
    mutating func body(_ bytes: UnsafeRawBufferPointer) throws(AMQPError) -> Content? {
        switch state {
        case .idle, .awaitingHeader:
            throw Self.violation("a body came without a header")
        case .collecting(var content):
            state = .idle
            guard UInt64(content.body.count + bytes.count) <= content.announcedByteCount else {
                throw Self.violation("a body is longer than its header announced")
            }
            unsafe content.body.append(contentsOf: bytes)
            if UInt64(content.body.count) == content.announcedByteCount { return content }
            state = .collecting(content)
            return nil
        case .skipping(let content, let seen):
            let total = seen + UInt64(bytes.count)
            guard total <= content.announcedByteCount else {
                throw Self.violation("a body is longer than its header announced")
            }
            state = total == content.announcedByteCount ? .idle : .skipping(content, seen: total)
            return total == content.announcedByteCount ? content : nil
        }
    }

    private static func violation(_ what: String) -> AMQPError {
        AMQPError(.protocolViolation, "the broker sent frames out of order: \(what)")
    }
}
