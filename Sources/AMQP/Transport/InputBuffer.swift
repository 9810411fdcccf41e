/// Received bytes, read at the end and taken off the front frame by frame.
@safe struct InputBuffer: ~Copyable {
    private static let byteCount = 256 * 1024

    private let memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    /// The last read filled all the room, so the transport may hold more without the socket being readable.
    private(set) var mayHoldMore = false
    var frameByteCountMax: Int

    init(frameByteCountMax: Int) {
        self.frameByteCountMax = frameByteCountMax
        unsafe memory = .allocate(byteCount: max(Self.byteCount, frameByteCountMax * 2), alignment: 16)
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// Lets `read` fill the free room; it returns how much it read.
    mutating func fill(_ read: (UnsafeMutableRawBufferPointer) -> Int) {
        if start > 0 {
            let unread = end - start
            if unread > 0 {
                unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end]))
            }
            start = 0
            end = unread
        }
        let room = unsafe memory.count - end
        let count = unsafe read(UnsafeMutableRawBufferPointer(rebasing: memory[end...]))
        end += count
        mayHoldMore = count > 0 && count == room
    }

    /// The next whole frame, valid until the next call.
    mutating func nextFrame() throws(AMQPError) -> UnsafeRawBufferPointer? {
        let splitter = FrameSplitter(frameByteCountMax: frameByteCountMax)
        let unread = unsafe UnsafeRawBufferPointer(rebasing: memory[start..<end])
        switch try unsafe splitter.head(of: unread) {
        case .incomplete: return nil
        case .frame(let byteCount):
            start += byteCount
            return unsafe UnsafeRawBufferPointer(rebasing: unread[0..<byteCount])
        }
    }
}
