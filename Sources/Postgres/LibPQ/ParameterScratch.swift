/// The arrays `PQsendQueryPrepared` wants, kept between calls so that binding allocates nothing.
///
/// Used only under the lock of the connection it belongs to, which is why `@unchecked Sendable` is true.
@safe
final class ParameterScratch: @unchecked Sendable {
    private(set) var values: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private(set) var lengths: UnsafeMutablePointer<Int32>
    /// All ones: binary.
    private(set) var formats: UnsafeMutablePointer<Int32>
    private var offsets: UnsafeMutablePointer<Int>
    private var capacity: Int

    init(capacity: Int = 16) {
        self.capacity = capacity
        unsafe values = .allocate(capacity: capacity)
        unsafe lengths = .allocate(capacity: capacity)
        unsafe formats = .allocate(capacity: capacity)
        unsafe offsets = .allocate(capacity: capacity)
        unsafe formats.initialize(repeating: 1, count: capacity)
    }

    deinit {
        deallocate()
    }

    /// Takes lengths and places of a statement's parameters.
    ///
    /// - Returns: how many there are.
    func load(_ sql: borrowing SQL) -> Int {
        let needed = sql.pieces.count
        if needed > capacity { grow(to: needed) }
        var count = 0
        for piece in sql.pieces {
            guard let parameter = piece.parameter else { continue }
            unsafe lengths[count] = Int32(truncatingIfNeeded: parameter.byteCount)
            unsafe offsets[count] = parameter.offset
            count += 1
        }
        return count
    }

    /// Turns the places into addresses; a null address is SQL `NULL`, so an empty value needs one that is not.
    func resolve(_ count: Int, in bytes: UnsafeRawBufferPointer) {
        let base = unsafe bytes.baseAddress ?? UnsafeRawPointer(formats)
        for index in 0..<count {
            let isNull = unsafe lengths[index] < 0
            let address = unsafe (base + offsets[index]).assumingMemoryBound(to: CChar.self)
            unsafe values[index] = unsafe isNull ? nil : address
        }
    }

    private func grow(to count: Int) {
        deallocate()
        capacity = count
        unsafe values = .allocate(capacity: count)
        unsafe lengths = .allocate(capacity: count)
        unsafe formats = .allocate(capacity: count)
        unsafe offsets = .allocate(capacity: count)
        unsafe formats.initialize(repeating: 1, count: count)
    }

    private func deallocate() {
        unsafe values.deallocate()
        unsafe lengths.deallocate()
        unsafe formats.deallocate()
        unsafe offsets.deallocate()
    }
}
