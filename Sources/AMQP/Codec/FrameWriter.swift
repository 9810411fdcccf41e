import CRabbitMQ

/// Encodes methods and contents into frames with librabbitmq's tables (AMQP 0-9-1, section 2.3.5).
///
/// It keeps no connection state, so callers encode on their own thread into the mailbox.
struct FrameWriter: ~Copyable {
    /// Type, channel and size before the payload.
    static let headerByteCount = 7
    /// Header and end octet.
    static let overheadByteCount = 8
    static let frameEnd: UInt8 = 0xCE
    private static let heartbeatFrame: [UInt8] = [8, 0, 0, 0, 0, 0, 0, frameEnd]
    private static let basicClass: UInt16 = 60

    var output = OutputBuffer()
    /// The negotiated size of a whole frame, overhead included.
    var frameByteCountMax: Int
    private var scratch = Scratch()

    init(frameByteCountMax: Int) {
        self.frameByteCountMax = frameByteCountMax
    }

    /// The first bytes a client sends (AMQP 0-9-1, section 4.2.2).
    mutating func writeProtocolHeader() {
        let header: [UInt8] = [UInt8(ascii: "A"), UInt8(ascii: "M"), UInt8(ascii: "Q"), UInt8(ascii: "P"), 0, 0, 9, 1]
        unsafe header.withUnsafeBytes { unsafe output.append($0) }
    }

    mutating func writeHeartbeat() {
        unsafe Self.heartbeatFrame.withUnsafeBytes { unsafe output.append($0) }
    }

    /// One method frame.
    mutating func write(_ method: OutboundMethod, on channel: UInt16) throws(AMQPError) {
        try method.checkLimits()
        scratch.reset()
        let encodable = unsafe method.encodable(&scratch)
        try unsafe Self.appendMethod(
            encodable.number, encodable.record, on: channel, payloadBound: scratch.usedByteCount,
            frameByteCountMax: frameByteCountMax, to: &output)
    }

    /// The frames of one message: method, header, bodies. They stay together, as a channel requires.
    ///
    /// - Parameter messageID: what the message is told apart by where its properties name no id.
    mutating func writePublish(
        _ publication: Publication, messageID: String, on channel: UInt16
    ) throws(AMQPError) {
        let mark = output.mark
        scratch.reset()
        var method = unsafe amqp_basic_publish_t(
            ticket: 0, exchange: scratch.bytes(of: publication.exchange),
            routing_key: scratch.bytes(of: publication.routingKey), mandatory: publication.isMandatory ? 1 : 0,
            immediate: 0)
        do {
            try unsafe Self.appendMethod(
                AMQP_BASIC_PUBLISH_METHOD, &method, on: channel, payloadBound: scratch.usedByteCount,
                frameByteCountMax: frameByteCountMax, to: &output)
            try appendHeader(publication.message, messageID: messageID, on: channel)
        } catch {
            output.rewind(to: mark)
            throw error
        }
        appendBody(publication.message.body, on: channel)
    }

    private static func appendMethod(
        _ number: UInt32, _ decoded: UnsafeMutableRawPointer, on channel: UInt16, payloadBound: Int,
        frameByteCountMax: Int, to output: inout OutputBuffer
    ) throws(AMQPError) {
        let payloadByteCountMax = min(payloadBound + 64, frameByteCountMax - overheadByteCount)
        try unsafe output.append(byteCountMax: payloadByteCountMax + overheadByteCount) { frame throws(AMQPError) in
            let fields = unsafe amqp_bytes_t(
                len: payloadByteCountMax - 4, bytes: frame.baseAddress! + headerByteCount + 4)
            let encoded = unsafe amqp_encode_method(number, decoded, fields)
            guard encoded >= 0 else {
                throw AMQPError(.invalidArgument, "\(methodName(number)) does not fit into a frame")
            }
            unsafe frame.storeBytes(of: number.bigEndian, toByteOffset: headerByteCount, as: UInt32.self)
            return unsafe finish(frame, type: UInt8(AMQP_FRAME_METHOD), channel: channel, payload: Int(encoded) + 4)
        }
    }

    private mutating func appendHeader(
        _ message: Message, messageID: String, on channel: UInt16
    ) throws(AMQPError) {
        scratch.reset()
        var properties = unsafe message.properties.encodable(&scratch, messageID: messageID)
        let payloadByteCountMax = min(
            scratch.usedByteCount + 128, frameByteCountMax - Self.overheadByteCount)
        let bodyByteCount = UInt64(message.body.count)
        try unsafe output.append(byteCountMax: payloadByteCountMax + Self.overheadByteCount) {
            frame throws(AMQPError) in
            let fields = unsafe amqp_bytes_t(
                len: payloadByteCountMax - 12, bytes: frame.baseAddress! + Self.headerByteCount + 12)
            let encoded = unsafe amqp_encode_properties(Self.basicClass, &properties, fields)
            guard encoded >= 0 else {
                throw AMQPError(
                    .invalidArgument,
                    "the message's properties do not fit into one frame of \(payloadByteCountMax) bytes")
            }
            unsafe frame.storeBytes(of: Self.basicClass.bigEndian, toByteOffset: Self.headerByteCount, as: UInt16.self)
            unsafe frame.storeBytes(of: 0, toByteOffset: Self.headerByteCount + 2, as: UInt16.self)
            unsafe frame.storeBytes(
                of: bodyByteCount.bigEndian, toByteOffset: Self.headerByteCount + 4, as: UInt64.self)
            return unsafe Self.finish(
                frame, type: UInt8(AMQP_FRAME_HEADER), channel: channel, payload: Int(encoded) + 12)
        }
    }

    private mutating func appendBody(_ body: [UInt8], on channel: UInt16) {
        let chunkByteCountMax = frameByteCountMax - Self.overheadByteCount
        unsafe body.withUnsafeBytes { body in
            var offset = 0
            while offset < body.count {
                let chunk = unsafe UnsafeRawBufferPointer(
                    rebasing: body[offset..<min(offset + chunkByteCountMax, body.count)])
                unsafe output.append(byteCountMax: chunk.count + Self.overheadByteCount) { frame in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: frame[Self.headerByteCount...]).copyMemory(
                        from: chunk)
                    return unsafe Self.finish(
                        frame, type: UInt8(AMQP_FRAME_BODY), channel: channel, payload: chunk.count)
                }
                offset += chunk.count
            }
        }
    }

    /// Writes the frame's header and end around a payload that is in place; returns the frame's size.
    private static func finish(
        _ frame: UnsafeMutableRawBufferPointer, type: UInt8, channel: UInt16, payload: Int
    ) -> Int {
        unsafe frame[0] = type
        unsafe frame.storeBytes(of: channel.bigEndian, toByteOffset: 1, as: UInt16.self)
        unsafe frame.storeBytes(of: UInt32(payload).bigEndian, toByteOffset: 3, as: UInt32.self)
        unsafe frame[headerByteCount + payload] = frameEnd
        return payload + overheadByteCount
    }

    private static func methodName(_ number: UInt32) -> String {
        guard let name = unsafe amqp_method_name(number) else { return "method \(number)" }
        return unsafe String(cString: name)
    }
}
