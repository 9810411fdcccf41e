import CRabbitMQ

/// librabbitmq as a frame decoder: `amqp_handle_input` fed with one whole frame at a time.
///
/// It owns the library's connection state, which never sees a socket. Everything handed on is copied first, and the
/// library's per-channel memory is given back every few frames, so it does not grow.
@safe struct FrameDecoder: ~Copyable {
    private let state: amqp_connection_state_t
    private var names = NameCache()
    private var framesUntilRelease = framesBetweenReleases
    /// Each release walks the library's table of channels, so it is not made for every frame.
    private static let framesBetweenReleases = 16

    /// - Throws: `protocolViolation` never; an allocation failure traps, as everywhere in Swift.
    init() {
        guard let state = unsafe amqp_new_connection() else {
            preconditionFailure("librabbitmq could not allocate its state")
        }
        unsafe self.state = state
    }

    deinit {
        unsafe amqp_destroy_connection(state)
    }

    /// Takes the negotiated limits; allowed between frames only, after the first one.
    mutating func tune(channelMax: UInt16, frameMax: UInt32) {
        let status = unsafe amqp_tune_connection(state, Int32(channelMax), Int32(frameMax), 0)
        precondition(status == 0, "amqp_tune_connection failed with \(status)")
    }

    /// Decodes a whole frame and passes it on with its channel.
    ///
    /// - Throws: `protocolViolation` where the library refuses the bytes.
    mutating func decode<Result>(
        _ bytes: UnsafeRawBufferPointer, _ body: (UInt16, InboundFrame) throws(AMQPError) -> Result
    ) throws(AMQPError) -> Result {
        var frame = unsafe amqp_frame_t()
        // The decoder copies the input, though its type does not say that it only reads.
        let input = unsafe amqp_bytes_t(len: bytes.count, bytes: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
        let consumed = unsafe amqp_handle_input(state, input, &frame)
        guard consumed >= 0 else {
            let reason = unsafe String(cString: amqp_error_string2(consumed))
            throw AMQPError(.protocolViolation, "the broker sent a frame that cannot be decoded: \(reason)")
        }
        guard Int(consumed) == bytes.count else {
            throw AMQPError(.protocolViolation, "the decoder took \(consumed) of \(bytes.count) bytes of a frame")
        }
        defer { releaseMemory() }
        return try unsafe body(frame.channel, read(frame))
    }

    private mutating func releaseMemory() {
        framesUntilRelease -= 1
        guard framesUntilRelease == 0 else { return }
        framesUntilRelease = Self.framesBetweenReleases
        unsafe amqp_maybe_release_buffers(state)
    }

    private mutating func read(_ frame: amqp_frame_t) throws(AMQPError) -> InboundFrame {
        switch unsafe Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD:
            return unsafe .method(InboundMethod(copying: frame.payload.method, names: &names))
        case AMQP_FRAME_HEADER:
            let content = unsafe frame.payload.properties
            return unsafe .header(
                bodyByteCount: content.body_size, properties: ReceivedProperties(copying: content.decoded))
        case AMQP_FRAME_BODY:
            let fragment = unsafe frame.payload.body_fragment
            return unsafe .body(UnsafeRawBufferPointer(start: fragment.bytes, count: fragment.len))
        case AMQP_FRAME_HEARTBEAT:
            return unsafe .heartbeat
        default:
            throw AMQPError(.protocolViolation, "the broker sent a frame of unknown type \(unsafe frame.frame_type)")
        }
    }
}

/// Keeps the last exchange and routing key, which repeat from delivery to delivery, so that they are not allocated anew.
struct NameCache {
    private var exchange = ""
    private var routingKey = ""

    mutating func exchange(_ bytes: amqp_bytes_t) -> String {
        if unsafe !bytes.equals(exchange) { exchange = unsafe String(copying: bytes) }
        return exchange
    }

    mutating func routingKey(_ bytes: amqp_bytes_t) -> String {
        if unsafe !bytes.equals(routingKey) { routingKey = unsafe String(copying: bytes) }
        return routingKey
    }
}

extension amqp_bytes_t {
    /// Whether these are the UTF-8 bytes of the string.
    fileprivate func equals(_ string: String) -> Bool {
        let utf8 = string.utf8
        guard unsafe utf8.count == len else { return false }
        let equal = unsafe utf8.withContiguousStorageIfAvailable { characters in
            unsafe UnsafeRawBufferPointer(start: bytes, count: len).elementsEqual(UnsafeRawBufferPointer(characters))
        }
        return equal ?? false
    }
}
