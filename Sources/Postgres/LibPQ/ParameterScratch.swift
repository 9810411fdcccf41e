/// The arrays `PQsendQueryPrepared` wants, kept between calls so that binding allocates nothing.
///
/// Used only under the lock of the connection it belongs to, which is why `@unchecked Sendable` is true.
@safe
final class ParameterScratch: @unchecked Sendable {
    private(set) var values: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private(set) var lengths: UnsafeMutablePointer<Int32>
    /// All ones: binary.
    private(set) var formats: UnsafeMutablePointer<Int32>
    private var capacity: Int

    init(capacity: Int = 16) {
        self.capacity = capacity
        unsafe values = .allocate(capacity: capacity)
        unsafe lengths = .allocate(capacity: capacity)
        unsafe formats = .allocate(capacity: capacity)
        unsafe formats.initialize(repeating: 1, count: capacity)
    }

    deinit {
        deallocate()
    }

    /// Takes a statement's parameters; a null address is SQL `NULL`.
    ///
    /// - Returns: how many there are. The addresses are valid while the statement is held.
    func load(_ sql: borrowing SQL) -> Int32 {
        if sql.body.pieceCount > capacity { grow(to: sql.body.pieceCount) }
        guard let base = unsafe sql.body.values.storage?.start else { return 0 }
        var count = 0
        for index in 0..<sql.body.pieceCount {
            let piece = sql.body[index]
            guard piece.hasParameter else { continue }
            let address = unsafe (base + piece.offset).assumingMemoryBound(to: CChar.self)
            unsafe values[count] = piece.byteCount < 0 ? nil : UnsafePointer(address)
            unsafe lengths[count] = Int32(truncatingIfNeeded: piece.byteCount)
            count &+= 1
        }
        return Int32(truncatingIfNeeded: count)
    }

    private func grow(to count: Int) {
        deallocate()
        capacity = count
        unsafe values = .allocate(capacity: count)
        unsafe lengths = .allocate(capacity: count)
        unsafe formats = .allocate(capacity: count)
        unsafe formats.initialize(repeating: 1, count: count)
    }

    private func deallocate() {
        unsafe values.deallocate()
        unsafe lengths.deallocate()
        unsafe formats.deallocate()
    }
}
