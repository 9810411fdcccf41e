import CRabbitMQ

/// Tells frames apart, and has librabbitmq decode methods: `amqp_handle_input` fed with one whole frame at a time.
///
/// It owns the library's connection state, which never sees a socket. Every method is copied, and the library's per-channel
/// memory is given back every few of them, so it does not grow. What belongs to a content that comes to a consumer is
/// handed on as it is: most bytes that arrive, and a `ContentArena` decodes them where they stay.
@safe struct FrameDecoder: ~Copyable {
    private let state: amqp_connection_state_t
    private var methodsUntilRelease = methodsBetweenReleases
    /// Each release walks the library's table of channels, so it is not made for every method.
    private static let methodsBetweenReleases = 16

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

    /// Tells what a whole frame is, and on which channel it came.
    ///
    /// - Parameter bytes: as `FrameSplitter` lets them in, so the payload has its least size.
    /// - Throws: `protocolViolation` for a frame or a content of a kind that does not exist.
    static func frame(
        _ bytes: UnsafeRawBufferPointer
    ) throws(AMQPError) -> (channel: UInt16, frame: InboundFrame) {
        let channel: UInt16 = unsafe bytes.bigEndian(at: 1)
        let end = bytes.count - 1
        let payload = unsafe UnsafeRawBufferPointer(rebasing: bytes[FrameWriter.headerByteCount..<end])
        switch unsafe Int32(bytes[0]) {
        case AMQP_FRAME_BODY: return unsafe (channel, .content(.body(payload)))
        case AMQP_FRAME_HEADER: return try unsafe (channel, .content(header(payload)))
        case AMQP_FRAME_METHOD:
            let arguments = unsafe UnsafeRawBufferPointer(rebasing: payload[4...])
            return switch unsafe payload.bigEndian(at: 0) as UInt32 {
            case AMQP_BASIC_DELIVER_METHOD: unsafe (channel, .content(.delivery(arguments: arguments)))
            case AMQP_BASIC_RETURN_METHOD: unsafe (channel, .content(.returned(arguments: arguments)))
            default: unsafe (channel, .method(bytes))
            }
        case AMQP_FRAME_HEARTBEAT: return unsafe (channel, .heartbeat)
        default: throw AMQPError(.protocolViolation, "the broker sent a frame of unknown type \(unsafe bytes[0])")
        }
    }

    /// A content header: class, weight, size of the body, then the properties (AMQP 0-9-1, section 2.3.5.2).
    private static func header(_ payload: UnsafeRawBufferPointer) throws(AMQPError) -> ContentFrame {
        let number: UInt16 = unsafe payload.bigEndian(at: 0)
        guard number == basicClass else {
            throw AMQPError(
                .protocolViolation, "the broker sent a content of class \(number); contents are of class 60")
        }
        return unsafe .header(
            bodyByteCount: payload.bigEndian(at: 4), properties: UnsafeRawBufferPointer(rebasing: payload[12...]))
    }

    /// Of the methods a broker sends, one has a table. The others with tables are its clients'.
    private func checkTables(_ bytes: UnsafeRawBufferPointer) throws(AMQPError) {
        let arguments = FrameWriter.headerByteCount + 4
        switch unsafe bytes.bigEndian(at: FrameWriter.headerByteCount) as UInt32 {
        case AMQP_CONNECTION_START_METHOD:
            // Behind the two numbers of the protocol's version.
            guard unsafe TableNesting.isTooDeep(bytes, at: arguments + 2) else { return }
            throw AMQPError(
                .protocolViolation, "the broker describes itself in tables of more than \(TableNesting.depthMax) levels"
            )
        case AMQP_CONNECTION_START_OK_METHOD, AMQP_EXCHANGE_DECLARE_METHOD, AMQP_EXCHANGE_BIND_METHOD,
            AMQP_EXCHANGE_UNBIND_METHOD, AMQP_QUEUE_DECLARE_METHOD, AMQP_QUEUE_BIND_METHOD, AMQP_QUEUE_UNBIND_METHOD,
            AMQP_BASIC_CONSUME_METHOD:
            throw AMQPError(.protocolViolation, "the broker sent a method that only clients send")
        default: return
        }
    }

    private mutating func releaseMemory() {
        methodsUntilRelease -= 1
        guard methodsUntilRelease == 0 else { return }
        methodsUntilRelease = Self.methodsBetweenReleases
        unsafe amqp_maybe_release_buffers(state)
    }

    /// Decodes a whole method frame.
    ///
    /// - Throws: `protocolViolation` where the library refuses the bytes.
    mutating func method(_ bytes: UnsafeRawBufferPointer) throws(AMQPError) -> InboundMethod {
        defer { releaseMemory() }
        try unsafe checkTables(bytes)
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
        return unsafe InboundMethod(copying: frame.payload.method)
    }
}

/// The class of all methods that carry contents (AMQP 0-9-1, section 1.8).
let basicClass = UInt16(AMQP_BASIC_CLASS)

extension UnsafeRawBufferPointer {
    /// The number at this place, as it travels.
    fileprivate func bigEndian<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number {
        unsafe Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
