/// The memory behind a ``PostgresWriter``: one block that is replaced by a larger one when it is full. Its header is its size.
@usableFromInline
final class ByteStorage: ManagedBuffer<Int, UInt8> {
    @inlinable
    static func make(byteCount: Int) -> ByteStorage {
        let buffer = ByteStorage.create(minimumCapacity: byteCount) { _ in byteCount }
        return unsafe unsafeDowncast(buffer, to: ByteStorage.self)
    }

    /// The first byte; valid while the block is held.
    @inlinable
    @unsafe var start: UnsafeMutableRawPointer {
        unsafe withUnsafeMutablePointerToElements { UnsafeMutableRawPointer($0) }
    }

    /// A block of `needed` bytes with the same beginning.
    @usableFromInline
    func grown(keeping count: Int, toHold needed: Int) -> ByteStorage {
        let larger = ByteStorage.make(byteCount: needed)
        unsafe larger.start.copyMemory(from: start, byteCount: count)
        return larger
    }
}
