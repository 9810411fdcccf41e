import CPostgres

/// COPY, for which libpq has to leave pipeline mode (libpq manual, section 34.5).
extension ConnectionHandle {
    enum CopyRead {
        /// One row has been appended.
        case row
        /// Nothing has come yet.
        case wait
        /// The rows are over; the result follows.
        case end
        case failed
    }

    /// Buffers data of a COPY to the server; libpq's buffer grows, so mind whether writing is blocked.
    func putCopyData(_ data: PostgresWriter) -> Bool {
        unsafe data.withBytes { bytes in
            unsafe PQputCopyData(
                pointer, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count)) == 1
        }
    }

    /// Ends a COPY to the server.
    ///
    /// - Parameter reason: makes the server refuse what it got.
    func putCopyEnd(refusing reason: String?) -> Bool {
        if let reason { return unsafe PQputCopyEnd(pointer, reason) == 1 }
        return unsafe PQputCopyEnd(pointer, nil) == 1
    }

    /// Appends the next row of a COPY from the server.
    func getCopyData(into bytes: inout [UInt8]) -> CopyRead {
        var row: UnsafeMutablePointer<CChar>?
        let count = unsafe PQgetCopyData(pointer, &row, 1)
        guard count > 0, let row = unsafe row else {
            return count == 0 ? .wait : count == -1 ? .end : .failed
        }
        defer { unsafe PQfreemem(row) }
        unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: row, count: Int(count)))
        return .row
    }
}
