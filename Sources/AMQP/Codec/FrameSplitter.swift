/// Finds where frames begin and end in a stream of bytes, and refuses sizes before anything is decoded.
///
/// A value without I/O: it is given what has arrived so far and says how long the first frame is. Checking the least
/// payload of each frame type here keeps malformed sizes away from the C decoder.
struct FrameSplitter {
    /// Frames larger than this are refused (AMQP 0-9-1, section 4.2.3).
    var frameByteCountMax: Int

    /// What the bytes at hand begin with.
    enum Head: Equatable {
        /// Too few bytes to tell, or the frame is not complete.
        case incomplete
        /// A whole frame of this many bytes.
        case frame(byteCount: Int)
    }

    /// Looks at the front of `bytes`.
    ///
    /// - Throws: `protocolViolation` for a frame over the limit, too short for its type, or without its end octet;
    ///   `tlsFailed` where the other side speaks TLS.
    func head(of bytes: UnsafeRawBufferPointer) throws(AMQPError) -> Head {
        guard bytes.count >= FrameWriter.headerByteCount else { return .incomplete }
        let type = unsafe bytes[0]
        if type == UInt8(ascii: "A") { return try unsafe protocolHeader(bytes) }
        if unsafe isAlert(bytes) {
            throw AMQPError(.tlsFailed, "the broker expects TLS on this port; configure TLS or use its plain port")
        }
        let payload = Int(UInt32(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 3, as: UInt32.self)))
        let byteCount = payload + FrameWriter.overheadByteCount
        guard byteCount <= frameByteCountMax else {
            throw AMQPError(
                .protocolViolation, "the broker sent a frame of \(byteCount) bytes; \(frameByteCountMax) was agreed")
        }
        guard payload >= Self.payloadByteCountMin(ofType: type) else {
            throw AMQPError(
                .protocolViolation, "the broker sent a frame of type \(type) with only \(payload) bytes of payload")
        }
        guard bytes.count >= byteCount else { return .incomplete }
        guard unsafe bytes[byteCount - 1] == FrameWriter.frameEnd else {
            throw AMQPError(.protocolViolation, "the broker sent a frame without its end octet")
        }
        return .frame(byteCount: byteCount)
    }

    /// A broker that does not speak 0-9-1 answers with the header it would like, and closes.
    private func protocolHeader(_ bytes: UnsafeRawBufferPointer) throws(AMQPError) -> Head {
        guard bytes.count >= 8 else { return .incomplete }
        let version = unsafe "\(bytes[5])-\(bytes[6])-\(bytes[7])"
        throw AMQPError(
            .protocolViolation, "the server does not speak AMQP 0-9-1; it offers \(version). Is this the right port?")
    }

    /// A TLS port answers anything but TLS with an alert record: type 21, then the version 3.x (RFC 8446, section 5.1).
    /// AMQP has no frame of type 21.
    private func isAlert(_ bytes: UnsafeRawBufferPointer) -> Bool {
        unsafe bytes[0] == 21 && bytes[1] == 3
    }

    private static func payloadByteCountMin(ofType type: UInt8) -> Int {
        switch type {
        case 1: 4
        case 2: 14
        default: 0
        }
    }
}
