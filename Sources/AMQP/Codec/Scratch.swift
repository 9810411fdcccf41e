import CRabbitMQ

/// Memory that the C structures of one method point into while it is encoded.
///
/// Strings are copied here, tables are laid out here, and everything is forgotten at once with `reset`. The blocks stay for
/// the next method, so encoding allocates nothing once warm.
@safe struct Scratch: ~Copyable {
    private static let blockByteCount = 16 * 1024
    private var blocks: [UnsafeMutableRawBufferPointer] = unsafe []
    private var blockIndex = 0
    private var offset = 0
    /// Bytes handed out since the last reset: what is encoded from here cannot be longer than this plus its fixed fields.
    private(set) var usedByteCount = 0

    init() {}

    deinit {
        for index in unsafe blocks.indices { unsafe blocks[index].deallocate() }
    }

    /// Forgets what was stored and frees blocks that only one large method needed.
    mutating func reset() {
        offset = 0
        blockIndex = 0
        usedByteCount = 0
        while unsafe blocks.count > 1 { unsafe blocks.removeLast().deallocate() }
    }

    /// The bytes of a string, as the C encoder wants them.
    mutating func bytes(of string: String) -> amqp_bytes_t {
        guard !string.isEmpty else { return unsafe amqp_bytes_t(len: 0, bytes: nil) }
        var string = string
        return string.withUTF8 { utf8 in
            unsafe bytes(copying: UnsafeRawBufferPointer(utf8))
        }
    }

    /// A copy of these bytes.
    mutating func bytes(of array: [UInt8]) -> amqp_bytes_t {
        unsafe array.withUnsafeBytes { unsafe bytes(copying: $0) }
    }

    /// Room for `count` values, uninitialised.
    mutating func allocate<Value>(_ type: Value.Type, count: Int) -> UnsafeMutablePointer<Value> {
        let memory = unsafe take(
            byteCount: max(count, 1) * MemoryLayout<Value>.stride, alignment: MemoryLayout<Value>.alignment)
        return unsafe memory.baseAddress!.bindMemory(to: type, capacity: max(count, 1))
    }

    private mutating func bytes(copying source: UnsafeRawBufferPointer) -> amqp_bytes_t {
        let memory = unsafe take(byteCount: source.count, alignment: 1)
        unsafe memory.copyMemory(from: source)
        return unsafe amqp_bytes_t(len: source.count, bytes: memory.baseAddress)
    }

    private mutating func take(byteCount: Int, alignment: Int) -> UnsafeMutableRawBufferPointer {
        usedByteCount += byteCount
        while unsafe blockIndex < blocks.count {
            let block = unsafe blocks[blockIndex]
            let start = (offset + alignment - 1) / alignment * alignment
            if start + byteCount <= block.count {
                offset = start + byteCount
                return unsafe UnsafeMutableRawBufferPointer(rebasing: block[start..<(start + byteCount)])
            }
            blockIndex += 1
            offset = 0
        }
        let block = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(byteCount, Self.blockByteCount), alignment: 16)
        unsafe blocks.append(block)
        offset = byteCount
        return unsafe UnsafeMutableRawBufferPointer(rebasing: block[0..<byteCount])
    }
}
