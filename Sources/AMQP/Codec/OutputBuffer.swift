/// Encoded bytes on their way to the socket: written at the end, sent from the front.
@safe struct OutputBuffer: ~Copyable {
    private static let initialByteCount = 32 * 1024
    /// A buffer that a burst has made larger than this is given back once it is empty.
    private static let retainedByteCountMax = 1024 * 1024

    private var memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0

    init() {
        unsafe memory = .allocate(byteCount: Self.initialByteCount, alignment: 16)
    }

    deinit {
        unsafe memory.deallocate()
    }

    var isEmpty: Bool { start == end }
    var byteCount: Int { end - start }

    /// The bytes not yet sent.
    func withUnsentBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe body(UnsafeRawBufferPointer(rebasing: memory[start..<end]))
    }

    /// Drops bytes from the front after they went out.
    mutating func consume(_ byteCount: Int) {
        precondition(byteCount <= end - start, "consumed more bytes than were there")
        start += byteCount
        guard start == end else { return }
        start = 0
        end = 0
        if unsafe memory.count > Self.retainedByteCountMax {
            unsafe memory.deallocate()
            unsafe memory = .allocate(byteCount: Self.initialByteCount, alignment: 16)
        }
    }

    /// Lets `body` write up to `byteCountMax` bytes at the end and keeps as many as it says.
    mutating func append<Failure: Error>(
        byteCountMax: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        reserve(byteCountMax)
        let written = try unsafe body(UnsafeMutableRawBufferPointer(rebasing: memory[end..<(end + byteCountMax)]))
        precondition(written <= byteCountMax, "wrote past the reserved bytes")
        end += written
    }

    /// Appends a copy of these bytes.
    mutating func append(_ source: UnsafeRawBufferPointer) {
        reserve(source.count)
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[end..<(end + source.count)]).copyMemory(from: source)
        end += source.count
    }

    /// The place of the next byte, to come back to with `rewind` when a frame turns out too large.
    var mark: Int { end - start }

    /// Drops what was appended since the mark.
    mutating func rewind(to mark: Int) {
        precondition(mark <= end - start, "rewound past the end")
        end = start + mark
    }

    private mutating func reserve(_ byteCount: Int) {
        guard unsafe end + byteCount > memory.count else { return }
        let unsent = end - start
        let needed = unsent + byteCount
        if unsafe needed <= memory.count && start >= unsent {
            unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end]))
        } else {
            let larger = unsafe UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(needed, memory.count * 2), alignment: 16)
            unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end]))
            unsafe memory.deallocate()
            unsafe memory = larger
        }
        start = 0
        end = unsent
    }
}
