import Glibc

/// Whether a zero byte stands in `bytes` at or after `start`.
@usableFromInline
func holdsNUL(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Bool {
    guard start < bytes.count, let base = bytes.baseAddress else { return false }
    return unsafe memchr(base + start, 0, bytes.count - start) != nil
}

/// Whether `bytes` are well-formed UTF-8.
@usableFromInline
func isValidUTF8(_ bytes: [UInt8]) -> Bool {
    (try? UTF8Span(validating: bytes.span)) != nil
}
