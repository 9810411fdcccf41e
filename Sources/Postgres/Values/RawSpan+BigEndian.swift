extension RawSpan {
    /// Reads a big-endian integer; the caller has checked that it is there.
    @inlinable
    func bigEndianInteger<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Value.Type) -> Value {
        Value(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    /// Reads the whole span as one big-endian integer of exactly its size.
    @inlinable
    func wholeInteger<Value: FixedWidthInteger & BitwiseCopyable>(
        as type: Value.Type = Value.self
    ) throws(DecodingFailure) -> Value {
        guard byteCount == MemoryLayout<Value>.size else { throw .malformed }
        return bigEndianInteger(at: 0, as: Value.self)
    }
}

extension RawSpan {
    /// The text of a `jsonb` value behind its version byte.
    @inlinable
    func jsonb() throws(DecodingFailure) -> [UInt8] {
        guard byteCount >= 1, bigEndianInteger(at: 0, as: UInt8.self) == 1 else { throw .malformed }
        return [UInt8](copying: extracting(1..<byteCount))
    }
}
