/// Where a piece of work stands in a distributed trace.
///
/// It travels with messages in the text header `traceparent`. A missing or broken header never fails a message: the work
/// starts a trace of its own. Source: W3C Trace Context, level 1.
package struct TraceContext: Hashable, Sendable {
    package let traceID: TraceID
    package let spanID: SpanID
    package let isSampled: Bool

    /// The context of the current task; log lines carry its ids.
    @TaskLocal package static var current: TraceContext?

    package init(traceID: TraceID, spanID: SpanID, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// Starts a new trace.
    package static func root(
        isSampled: Bool = true, using generator: inout some RandomNumberGenerator
    ) -> TraceContext {
        TraceContext(
            traceID: TraceID(using: &generator), spanID: SpanID(using: &generator), isSampled: isSampled)
    }

    /// Continues the trace of a message, or starts one when its header is absent or broken.
    package static func continuing(
        traceparent: String?, using generator: inout some RandomNumberGenerator
    ) -> TraceContext {
        guard let traceparent, let parent = TraceContext(traceparent: traceparent) else {
            return root(using: &generator)
        }
        return parent.child(using: &generator)
    }

    /// A span below this one, in the same trace.
    package func child(using generator: inout some RandomNumberGenerator) -> TraceContext {
        TraceContext(traceID: traceID, spanID: SpanID(using: &generator), isSampled: isSampled)
    }
}

extension TraceContext {
    private static let versionZeroByteCount = 55

    /// Reads a `traceparent` header; nil if it breaks the specification.
    ///
    /// A version above 00 is read by the fields of 00 and may be followed by more, as the specification asks.
    package init?(traceparent: String) {
        let bytes = Array(traceparent.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= Self.versionZeroByteCount,
            bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            let version = Hexadecimal.value(of: bytes[0..<2]), version != 0xFF,
            bytes.count == Self.versionZeroByteCount || (version > 0 && bytes[55] == dash),
            let high = Hexadecimal.value(of: bytes[3..<19]), let low = Hexadecimal.value(of: bytes[19..<35]),
            let traceID = TraceID(high: high, low: low),
            let span = Hexadecimal.value(of: bytes[36..<52]), let spanID = SpanID(span),
            let flags = Hexadecimal.value(of: bytes[53..<55])
        else { return nil }
        self.init(traceID: traceID, spanID: spanID, isSampled: flags & 1 == 1)
    }

    /// The header to send, always in version 00.
    package var traceparent: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.versionZeroByteCount)
        bytes.append(contentsOf: "00-".utf8)
        Hexadecimal.append(traceID.high, to: &bytes)
        Hexadecimal.append(traceID.low, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Hexadecimal.append(spanID.value, to: &bytes)
        bytes.append(contentsOf: isSampled ? "-01".utf8 : "-00".utf8)
        return String(decoding: bytes, as: UTF8.self)
    }
}
