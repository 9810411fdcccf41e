import CRabbitMQ

/// Memory in which the library decodes what goes before the bodies of some messages.
///
/// One arena serves the messages of one batch, so that none of them costs allocations of its own. Strings and tables are
/// made out of it where they are asked for: by the thread that handles the message, not by the connection's.
///
/// Sendable, for only the connection's I/O thread decodes, and what has been decoded stays as it is until the arena goes: other
/// threads may read one message while the next is decoded beside it.
@safe final class ContentArena: @unchecked Sendable {
    @exclusivity(unchecked) private var pool: amqp_pool_t

    /// What the methods and properties of half a dozen messages take.
    private static let pageByteCount = 4096

    init() {
        unsafe pool = amqp_pool_t()
        unsafe init_amqp_pool(&pool, Self.pageByteCount)
    }

    deinit {
        unsafe empty_amqp_pool(&pool)
    }

    /// Decodes the arguments of a `basic.deliver`.
    ///
    /// - Parameter arguments: what follows the method's number. They are copied.
    /// - Throws: `protocolViolation` where the library refuses the bytes.
    func delivery(_ arguments: UnsafeRawBufferPointer) throws(AMQPError) -> ReceivedMethod {
        let record = try unsafe method(AMQP_BASIC_DELIVER_METHOD, arguments, "a delivery")
        return unsafe ReceivedMethod(self, .delivery(record.assumingMemoryBound(to: amqp_basic_deliver_t.self)))
    }

    /// Decodes the arguments of a `basic.return`, as `delivery` does.
    func returned(_ arguments: UnsafeRawBufferPointer) throws(AMQPError) -> ReceivedMethod {
        let record = try unsafe method(AMQP_BASIC_RETURN_METHOD, arguments, "a return")
        return unsafe ReceivedMethod(self, .returned(record.assumingMemoryBound(to: amqp_basic_return_t.self)))
    }

    /// Decodes the properties of a content header; headers that are nested too deep are left out.
    ///
    /// - Parameter list: the flags and the fields. They are copied.
    /// - Throws: `protocolViolation` where the library refuses the bytes.
    func properties(_ list: UnsafeRawBufferPointer) throws(AMQPError) -> UnsafePointer<amqp_basic_properties_t> {
        let bytes: amqp_bytes_t
        if let headers = unsafe TableNesting.headers(in: list), unsafe TableNesting.isTooDeep(list, at: headers) {
            unsafe bytes = unsafe withoutHeaders(list, at: headers).withUnsafeBytes { unsafe copy($0) }
        } else {
            unsafe bytes = unsafe copy(list)
        }
        var decoded: UnsafeMutableRawPointer?
        try Self.check(unsafe amqp_decode_properties(basicClass, &pool, bytes, &decoded), "properties")
        return unsafe UnsafePointer(decoded!.assumingMemoryBound(to: amqp_basic_properties_t.self))
    }

    /// The list with a table of headers that is empty.
    private func withoutHeaders(_ list: UnsafeRawBufferPointer, at place: Int) -> [UInt8] {
        let end = unsafe place + 4 + (TableNesting.length(list, place) ?? 0)
        return unsafe Array(list[..<place]) + [0, 0, 0, 0] + Array(list[min(end, list.count)...])
    }

    private func method(
        _ number: UInt32, _ arguments: UnsafeRawBufferPointer, _ what: StaticString
    ) throws(AMQPError) -> UnsafeRawPointer {
        var decoded: UnsafeMutableRawPointer?
        try Self.check(unsafe amqp_decode_method(number, &pool, copy(arguments), &decoded), what)
        return unsafe UnsafeRawPointer(decoded!)
    }

    /// The decoder points into its input.
    private func copy(_ bytes: UnsafeRawBufferPointer) -> amqp_bytes_t {
        guard bytes.count > 0, let memory = unsafe amqp_pool_alloc(&pool, bytes.count) else {
            return unsafe amqp_bytes_t(len: 0, bytes: nil)
        }
        unsafe memory.copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        return unsafe amqp_bytes_t(len: bytes.count, bytes: memory)
    }

    private static func check(_ status: Int32, _ what: StaticString) throws(AMQPError) {
        guard status < 0 else { return }
        let reason = unsafe String(cString: amqp_error_string2(status))
        throw AMQPError(.protocolViolation, "the broker sent \(what) that cannot be decoded: \(reason)")
    }
}
